//! Arithmetic on values, element by element and differentiable to any order. Shapes broadcast as in numpy.

use crate::elementwise::{binary, unary};
use crate::primitive::elementwise::{Binary, Unary};
use crate::tape::Value;
use candle_core::Result;

/// Errors: where shapes do not broadcast or a tensor is not float32.
impl Value {
    /// `self + other`.
    #[allow(clippy::should_implement_trait)] // it can fail
    pub fn add(&self, other: &Value) -> Result<Value> {
        let data = binary(Binary::Add, self.data(), other.data())?;
        let shapes = [self.data().shape().clone(), other.data().shape().clone()];
        Ok(Value::record(data, &[self, other], move |s| {
            Ok(vec![s.by(0, || s.gradient.sum_to(shapes[0].dims()))?, s.by(1, || s.gradient.sum_to(shapes[1].dims()))?])
        }))
    }
    /// `self − other`.
    #[allow(clippy::should_implement_trait)]
    pub fn sub(&self, other: &Value) -> Result<Value> {
        let data = binary(Binary::Subtract, self.data(), other.data())?;
        let shapes = [self.data().shape().clone(), other.data().shape().clone()];
        Ok(Value::record(data, &[self, other], move |s| {
            Ok(vec![s.by(0, || s.gradient.sum_to(shapes[0].dims()))?, s.by(1, || s.gradient.sum_to(shapes[1].dims())?.scale(-1.0))?])
        }))
    }
    /// `self · other`, element by element.
    #[allow(clippy::should_implement_trait)]
    pub fn mul(&self, other: &Value) -> Result<Value> {
        let data = binary(Binary::Multiply, self.data(), other.data())?;
        let (a, b) = (self.clone(), other.clone());
        Ok(Value::record(data, &[self, other], move |s| {
            Ok(vec![s.by(0, || s.gradient.mul(&b)?.sum_to(a.dims()))?, s.by(1, || s.gradient.mul(&a)?.sum_to(b.dims()))?])
        }))
    }
    /// `self / other`, element by element.
    #[allow(clippy::should_implement_trait)]
    pub fn div(&self, other: &Value) -> Result<Value> {
        self.mul(&other.reciprocal()?)
    }
    /// `1 / self`.
    pub fn reciprocal(&self) -> Result<Value> {
        let y = unary(Unary::Reciprocal, self.data())?;
        let kept = y.clone();
        Ok(Value::record(y, &[self], move |s| {
            let y = s.output(&kept);
            Ok(vec![s.by(0, || s.gradient.mul(&y.square()?)?.scale(-1.0))?])
        }))
    }
    /// `self · factor`.
    pub fn scale(&self, factor: f64) -> Result<Value> {
        let data = unary(Unary::Scale(factor as f32), self.data())?;
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.scale(factor))?])))
    }
    /// `self + summand`.
    pub fn shift(&self, summand: f64) -> Result<Value> {
        let data = unary(Unary::Shift(summand as f32), self.data())?;
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || Ok(s.gradient.clone()))?])))
    }
    /// `self²`.
    pub fn square(&self) -> Result<Value> {
        let data = unary(Unary::Square, self.data())?;
        let x = self.clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&x)?.scale(2.0))?])))
    }
    /// `√self`.
    pub fn sqrt(&self) -> Result<Value> {
        let y = unary(Unary::SquareRoot, self.data())?;
        let kept = y.clone();
        Ok(Value::record(y, &[self], move |s| {
            let y = s.output(&kept);
            Ok(vec![s.by(0, || s.gradient.mul(&y.reciprocal()?)?.scale(0.5))?])
        }))
    }
    /// `e^self`.
    pub fn exp(&self) -> Result<Value> {
        let y = unary(Unary::Exp, self.data())?;
        let kept = y.clone();
        Ok(Value::record(y, &[self], move |s| {
            let y = s.output(&kept);
            Ok(vec![s.by(0, || s.gradient.mul(&y))?])
        }))
    }
    /// The error function.
    pub fn erf(&self) -> Result<Value> {
        let data = unary(Unary::Erf, self.data())?;
        let x = self.clone();
        let slope = move || x.square()?.scale(-1.0)?.exp()?.scale(std::f64::consts::FRAC_2_SQRT_PI);
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&slope()?))?])))
    }
    /// `ln self`.
    pub fn ln(&self) -> Result<Value> {
        let data = unary(Unary::Ln, self.data())?;
        let x = self.clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.div(&x))?])))
    }
    /// `self^exponent`; NaN of finite values below zero, unless the exponent is whole.
    pub fn power(&self, exponent: f64) -> Result<Value> {
        let data = unary(Unary::Power(exponent as f32), self.data())?;
        let x = self.clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&x.power(exponent - 1.0)?.scale(exponent)?))?])))
    }
    /// `|self|`; its derivative is 0 at 0.
    pub fn abs(&self) -> Result<Value> {
        let data = unary(Unary::Abs, self.data())?;
        let x = self.data().clone();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.mul(&Value::constant(unary(Unary::Sign, &x)?)))?])))
    }
}
