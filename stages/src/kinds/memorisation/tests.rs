//! Planted copies are found, and it is said where too little is known.

use super::*;
use crate::contract::context::Said;
use crate::data::embedding::tests::embedded;
use crate::data::sample::Origin;
use crate::data::sample::tests::sample;
use crate::kinds::classifier;
use crate::quality::copies::Copied;
use crate::quality::memorisation::Nearest;
use crate::records::Likeness;

fn set(rows: Vec<Sample>, near: &[(usize, f64)]) -> Set {
    let copied = near.iter().map(|(training, distance)| (*distance == 0.0).then_some(Copied { training: *training, is_mirrored: false }));
    let near: Vec<Nearest> = near.iter().map(|(training, distance)| Nearest { training: *training, distance: *distance }).collect();
    Set { copied: copied.collect(), likest: vec![None; rows.len()], near, rows }
}

fn rows(patient: &str, count: u32, label: &str) -> Vec<Sample> {
    (0..count).map(|i| sample(patient, i, label)).collect()
}

/// Three training images, 39 held-out ones at distances from 1 to 39, and synthetic ones of which one is a copy.
fn compared(held_out: u32) -> Compared {
    let far: Vec<(usize, f64)> = (1..=held_out).map(|i| (i as usize % 3, f64::from(i))).collect();
    let mut synthetic = set(rows("s", 4, "covid"), &[(1, 0.0), (2, 0.5), (0, 20.5), (1, 30.5)]);
    synthetic.copied[2] = Some(Copied { training: 2, is_mirrored: true });
    let shown = [(1, 0.0), (2, 0.5), (2, 21.0), (1, 30.5)].map(|(training, distance)| Nearest { training, distance }).to_vec();
    Compared {
        training: rows("t", 3, "covid"),
        others: vec![2.0, 3.0, 0.25],
        repeated: vec![true, false, true],
        held_out: set(rows("h", held_out, "covid"), &far),
        synthetic,
        shown,
        alike: Alike::new(),
    }
}

fn value(outputs: &Outputs, class: &str, metric: &str) -> (Option<f64>, Option<f64>, String) {
    let row = outputs.summary.rows.iter().find(|row| row.class == class && row.metric == metric).unwrap();
    (row.value, row.baseline, row.reason.clone())
}

#[test]
fn copies_and_images_that_are_nearer_are_flagged_and_counted() {
    let cx = Context::for_tests(Memorisation::NAME);
    let outputs = compared(39).outputs(0.05, &cx);
    let flags: Vec<_> = outputs.pairs.rows.iter().map(|pair| (pair.distance.unwrap(), pair.p.unwrap(), pair.flag)).collect();
    let wanted = [
        (0.0, 1.0 / 40.0, Likeness::Copy),
        (21.0, 21.0 / 40.0, Likeness::MirroredCopy),
        (0.5, 1.0 / 40.0, Likeness::Nearer),
        (30.5, 31.0 / 40.0, Likeness::None),
    ];
    assert_eq!(flags, wanted);
    let training = rows("t", 3, "covid");
    assert_eq!(outputs.pairs.rows[1].training, training[2].image, "the image whose mirrored pixels these are");
    for class in ["", "covid"] {
        assert_eq!(value(&outputs, class, "copies"), (Some(1.0), Some(0.0), String::new()));
        assert_eq!(value(&outputs, class, "mirrored-copies"), (Some(1.0), Some(0.0), String::new()));
        assert_eq!(value(&outputs, class, "distance-ratio"), (Some(10.5 / 20.0), None, String::new()));
        // Those at 0.5, 20.5 and 30.5 lie farther than the training image's own neighbour.
        let (value_of, baseline, _) = value(&outputs, class, "authenticity");
        assert_eq!((value_of, baseline), (Some(0.75), Some(38.0 / 39.0)));
        assert_eq!(value(&outputs, class, "near-copies"), (Some(0.0), Some(0.0), String::new()));
        assert_eq!(value(&outputs, class, "training-copies"), (Some(2.0), None, String::new()));
        assert_eq!(value(&outputs, class, "nearer"), (Some(2.0), None, String::new()));
    }
    assert!(cx.notes().is_empty());
}

#[test]
fn few_held_out_images_allow_no_finding_and_none_allow_no_comparison() {
    let cx = Context::for_tests(Memorisation::NAME);
    let outputs = compared(18).outputs(0.05, &cx);
    let (found, _, reason) = value(&outputs, "covid", "nearer");
    assert!(found.is_none() && reason.starts_with("with 18 held-out images, no p value is below 0.0526"), "{reason}");
    assert_eq!(cx.notes(), [Note::info(reason)]);
    assert!(outputs.pairs.rows.iter().all(|pair| pair.p.is_some() && (pair.is_copy() || pair.flag == Likeness::NotTested)));

    let outputs = compared(0).outputs(0.05, &Context::for_tests(Memorisation::NAME));
    assert_eq!(value(&outputs, "covid", "distance-ratio"), (None, None, "no held-out images of the class".into()));
    assert_eq!(value(&outputs, "covid", "copies"), (Some(1.0), None, "no held-out images of the class".into()));
    assert!(outputs.pairs.rows.iter().all(|pair| pair.p.is_none()));
}

