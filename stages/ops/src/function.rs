//! Functions of one and of two numbers, applied place by place.

use crate::after::{passed_on, rectify};
use crate::backend::{Job, compute};
use crate::broadcast::{Repeat, common, repeat};
use crate::cpu::elementwise::{map, map_channels};
use crate::cpu::functions;
use crate::math;
use candle_core::{Result, Tensor};

/// A function of one number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    Reciprocal,
    Scale(f32),
    Shift(f32),
    Square,
    SquareRoot,
    Exp,
    Ln,
    /// NaN of finite numbers below zero.
    Power(f32),
    Abs,
    /// −1, 0 or 1.
    Sign,
    Tanh,
    Sigmoid,
    Softplus,
    /// Binary cross-entropy of a logit against a target.
    LogitLoss(f32),
    /// The number, or the slope's share of it below zero.
    Rectify(f32),
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pair {
    Add,
    Subtract,
    Multiply,
    /// The product, and nothing where the second is zero, whatever the first is.
    Weigh,
    /// A gradient and a result: what passes a rectifier of this slope.
    RectifySlope(f32),
    /// A gradient and a result of tanh.
    TanhSlope,
    /// A gradient and a result of the sigmoid.
    SigmoidSlope,
}

impl Function {
    /// Its name, and its number (0 where it has none).
    pub(crate) fn parts(self) -> (&'static str, f32) {
        match self {
            Function::Reciprocal => ("reciprocal", 0.0),
            Function::Scale(k) => ("scale", k),
            Function::Shift(k) => ("shift", k),
            Function::Square => ("square", 0.0),
            Function::SquareRoot => ("square_root", 0.0),
            Function::Exp => ("exp", 0.0),
            Function::Ln => ("ln", 0.0),
            Function::Power(k) => ("power", k),
            Function::Abs => ("abs", 0.0),
            Function::Sign => ("sign", 0.0),
            Function::Tanh => ("tanh", 0.0),
            Function::Sigmoid => ("sigmoid", 0.0),
            Function::Softplus => ("softplus", 0.0),
            Function::LogitLoss(k) => ("logit_loss", k),
            Function::Rectify(k) => ("rectify", k),
        }
    }
}

/// A number that is neither above nor below zero has no sign, unlike in `f32::signum`.
fn sign(x: f32) -> f32 {
    f32::from(i8::from(x > 0.0) - i8::from(x < 0.0))
}

impl Job<1, 1> for Function {
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
            Function::Reciprocal => each!(|x: f32| 1.0 / x),
            Function::Scale(k) => each!(|x: f32| x * k),
            Function::Shift(k) => each!(|x: f32| x + k),
            Function::Square => each!(|x: f32| x * x),
            Function::SquareRoot => each!(f32::sqrt),
            Function::Exp => each!(math::exp_f32),
            Function::Ln => each!(math::ln_f32),
            Function::Power(k) => each!(|x| math::pow_f32(x, k)),
            Function::Abs => each!(f32::abs),
            Function::Sign => each!(sign),
            Function::Tanh => each!(functions::tanh),
            Function::Sigmoid => each!(functions::sigmoid),
            Function::Softplus => each!(functions::softplus),
            Function::LogitLoss(target) => each!(|x| functions::logit_loss(x, target)),
            Function::Rectify(slope) => each!(|x| rectify(x, slope)),
        }]
    }
}

impl Pair {
    /// Its name, and its number (0 where it has none).
    pub(crate) fn parts(self) -> (&'static str, f32) {
        match self {
            Pair::Add => ("add", 0.0),
            Pair::Subtract => ("subtract", 0.0),
            Pair::Multiply => ("multiply", 0.0),
            Pair::Weigh => ("weigh", 0.0),
            Pair::RectifySlope(k) => ("rectify_slope", k),
            Pair::TanhSlope => ("tanh_slope", 0.0),
            Pair::SigmoidSlope => ("sigmoid_slope", 0.0),
        }
    }
}

/// Which of two arrays is repeated to fill the other.
#[derive(Clone, Copy)]
pub(crate) enum Fit {
    Same,
    First(Repeat),
    Second(Repeat),
}

/// A function of two numbers on arrays of which one may be smaller.
pub(crate) struct Pairwise {
    pub(crate) pair: Pair,
    pub(crate) fit: Fit,
}

impl Job<2, 1> for Pairwise {
    fn name(&self) -> &'static str {
        self.pair.parts().0
    }
    fn on_cpu(&self, [a, b]: [&[f32]; 2]) -> [Vec<f32>; 1] {
        macro_rules! each {
            ($f:expr) => {
                match self.fit {
                    Fit::Same => map([a, b], |[a, b]| $f(a, b)),
                    Fit::First(fit) => map_channels([b], [a], fit.a, fit.b, |[b], [a]| $f(a, b)),
                    Fit::Second(fit) => map_channels([a], [b], fit.a, fit.b, |[a], [b]| $f(a, b)),
                }
            };
        }
        [match self.pair {
            Pair::Add => each!(|a: f32, b: f32| a + b),
            Pair::Subtract => each!(|a: f32, b: f32| a - b),
            Pair::Multiply => each!(|a: f32, b: f32| a * b),
            Pair::Weigh => each!(|a: f32, weight: f32| if weight == 0.0 { 0.0 } else { a * weight }),
            Pair::RectifySlope(slope) => each!(|g: f32, y: f32| passed_on(g, y, slope)),
            Pair::TanhSlope => each!(|g: f32, y: f32| g * (1.0 - y * y)),
            Pair::SigmoidSlope => each!(|g: f32, y: f32| g * (y * (1.0 - y))),
        }]
    }
}

/// `f(x)` at each place.
pub(crate) fn each(f: Function, x: &Tensor) -> Result<Tensor> {
    compute(&f, [x], x.shape())
}

/// `f(a, b)` at each place; one of them is repeated where it is smaller.
pub(crate) fn combine(pair: Pair, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = common(a, b)?;
    let job = |fit| Pairwise { pair, fit };
    if a.dims() == b.dims() {
        return compute(&job(Fit::Same), [a, b], shape);
    }
    if a.dims() == shape.dims()
        && let Some(fit) = repeat(a.dims(), b.dims())
    {
        return compute(&job(Fit::Second(fit)), [a, b], shape);
    }
    if b.dims() == shape.dims()
        && let Some(fit) = repeat(b.dims(), a.dims())
    {
        return compute(&job(Fit::First(fit)), [a, b], shape);
    }
    let (a, b) = (a.broadcast_as(&shape)?.contiguous()?, b.broadcast_as(&shape)?.contiguous()?);
    compute(&job(Fit::Same), [&a, &b], shape)
}
