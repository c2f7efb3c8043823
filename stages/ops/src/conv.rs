//! Convolution and transposed convolution, differentiable to any order: the three primitives are each other's gradients.

use crate::backend::on_cpu;
use crate::cpu::convolution;
use crate::geometry::{Geometry, Window};
use crate::tape::Value;
use candle_core::Result;

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

/// `(x, w) → y`
fn forward(g: Geometry, x: &Value, w: &Value) -> Result<Value> {
    let (_, co) = g.channels();
    let data = on_cpu("conv2d", [x.data(), w.data()], (g.n, g.output[0], g.output[1], co), |[x, w]| convolution::forward(&g, x, w))?;
    let (kept_x, kept_w) = (x.clone(), w.clone());
    Ok(Value::record(data, &[x, w], move |s| {
        Ok(vec![s.by(0, || input_gradient(g, s.gradient, &kept_w))?, s.by(1, || kernel_gradient(g, &kept_x, s.gradient))?])
    }))
}

/// `(dy, w) → dx`
fn input_gradient(g: Geometry, dy: &Value, w: &Value) -> Result<Value> {
    let (ci, _) = g.channels();
    let data = on_cpu("conv2d-input-gradient", [dy.data(), w.data()], (g.n, g.input[0], g.input[1], ci), |[dy, w]| convolution::input_gradient(&g, dy, w))?;
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
