//! Convolution and transposed convolution, differentiable to any order: the three primitives are each other's gradients.

use crate::activation::sloped;
use crate::after::Rectifier;
use crate::backend::on_cpu;
use crate::cpu::convolution::{self, Finish, RAW};
use crate::geometry::{Geometry, Window};
use crate::tape::Value;
use candle_core::{Result, bail};

/// Convolution of `x [n, h, w, ci]` with `w [co, ci/groups, kh, kw]`: `[n, oh, ow, co]` with
/// `oh = (h + 2·padding − dilation·(kh − 1) − 1)/stride + 1`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn conv2d(x: &Value, w: &Value, window: Window) -> Result<Value> {
    forward(Geometry::conv(x.dims4()?, w.dims4()?, window)?, x, w)
}

/// Transposed convolution of `x [n, h, w, ci]` with `w [ci, co/groups, kh, kw]`: `[n, oh, ow, co]` with
/// `oh = (h − 1)·stride + dilation·(kh − 1) + 1 + output_padding − 2·padding`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn conv_transpose2d(x: &Value, w: &Value, window: Window, output_padding: [usize; 2]) -> Result<Value> {
    input_gradient(Geometry::transposed(x.dims4()?, w.dims4()?, window, output_padding)?, x, w)
}

/// As [`conv2d`], then `bias [co]` is added and the result rectified, in one pass over memory. Differentiable to any order.
///
/// # Errors
/// As [`conv2d`].
pub fn conv2d_then(x: &Value, w: &Value, window: Window, bias: Option<&Value>, rectifier: Rectifier) -> Result<Value> {
    let g = Geometry::conv(x.dims4()?, w.dims4()?, window)?;
    let (_, co) = g.channels();
    let dims = [g.n, g.output[0], g.output[1], co];
    finished(g, x, w, bias, rectifier, &dims, convolution::forward, [input_gradient, |g, x, dy| kernel_gradient(g, dy, x)])
}

/// As [`conv_transpose2d`], then `bias [co]` is added and the result rectified, in one pass over memory. Differentiable to
/// any order.
///
/// # Errors
/// As [`conv_transpose2d`].
pub fn conv_transpose2d_then(x: &Value, w: &Value, window: Window, output_padding: [usize; 2], bias: Option<&Value>, rectifier: Rectifier) -> Result<Value> {
    let g = Geometry::transposed(x.dims4()?, w.dims4()?, window, output_padding)?;
    let (ci, _) = g.channels();
    let dims = [g.n, g.input[0], g.input[1], ci];
    finished(g, x, w, bias, rectifier, &dims, convolution::input_gradient, [forward, |g, dy, x| kernel_gradient(g, dy, x)])
}

type Kernel = fn(&Geometry, &[f32], &[f32], Finish) -> Vec<f32>;
/// A gradient from that of the result and the other factor.
type Back = fn(Geometry, &Value, &Value) -> Result<Value>;

#[allow(clippy::too_many_arguments)]
fn finished(
    g: Geometry,
    x: &Value,
    w: &Value,
    bias: Option<&Value>,
    rectifier: Rectifier,
    dims: &[usize; 4],
    kernel: Kernel,
    back: [Back; 2],
) -> Result<Value> {
    if bias.is_some_and(|b| b.elem_count() != dims[3]) {
        bail!("a bias of {:?} for {} channels", bias.map(Value::dims), dims[3]);
    }
    let slope = rectifier.slope();
    let y = match bias {
        None => on_cpu("convolution", [x.data(), w.data()], dims.as_slice(), |[x, w]| kernel(&g, x, w, Finish { bias: None, slope }))?,
        Some(bias) => on_cpu("convolution", [x.data(), w.data(), bias.data()], dims.as_slice(), |[x, w, b]| kernel(&g, x, w, Finish { bias: Some(b), slope }))?,
    };
    let (kept_x, kept_w, kept_y) = (x.clone(), w.clone(), (slope != 1.0).then(|| y.clone()));
    let inputs: Vec<&Value> = [x, w].into_iter().chain(bias).collect();
    let shape = bias.map(|b| b.dims().to_vec());
    Ok(Value::record(y, &inputs, move |s| {
        let gradient = match &kept_y {
            Some(y) => sloped(s.gradient, y, slope)?,
            None => s.gradient.clone(),
        };
        let mut all = vec![s.by(0, || back[0](g, &gradient, &kept_w))?, s.by(1, || back[1](g, &gradient, &kept_x))?];
        if let Some(shape) = &shape {
            all.push(s.by(2, || gradient.sum_to(shape))?);
        }
        Ok(all)
    }))
}

/// `(x, w) → y`
fn forward(g: Geometry, x: &Value, w: &Value) -> Result<Value> {
    let (_, co) = g.channels();
    let data = on_cpu("conv2d", [x.data(), w.data()], (g.n, g.output[0], g.output[1], co), |[x, w]| convolution::forward(&g, x, w, RAW))?;
    let (kept_x, kept_w) = (x.clone(), w.clone());
    Ok(Value::record(data, &[x, w], move |s| {
        Ok(vec![s.by(0, || input_gradient(g, s.gradient, &kept_w))?, s.by(1, || kernel_gradient(g, &kept_x, s.gradient))?])
    }))
}

/// `(dy, w) → dx`
fn input_gradient(g: Geometry, dy: &Value, w: &Value) -> Result<Value> {
    let (ci, _) = g.channels();
    let data =
        on_cpu("conv2d-input-gradient", [dy.data(), w.data()], (g.n, g.input[0], g.input[1], ci), |[dy, w]| convolution::input_gradient(&g, dy, w, RAW))?;
    let (kept_dy, kept_w) = (dy.clone(), w.clone());
    Ok(Value::record(data, &[dy, w], move |s| Ok(vec![s.by(0, || forward(g, s.gradient, &kept_w))?, s.by(1, || kernel_gradient(g, s.gradient, &kept_dy))?])))
}

/// `(x, dy) → dw`
fn kernel_gradient(g: Geometry, x: &Value, dy: &Value) -> Result<Value> {
    let (_, co) = g.channels();
    let shape = (co, g.ci, g.kernel[0], g.kernel[1]);
    let data = on_cpu("conv2d-kernel-gradient", [x.data(), dy.data()], shape, |[x, dy]| convolution::kernel_gradient(&g, x, dy))?;
    let (kept_x, kept_dy) = (x.clone(), dy.clone());
    Ok(Value::record(data, &[x, dy], move |s| Ok(vec![s.by(0, || input_gradient(g, &kept_dy, s.gradient))?, s.by(1, || forward(g, &kept_x, s.gradient))?])))
}
