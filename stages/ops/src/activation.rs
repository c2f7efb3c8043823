//! Functions of single numbers between layers. What is kept for the way back is the result, which the next layer keeps, too.

use crate::after::Rectifier;
use crate::function::{Function, Pair, combine, each};
use crate::tape::{Value, is_recording};
use candle_core::{Result, Tensor};

/// `max(x, 0) + slope · min(x, 0)`, any shape. The derivative at exactly zero is the slope, as in PyTorch.
///
/// # Errors
/// Where the tensor is not float32, as everywhere here.
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

/// Any of them; nothing is computed for [`Rectifier::Identity`].
///
/// # Errors
/// As [`leaky_relu`].
pub fn rectified(x: &Value, rectifier: Rectifier) -> Result<Value> {
    if rectifier == Rectifier::Identity {
        return Ok(x.clone());
    }
    let slope = rectifier.slope();
    let y = each(Function::Rectify(slope), x.data())?;
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || sloped(s.gradient, &kept, slope))?])))
}

/// `g` where `y > 0`, else `slope · g`, see [`crate::after::passed_on`]. Linear in `g`, so its gradient is itself.
pub(crate) fn sloped(g: &Value, y: &Tensor, slope: f32) -> Result<Value> {
    let data = combine(Pair::RectifySlope(slope), g.data(), y)?;
    let y = y.clone();
    Ok(Value::record(data, &[g], move |s| Ok(vec![s.by(0, || sloped(s.gradient, &y, slope))?])))
}

/// Hyperbolic tangent, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn tanh(x: &Value) -> Result<Value> {
    let y = each(Function::Tanh, x.data())?;
    curve(x, y, Pair::TanhSlope, |y| y.square()?.scale(-1.0)?.shift(1.0))
}

/// `1 / (1 + e^−x)`, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn sigmoid(x: &Value) -> Result<Value> {
    let y = each(Function::Sigmoid, x.data())?;
    curve(x, y, Pair::SigmoidSlope, |y| y.mul(&y.scale(-1.0)?.shift(1.0)?))
}

/// `ln(1 + e^x)`, any shape, without overflow.
///
/// # Errors
/// As [`leaky_relu`].
pub fn softplus(x: &Value) -> Result<Value> {
    let y = each(Function::Softplus, x.data())?;
    let kept = x.clone();
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || s.gradient.mul(&sigmoid(&kept)?))?])))
}

/// A function whose derivative is known from its result: as values where it is differentiated itself, in one pass else.
fn curve(x: &Value, y: Tensor, slope: Pair, derivative: impl Fn(&Value) -> Result<Value> + Send + Sync + 'static) -> Result<Value> {
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| {
        let back = || match is_recording() {
            true => s.gradient.mul(&derivative(&s.output(&kept))?),
            false => Ok(Value::constant(combine(slope, s.gradient.data(), &kept)?)),
        };
        Ok(vec![s.by(0, back)?])
    }))
}
