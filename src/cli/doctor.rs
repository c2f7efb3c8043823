//! `hilum doctor`: what this machine and build can do, and whether the tensor operations give what they should.

use super::{DONE, FAILED, say};
use candle_core::{Device, Tensor, Var};

pub(super) fn doctor() -> anyhow::Result<u8> {
    let e = crate::run::environment::environment(std::thread::available_parallelism().map_or(1, |n| n.get() as u32), true);
    say(format!("hilum {} ({}{}), {}", e.program, e.commit, if e.dirty { ", with changes" } else { "" }, e.toolchain))?;
    say(format!("engine      {} threads, {}", e.threads, e.fingerprint))?;
    let gpus = hilum_stages::gpus();
    let cuda = if hilum_stages::HAS_CUDA { format!("{} usable", gpus.len()) } else { "this program was built without CUDA".into() };
    say(format!("GPUs        {cuda}"))?;
    let mut code = DONE;
    for (name, test) in [("max-pool", max_pool as fn() -> candle_core::Result<bool>), ("up-sample", up_sample), ("convolution", convolution)] {
        let fine = test()?;
        say(format!("{name:<11} {}", if fine { "gradient as it should be" } else { "WRONG GRADIENT: do not train with this build" }))?;
        if !fine {
            code = FAILED;
        }
    }
    Ok(code)
}

fn gradient_of(x: &Var, y: &Tensor) -> candle_core::Result<Vec<f32>> {
    let gradients = y.sum_all()?.backward()?;
    gradients.get(x).map_or_else(|| Ok(vec![]), |g| g.flatten_all()?.to_vec1())
}

fn ramp(side: usize) -> candle_core::Result<Var> {
    let values: Vec<f32> = (0..side * side).map(|v| v as f32).collect();
    Var::from_tensor(&Tensor::from_vec(values, (1, side, side, 1), &Device::Cpu)?)
}

/// candle's own gives 0.25 where the gradient is 1.
fn max_pool() -> candle_core::Result<bool> {
    let x = ramp(4)?;
    let g = gradient_of(&x, &hilum_ops::max_pool2d(x.as_tensor(), 2, 2, 0)?)?;
    Ok(g == (0..16).map(|i| if [5, 7, 13, 15].contains(&i) { 1.0 } else { 0.0 }).collect::<Vec<f32>>())
}

/// candle's own gives 4 or 5, depending on the order, where the gradient is 5.
fn up_sample() -> candle_core::Result<bool> {
    let x = ramp(2)?;
    let y = (hilum_ops::up_sample_nearest(x.as_tensor(), 2)?.sum_all()? + x.as_tensor().sum_all()?)?;
    Ok(gradient_of(&x, &y)? == vec![5.0; 4])
}

fn convolution() -> candle_core::Result<bool> {
    let x = ramp(4)?;
    let w = Tensor::ones((1, 1, 3, 3), candle_core::DType::F32, &Device::Cpu)?;
    Ok(gradient_of(&x, &hilum_ops::conv2d(x.as_tensor(), &w, hilum_ops::Window::square(1, 1))?)?
        == [4., 6., 6., 4., 6., 9., 9., 6., 6., 9., 9., 6., 4., 6., 6., 4.])
}
