//! A fully connected layer as a product of pixels: one set of kernels, one order of sums.

use crate::{Window, add_channel_bias, conv2d};
use candle_core::{Result, Tensor};

/// `x [n, inputs] · wᵀ + bias` with `w [outputs, inputs]`, `bias [outputs]`: `[n, outputs]`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn linear(x: &Tensor, w: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let ((n, inputs), (outputs, _)) = (x.dims2()?, w.dims2()?);
    let y = conv2d(&x.reshape((n, 1, 1, inputs))?, &w.unsqueeze(2)?.unsqueeze(3)?, Window::square(1, 0))?.reshape((n, outputs))?;
    bias.map_or(Ok(y.clone()), |b| add_channel_bias(&y, b))
}
