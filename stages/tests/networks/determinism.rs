//! Training steps of small networks on several numbers of threads, and repeated: the same bits.

use super::reference::{device, image, stream};
use hilum_ops::{Adam, Optimiser, Value, cross_entropy};
use hilum_stages::contract::bounds::{Dropout, Size};
use hilum_stages::contract::error::Result;
use hilum_stages::contract::seed::Stream;
use hilum_stages::models::classifiers::vgg16 as vgg;
use hilum_stages::models::generators::adversaries::Adversaries;
use hilum_stages::models::generators::images::channelled;
use hilum_stages::models::generators::stylegan2::Noise;
use hilum_stages::models::generators::{cyclegan, cyclegan_zunair, dcgan, pix2pix, stylegan2};
use hilum_stages::networks::diffaugment::Draw;
use hilum_stages::networks::{Classifier, Mode, Weights};
use hilum_stages::networks::{densenet, resnet};
use hilum_stages::training::AdamParameters;

fn rates() -> AdamParameters {
    AdamParameters::of(2e-4, 0.5, 0.999, 1e-8)
}
/// All weights after two steps.
fn after<N: Adversaries>(mut networks: N, mut step: impl FnMut(&mut N, usize) -> Result<()>) -> Result<Vec<u8>> {
    step(&mut networks, 1)?;
    step(&mut networks, 2)?;
    Ok(networks.weights().iter().map(|(_, w)| w.to_safetensors()).collect::<Result<Vec<_>>>()?.concat())
}

fn dcgan_steps() -> Result<Vec<u8>> {
    let c = dcgan::Config { size: dcgan::Side::of(32), latent: Size::of(16), width: Size::of(8), dropout: Dropout::of(0.5) };
    let networks = dcgan::Dcgan::new(&c, &rates(), &device(), [&mut stream(), &mut stream()])?;
    let mut s = stream();
    after(networks, |n, _| n.step(&image("real", &[8, 1, 32, 32]), &image("z", &[8, 16, 1, 1]), &mut s).map(drop))
}

fn translation_steps() -> Result<Vec<u8>> {
    let (x, y) = (image("x", &[2, 1, 64, 64]), image("y", &[2, 1, 64, 64]));
    let config = |text: &str| format!(r#"{{"from": "a", "to": "b", {text}}}"#);
    let c: cyclegan::Config = serde_json::from_str(&config(r#""width": 8, "blocks": 2, "pool": 1"#)).unwrap();
    let networks = cyclegan::CycleGan::new(&c, 64, &rates(), &device(), [&mut stream(), &mut stream()])?;
    let mut out = after(networks, |n, _| n.step(&x, &y, |_| Some(0)).map(drop))?;

    let c: cyclegan_zunair::Config = serde_json::from_str(&config(r#""channels": 3"#)).unwrap();
    let networks = cyclegan_zunair::CycleGanZunair::new(&c, &rates(), &device(), [&mut stream(), &mut stream()])?;
    out.extend(after(networks, |n, _| n.step(&channelled(&x, 3)?, &channelled(&y, 3)?).map(drop))?);

    let c: pix2pix::Config = serde_json::from_str(&config(r#""levels": 5"#)).unwrap();
    let networks = pix2pix::Pix2Pix::new(&c, &rates(), &device(), [&mut stream(), &mut stream()])?;
    let mut s = stream();
    out.extend(after(networks, |n, _| n.step(&x, &y, &mut s).map(drop))?);
    Ok(out)
}

/// Always the same draws.
struct Same(Stream);

impl stylegan2::Draws for Same {
    fn noise(&mut self, n: usize) -> Result<Value> {
        Ok(image("z", &[n, 32, 1, 1]).reshape(&[n, 32])?)
    }
    fn cutoff(&mut self, _: usize) -> usize {
        3
    }
    fn maps(&mut self) -> Noise<'_> {
        Noise::Random(&mut self.0)
    }
    fn changes(&mut self, n: usize) -> Vec<Draw> {
        (0..n).map(|_| Draw::new(32, &mut self.0)).collect()
    }
    fn direction(&mut self, shape: &[usize]) -> Result<Value> {
        Ok(image("direction", &[shape[0], shape[3], shape[1], shape[2]]))
    }
}

fn stylegan2_steps() -> Result<Vec<u8>> {
    let c = stylegan2::Config { size: stylegan2::Side::of(32), width: stylegan2::Width::of(1.0 / 64.0), latent: Size::of(32), ..stylegan2::Config::default() };
    let networks = stylegan2::StyleGan2::new(&c, &rates(), &device(), [&mut stream(), &mut stream()])?;
    let mut draws = Same(stream());
    after(networks, |n, step| n.step(step, &image("real", &[4, 1, 32, 32]), &mut draws).map(drop))
}

fn classifier_steps() -> Result<Vec<u8>> {
    let mut out = vec![];
    for kind in 0..3 {
        let mut own = Weights::on(&device());
        let mut s = stream();
        let mut scope = own.scope(&mut s);
        let network: Box<dyn Classifier> = match kind {
            0 => Box::new(resnet::ResNet::new(resnet::Depth::Eighteen, 1, 2, &mut scope)?),
            1 => Box::new(densenet::DenseNet::new(densenet::Depth::D121, 1, 2, &mut scope)?),
            _ => Box::new(vgg::Vgg16::new(1, 2, false, &mut scope)?),
        };
        let adam = Adam { beta1: 0.5, beta2: 0.999, eps: 1e-8, decay: 0.0, decoupled: false };
        let (mut optimiser, mut s) = (Optimiser::new(adam, 2e-4, own.trained()), stream());
        for _ in 0..2 {
            let features = network.features(&image("images", &[3, 1, 64, 64]), &mut Mode::Train(&mut s))?;
            let loss = cross_entropy(&network.head(&features, &mut Mode::Train(&mut s))?, &[0, 1, 1])?;
            optimiser.step(&loss.backward()?)?;
        }
        out.extend(own.to_safetensors()?);
    }
    Ok(out)
}

#[test]
fn training_steps_give_the_same_bits_on_any_number_of_threads() {
    let with = |threads: usize, f: fn() -> Result<Vec<u8>>| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f).unwrap();
    for (name, steps) in [
        ("DCGAN", dcgan_steps as fn() -> Result<Vec<u8>>),
        ("translation", translation_steps),
        ("StyleGAN2 with R1, path length and DiffAugment", stylegan2_steps),
        ("classifiers", classifier_steps),
    ] {
        let one = with(1, steps);
        for threads in [2, 3, 1] {
            assert!(one == with(threads, steps), "{name} differs on {threads} threads");
        }
        println!("{name}: {} bytes of weights equal on 1, 2, 3 and again 1 threads", one.len());
    }
}
