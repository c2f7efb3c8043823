//! Networks against torch: values, gradients, running statistics and one adversarial step. The fixture is written by
//! `tests/oracle/networks.py`.

use candle_core::{Device, Tensor, Var, safetensors};
use hilum_ops::{Adam, Optimiser, bce_with_logits, channels_last};
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::networks::dcgan::{Config, Discriminator, Generator};
use hilum_stages::networks::smallcnn::{self, SmallCnn};
use hilum_stages::networks::{Classifier, Mode, Weights};
use std::collections::HashMap;

type Fixture = HashMap<String, Tensor>;

fn fixture() -> Fixture {
    safetensors::load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/networks.safetensors"), &Device::Cpu).unwrap()
}
fn stream() -> Stream {
    Seed(1).stream("test", "networks")
}
fn small() -> Config {
    Config { size: 32, latent: 16, width: 8, dropout: 0.0 }
}

/// Puts the fixture's tensors under a prefix into a network.
fn load(weights: &Weights, f: &Fixture, prefix: &str) {
    let named: HashMap<String, Tensor> = f.iter().filter_map(|(n, t)| Some((n.strip_prefix(prefix)?.trim_start_matches('.').to_owned(), t.clone()))).collect();
    let path = tempfile::NamedTempFile::new().unwrap();
    safetensors::save(&named, path.path()).unwrap();
    weights.load_safetensors(&std::fs::read(path.path()).unwrap(), &Device::Cpu).unwrap();
}

fn close(found: &Tensor, wanted: &Tensor, limit: f32, what: &str) {
    let wanted = wanted.flatten_all().unwrap();
    let found = found.flatten_all().unwrap();
    let worst: f32 = (&found - &wanted).unwrap().abs().unwrap().max(0).unwrap().to_scalar().unwrap();
    let scale: f32 = wanted.abs().unwrap().max(0).unwrap().to_scalar().unwrap();
    assert!(worst <= limit * scale.max(1e-6), "{what}: off by {worst} of {scale}");
}

/// Values in evaluation and training, gradients and running statistics.
fn agrees(prefix: &str, weights: &Weights, layers: &[&str], forward: &dyn Fn(&Tensor, bool) -> Tensor) {
    let f = fixture();
    load(weights, &f, prefix);
    let at = |name: &str| f.get(&format!("{prefix}.{name}")).unwrap_or_else(|| panic!("{prefix}.{name}"));
    let x = &channels_last(at("in")).unwrap();
    close(&forward(x, false), at("eval"), 1e-4, "evaluation");
    let y = forward(x, true);
    close(&y, at("train"), 1e-4, "training");
    let gradients = (y.flatten_all().unwrap() * at("q").flatten_all().unwrap()).unwrap().sum_all().unwrap().backward().unwrap();
    let all: HashMap<String, Var> = weights.named_trained().into_iter().collect();
    for layer in layers {
        close(gradients.get(all[*layer].as_tensor()).unwrap(), at(&format!("gradient.{layer}")), 1e-3, layer);
    }
    let after: HashMap<String, Tensor> = candle_core::safetensors::load_buffer(&weights.to_safetensors().unwrap(), &Device::Cpu).unwrap();
    let mut compared = 0;
    for (name, wanted) in f.iter().filter_map(|(n, t)| Some((n.strip_prefix(&format!("{prefix}.after."))?, t))) {
        close(&after[name], wanted, 1e-5, name);
        compared += 1;
    }
    assert!(compared > 0, "running statistics were compared");
}

#[test]
fn dcgan_generator() {
    let mut weights = Weights::on(&Device::Cpu);
    let g = Generator::new(&small(), &mut weights, &mut stream()).unwrap();
    agrees("dcgan.g", &weights, &["main.0.weight", "main.9.weight"], &|x, train| g.forward(x, train).unwrap());
}

