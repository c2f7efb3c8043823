//! What the references computed, and the numbers that both sides make weights and images of.

use candle_core::{Device, Tensor};
use hilum_ops::{Value, channels_first, channels_last};
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::networks::Weights;
use std::collections::HashMap;
use std::sync::LazyLock;

static REFERENCE: LazyLock<HashMap<String, Tensor>> = LazyLock::new(|| {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle");
    let files = ["networks", "stylegan2", "grad_cam"].map(|f| format!("{directory}/{f}.safetensors"));
    files.into_iter().flat_map(|f| candle_core::safetensors::load(f, &Device::Cpu).expect("the fixture reads")).collect()
});

/// Where networks are tried: on the CPU, or on the first GPU where `HILUM_TEST_DEVICE` says `cuda`.
pub(crate) fn device() -> Device {
    static DEVICE: LazyLock<Device> = LazyLock::new(|| match std::env::var("HILUM_TEST_DEVICE").as_deref() {
        Ok("cuda") => hilum_ops::open_gpu(0).expect("a GPU"),
        _ => Device::Cpu,
    });
    DEVICE.clone()
}

pub(crate) fn at(name: &str) -> Vec<f32> {
    let tensor = REFERENCE.get(name).unwrap_or_else(|| panic!("the fixture has no `{name}`"));
    tensor.flatten_all().unwrap().to_dtype(candle_core::DType::F32).unwrap().to_vec1().unwrap()
}
pub(crate) fn has(name: &str) -> bool {
    REFERENCE.contains_key(name)
}
/// A whole number.
pub(crate) fn number(name: &str) -> usize {
    usize::try_from(REFERENCE[name].to_vec1::<i64>().unwrap()[0]).unwrap()
}
/// Names below a prefix.
pub(crate) fn below(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = REFERENCE.keys().filter_map(|n| n.strip_prefix(prefix).map(String::from)).collect();
    names.sort();
    names
}
pub(crate) fn stream() -> Stream {
    Seed(1).stream("test", "networks")
}

/// `n` numbers in [−1, 1) that look random: splitmix64 from FNV-1a of the name, 24 bits of each.
pub(crate) fn numbers(name: &str, n: usize) -> impl Iterator<Item = f64> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
    (1..=n as u64).map(move |i| {
        let z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 23) - 1.0
    })
}
pub(crate) fn tensor(name: &str, shape: &[usize], scale: f64, offset: f64) -> Tensor {
    let values: Vec<f32> = numbers(name, shape.iter().product()).map(|v| (v * scale + offset) as f32).collect();
    Tensor::from_vec(values, shape, &device()).unwrap()
}
/// An image batch in the network's order, of a shape in torch's.
pub(crate) fn image(name: &str, shape: &[usize; 4]) -> Value {
    channels_last(&Value::constant(tensor(name, shape, 1.0, 0.0))).unwrap()
}

fn usual(name: &str, shape: &[usize]) -> (f64, f64) {
    match name.rsplit('.').next().unwrap() {
        "running_var" => (0.5, 1.0),
        "running_mean" | "bias" | "beta" => (0.1, 0.0),
        _ if shape.len() == 1 => (0.1, 1.0),
        _ => ((6.0 / shape[1..].iter().product::<usize>() as f64).sqrt(), 0.0),
    }
}
fn equalised(name: &str, _shape: &[usize]) -> (f64, f64) {
    let rate = if name.starts_with("mapping.fc") { 100.0 } else { 1.0 };
    match name {
        n if n.ends_with("affine.bias") => (0.1, 1.0),
        n if n.ends_with("noise_strength") => (0.05, 0.1),
        n if n.ends_with("bias") || n.ends_with("w_avg") => (0.1 * rate, 0.0),
        _ => (3f64.sqrt() * rate, 0.0),
    }
}

/// Weights that twenty steps do not drive apart: see `tests/oracle/steps.py`.
fn calm(key: &str, name: &str, shape: &[usize]) -> (f64, f64) {
    let translates = key.starts_with("steps.cyclegan") || key.starts_with("steps.pix2pix");
    let (scale, offset) = usual(name, shape);
    match name {
        _ if translates && shape.len() == 4 => (0.035, 0.0),
        n if n.starts_with("fc.") || n.starts_with("classifier.") || n.ends_with("bn3.weight") => (scale * 0.125, offset * 0.125),
        _ => (scale, offset),
    }
}

/// Gives a network the weights that the reference has.
pub(crate) fn fill(key: &str, weights: &Weights) {
    fill_below(key, "", weights);
}
/// Gives the part of a network below a name the weights that the reference's network has.
pub(crate) fn fill_below(key: &str, part: &str, weights: &Weights) {
    let below = |name: &String| if part.is_empty() { Some(name.clone()) } else { name.strip_prefix(&format!("{part}.")).map(str::to_owned) };
    for (name, value) in weights.all().filter_map(|(name, value)| Some((below(name)?, value))) {
        let (scale, offset) = match key {
            k if k.starts_with("stylegan2") => equalised(&name, value.dims()),
            k if k.starts_with("steps.") => calm(k, &name, value.dims()),
            _ => usual(&name, value.dims()),
        };
        hilum_ops::overwrite(value, &Value::constant(tensor(&format!("{key}.{name}"), value.dims(), scale, offset))).unwrap();
    }
}

/// Every n-th number where there are more than 4096, in torch's order.
pub(crate) fn thinned(v: &Value) -> Vec<f32> {
    let all: Vec<f32> = v.to_vec().unwrap();
    all.iter().step_by(all.len().div_ceil(4096).max(1)).copied().collect()
}
/// A result in torch's order.
pub(crate) fn turned(y: &Value) -> Value {
    if y.dims().len() == 4 { channels_first(y).unwrap() } else { y.clone() }
}

pub(crate) fn close(found: &[f32], wanted: &[f32], limit: f64, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let gap = found.iter().zip(wanted).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, |m: f64, g| if g.is_nan() { f64::INFINITY } else { m.max(g) });
    let scale = wanted.iter().map(|v| f64::from(v.abs())).fold(0.0, f64::max);
    println!("{what}: off by {:.1e} of {scale:.3}", gap / scale);
    assert!(gap <= limit * scale && scale > 0.0, "{what}: off by {gap:.2e} of {scale:.2e}, {:.1e} of it, where {limit:.0e} is allowed", gap / scale);
}
