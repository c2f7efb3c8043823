//! Training steps of the networks of the papers, for comparison with `steps.py`.
//!
//!   cargo bench --bench steps -- NAME [STEPS]
//!
//! Prints the median milliseconds of a step and the peak memory of the process.
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use candle_core::{Device, Tensor};
use hilum_ops::{Adam, Optimiser, Value, cross_entropy, softplus};
use hilum_stages::contract::error::Result;
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::models::classifiers::vgg16 as vgg;
use hilum_stages::models::generators::{cyclegan, dcgan, pix2pix, stylegan2};
use hilum_stages::networks::{Classifier, Mode, Scope, Weights};
use hilum_stages::networks::{densenet, resnet};
use hilum_stages::training::AdamParameters;
use std::time::Instant;

type Step = Box<dyn FnMut() -> Result<()>>;

fn stream(name: &str) -> Stream {
    Seed(1).stream("bench", name)
}
fn images(n: usize, side: usize, channels: usize, name: &str) -> Value {
    let mut s = stream(name);
    let values: Vec<f32> = (0..n * side * side * channels).map(|_| s.uniform(-1.0, 1.0) as f32).collect();
    Value::constant(Tensor::from_vec(values, (n, side, side, channels), &Device::Cpu).unwrap())
}
fn made<N>(build: impl FnOnce(&mut Scope) -> Result<N>) -> (N, Weights) {
    let mut weights = Weights::on(&Device::Cpu);
    let network = build(&mut weights.scope(&mut stream("weights"))).unwrap();
    (network, weights)
}
fn adam(beta1: f64, weights: Vec<Value>) -> Optimiser {
    Optimiser::new(Adam { beta1, beta2: 0.999, eps: 1e-8, decay: 0.0, decoupled: false }, 2e-4, weights)
}

fn classifier(network: Box<dyn Classifier>, weights: &Weights, batch: usize) -> Step {
    let mut optimiser = adam(0.9, weights.trained());
    let (x, targets): (Value, Vec<u32>) = (images(batch, 224, 3, "films"), (0..batch as u32).map(|i| i % 2).collect());
    Box::new(move || {
        let mut s = stream("dropout");
        let features = network.features(&x, &mut Mode::Train(&mut s))?;
        let loss = cross_entropy(&network.head(&features, &mut Mode::Train(&mut s))?, &targets)?;
        drop(features);
        optimiser.step(&loss.backward()?)?;
        Ok(())
    })
}

fn rates(beta1: f64) -> AdamParameters {
    AdamParameters::of(2e-4, beta1, 0.999, 1e-8)
}

/// Both networks with dropout, two Adams.
fn dcgan_step() -> Step {
    let c = dcgan::Config::default();
    let mut networks = dcgan::Dcgan::new(&c, &rates(0.5), &Device::Cpu, [&mut stream("g"), &mut stream("d")]).unwrap();
    let (real, z, mut dropout) = (images(32, 64, 1, "films"), images(32, 1, 100, "noise"), stream("dropout"));
    Box::new(move || networks.step(&real, &z, &mut dropout).map(drop))
}

fn translation(text: &str) -> String {
    format!(r#"{{"from": "a", "to": "b", "channels": 3, {text}}}"#)
}

/// Zhu's full step: both generators with cycle and identity losses, then both discriminators.
fn cyclegan_step() -> Step {
    let c: cyclegan::Config = serde_json::from_str(&translation(r#""pool": 0"#)).unwrap();
    let mut networks = cyclegan::CycleGan::new(&c, 128, &rates(0.5), &Device::Cpu, [&mut stream("g"), &mut stream("d")]).unwrap();
    let (a, b) = (images(1, 128, 3, "a"), images(1, 128, 3, "b"));
    Box::new(move || networks.step(&a, &b, |_| None).map(drop))
}

/// Both networks' gradients from one forward pass, both applied.
fn pix2pix_step() -> Step {
    let c: pix2pix::Config = serde_json::from_str(&translation(r#""levels": 5"#)).unwrap();
    let mut networks = pix2pix::Pix2Pix::new(&c, &rates(0.5), &Device::Cpu, [&mut stream("g"), &mut stream("d")]).unwrap();
    let (x, y, mut dropout) = (images(1, 224, 3, "x"), images(1, 224, 3, "y"), stream("dropout"));
    Box::new(move || networks.step(&x, &y, &mut dropout).map(drop))
}

/// Main steps of both networks and R1.
fn stylegan2_step() -> Step {
    let c = stylegan2::Architecture { size: 64, channels: 3, ..stylegan2::Architecture::default() };
    let ((g, gw), (d, dw)) = (made(|s| stylegan2::Generator::new(&c, s)), made(|s| stylegan2::Discriminator::new(&c, s)));
    let (mut of_g, mut of_d) = (adam(0.0, gw.trained()), adam(0.0, dw.trained()));
    let real = images(8, 64, 3, "films");
    let z = images(8, 1, 512, "noise").reshape(&[8, 512]).unwrap();
    let mut noise = stream("noise");
    Box::new(move || {
        let mut make = || g.synthesise(&g.map(&z, true)?, &mut stylegan2::Noise::Random(&mut noise));
        let loss = softplus(&d.forward(&make()?)?.scale(-1.0)?)?.mean()?;
        of_g.step(&loss.backward_to(of_g.weights())?)?;
        let fake = hilum_ops::without_history(&mut make)?;
        let mut gradients = softplus(&d.forward(&fake)?)?.mean()?.backward()?;
        let image = real.to_leaf();
        let logits = d.forward(&image)?;
        let slope = logits.sum()?.gradients(&[&image])?.remove(0);
        let r1 = slope.square()?.sum()?.scale(5.0 / 8.0)?;
        drop(slope);
        let loss = softplus(&logits.scale(-1.0)?)?.mean()?.add(&r1)?;
        drop((logits, r1));
        gradients.add(loss.backward_to(of_d.weights())?)?;
        of_d.step(&gradients)?;
        Ok(())
    })
}

fn step(name: &str) -> Option<Step> {
    let of = |build: &dyn Fn(&mut Scope) -> Result<Box<dyn Classifier>>| {
        let (network, weights) = made(|s| build(s));
        classifier(network, &weights, 16)
    };
    Some(match name {
        "dcgan" => dcgan_step(),
        "cyclegan" => cyclegan_step(),
        "pix2pix" => pix2pix_step(),
        "stylegan2" => stylegan2_step(),
        "resnet50" => of(&|s| Ok(Box::new(resnet::ResNet::new(resnet::Depth::Fifty, 3, 2, s)?))),
        "densenet121" => of(&|s| Ok(Box::new(densenet::DenseNet::new(densenet::Depth::D121, 3, 2, s)?))),
        "vgg16" => of(&|s| Ok(Box::new(vgg::Vgg16::new(3, 2, false, s)?))),
        _ => return None,
    })
}

fn main() {
    hilum_ops::tune_allocator();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some(mut run) = arguments.first().and_then(|name| step(name)) else {
        println!("steps NAME [STEPS], where NAME is dcgan, cyclegan, pix2pix, stylegan2, resnet50, densenet121 or vgg16");
        return;
    };
    let steps: usize = arguments.get(1).and_then(|n| n.parse().ok()).unwrap_or(5);
    let mut times = vec![];
    for i in 0..=steps {
        let begun = Instant::now();
        run().expect("a step");
        if i > 0 {
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()).unwrap_or(0.0);
    println!("{} ms {:.0} MiB {:.0}", arguments[0], times[times.len() / 2], peak / 1024.0);
}
