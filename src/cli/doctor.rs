//! `hilum doctor`: what this machine and build can do, and whether the tensor operations give what they should.

use super::{DONE, FAILED, say};
use candle_core::{Device, Tensor};
use hilum_ops::Value;
use hilum_stages::contract::context::DeviceChoice;

pub(super) fn doctor() -> anyhow::Result<u8> {
    let e = crate::run::environment::environment(std::thread::available_parallelism().map_or(1, |n| n.get() as u32), Some(DeviceChoice::Cpu));
    say(format!("hilum {} ({}{}), {}", e.program, e.commit, if e.dirty { ", with changes" } else { "" }, e.toolchain))?;
    say(format!("engine       {} threads, {}", e.threads, e.fingerprint))?;
    let gpus = hilum_stages::gpus();
    match (hilum_stages::HAS_CUDA, gpus.len()) {
        (false, _) => say("GPUs         this program was built without CUDA")?,
        (true, 0) => say("GPUs         none")?,
        _ => gpus.iter().try_for_each(|n| say(format!("GPU {n}        {}", hilum_stages::fingerprint(DeviceChoice::Cuda(*n)))))?,
    }
    let mut code = self_test("", &Device::Cpu)?;
    for n in gpus {
        code = code.max(self_test(&format!(" on GPU {n}"), &hilum_ops::open_gpu(n)?)?);
    }
    Ok(code)
}

fn self_test(place: &str, device: &Device) -> anyhow::Result<u8> {
    let mut code = DONE;
    let tests: [(&str, fn(&Device) -> candle_core::Result<bool>); 4] =
        [("max-pool", max_pool), ("up-sample", up_sample), ("convolution", convolution), ("second order", second_order)];
    for (name, test) in tests {
        let fine = test(device)?;
        say(format!(
            "{name:<12} {}",
            if fine { format!("gradient as it should be{place}") } else { format!("WRONG GRADIENT{place}: do not train with this build") }
        ))?;
        if !fine {
            code = FAILED;
        }
    }
    Ok(code)
}

fn gradient_of(x: &Value, y: &Value) -> candle_core::Result<Vec<f32>> {
    y.sum()?.backward()?.get(x).map_or_else(|| Ok(vec![]), |g| g.data().flatten_all()?.to_vec1())
}

fn ramp(side: usize, device: &Device) -> candle_core::Result<Value> {
    let values: Vec<f32> = (0..side * side).map(|v| v as f32).collect();
    Ok(Value::leaf(&Tensor::from_vec(values, (1, side, side, 1), device)?))
}

/// candle's own gives 0.25 where the gradient is 1.
fn max_pool(device: &Device) -> candle_core::Result<bool> {
    let x = ramp(4, device)?;
    let g = gradient_of(&x, &hilum_ops::max_pool2d(&x, 2, 2, 0)?)?;
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
