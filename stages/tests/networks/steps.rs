//! Twenty training steps of every adversarial network and classifier beside torch's, by what is made small at each of
//! them (`tests/oracle/steps.py`).

use super::reference::{device, fill, fill_below, image, numbers, stream, tensor};
use hilum_ops::{Optimiser, Sgd, Shift, Value, cross_entropy, without_history};
use hilum_stages::contract::bounds::{Dropout, Size};
use hilum_stages::contract::error::Result;
use hilum_stages::models::ClassifierNetwork;
use hilum_stages::models::generators::adversaries::{Adversaries, Observed};
use hilum_stages::models::generators::stylegan2::Noise;
use hilum_stages::models::generators::{cyclegan, cyclegan_zunair, dcgan, pix2pix, stylegan2};
use hilum_stages::networks::diffaugment::{Centre, Draw};
use hilum_stages::networks::{Mode, Weights};
use hilum_stages::training::AdamParameters;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static REFERENCE: LazyLock<BTreeMap<String, serde_json::Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../oracle/steps.json")).expect("the fixture reads"));

const STEPS: usize = 20;

fn adam(learning_rate: f64, eps: f64) -> AdamParameters {
    AdamParameters::of(learning_rate, 0.5, 0.999, eps)
}
fn config<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(&format!(r#"{{"from": "a", "to": "b", {text}}}"#)).unwrap()
}
fn images(key: &str, step: usize, name: &str, shape: &[usize; 4]) -> Value {
    image(&format!("steps.{key}.{step}.{name}"), shape)
}

/// Every loss of every step lies within a hundredth of the reference's, or of 0.1 where that is smaller.
fn compare(key: &str, mut step: impl FnMut(usize) -> Vec<f64>) {
    let due: Vec<Vec<f64>> = serde_json::from_value(REFERENCE[key].clone()).unwrap();
    assert_eq!(due.len(), STEPS);
    let (mut worst, mut last) = (0.0, vec![]);
    for (i, due) in due.iter().enumerate() {
        let found = step(i + 1);
        assert_eq!(found.len(), due.len(), "{key}");
        for (found, due) in found.iter().zip(due) {
            let off = (found - due).abs() / due.abs().max(0.1);
            assert!(off <= 0.01, "{key}, step {}: {found} for {due}", i + 1);
            worst = f64::max(worst, off);
        }
        last = found;
    }
    println!("{key}: {STEPS} steps, losses off by at most {worst:.1e}; at the end {last:.4?}");
}
fn losses(seen: &Observed, terms: usize) -> Vec<f64> {
    [seen.discriminator, seen.generator].into_iter().chain(seen.terms.iter().map(|t| t.1)).take(2 + terms).collect()
}
fn weights<'a>(networks: &'a dyn Adversaries, name: &str) -> &'a Weights {
    networks.weights().into_iter().find(|(n, _)| *n == name).unwrap().1
}

#[test]
fn dcgan_trains_as_in_torch() {
    let c = dcgan::Config { size: dcgan::Side::of(32), latent: Size::of(16), width: Size::of(8), dropout: Dropout::of(0.0) };
    let mut n = dcgan::Dcgan::new(&c, &adam(2e-4, 1e-8), &device(), [&mut stream(), &mut stream()]).unwrap();
    fill("steps.dcgan.g", weights(&n, "generator"));
    fill("steps.dcgan.d", weights(&n, "discriminator"));
    compare("dcgan", |step| {
        let (real, z) = (images("dcgan", step, "real", &[8, 1, 32, 32]), images("dcgan", step, "z", &[8, 16, 1, 1]));
        losses(&n.step(&real, &z, &mut stream()).unwrap(), 0)
    });
}

