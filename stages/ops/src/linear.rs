//! A fully connected layer as a 1 × 1 convolution: one set of kernels, one order of sums.

use crate::conv::conv2d_then;
use crate::epilogue::Rectifier;
use crate::geometry::Window;
use crate::tape::Value;
use candle_core::{Result, bail};

/// `x [n, inputs] · wᵀ + bias` with `w [outputs, inputs]`, `bias [outputs]`: `[n, outputs]`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32.
pub fn linear(x: &Value, w: &Value, bias: Option<&Value>) -> Result<Value> {
    let (&[n, inputs], &[outputs, width]) = (x.dims(), w.dims()) else {
        bail!("linear: {:?} times {:?} transposed, where both have two dimensions", x.dims(), w.dims());
    };
    if inputs != width {
        bail!("linear: {inputs} inputs where the weights have {width}");
    }
    let (pixels, kernels) = (x.reshape(&[n, 1, 1, inputs])?, w.reshape(&[outputs, inputs, 1, 1])?);
    conv2d_then(&pixels, &kernels, Window::square(1, 0), bias, Rectifier::Identity)?.reshape(&[n, outputs])
}