#[test]
fn dcgan_discriminator() {
    let mut weights = Weights::on(&Device::Cpu);
    let d = Discriminator::new(&small(), &mut weights, &mut stream()).unwrap();
    agrees("dcgan.d", &weights, &["conv0.weight", "conv3.weight"], &|x, train| {
        let mut s = stream();
        d.forward(x, &mut if train { Mode::Train(&mut s) } else { Mode::Evaluate }).unwrap()
    });
}

#[test]
fn a_frozen_discriminator_is_the_same_but_for_its_own_gradients() {
    let mut weights = Weights::on(&Device::Cpu);
    let d = Discriminator::new(&small(), &mut weights, &mut stream()).unwrap();
    let frozen = d.frozen();
    let film = Var::randn(0f32, 1.0, (2, 32, 32, 1), &Device::Cpu).unwrap();
    let through = |d: &Discriminator| {
        let y = d.forward(film.as_tensor(), &mut Mode::Train(&mut stream())).unwrap();
        (y.to_vec1::<f32>().unwrap(), bce_with_logits(&y, 1.0).unwrap().backward().unwrap())
    };
    let gradient = |g: &candle_core::backprop::GradStore| g.get(&film).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    // Moved weights are seen, too: both look at the same storage.
    for _ in 0..2 {
        let ((y, whole), (z, part)) = (through(&d), through(&frozen));
        assert_eq!((y, gradient(&whole)), (z, gradient(&part)));
        for (name, weight) in weights.named_trained() {
            assert!(whole.get(&weight).is_some() && part.get(&weight).is_none(), "{name}");
        }
        Adam::new(weights.trained(), 0.1, 0.5, 0.999, 1e-8).step(&whole).unwrap();
    }
}

#[test]
fn smallcnn() {
    let mut weights = Weights::on(&Device::Cpu);
    let config = smallcnn::Config { width: 4, dropout: 0.0 };
    let c = SmallCnn::new(&config, 3, &mut weights, &mut stream()).unwrap();
    agrees("smallcnn", &weights, &["conv1.weight", "fc.weight"], &|x, train| {
        let (mut a, mut b) = (stream(), stream());
        let mode = |s| if train { Mode::Train(s) } else { Mode::Evaluate };
        c.head(&c.features(x, &mut mode(&mut a)).unwrap(), &mut mode(&mut b)).unwrap()
    });
}

#[test]
fn counts_are_the_papers() {
    let count = |build: &dyn Fn(&mut Weights)| {
        let mut w = Weights::on(&Device::Cpu);
        build(&mut w);
        w.count()
    };
    let of = |size| Config { size, ..Config::default() };
    let g = |size| count(&|w| drop(Generator::new(&of(size), w, &mut stream()).unwrap()));
    let d = |size| count(&|w| drop(Discriminator::new(&of(size), w, &mut stream()).unwrap()));
    assert_eq!((g(64), d(64)), (3_574_656, 2_763_520));
    assert_eq!((g(32), d(32)), (1_066_880, 661_248));
    let c = |classes| count(&|w| drop(SmallCnn::new(&smallcnn::Config::default(), classes, w, &mut stream()).unwrap()));
    assert_eq!((c(4), c(3)), (287_844, 287_715));
}

