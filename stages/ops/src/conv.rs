//! Convolution and transposed convolution, differentiable to any order: the three passes are each other's gradients.

use crate::activation::rectified_gradient;
use crate::backend::compute;
use crate::epilogue::Rectifier;
use crate::geometry::{Geometry, Window};
use crate::primitive::convolution::{Convolution, Pass};
use crate::tape::Value;
use candle_core::{Result, bail};

/// Convolution of `x [n, h, w, ci]` with `w [co, ci/groups, kh, kw]`: `[n, oh, ow, co]` with
/// `oh = (h + 2·padding − dilation·(kh − 1) − 1)/stride + 1`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32.
pub fn conv2d(x: &Value, w: &Value, window: Window) -> Result<Value> {
    conv2d_then(x, w, window, None, Rectifier::Identity)
}

/// Transposed convolution of `x [n, h, w, ci]` with `w [ci, co/groups, kh, kw]`: `[n, oh, ow, co]` with
/// `oh = (h − 1)·stride + dilation·(kh − 1) + 1 + output_padding − 2·padding`.
///
/// # Errors
/// As [`conv2d`].
pub fn conv_transpose2d(x: &Value, w: &Value, window: Window, output_padding: [usize; 2]) -> Result<Value> {
    conv_transpose2d_then(x, w, window, output_padding, None, Rectifier::Identity)
}

/// As [`conv2d`], then `bias [co]` is added and the result rectified, in one pass over memory. Differentiable to any
/// order.
///
/// # Errors
/// As [`conv2d`].
pub fn conv2d_then(x: &Value, w: &Value, window: Window, bias: Option<&Value>, rectifier: Rectifier) -> Result<Value> {
    let g = Geometry::conv(x.dims4()?, w.dims4()?, window)?;
    convolve(g, Pass::Forward, x, w, bias, rectifier)
}

/// As [`conv_transpose2d`], then `bias [co]` is added and the result rectified, in one pass over memory. Differentiable
/// to any order.
///
/// # Errors
/// As [`conv2d`].
pub fn conv_transpose2d_then(x: &Value, w: &Value, window: Window, output_padding: [usize; 2], bias: Option<&Value>, rectifier: Rectifier) -> Result<Value> {
    let g = Geometry::transposed(x.dims4()?, w.dims4()?, window, output_padding)?;
    convolve(g, Pass::InputGradient, x, w, bias, rectifier)
}

fn convolve(g: Geometry, pass: Pass, a: &Value, b: &Value, bias: Option<&Value>, rectifier: Rectifier) -> Result<Value> {
    let slope = rectifier.slope();
    let primitive = Convolution { g, pass, slope };
    let dims = primitive.dims();
    if bias.is_some_and(|b| b.elem_count() != dims[3]) {
        bail!("a bias of {:?} for {} channels", bias.map(Value::dims), dims[3]);
    }
    let data = match bias {
        None => compute(&primitive, [a.data(), b.data()], dims.as_slice())?,
        Some(bias) => compute(&primitive, [a.data(), b.data(), bias.data()], dims.as_slice())?,
    };
    let (kept_a, kept_b, kept_y) = (a.clone(), b.clone(), (slope != 1.0).then(|| data.clone()));
    let inputs: Vec<&Value> = [a, b].into_iter().chain(bias).collect();
    let shape = bias.map(|b| b.dims().to_vec());
    Ok(Value::record(data, &inputs, move |s| {
        let gradient = match &kept_y {
            Some(y) => rectified_gradient(s.gradient, y, slope)?,
            None => s.gradient.clone(),
        };
        let plain = |pass, a: &Value, b: &Value| convolve(g, pass, a, b, None, Rectifier::Identity);
        let by_a = || match pass {
            Pass::Forward => plain(Pass::InputGradient, &gradient, &kept_b),
            Pass::InputGradient => plain(Pass::Forward, &gradient, &kept_b),
            Pass::KernelGradient => plain(Pass::InputGradient, &kept_b, &gradient),
        };
        let by_b = || match pass {
            Pass::Forward => plain(Pass::KernelGradient, &kept_a, &gradient),
            Pass::InputGradient => plain(Pass::KernelGradient, &gradient, &kept_a),
            Pass::KernelGradient => plain(Pass::Forward, &kept_a, &gradient),
        };
        let mut all = vec![s.by(0, by_a)?, s.by(1, by_b)?];
        if let Some(shape) = &shape {
            all.push(s.by(2, || gradient.sum_to(shape))?);
        }
        Ok(all)
    }))
}
