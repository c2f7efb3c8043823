//! Translation and affine maps of images by bilinear interpolation.

use crate::backend::compute;
use crate::cpu::sample::{Shift, Taps};
use crate::primitive::grid::Sample;
use crate::tape::Value;
use candle_core::{Result, bail};
use std::sync::Arc;

/// `x [n, h, w, c]` read at the positions to which affine maps take those of the result `[n, size[0], size[1], c]`:
/// `torch.nn.functional.affine_grid` and `grid_sample` (bilinear, zeros outside, `align_corners = False`). `theta`
/// holds a 2 × 3 matrix per sample, which is multiplied with (x, y, 1); edges of images are at ±1. Differentiable by
/// `x` to any order, not by `theta`.
///
/// # Errors
/// Where there is not one map per sample.
pub fn affine_grid_sample(x: &Value, theta: &[[[f64; 3]; 2]], size: [usize; 2]) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    if theta.len() != n {
        bail!("{} affine maps for {n} images", theta.len());
    }
    sample(x, Arc::new(Taps::affine(theta, [h, w], size)), c, false)
}

/// Moves each image of `x [n, h, w, c]` by whole pixels; what is not covered is zero. Differentiable to any order.
///
/// # Errors
/// Where there is not one shift per sample.
pub fn translate(x: &Value, shifts: &[Shift]) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    if shifts.len() != n {
        bail!("{} shifts for {n} images", shifts.len());
    }
    sample(x, Arc::new(Taps::shifted(shifts, [h, w])), c, false)
}

/// From inputs to outputs, or the transpose of that.
fn sample(x: &Value, taps: Arc<Taps>, c: usize, transposed: bool) -> Result<Value> {
    let [h, w] = if transposed { taps.input } else { taps.output };
    let data = compute(&Sample { taps: &taps, c, transposed }, [x.data()], (x.dims()[0], h, w, c))?;
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || sample(s.gradient, taps.clone(), c, !transposed))?])))
}
