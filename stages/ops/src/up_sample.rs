//! Larger maps from smaller ones: nearest neighbour and bilinear. Differentiable to any order.

use crate::cpu::resample::Weights;
use crate::resample::{Axes, resample};
use crate::tape::Value;
use candle_core::Result;

/// Repeats each value `scale × scale` times: `[n, h, w, c] → [n, h·scale, w·scale, c]`.
///
/// # Errors
/// Where there are not four extents or the tensor is not float32.
pub fn up_sample_nearest(x: &Value, scale: usize) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    resample(x, Axes::of(Weights::nearest(h, scale), Weights::nearest(w, scale)))
}

/// Bilinear interpolation to `size` (rows, columns), as `torch.nn.functional.interpolate` without antialiasing.
/// `align_corners` puts the corner pixels of both maps upon each other, instead of their corners.
///
/// # Errors
/// As [`up_sample_nearest`].
pub fn up_sample_bilinear(x: &Value, size: [usize; 2], align_corners: bool) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    resample(x, Axes::of(Weights::linear(h, size[0], align_corners), Weights::linear(w, size[1], align_corners)))
}
