//! Moving, turning and scaling images by bilinear interpolation.

use crate::backend::{Job, compute};
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
        bail!("{} affine maps for {n} images", theta.len());
    }
    follow(x, Arc::new(Taps::affine(theta, [h, w], size)), c, false)
}

/// Moves each image of `x [n, h, w, c]` by whole pixels, `[down, right]`; zeros come in from behind. Differentiable to any order.
///
/// # Errors
/// Where there is not one shift per sample.
pub fn translate(x: &Value, shifts: &[[isize; 2]]) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    if shifts.len() != n {
        bail!("{} shifts for {n} images", shifts.len());
    }
    follow(x, Arc::new(Taps::shifted(shifts, [h, w])), c, false)
}

/// From inputs to outputs, or the way back.
fn follow(x: &Value, taps: Arc<Taps>, c: usize, back: bool) -> Result<Value> {
    let [h, w] = if back { taps.input } else { taps.output };
    let data = compute(&Sample { taps: &taps, c, back }, [x.data()], (x.dims()[0], h, w, c))?;
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || follow(s.gradient, taps.clone(), c, !back))?])))
}

/// Reading at places, or adding to them.
pub(crate) struct Sample<'a> {
    pub(crate) taps: &'a Taps,
    pub(crate) c: usize,
    pub(crate) back: bool,
}

impl Job<1, 1> for Sample<'_> {
    fn name(&self) -> &'static str {
        "grid-sample"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        [if self.back { scatter(self.taps, x, self.c) } else { gather(self.taps, x, self.c) }]
    }
}
