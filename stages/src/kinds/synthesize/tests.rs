//! Tests of synthesis.

use super::*;
use crate::contract::seed::Seed;
use crate::networks::Weights;
use candle_core::Device;

/// A generator with initial weights and initial running statistics.
fn fresh(network: &str) -> Trained<GeneratorDocument> {
    let network: GanNetwork = serde_json::from_str(network).unwrap();
    let (mut weights, mut stream) = (Weights::on(&Device::Cpu), Seed(5).stream("test", "weights"));
    let mut scope = weights.scope(&mut stream);
    network.config().open(&mut scope).unwrap();
    let document = GeneratorDocument { network, labels: vec!["covid".into()], side: 32 };
    Trained::of(document, &weights).unwrap()
}

#[test]
fn an_image_is_the_same_at_every_batch_size_and_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Sample> = (0..70).map(|i| Sample { label: "normal".into(), ..crate::data::sample::tests::sample("p", i, "normal") }).collect();
    let mut noise = Seed(2).stream("test", "images");
    let images = rows.iter().map(|r| (r.image, (0..32 * 32).map(|_| noise.below(256) as u8).collect())).collect();
    NewPack::of(images, None).save(dir.path()).unwrap();
    let files = || ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) });
    let pair = r#""from": "normal", "to": "covid""#;
    let networks = [
        (r#"{"dcgan": {"size": 32, "width": 8, "latent": 16}}"#.to_owned(), false),
        (r#"{"stylegan2": {"size": 32, "width": 0.03125, "latent": 16}}"#.to_owned(), false),
        (format!(r#"{{"cyclegan": {{{pair}, "width": 8, "blocks": 2}}}}"#), true),
        (format!(r#"{{"cyclegan-zunair": {{{pair}}}}}"#), true),
        (format!(r#"{{"pix2pix": {{{pair}, "levels": 5}}}}"#), true),
    ];
    for (name, _) in GanNetwork::table() {
        assert!(networks.iter().any(|(text, _)| text.starts_with(&format!("{{\"{name}\""))), "a small {name} is tried, too");
    }
    for (network, translates) in networks {
        let count = if translates { 9 } else { 70 };
        let made = |batch: usize, threads: usize| {
            let source = translates.then(|| Samples::of(rows.clone()));
            let inputs = Inputs { generator: fresh(&network), source, images: vec![Images::open(&files()).unwrap()], real: None };
            let truncation = if network.contains("stylegan2") { 0.8 } else { 1.0 };
            let stage: Synthesize = serde_json::from_value(serde_json::json!({ "count": count, "truncation": truncation })).unwrap();
            let cx = Context::for_tests(Synthesize::NAME).seeded(3);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let out = pool.install(|| stage.make(&inputs, batch, &cx)).unwrap();
            out.samples.rows.iter().map(|r| (r.image, r.parent)).collect::<Vec<_>>()
        };
        let expected = made(64, 2);
        assert_eq!(expected.len(), count as usize);
        for (batch, threads) in [(1, 1), (7, 2), (64, 1), (70, 3)] {
            assert!(made(batch, threads) == expected, "{network}: {batch} at once on {threads} threads");
        }
    }
}

#[test]
fn in_training_mode_an_image_depends_on_its_group_alone() {
    let made = |count: u32, sample: &str| {
        let inputs = Inputs { generator: fresh(r#"{"dcgan": {"size": 32, "width": 8, "latent": 16}}"#), source: None, images: vec![], real: None };
        let stage: Synthesize = serde_json::from_value(serde_json::json!({ "count": count, "sample": sample })).unwrap();
        let out = stage.make(&inputs, 7, &Context::for_tests(Synthesize::NAME).seeded(3)).unwrap();
        out.samples.rows.iter().map(|r| r.image).collect::<Vec<_>>()
    };
    let (few, many) = (made(5, "train"), made(70, "train"));
    assert_eq!((few.len(), many.len(), &many[..5]), (5, 70, &few[..]));
    assert_ne!(made(5, "eval"), few);
    let stylegan: GanNetwork = serde_json::from_str(r#"{"stylegan2": {"size": 32, "width": 0.03125}}"#).unwrap();
    let stage: Synthesize = serde_json::from_str(r#"{"count": 3, "sample": "train"}"#).unwrap();
    assert!(stage.misfit(&stylegan, false).unwrap().0.contains("no batch norms"));
}

#[test]
fn the_number_of_images_is_known_where_it_is_given() {
    let stage = |text: &str| serde_json::from_str::<Synthesize>(text).unwrap();
    let (given, needed) = (stage(r#"{"count": 7}"#), stage(r#"{"count": "as-needed"}"#));
    assert_eq!((given.images(&|_| None), given.effort()), (Some(7), Some(Effort::Images(7))));
    assert_eq!((needed.images(&|_| Some(3)), needed.effort()), (None, None));
    assert_eq!(stage("{}").images(&|_| Some(3)), None);
}

#[test]
fn stretching_uses_the_full_range() {
    assert_eq!(stretched(vec![-0.5, 0.0, 0.5]), [-1.0, 0.0, 1.0]);
    assert_eq!(stretched(vec![0.25, 0.25]), [0.25, 0.25]);
}
