//! Up-sampling of feature maps: nearest neighbour and bilinear. Differentiable to any order.

use crate::cpu::resample::Weights;
use crate::resample::{Resampling, resample};
use crate::tape::Value;
use candle_core::Result;

/// Repeats each value `scale × scale` times: `[n, h, w, c] → [n, h·scale, w·scale, c]`.
///
/// # Errors
/// Where there are not four dimensions or the tensor is not float32.
pub fn up_sample_nearest(x: &Value, scale: usize) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    resample(x, Resampling::of(Weights::nearest(h, scale), Weights::nearest(w, scale)))
}

/// Bilinear interpolation to `size` (rows, columns), as `torch.nn.functional.interpolate` without antialiasing: `[n, h,
/// w, c] → [n, size[0], size[1], c]`. `align_corners` aligns the centres of the corner pixels of both maps, instead of
/// the corners of these pixels.
///
/// # Errors
/// As [`up_sample_nearest`].
pub fn up_sample_bilinear(x: &Value, size: [usize; 2], align_corners: bool) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    resample(x, Resampling::of(Weights::linear(h, size[0], align_corners), Weights::linear(w, size[1], align_corners)))
}
