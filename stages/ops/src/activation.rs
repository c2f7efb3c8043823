//! Activations, element by element. What is kept for the backward pass is the result, which the next layer keeps as
//! well.

use crate::elementwise::{binary, unary};
use crate::epilogue::Rectifier;
use crate::primitive::elementwise::{Binary, Unary};
use crate::tape::{Value, is_recording};
use candle_core::{Result, Tensor};

/// `max(x, 0) + slope · min(x, 0)`, any shape. The derivative at exactly zero is the slope, as in PyTorch.
///
/// # Errors
/// Where the tensor is not float32.
pub fn leaky_relu(x: &Value, slope: f64) -> Result<Value> {
    rectified(x, Rectifier::Leaky(slope))
}

/// `max(x, 0)`, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn relu(x: &Value) -> Result<Value> {
    rectified(x, Rectifier::Relu)
}

/// The rectifier of `x`, any shape; nothing is computed for [`Rectifier::Identity`].
///
/// # Errors
/// As [`leaky_relu`].
pub fn rectified(x: &Value, rectifier: Rectifier) -> Result<Value> {
    if rectifier == Rectifier::Identity {
        return Ok(x.clone());
    }
    let slope = rectifier.slope();
    let y = unary(Unary::Rectify(slope), x.data())?;
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || rectified_gradient(s.gradient, &kept, slope))?])))
}

/// The gradient with respect to the input of a rectifier from the gradient `g` with respect to its result `y`: `g`
/// where `y > 0`, else `slope · g`, see [`crate::cpu::functions::passed_on`]. Linear in `g`, so it is its own gradient.
pub(crate) fn rectified_gradient(g: &Value, y: &Tensor, slope: f32) -> Result<Value> {
    let data = binary(Binary::RectifyGradient(slope), g.data(), y)?;
    let y = y.clone();
    Ok(Value::record(data, &[g], move |s| Ok(vec![s.by(0, || rectified_gradient(s.gradient, &y, slope))?])))
}

/// The hyperbolic tangent, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn tanh(x: &Value) -> Result<Value> {
    let y = unary(Unary::Tanh, x.data())?;
    from_result(x, y, Binary::TanhGradient, |y| y.square()?.scale(-1.0)?.shift(1.0))
}

/// `1 / (1 + e^−x)`, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn sigmoid(x: &Value) -> Result<Value> {
    let y = unary(Unary::Sigmoid, x.data())?;
    from_result(x, y, Binary::SigmoidGradient, |y| y.mul(&y.scale(-1.0)?.shift(1.0)?))
}

/// `ln(1 + e^x)`, any shape, without overflow.
///
/// # Errors
/// As [`leaky_relu`].
pub fn softplus(x: &Value) -> Result<Value> {
    let y = unary(Unary::Softplus, x.data())?;
    let kept = x.clone();
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || s.gradient.mul(&sigmoid(&kept)?))?])))
}

/// `x · Φ(x)` with the normal distribution Φ (Hendrycks & Gimpel 2016), any shape; not an approximation by tanh.
///
/// # Errors
/// As [`leaky_relu`].
pub fn gelu(x: &Value) -> Result<Value> {
    x.scale(0.5)?.mul(&x.scale(std::f64::consts::FRAC_1_SQRT_2)?.erf()?.shift(1.0)?)
}

/// A function whose derivative follows from its result. The gradient is made in one pass, or of operations where it is
/// differentiated itself.
fn from_result(x: &Value, y: Tensor, slope: Binary, derivative: impl Fn(&Value) -> Result<Value> + Send + Sync + 'static) -> Result<Value> {
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| {
        let back = || match is_recording() {
            true => s.gradient.mul(&derivative(&s.output(&kept))?),
            false => Ok(Value::constant(binary(slope, s.gradient.data(), &kept)?)),
        };
        Ok(vec![s.by(0, back)?])
    }))
}