#[test]
fn cyclegan_trains_as_in_torch() {
    let c: cyclegan::Config = config(r#""width": 64, "blocks": 2, "pool": 3"#);
    let mut n = cyclegan::CycleGan::new(&c, 64, &adam(2e-5, 1e-8), &device(), [&mut stream(), &mut stream()]).unwrap();
    for (part, of) in [("there", "generator"), ("back", "generator"), ("from", "discriminator"), ("to", "discriminator")] {
        fill_below(&format!("steps.cyclegan.{part}"), part, weights(&n, of));
    }
    let mut draws = 0;
    let mut choose = |stored: usize| {
        let at = |name: &str| numbers(&format!("steps.cyclegan.{name}"), draws + 1).last().unwrap();
        let choice = (at("coin") > 0.0).then(|| ((at("pool") + 1.0) / 2.0 * stored as f64) as usize);
        draws += 1;
        choice
    };
    compare("cyclegan", |step| {
        let [from, to] = ["from", "to"].map(|name| images("cyclegan", step, name, &[1, 1, 64, 64]));
        losses(&n.step(&from, &to, &mut choose).unwrap(), 3)
    });
    assert!(draws > 20, "the pool was asked");
}

#[test]
fn zunairs_cyclegan_trains_as_in_keras() {
    let c: cyclegan_zunair::Config = config(r#""channels": 3"#);
    let mut n = cyclegan_zunair::CycleGanZunair::new(&c, &adam(2e-5, 1e-7), &device(), [&mut stream(), &mut stream()]).unwrap();
    for part in ["there", "back"] {
        fill_below(&format!("steps.zunair.{part}"), part, weights(&n, "generator"));
    }
    fill("steps.zunair.from", weights(&n, "discriminator.from"));
    fill("steps.zunair.to", weights(&n, "discriminator.to"));
    compare("zunair", |step| {
        let [from, to] = ["from", "to"].map(|name| images("zunair", step, name, &[1, 3, 32, 32]));
        losses(&n.step(&from, &to).unwrap(), 3)
    });
}

#[test]
fn pix2pix_trains_as_in_keras() {
    let c: pix2pix::Config = config(r#""levels": 5, "dropout": 0.0, "activation": "leaky-relu""#);
    let mut n = pix2pix::Pix2Pix::new(&c, &adam(2e-4, 1e-7), &device(), [&mut stream(), &mut stream()]).unwrap();
    fill("steps.pix2pix.g", weights(&n, "generator"));
    fill("steps.pix2pix.d", weights(&n, "discriminator"));
    compare("pix2pix", |step| {
        let [from, to] = ["from", "to"].map(|name| images("pix2pix", step, name, &[2, 1, 64, 64]));
        losses(&n.step(&from, &to, &mut stream()).unwrap(), 2)
    });
}

/// What the reference is given instead of random numbers, counted as it is asked for.
#[derive(Default)]
struct Numbered {
    z: usize,
    cuts: usize,
    /// True where the next noise is that of other styles.
    mixed: bool,
    changes: usize,
    directions: usize,
}

fn next(n: &mut usize) -> usize {
    *n += 1;
    *n - 1
}

impl stylegan2::Draws for Numbered {
    fn noise(&mut self, n: usize) -> Result<Value> {
        let name = if std::mem::take(&mut self.mixed) { format!("mixed{}", self.cuts - 1) } else { format!("z{}", next(&mut self.z)) };
        Ok(Value::constant(tensor(&format!("steps.stylegan2.{name}"), &[n, 32], 3f64.sqrt(), 0.0)))
    }
    fn cutoff(&mut self, styles: usize) -> usize {
        let cut = next(&mut self.cuts);
        self.mixed = cut % 4 != 3;
        if self.mixed { 1 + cut % (styles - 1) } else { styles }
    }
    fn maps(&mut self) -> Noise<'_> {
        Noise::Constant
    }
    fn changes(&mut self, n: usize) -> Vec<Draw> {
        let u: Vec<f64> = numbers(&format!("steps.stylegan2.changes{}", next(&mut self.changes)), 7 * n).map(|v| (f64::from(v as f32) + 1.0) / 2.0).collect();
        let whole = |row: usize, i: usize, low: isize, high: isize| low + (u[row * n + i] * (high - low) as f64) as isize;
        let draw = |i: usize| Draw {
            brightness: u[i] - 0.5,
            saturation: u[n + i] * 2.0,
            contrast: u[2 * n + i] + 0.5,
            // The reference says where a pixel comes from, we where it goes to.
            shift: Shift { down: -whole(3, i, -4, 5), right: -whole(4, i, -4, 5) },
            cut: Centre { row: whole(5, i, 0, 33), column: whole(6, i, 0, 33) },
        };
        (0..n).map(draw).collect()
    }
    fn direction(&mut self, shape: &[usize]) -> Result<Value> {
        Ok(image(&format!("steps.stylegan2.direction{}", next(&mut self.directions)), &[shape[0], shape[3], shape[1], shape[2]]))
    }
}

#[test]
fn stylegan2_trains_as_the_reference_with_path_length_and_r1() {
    let c = stylegan2::Config { size: stylegan2::Side::of(32), width: stylegan2::Width::of(1.0 / 32.0), latent: Size::of(32), ..stylegan2::Config::default() };
    let rates = AdamParameters::of(2e-4, 0.0, 0.99, 1e-8);
    let mut n = stylegan2::StyleGan2::new(&c, &rates, &device(), [&mut stream(), &mut stream()]).unwrap();
    for (key, of) in [("g", "generator"), ("g", "average"), ("d", "discriminator")] {
        fill(&format!("stylegan2.steps.{key}"), weights(&n, of));
    }
    let mut draws = Numbered::default();
    compare("stylegan2", |step| {
        let real = images("stylegan2", step, "real", &[8, 1, 32, 32]);
        losses(&n.step(step, &real, &mut draws).unwrap(), 2)
    });
    assert_eq!((draws.directions, draws.changes), (5, 62));
    let z = Value::constant(tensor("steps.stylegan2.look", &[2, 32], 3f64.sqrt(), 0.0));
    let made = without_history(|| n.average.synthesise(&n.average.map(&z, false).unwrap(), &mut Noise::Constant)).unwrap();
    let made: Vec<f32> = made.to_vec().unwrap();
    let due: Vec<f32> = serde_json::from_value(REFERENCE["stylegan2.average"].clone()).unwrap();
    let found: Vec<f32> = made.into_iter().step_by(16).collect();
    super::reference::close(&found, &due, 1e-2, "images of the moving average");
}

fn classifier(name: &str, side: usize, classes: usize, rate: f64) {
    let parameters = match name {
        "smallcnn64" => serde_json::json!({ name: { "width": 4, "dropout": 0.0 } }),
        _ => serde_json::json!({ name: { "channels": 3 } }),
    };
    let network: ClassifierNetwork = serde_json::from_value(parameters).unwrap();
    let mut weights = Weights::on(&device());
    let built = network.build(classes, &mut weights.scope(&mut stream())).unwrap();
    fill(&format!("steps.{name}"), &weights);
    let mut sgd = Optimiser::new(Sgd { momentum: 0.9, nesterov: true, decay: 0.0 }, rate, weights.trained());
    compare(name, |step| {
        let x = images(name, step, "films", &[4, 1, side, side]).shift(1.0).unwrap().scale(0.5).unwrap();
        let mut s = stream();
        let features = built.features(&x, &mut Mode::Train(&mut s)).unwrap();
        let loss = cross_entropy(&built.head(&features, &mut Mode::Train(&mut s)).unwrap(), &[0, 1, 0, 1]).unwrap();
        sgd.step(&loss.backward().unwrap()).unwrap();
        vec![loss.scalar().unwrap()]
    });
}

#[test]
fn classifiers_train_as_in_torch() {
    classifier("smallcnn64", 16, 3, 1e-2);
    classifier("resnet18", 64, 2, 1e-3);
    classifier("vgg16", 64, 2, 1e-3);
    classifier("densenet121", 64, 2, 1e-4);
}

#[test]
fn deep_classifiers_train_as_in_torch() {
    classifier("resnet50", 64, 2, 1e-3);
    classifier("densenet201", 64, 2, 1e-4);
}
