//! Functions of one and of two values, applied element by element.

use super::Primitive;
use crate::broadcast::Repeat;
use crate::cpu::elementwise::{map, map_channels};
use crate::cpu::functions::{self, passed_on, rectify};
use crate::math;

/// A function of one value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unary {
    Reciprocal,
    Scale(f32),
    Shift(f32),
    Square,
    SquareRoot,
    Exp,
    Ln,
    /// NaN of finite values below zero, unless the exponent is whole.
    Power(f32),
    Abs,
    /// −1, 0 or 1.
    Sign,
    Tanh,
    /// The error function.
    Erf,
    Sigmoid,
    Softplus,
    /// Binary cross-entropy of a logit against a target.
    LogitLoss(f32),
    /// The value, or the slope times it below zero.
    Rectify(f32),
}

/// A function of two values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    /// The product, and zero where the second is zero, whatever the first is: also where it is infinite or NaN.
    Weigh,
    /// A gradient and a result: the gradient with respect to the input of a rectifier of this slope.
    RectifyGradient(f32),
    /// A gradient and a result of tanh: the gradient with respect to its input.
    TanhGradient,
    /// A gradient and a result of the sigmoid: the gradient with respect to its input.
    SigmoidGradient,
}

impl Unary {
    /// Its name, and its parameter (0 where it has none).
    pub(crate) fn parts(self) -> (&'static str, f32) {
        match self {
            Unary::Reciprocal => ("reciprocal", 0.0),
            Unary::Scale(k) => ("scale", k),
            Unary::Shift(k) => ("shift", k),
            Unary::Square => ("square", 0.0),
            Unary::SquareRoot => ("square_root", 0.0),
            Unary::Exp => ("exp", 0.0),
            Unary::Ln => ("ln", 0.0),
            Unary::Power(k) => ("power", k),
            Unary::Abs => ("abs", 0.0),
            Unary::Sign => ("sign", 0.0),
            Unary::Tanh => ("tanh", 0.0),
            Unary::Erf => ("erf", 0.0),
            Unary::Sigmoid => ("sigmoid", 0.0),
            Unary::Softplus => ("softplus", 0.0),
            Unary::LogitLoss(k) => ("logit_loss", k),
            Unary::Rectify(k) => ("rectify", k),
        }
    }
}

/// Zero of what is neither above nor below zero, unlike `f32::signum`.
fn sign(x: f32) -> f32 {
    f32::from(i8::from(x > 0.0) - i8::from(x < 0.0))
}

impl Primitive<1, 1> for Unary {
    fn name(&self) -> &'static str {
        self.parts().0
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        macro_rules! each {
            ($f:expr) => {
                map([x], |[x]| $f(x))
            };
        }
        [match *self {
            Unary::Reciprocal => each!(|x: f32| 1.0 / x),
            Unary::Scale(k) => each!(|x: f32| x * k),
            Unary::Shift(k) => each!(|x: f32| x + k),
            Unary::Square => each!(|x: f32| x * x),
            Unary::SquareRoot => each!(f32::sqrt),
            Unary::Exp => each!(math::exp_f32),
            Unary::Ln => each!(math::ln_f32),
            Unary::Power(k) => each!(|x| math::pow_f32(x, k)),
            Unary::Abs => each!(f32::abs),
            Unary::Sign => each!(sign),
            Unary::Tanh => each!(functions::tanh),
            Unary::Erf => each!(functions::erf),
            Unary::Sigmoid => each!(functions::sigmoid),
            Unary::Softplus => each!(functions::softplus),
            Unary::LogitLoss(target) => each!(|x| functions::logit_loss(x, target)),
            Unary::Rectify(slope) => each!(|x| rectify(x, slope)),
        }]
    }
}

impl Binary {
    /// Its name, and its parameter (0 where it has none).
    pub(crate) fn parts(self) -> (&'static str, f32) {
        match self {
            Binary::Add => ("add", 0.0),
            Binary::Subtract => ("subtract", 0.0),
            Binary::Multiply => ("multiply", 0.0),
            Binary::Weigh => ("weigh", 0.0),
            Binary::RectifyGradient(k) => ("rectify_slope", k),
            Binary::TanhGradient => ("tanh_slope", 0.0),
            Binary::SigmoidGradient => ("sigmoid_slope", 0.0),
        }
    }
}

/// Which of two arrays is repeated to the shape of the other.
#[derive(Clone, Copy)]
pub(crate) enum Broadcast {
    Neither,
    First(Repeat),
    Second(Repeat),
}

/// A function of two values on arrays of which one may be smaller.
pub(crate) struct Broadcasted {
    pub(crate) function: Binary,
    pub(crate) broadcast: Broadcast,
}

impl Primitive<2, 1> for Broadcasted {
    fn name(&self) -> &'static str {
        self.function.parts().0
    }
    fn on_cpu(&self, [a, b]: [&[f32]; 2]) -> [Vec<f32>; 1] {
        macro_rules! each {
            ($f:expr) => {
                match self.broadcast {
                    Broadcast::Neither => map([a, b], |[a, b]| $f(a, b)),
                    Broadcast::First(repeat) => map_channels([b], [a], repeat.a, repeat.b, |[b], [a]| $f(a, b)),
                    Broadcast::Second(repeat) => map_channels([a], [b], repeat.a, repeat.b, |[a], [b]| $f(a, b)),
                }
            };
        }
        [match self.function {
            Binary::Add => each!(|a: f32, b: f32| a + b),
            Binary::Subtract => each!(|a: f32, b: f32| a - b),
            Binary::Multiply => each!(|a: f32, b: f32| a * b),
            Binary::Weigh => each!(|a: f32, weight: f32| if weight == 0.0 { 0.0 } else { a * weight }),
            Binary::RectifyGradient(slope) => each!(|g: f32, y: f32| passed_on(g, y, slope)),
            Binary::TanhGradient => each!(|g: f32, y: f32| g * (1.0 - y * y)),
            Binary::SigmoidGradient => each!(|g: f32, y: f32| g * (y * (1.0 - y))),
        }]
    }
}