#[test]
fn sets_that_overlap_or_are_synthetic_are_refused() {
    let cx = Context::for_tests(Memorisation::NAME);
    let generated = |rows: Vec<Sample>| -> Vec<Sample> { rows.into_iter().map(|row| Sample { origin: Origin::Synthetic, ..row }).collect() };
    let (training, held_out, synthetic) = (rows("t", 3, "a"), rows("h", 3, "a"), generated(rows("s", 2, "a")));
    let refusal = |t: &[Sample], h: &[Sample], s: &[Sample]| check(t, h, s, &cx).map_err(|e| e.to_string());
    assert_eq!(refusal(&training, &held_out, &synthetic), Ok(()));
    assert_eq!(refusal(&[], &held_out, &synthetic), Err("`training` has no images".into()));
    assert_eq!(refusal(&training, &held_out, &[]), Err("`synthetic` has no images".into()));
    assert_eq!(refusal(&training, &training[..2], &synthetic), Err("2 images of `held_out` are in `training`, too".into()));
    assert_eq!(refusal(&training, &held_out, &held_out[..2]), Err("2 images of `synthetic` are real".into()));
    let mut mixed = training.clone();
    mixed[1].origin = Origin::Synthetic;
    assert_eq!(refusal(&mixed, &held_out, &synthetic), Err("1 image of `training` is synthetic".into()));
    assert!(cx.notes().is_empty());
    assert_eq!(refusal(&training, &[sample("t", 7, "a")], &synthetic), Ok(()));
    assert!(cx.notes()[0].to_string().contains("1 patient has images in both"));
}

/// Every synthetic image in a run is noise of its own, but for one with the pixels of a training image.
#[test]
fn a_run_finds_a_planted_copy() {
    let (training, held_out) = (rows("t", 12, "covid"), rows("h", 25, "covid"));
    let generated = |i| Sample { origin: Origin::Synthetic, patient: String::new(), ..sample("s", i, "covid") };
    let mut synthetic: Vec<Sample> = (0..9).map(generated).collect();
    // The image itself stands for a file with its pixels.
    synthetic[4].image = training[7].image;
    let images = vec![classifier::tests::packed(training.iter().chain(&held_out).chain(&synthetic))];
    // Features of synthetic images may be those of another stage.
    let features = vec![embedded("inception", training.iter().chain(&held_out)), embedded("inception", &synthetic)];
    let [copied, original] = [synthetic[4].image, training[7].image];
    let inputs = Inputs { training: Samples::of(training), held_out: Samples::of(held_out), synthetic: Samples::of(synthetic), features, images };
    let stage: Memorisation = serde_json::from_str("{}").unwrap();
    let told = std::sync::Mutex::new(vec![]);
    let report = |said: Said| {
        if let Said::Progress(progress) = said {
            told.lock().unwrap().push((progress.done, progress.unit));
        }
    };
    let cx = Context { report: &report, ..Context::for_tests(Memorisation::NAME) };
    let outputs = stage.run(inputs, &cx).unwrap();
    let told: BTreeSet<(u64, String)> = std::mem::take(&mut *told.lock().unwrap()).into_iter().collect();
    assert!(told.iter().all(|(_, unit)| unit == "percent") && told.len() > 10 && told.last().unwrap().0 == 100, "{told:?}");
    let first = &outputs.pairs.rows[0];
    assert_eq!((outputs.pairs.rows.len(), first.image, first.training, first.distance, first.flag), (9, copied, original, Some(0.0), Likeness::Copy));
    assert!(outputs.pairs.rows[1..].iter().all(|pair| !pair.is_copy() && pair.distance > Some(0.0)));
    assert_eq!(value(&outputs, "covid", "copies"), (Some(1.0), Some(0.0), String::new()));
    assert!(outputs.summary.rows.iter().all(|row| (row.training, row.held_out, row.synthetic) == (12, 25, 9)));
    let (alike, of_training, reason) = value(&outputs, "covid", "ms-ssim");
    assert!(alike < Some(0.9) && of_training < Some(0.9) && reason.is_empty(), "noise is not alike: {alike:?} {of_training:?} {reason}");
    let limit = |class: &str| outputs.summary.rows.iter().find(|row| row.class == class && row.metric == "ms-ssim").and_then(|row| row.limit);
    assert_eq!((limit("covid"), outputs.summary.rows.iter().filter(|row| row.limit.is_some()).count()), (None, 0), "of one patient, nothing is known");
    assert!(cx.notes()[0] == Note::info("distances of features by inception") && cx.notes()[1].to_string().starts_with("MS-SSIM at"), "{:?}", cx.notes());
}

#[test]
fn distances_are_in_one_space() {
    let training = rows("t", 3, "a");
    let synthetic: Vec<Sample> = rows("s", 2, "a").into_iter().map(|row| Sample { origin: Origin::Synthetic, ..row }).collect();
    let inputs = |features: Vec<Embedding>| Inputs {
        images: vec![classifier::tests::packed(training.iter().chain(&synthetic))],
        training: Samples::of(training.clone()),
        held_out: Samples::default(),
        synthetic: Samples::of(synthetic.clone()),
        features,
    };
    let stage: Memorisation = serde_json::from_str("{}").unwrap();
    let refused = |features| stage.run(inputs(features), &Context::for_tests(Memorisation::NAME)).err().unwrap().to_string();
    assert_eq!(refused(vec![embedded("x", &training), embedded("y", &synthetic)]), "the features are by several extractors: x, y");
    assert!(refused(vec![embedded("x", &training)]).ends_with("has no features by x"));
}
