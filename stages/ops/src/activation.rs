//! Functions of single numbers between layers. What is kept for the way back is the result, which the next layer keeps, too.

use crate::after::{Rectifier, derivative, rectify};
use crate::backend::on_cpu;
use crate::cpu::elementwise::map;
use crate::cpu::functions;
use crate::tape::{Value, is_recording};
use candle_core::{Result, Tensor};

/// `max(x, 0) + slope · min(x, 0)`, any shape. The derivative at exactly zero is the slope, as in PyTorch.
///
/// # Errors
/// Where the tensor is not float32 on the CPU, as everywhere here.
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
    let y = on_cpu("leaky-relu", [x.data()], x.dims(), |[x]| map([x], |[x]| rectify(x, slope)))?;
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || sloped(s.gradient, &kept, slope))?])))
}

/// `g` where `y > 0`, else `slope · g`. Linear in `g`, so its gradient is itself.
pub(crate) fn sloped(g: &Value, y: &Tensor, slope: f32) -> Result<Value> {
    let data = on_cpu("leaky-relu-slope", [g.data(), y], g.dims(), |[g, y]| map([g, y], |[g, y]| g * derivative(y, slope)))?;
    let y = y.clone();
    Ok(Value::record(data, &[g], move |s| Ok(vec![s.by(0, || sloped(s.gradient, &y, slope))?])))
}

/// Hyperbolic tangent, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn tanh(x: &Value) -> Result<Value> {
    let y = on_cpu("tanh", [x.data()], x.dims(), |[x]| map([x], |[x]| functions::tanh(x)))?;
    curve(x, y, |y| y.square()?.scale(-1.0)?.shift(1.0), |y| 1.0 - y * y)
}

/// `1 / (1 + e^−x)`, any shape.
///
/// # Errors
/// As [`leaky_relu`].
pub fn sigmoid(x: &Value) -> Result<Value> {
    let y = on_cpu("sigmoid", [x.data()], x.dims(), |[x]| map([x], |[x]| functions::sigmoid(x)))?;
    curve(x, y, |y| y.mul(&y.scale(-1.0)?.shift(1.0)?), |y| y * (1.0 - y))
}

/// `ln(1 + e^x)`, any shape, without overflow.
///
/// # Errors
/// As [`leaky_relu`].
pub fn softplus(x: &Value) -> Result<Value> {
    let y = on_cpu("softplus", [x.data()], x.dims(), |[x]| map([x], functions::softplus))?;
    let kept = x.clone();
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || s.gradient.mul(&sigmoid(&kept)?))?])))
}

/// A function whose derivative is known from its result: as values where it is differentiated itself, in one pass else.
fn curve(
    x: &Value,
    y: Tensor,
    derivative: impl Fn(&Value) -> Result<Value> + Send + Sync + 'static,
    number: impl Fn(f32) -> f32 + Send + Sync + 'static,
) -> Result<Value> {
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| {
        let back = || match is_recording() {
            true => s.gradient.mul(&derivative(&s.output(&kept))?),
            false => {
                let data = on_cpu("curve-gradient", [s.gradient.data(), &kept], kept.shape(), |[g, y]| map([g, y], |[g, y]| g * number(y)))?;
                Ok(Value::constant(data))
            }
        };
        Ok(vec![s.by(0, back)?])
    }))
}
