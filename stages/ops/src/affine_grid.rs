//! Moving, turning and scaling films by bilinear interpolation.

use crate::backend::on_cpu;
use crate::cpu::sample::{Taps, gather, scatter};
use crate::tape::Value;
use candle_core::{Result, bail};
use std::sync::Arc;

/// Reads `x [n, h, w, c]` where affine maps point: `torch.nn.functional.affine_grid` and `grid_sample` (bilinear, zeros
/// outside, `align_corners = False`). `theta` holds, per sample, two rows of three numbers that take a place of the result,
/// with coordinates (x, y, 1) and edges at ±1, to a place of `x`. Differentiable by `x` to any order, not by `theta`.
///
/// # Errors
/// Where there is not one map per sample.
pub fn affine_grid_sample(x: &Value, theta: &[[f64; 6]], size: [usize; 2]) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    if theta.len() != n {
        bail!("{} affine maps for {n} films", theta.len());
    }
    read(x, Arc::new(Taps::affine(theta, [h, w], size)), c)
}

/// Moves each film of `x [n, h, w, c]` by whole pixels, `[down, right]`; zeros come in from behind. Differentiable to any order.
///
/// # Errors
/// Where there is not one shift per sample.
pub fn translate(x: &Value, shifts: &[[isize; 2]]) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    if shifts.len() != n {
        bail!("{} shifts for {n} films", shifts.len());
    }
    read(x, Arc::new(Taps::shifted(shifts, [h, w])), c)
}

fn read(x: &Value, taps: Arc<Taps>, c: usize) -> Result<Value> {
    let [h, w] = taps.output;
    let data = on_cpu("grid-sample", [x.data()], (x.dims()[0], h, w, c), |[x]| gather(&taps, x, c))?;
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || write(s.gradient, taps.clone(), c))?])))
}

fn write(g: &Value, taps: Arc<Taps>, c: usize) -> Result<Value> {
    let [h, w] = taps.input;
    let data = on_cpu("grid-sample-gradient", [g.data()], (g.dims()[0], h, w, c), |[g]| scatter(&taps, g, c))?;
    Ok(Value::record(data, &[g], move |s| Ok(vec![s.by(0, || read(s.gradient, taps.clone(), c))?])))
}
