//! `hilum doctor`: what this machine and build can do, and whether the tensor operations give what they should.

use super::{DONE, FAILED, say};
use candle_core::{Device, Tensor};
use hilum_ops::Value;
use hilum_stages::contract::context::DeviceChoice;
use serde_json::json;

/// A test of the tensor operations on one device.
struct Test {
    name: &'static str,
    /// The number of the GPU; none on the CPU.
    gpu: Option<usize>,
    passed: bool,
}

pub(super) fn doctor(json: bool) -> anyhow::Result<u8> {
    let e = crate::run::environment::environment(std::thread::available_parallelism().map_or(1, |n| n.get() as u32), Some(DeviceChoice::Cpu));
    let gpus: Vec<(usize, String)> = hilum_stages::gpus().into_iter().map(|n| (n, hilum_stages::fingerprint(DeviceChoice::Cuda(n)))).collect();
    let (engine, gpu_engine) = (hilum_stages::engine(DeviceChoice::Cpu), hilum_stages::engine(DeviceChoice::Cuda(0)));
    let mut tests = self_test(None, &Device::Cpu)?;
    for (n, _) in &gpus {
        tests.extend(self_test(Some(*n), &hilum_ops::open_gpu(*n)?)?);
    }
    if json {
        let gpus: Vec<_> = gpus.iter().map(|(n, fingerprint)| json!({ "number": n, "engine": gpu_engine, "fingerprint": fingerprint })).collect();
        let tests: Vec<_> = tests.iter().map(|t| json!({ "name": t.name, "gpu": t.gpu, "passed": t.passed })).collect();
        say(json!({
            "program": e.program, "commit": e.commit, "dirty": e.dirty, "toolchain": e.toolchain, "threads": e.threads, "engine": engine, "fingerprint": e.fingerprint,
            "cuda": hilum_stages::HAS_CUDA, "gpus": gpus, "tests": tests,
        }))?;
    } else {
        say(format!("hilum {} ({}{}), {}", e.program, e.commit, if e.dirty { ", with changes" } else { "" }, e.toolchain))?;
        say(format!("engine       {engine}: {} threads, {}", e.threads, e.fingerprint))?;
        match (hilum_stages::HAS_CUDA, gpus.is_empty()) {
            (false, _) => say("GPUs         this program was built without CUDA")?,
            (true, true) => say("GPUs         none")?,
            _ => gpus.iter().try_for_each(|(n, fingerprint)| say(format!("GPU {n}        {gpu_engine}: {fingerprint}")))?,
        }
        for Test { name, gpu, passed } in &tests {
            let place = gpu.map(|n| format!(" on GPU {n}")).unwrap_or_default();
            let result = if *passed { format!("gradient correct{place}") } else { format!("WRONG GRADIENT{place}: do not train with this build") };
            say(format!("{name:<12} {result}"))?;
        }
    }
    Ok(if tests.iter().all(|t| t.passed) { DONE } else { FAILED })
}

fn self_test(gpu: Option<usize>, device: &Device) -> anyhow::Result<Vec<Test>> {
    let tests: [(&str, fn(&Device) -> candle_core::Result<bool>); 4] =
        [("max-pool", max_pool), ("up-sample", up_sample), ("convolution", convolution), ("second order", second_order)];
    tests.into_iter().map(|(name, test)| Ok(Test { name, gpu, passed: test(device)? })).collect()
}

fn gradient_of(x: &Value, y: &Value) -> candle_core::Result<Vec<f32>> {
    y.sum()?.backward()?.get(x).map_or_else(|| Ok(vec![]), |g| g.to_vec())
}

fn ramp(side: usize, device: &Device) -> candle_core::Result<Value> {
    let values: Vec<f32> = (0..side * side).map(|v| v as f32).collect();
    Ok(Value::leaf(&Tensor::from_vec(values, (1, side, side, 1), device)?))
}

/// candle's own gives 0.25 where the gradient is 1.
fn max_pool(device: &Device) -> candle_core::Result<bool> {
    let x = ramp(4, device)?;
    let g = gradient_of(&x, &hilum_ops::max_pool2d(&x, hilum_ops::PoolWindow { k: 2, stride: 2, padding: 0 })?)?;
    Ok(g == (0..16).map(|i| if [5, 7, 13, 15].contains(&i) { 1.0 } else { 0.0 }).collect::<Vec<f32>>())
}

/// candle's own gives 4 or 5, depending on the order, where the gradient is 5.
fn up_sample(device: &Device) -> candle_core::Result<bool> {
    let x = ramp(2, device)?;
    let y = hilum_ops::up_sample_nearest(&x, 2)?.sum()?.add(&x.sum()?)?;
    Ok(gradient_of(&x, &y)? == vec![5.0; 4])
}

fn convolution(device: &Device) -> candle_core::Result<bool> {
    let x = ramp(4, device)?;
    let w = Value::leaf(&Tensor::ones((1, 1, 3, 3), candle_core::DType::F32, device)?);
    Ok(gradient_of(&x, &hilum_ops::conv2d(&x, &w, hilum_ops::Window::square(1, 1))?)? == [4., 6., 6., 4., 6., 9., 9., 6., 6., 9., 9., 6., 4., 6., 6., 4.])
}

/// The gradient of the gradient of (x²)·x summed is 6x; candle's own detaches the first one without a word.
fn second_order(device: &Device) -> candle_core::Result<bool> {
    let x = ramp(3, device)?;
    let first = x.square()?.mul(&x)?.sum()?.gradients(&[&x])?;
    Ok(gradient_of(&x, &first[0])? == (0..9).map(|v| 6.0 * v as f32).collect::<Vec<f32>>())
}
