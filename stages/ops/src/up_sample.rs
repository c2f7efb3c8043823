//! Nearest-neighbour up-sampling, built from a broadcast: candle's own overwrites gradients that its input already has.

use candle_core::{Result, Tensor};

/// Repeats each value `scale × scale` times: `[n, h, w, c] → [n, h·scale, w·scale, c]`.
pub fn up_sample_nearest(x: &Tensor, scale: usize) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    x.reshape((n, h, 1, w, 1, c))?.broadcast_as((n, h, scale, w, scale, c))?.reshape((n, h * scale, w * scale, c))
}
