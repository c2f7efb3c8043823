//! The one place that knows where channels lie: `[n, h, w, c]`, so that the values of a pixel are neighbours. Films of one
//! channel are the same bytes in either order.

use candle_core::{D, Result, Tensor};

/// `[n, c, h, w] → [n, h, w, c]`.
pub fn channels_last(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 2, 3, 1))?.contiguous()
}

/// `[n, h, w, c] → [n, c, h, w]`, as torch lays maps out: before flattening for a linear layer with torch's weights.
pub fn channels_first(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 3, 1, 2))?.contiguous()
}

/// Maps beside each other: channels of the first, then of the next.
pub fn concat_channels(maps: &[&Tensor]) -> Result<Tensor> {
    Tensor::cat(maps, D::Minus1)
}
