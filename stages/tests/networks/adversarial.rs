//! Training steps of generative networks: DCGAN with Adam, and the critic's step with a gradient penalty.

use super::reference::{at, below, close, device, fill, image, stream, tensor, thinned};
use hilum_ops::{Adam, Divisor, Optimiser, Rectifier, Value, Window, bce_with_logits, conv2d, layer_norm, leaky_relu};
use hilum_stages::contract::bounds::{Dropout, Size};
use hilum_stages::models::generators::dcgan::{Config, Discriminator, Generator, Side};
use hilum_stages::networks::{Mode, Weights};

#[test]
fn one_step_of_dcgan_is_torchs() {
    let config = Config { size: Side::of(32), latent: Size::of(16), width: Size::of(8), dropout: Dropout::of(0.0) };
    let (mut gw, mut dw) = (Weights::on(&device()), Weights::on(&device()));
    let g = Generator::new(&config, &mut gw.scope(&mut stream())).unwrap();
    let d = Discriminator::new(&config, &mut dw.scope(&mut stream())).unwrap();
    fill("step.g", &gw);
    fill("step.d", &dw);
    let before: Vec<(String, Vec<f32>)> = [("g", &gw), ("d", &dw)]
        .into_iter()
        .flat_map(|(key, w)| w.named_trained().iter().map(move |(n, v)| (format!("{key}.{n}"), v.to_vec().unwrap())))
        .collect();
    let adam = |w: &Weights| Optimiser::new(Adam { beta1: 0.5, beta2: 0.999, eps: 1e-8, decay: 0.0, decoupled: false }, 2e-4, w.trained());
    let (mut go, mut d_o) = (adam(&gw), adam(&dw));
    let mut s = stream();
    let fake = g.forward(&image("step.z", &[4, 16, 1, 1]), true).unwrap();
    let mut judge = |x: &Value| d.forward(x, &mut Mode::Train(&mut s)).unwrap();
    let on_real = bce_with_logits(&judge(&image("step.real", &[4, 1, 32, 32])), 1.0).unwrap();
    let d_loss = on_real.add(&bce_with_logits(&judge(&fake.detach()), 0.0).unwrap()).unwrap();
    d_o.step(&d_loss.backward().unwrap()).unwrap();
    let g_loss = bce_with_logits(&judge(&fake), 1.0).unwrap();
    let gradients = g_loss.backward_to(go.weights()).unwrap();
    assert!(dw.trained().iter().all(|w| gradients.get(w).is_none()), "the discriminator's own gradients are not computed");
    go.step(&gradients).unwrap();
    close(&thinned(&d_loss), &at("step.loss.d"), 1e-5, "loss of the discriminator");
    close(&thinned(&g_loss), &at("step.loss.g"), 1e-5, "loss of the generator");
    let all = || gw.named_trained().iter().map(|(n, v)| (format!("g.{n}"), v)).chain(dw.named_trained().iter().map(|(n, v)| (format!("d.{n}"), v)));
    for name in below("step.after.") {
        let (_, after) = all().find(|(n, _)| *n == name).unwrap();
        let was = &before.iter().find(|(n, _)| *n == name).unwrap().1;
        let was: Vec<f32> = was.iter().step_by(was.len().div_ceil(4096)).copied().collect();
        let moves = |now: &[f32]| now.iter().zip(&was).map(|(a, b)| a - b).collect::<Vec<f32>>();
        // A first step of Adam is ±rate whatever the gradient's size; where gradients are near zero its sign is noise.
        let (found, due) = (moves(&thinned(after)), moves(&at(&format!("step.after.{name}"))));
        let off = found.iter().zip(&due).map(|(a, b)| (a - b).abs()).sum::<f32>() / found.len() as f32;
        assert!(off < 2e-4 * 0.02, "{name}: off by {off} on average");
    }
}

/// A critic without batch norm: with it, a penalty on each image's own gradient would mean nothing.
fn critic(weights: &[Value], x: &Value) -> Value {
    let mut x = x.clone();
    for (i, w) in weights[..3].iter().enumerate() {
        x = conv2d(&x, w, Window::square(2, 1)).unwrap();
        x = match i {
            0 => leaky_relu(&x, 0.2).unwrap(),
            _ => layer_norm(&x, None, Divisor::EpsInside(1e-5), Rectifier::Leaky(0.2).into()).unwrap(),
        };
    }
    let n = x.dims()[0];
    conv2d(&x, &weights[3], Window::square(1, 0)).unwrap().reshape(&[n]).unwrap()
}

#[test]
fn a_gradient_penalty_is_torchs() {
    let shapes: [[usize; 4]; 4] = [[8, 1, 4, 4], [16, 8, 4, 4], [32, 16, 4, 4], [1, 32, 4, 4]];
    let weight = |(i, shape): (usize, &[usize; 4])| {
        let scale = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
        Value::leaf(&tensor(&format!("wgan.d.inner.conv{i}.weight"), shape, scale, 0.0))
    };
    let weights: Vec<Value> = shapes.iter().enumerate().map(weight).collect();
    let (real, made) = (image("wgan.real", &[4, 1, 32, 32]), image("wgan.made", &[4, 1, 32, 32]));
    let share = Value::constant(tensor("wgan.share", &[4, 1, 1, 1], 0.5, 0.5));
    let between = real.add(&made.sub(&real).unwrap().mul(&share).unwrap()).unwrap().to_leaf();
    let slope = critic(&weights, &between).sum().unwrap().gradients(&[&between]).unwrap().remove(0);
    let norm = slope.square().unwrap().sum_to(&[4, 1, 1, 1]).unwrap().sqrt().unwrap();
    let penalty = norm.shift(-1.0).unwrap().square().unwrap().mean().unwrap().scale(10.0).unwrap();
    let distance = critic(&weights, &made).mean().unwrap().sub(&critic(&weights, &real).mean().unwrap()).unwrap();
    let total = distance.add(&penalty).unwrap();
    close(&thinned(&penalty), &at("wgan.penalty"), 1e-4, "penalty");
    close(&thinned(&total), &at("wgan.loss"), 1e-4, "loss of the critic");
    let gradients = total.backward().unwrap();
    for (i, w) in weights.iter().enumerate() {
        close(&thinned(gradients.get(w).unwrap()), &at(&format!("wgan.d.conv{i}.weight")), 1e-3, &format!("gradient of layer {i}"));
    }
}
