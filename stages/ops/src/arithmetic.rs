//! Sums, products and functions of single numbers, differentiable to any order. Shapes are repeated where they fit.

use crate::backend::on_cpu;
use crate::broadcast::{common, repeat};
use crate::cpu::elementwise::{map, map_channels};
use crate::tape::Value;
use candle_core::{Result, Tensor};

fn combine(name: &str, a: &Tensor, b: &Tensor, f: impl Fn(f32, f32) -> f32 + Sync) -> Result<Tensor> {
    if a.dims() == b.dims() {
        return on_cpu(name, [a, b], a.shape(), |[a, b]| map([a, b], |[a, b]| f(a, b)));
    }
    let shape = common(a, b)?;
    if a.dims() == shape.dims()
        && let Some(fit) = repeat(a.dims(), b.dims())
    {
        return on_cpu(name, [a, b], &shape, |[a, b]| map_channels([a], [b], fit.a, fit.b, |[a], [b]| f(a, b)));
    }
    if b.dims() == shape.dims()
        && let Some(fit) = repeat(b.dims(), a.dims())
    {
        return on_cpu(name, [a, b], &shape, |[a, b]| map_channels([b], [a], fit.a, fit.b, |[b], [a]| f(a, b)));
    }
    let (a, b) = (a.broadcast_as(&shape)?.contiguous()?, b.broadcast_as(&shape)?.contiguous()?);
    on_cpu(name, [&a, &b], &shape, |[a, b]| map([a, b], |[a, b]| f(a, b)))
}

fn each(name: &str, x: &Tensor, f: impl Fn(f32) -> f32 + Sync) -> Result<Tensor> {
    on_cpu(name, [x], x.shape(), |[x]| map([x], |[x]| f(x)))
}

/// Results are errors where shapes do not fit or a tensor is not float32 on the CPU.
impl Value {
    /// `self + other`.
    #[allow(clippy::should_implement_trait)] // it can fail
    pub fn add(&self, other: &Value) -> Result<Value> {
        let data = combine("add", self.data(), other.data(), |a, b| a + b)?;
        let shapes = [self.data().shape().clone(), other.data().shape().clone()];
        Ok(Value::record(data, &[self, other], move |s| {
            Ok(vec![s.by(0, || s.gradient.sum_to(shapes[0].dims()))?, s.by(1, || s.gradient.sum_to(shapes[1].dims()))?])
        }))
    }
    /// `self − other`.
    #[allow(clippy::should_implement_trait)]
    pub fn sub(&self, other: &Value) -> Result<Value> {
        let data = combine("subtract", self.data(), other.data(), |a, b| a - b)?;
        let shapes = [self.data().shape().clone(), other.data().shape().clone()];
        Ok(Value::record(data, &[self, other], move |s| {
            Ok(vec![s.by(0, || s.gradient.sum_to(shapes[0].dims()))?, s.by(1, || s.gradient.sum_to(shapes[1].dims())?.scale(-1.0))?])
        }))
    }
    /// `self · other`, place by place.
    #[allow(clippy::should_implement_trait)]
    pub fn mul(&self, other: &Value) -> Result<Value> {
        let data = combine("multiply", self.data(), other.data(), |a, b| a * b)?;
        let (a, b) = (self.clone(), other.clone());
        Ok(Value::record(data, &[self, other], move |s| {
            Ok(vec![s.by(0, || s.gradient.mul(&b)?.sum_to(a.dims()))?, s.by(1, || s.gradient.mul(&a)?.sum_to(b.dims()))?])
        }))
    }
    /// `self / other`, place by place.
    #[allow(clippy::should_implement_trait)]
    pub fn div(&self, other: &Value) -> Result<Value> {
        self.mul(&other.reciprocal()?)
    }
    /// `1 / self`.
    pub fn reciprocal(&self) -> Result<Value> {
        let y = each("reciprocal", self.data(), |x| 1.0 / x)?;
        let kept = y.clone();
        Ok(Value::record(y, &[self], move |s| {
            let y = s.output(&kept);
            Ok(vec![s.by(0, || s.gradient.mul(&y.square()?)?.scale(-1.0))?])
        }))
    }
    /// `self · factor`.
    pub fn scale(&self, factor: f64) -> Result<Value> {
        let k = factor as f32;
        let data = each("scale", self.data(), |x| x * k)?;
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.scale(factor))?])))
    }
    /// `self + number`.
    pub fn shift(&self, number: f64) -> Result<Value> {
        let k = number as f32;
        let data = each("shift", self.data(), |x| x + k)?;
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || Ok(s.gradient.clone()))?])))
    }
    /// `self²`.
    pub fn square(&self) -> Result<Value> {
        let data = each("square", self.data(), |x| x * x)?;
        let x = self.clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&x)?.scale(2.0))?])))
    }
    /// `√self`.
    pub fn sqrt(&self) -> Result<Value> {
        let y = each("square-root", self.data(), f32::sqrt)?;
        let kept = y.clone();
        Ok(Value::record(y, &[self], move |s| {
            let y = s.output(&kept);
            Ok(vec![s.by(0, || s.gradient.mul(&y.reciprocal()?)?.scale(0.5))?])
        }))
    }
    /// `e^self`.
    pub fn exp(&self) -> Result<Value> {
        let y = each("exp", self.data(), f32::exp)?;
        let kept = y.clone();
        Ok(Value::record(y, &[self], move |s| {
            let y = s.output(&kept);
            Ok(vec![s.by(0, || s.gradient.mul(&y))?])
        }))
    }
    /// `ln self`.
    pub fn ln(&self) -> Result<Value> {
        let data = each("ln", self.data(), f32::ln)?;
        let x = self.clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.div(&x))?])))
    }
    /// `self^exponent` of numbers that are not negative.
    pub fn power(&self, exponent: f64) -> Result<Value> {
        let e = exponent as f32;
        let data = each("power", self.data(), |x| x.max(0.0).powf(e))?;
        let x = self.clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&x.power(exponent - 1.0)?.scale(exponent)?))?])))
    }
    /// `|self|`; its derivative is 0 at 0.
    pub fn abs(&self) -> Result<Value> {
        let data = each("abs", self.data(), f32::abs)?;
        // A number that is neither above nor below zero has no sign, unlike in `f32::signum`.
        let sign = |x: f32| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                0.0
            }
        };
        let x = self.data().clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&Value::constant(each("sign", &x, sign)?)))?])))
    }
}
