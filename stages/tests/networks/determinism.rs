//! Training steps of small networks on several numbers of threads, and repeated: the same bits.

use super::reference::{device, film, stream};
use hilum_ops::{Adam, Optimiser, Rectifier, Value, absolute_error, bce_with_logits, cross_entropy, softplus, squared_error};
use hilum_stages::contract::error::Result;
use hilum_stages::networks::diffaugment::{Draw, Policy};
use hilum_stages::networks::{Classifier, Mode, Weights};
use hilum_stages::networks::{dcgan, densenet, keras_cyclegan, patchgan, pix2pix, resnet, resnet_generator, stylegan2, vgg};

fn adam(weights: &Weights) -> Optimiser {
    Optimiser::new(Adam { beta1: 0.5, beta2: 0.999, eps: 1e-8, decay: 0.0, decoupled: false }, 2e-4, weights.trained())
}
fn weights() -> Weights {
    Weights::on(&device())
}
/// Two steps, and the weights after them.
fn after(all: &[&Weights], mut step: impl FnMut() -> Result<()>) -> Result<Vec<u8>> {
    step()?;
    step()?;
    Ok(all.iter().map(|w| w.to_safetensors()).collect::<Result<Vec<_>>>()?.concat())
}

fn dcgan_steps() -> Result<Vec<u8>> {
    let c = dcgan::Config { size: 32, latent: 16, width: 8, dropout: 0.5 };
    let (mut gw, mut dw) = (weights(), weights());
    let g = dcgan::Generator::new(&c, &mut gw.scope(&mut stream()))?;
    let d = dcgan::Discriminator::new(&c, &mut dw.scope(&mut stream()))?;
    let (mut of_g, mut of_d, mut s) = (adam(&gw), adam(&dw), stream());
    after(&[&gw, &dw], || {
        let fake = g.forward(&film("z", &[8, 16, 1, 1]), true)?;
        let mut judge = |x: &Value| d.forward(x, &mut Mode::Train(&mut s));
        let loss = bce_with_logits(&judge(&film("real", &[8, 1, 32, 32]))?, 1.0)?.add(&bce_with_logits(&judge(&fake.detach())?, 0.0)?)?;
        of_d.step(&loss.backward()?)?;
        let loss = bce_with_logits(&judge(&fake)?, 1.0)?;
        of_g.step(&loss.backward_to(of_g.weights())?)?;
        Ok(())
    })
}

fn translation_steps() -> Result<Vec<u8>> {
    let (mut zw, mut kw, mut pw, mut dw) = (weights(), weights(), weights(), weights());
    let zhu = resnet_generator::ResNetGenerator::new(1, 8, 2, &mut zw.scope(&mut stream()))?;
    let keras = keras_cyclegan::Generator::new(1, &mut kw.scope(&mut stream()))?;
    let unet = pix2pix::Generator::new(1, 5, 0.5, &mut pw.scope(&mut stream()))?;
    let judge = patchgan::PatchGan::new(1, 8, patchgan::Norm::Instance, &mut dw.scope(&mut stream()))?;
    let pair = pix2pix::Discriminator::new(1, Rectifier::Relu, &mut weights().scope(&mut stream()))?;
    let mut optimisers = [adam(&zw), adam(&kw), adam(&pw), adam(&dw)];
    let (x, y, mut s) = (film("x", &[2, 1, 64, 64]), film("y", &[2, 1, 64, 64]), stream());
    after(&[&zw, &kw, &pw, &dw], || {
        let mut loss = absolute_error(&keras.forward(&x)?, &y)?;
        for fake in [zhu.forward(&x)?, unet.forward(&x, &mut Mode::Train(&mut s))?] {
            loss = loss.add(&squared_error(&judge.forward(&fake, true)?, 1.0)?)?.add(&bce_with_logits(&pair.forward(&x, &fake, true)?, 1.0)?)?;
        }
        let gradients = loss.backward()?;
        optimisers.iter_mut().try_for_each(|o| o.step(&gradients))?;
        Ok(())
    })
}

fn stylegan2_steps() -> Result<Vec<u8>> {
    let c = stylegan2::Config { size: 32, width: 1.0 / 64.0, latent: 32, ..stylegan2::Config::default() };
    let (mut gw, mut dw) = (weights(), weights());
    let g = stylegan2::Generator::new(&c, &mut gw.scope(&mut stream()))?;
    let d = stylegan2::Discriminator::new(&c, &mut dw.scope(&mut stream()))?;
    let (mut of_g, mut of_d, mut s) = (adam(&gw), adam(&dw), stream());
    let z = Value::constant(film("z", &[4, 32, 1, 1]).data().reshape((4, 32))?);
    after(&[&gw, &dw], || {
        let mut draws = || (0..4).map(|_| Draw::new(32, &mut s)).collect::<Vec<_>>();
        let changed = |x: &Value, draws: Vec<Draw>| Policy::default().apply(x, &draws);
        let real = Value::leaf(film("real", &[4, 1, 32, 32]).data());
        let logits = d.forward(&changed(&real, draws())?)?;
        let slope = logits.sum()?.gradients(&[&real])?.remove(0);
        let loss = softplus(&logits.scale(-1.0)?)?.mean()?.add(&slope.square()?.sum()?.scale(5.0 / 4.0)?)?;
        of_d.step(&loss.backward_to(of_d.weights())?)?;
        let draws = draws();
        let fake = g.synthesise(&g.map(&z, true)?, &mut stylegan2::Noise::Random(&mut stream()))?;
        let loss = softplus(&d.forward(&changed(&fake, draws)?)?.scale(-1.0)?)?.mean()?;
        of_g.step(&loss.backward_to(of_g.weights())?)?;
        Ok(())
    })
}

fn classifier_steps() -> Result<Vec<u8>> {
    let mut out = vec![];
    for kind in 0..3 {
        let mut own = weights();
        let mut s = stream();
        let mut scope = own.scope(&mut s);
        let network: Box<dyn Classifier> = match kind {
            0 => Box::new(resnet::ResNet::new(resnet::Depth::Eighteen, 1, 2, &mut scope)?),
            1 => Box::new(densenet::DenseNet::new(densenet::Depth::D121, 1, 2, &mut scope)?),
            _ => Box::new(vgg::Vgg16::new(1, 2, false, &mut scope)?),
        };
        let (mut optimiser, mut s) = (adam(&own), stream());
        out.extend(after(&[&own], || {
            let features = network.features(&film("films", &[3, 1, 64, 64]), &mut Mode::Train(&mut s))?;
            let loss = cross_entropy(&network.head(&features, &mut Mode::Train(&mut s))?, &[0, 1, 1])?;
            optimiser.step(&loss.backward()?)?;
            Ok(())
        })?);
    }
    Ok(out)
}

#[test]
fn training_steps_give_the_same_bits_on_any_number_of_threads() {
    let with = |threads: usize, f: fn() -> Result<Vec<u8>>| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f).unwrap();
    for (name, steps) in [
        ("DCGAN", dcgan_steps as fn() -> Result<Vec<u8>>),
        ("translation", translation_steps),
        ("StyleGAN2 with R1 and DiffAugment", stylegan2_steps),
        ("classifiers", classifier_steps),
    ] {
        let one = with(1, steps);
        for threads in [2, 3, 1] {
            assert!(one == with(threads, steps), "{name} differs on {threads} threads");
        }
        println!("{name}: {} bytes of weights equal on 1, 2, 3 and again 1 threads", one.len());
    }
}
