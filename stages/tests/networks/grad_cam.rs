//! Maps of Grad-CAM against the package `grad-cam` on identical weights, and structural similarity against scikit-image. What is
//! compared with is written by `tests/oracle/grad_cam.py`.

use super::reference::{at, close, device, fill, image, stream, thinned};
use candle_core::{Device, Tensor};
use hilum_ops::Value;
use hilum_stages::attention::ssim;
use hilum_stages::contract::error::Result;
use hilum_stages::models::classifiers::vgg16::Vgg16;
use hilum_stages::networks::grad_cam::{explain, last_maps, spread};
use hilum_stages::networks::{Classifier, Scope, Weights, densenet, resnet};

const SIDE: usize = 96;

/// `Σ a b / √(Σ a² Σ b²)`.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    sum(a, b) / (sum(a, a) * sum(b, b)).sqrt()
}

fn explains<N: Classifier>(key: &str, build: impl FnOnce(&mut Scope) -> Result<N>) {
    let mut weights = Weights::on(&device());
    let network = build(&mut weights.scope(&mut stream())).unwrap();
    fill(key, &weights);
    let of = |what: &str| at(&format!("cam.{key}.{what}"));
    let classes: Vec<usize> = of("classes").iter().map(|class| *class as usize).collect();
    let maps = last_maps(&network, &image(&format!("{key}.cam"), &[2, 3, SIDE, SIDE])).unwrap();
    let found = explain(&network, &maps, |image, _| classes[image]).unwrap();
    close(&found.logits.concat(), &of("logits"), 1e-4, &format!("{key}, logits"));
    close(&found.maps.to_vec().unwrap(), &of("map"), 1e-4, &format!("{key}, map"));
    let up = spread(&found.maps, SIDE).unwrap();
    let all = Value::constant(Tensor::from_vec(up.concat(), (2, SIDE, SIDE), &Device::Cpu).unwrap());
    let alike = cosine(&thinned(&all), &of("up"));
    println!("{key}: cosine {alike:.9}");
    assert!(alike >= 0.999, "{key}, map of the image: cosine {alike}");
    close(&thinned(&all), &of("up"), 1e-4, &format!("{key}, map of the image"));
    let similar = ssim(&up[0], &up[1], SIDE).unwrap();
    println!("{key}: SSIM {similar:.6}");
    assert!((similar - f64::from(of("ssim")[0])).abs() < 1e-4, "{key}: SSIM {similar} where scikit-image has {}", of("ssim")[0]);
}

#[test]
fn maps_are_those_of_the_package() {
    explains("vgg16", |s| Vgg16::new(3, 2, false, s));
    explains("resnet50", |s| resnet::ResNet::new(resnet::Depth::Fifty, 3, 3, s));
    explains("densenet121", |s| densenet::DenseNet::new(densenet::Depth::D121, 3, 2, s));
}