#[test]
fn one_adversarial_step_is_torchs() {
    let f = fixture();
    let (mut gw, mut dw) = (Weights::on(&Device::Cpu), Weights::on(&Device::Cpu));
    let g = Generator::new(&small(), &mut gw, &mut stream()).unwrap();
    let d = Discriminator::new(&small(), &mut dw, &mut stream()).unwrap();
    load(&gw, &f, "dcgan.g");
    load(&dw, &f, "dcgan.d");
    let adam = |w: &Weights| Adam::new(w.trained(), 2e-4, 0.5, 0.999, 1e-8);
    let (mut go, mut d_o) = (adam(&gw), adam(&dw));
    let input = |name: &str| &f[&format!("step.{name}")];
    let (real, z) = (&channels_last(input("real")).unwrap(), &channels_last(input("z")).unwrap());
    let mut s = stream();
    let fake = g.forward(z, true).unwrap();
    let on_real = bce_with_logits(&d.forward(real, &mut Mode::Train(&mut s)).unwrap(), 1.0).unwrap();
    let on_fake = bce_with_logits(&d.forward(&fake.detach(), &mut Mode::Train(&mut s)).unwrap(), 0.0).unwrap();
    let d_loss = (on_real + on_fake).unwrap();
    d_o.step(&d_loss.backward().unwrap()).unwrap();
    let g_loss = bce_with_logits(&d.forward(&fake, &mut Mode::Train(&mut s)).unwrap(), 1.0).unwrap();
    go.step(&g_loss.backward().unwrap()).unwrap();
    close(&d_loss, &(input("loss.d_real") + input("loss.d_fake")).unwrap(), 1e-5, "loss of the discriminator");
    close(&g_loss, input("loss.g"), 1e-5, "loss of the generator");
    for (weights, prefix) in [(&gw, "g"), (&dw, "d")] {
        let after: HashMap<String, Tensor> = candle_core::safetensors::load_buffer(&weights.to_safetensors().unwrap(), &Device::Cpu).unwrap();
        let mut compared = 0;
        for (name, wanted) in f.iter().filter_map(|(n, t)| Some((n.strip_prefix(&format!("step.after.{prefix}."))?, t))).filter(|(n, _)| n.ends_with("weight"))
        {
            let before = &f[&format!("dcgan.{prefix}.{name}")];
            let (moved, due) = ((&after[name] - before).unwrap(), (wanted - before).unwrap());
            // A first step of Adam is ±rate whatever the gradient's size; where gradients are near zero its sign is noise.
            let off: f32 = (moved - due).unwrap().abs().unwrap().flatten_all().unwrap().mean(0).unwrap().to_scalar().unwrap();
            assert!(off < 2e-4 * 0.02, "{prefix} {name}: off by {off} on average");
            compared += 1;
        }
        assert!(compared > 0, "weights of {prefix} were compared");
    }
}

#[test]
fn every_weight_has_a_gradient_and_training_differs_from_evaluation() {
    let mut weights = Weights::on(&Device::Cpu);
    let c = SmallCnn::new(&smallcnn::Config { width: 4, dropout: 0.5 }, 3, &mut weights, &mut stream()).unwrap();
    let x = Tensor::from_vec((0..2 * 256).map(|i| (i % 37) as f32 / 37.0).collect::<Vec<_>>(), (2, 16, 16, 1), &Device::Cpu).unwrap();
    let (mut a, mut b) = (stream(), stream());
    let train = c.head(&c.features(&x, &mut Mode::Train(&mut a)).unwrap(), &mut Mode::Train(&mut b)).unwrap();
    let eval = c.head(&c.features(&x, &mut Mode::Evaluate).unwrap(), &mut Mode::Evaluate).unwrap();
    assert_ne!(train.to_vec2::<f32>().unwrap(), eval.to_vec2::<f32>().unwrap());
    let gradients = hilum_ops::cross_entropy(&train, &Tensor::new(&[0u32, 2], &Device::Cpu).unwrap()).unwrap().backward().unwrap();
    for (name, var) in weights.named_trained() {
        assert!(gradients.get(var.as_tensor()).is_some(), "{name} has no gradient");
    }
}

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    let mut narrow = Weights::on(&Device::Cpu);
    SmallCnn::new(&smallcnn::Config { width: 4, dropout: 0.0 }, 3, &mut narrow, &mut stream()).unwrap();
    let mut wide = Weights::on(&Device::Cpu);
    SmallCnn::new(&smallcnn::Config { width: 8, dropout: 0.0 }, 3, &mut wide, &mut stream()).unwrap();
    let refused = wide.load_safetensors(&narrow.to_safetensors().unwrap(), &Device::Cpu).unwrap_err().to_string();
    assert!(refused.contains("conv1.weight") && refused.contains("[4, 1, 3, 3]") && refused.contains("[8, 1, 3, 3]"), "{refused}");
    assert!(wide.load_safetensors(b"\x80\x04pickle", &Device::Cpu).is_err());
}
