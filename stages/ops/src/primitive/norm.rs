//! What a norm computes, step by step, on arrays: `[groups, pixels, c]` and statistics `[groups, c]`.

use super::Primitive;
use crate::cpu::norm::{Cut, InputGradientInputs, Statistics, SumInputs, gradient_sums, input_gradient, moments, scale_shift, scales};

/// How a divisor is made of a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Divisor {
    /// `√(variance + eps)`, as PyTorch.
    EpsInside(f64),
    /// `√variance + eps`, as keras-contrib's `InstanceNormalization`.
    EpsOutside(f64),
}

/// A divisor, and how it follows from the values.
pub(crate) struct Division {
    pub(crate) divisor: f64,
    /// `1 / (σ · divisor)`.
    pub(crate) curvature: f64,
}

impl Divisor {
    pub(crate) fn of(self, variance: f64) -> Division {
        match self {
            Divisor::EpsInside(eps) => Division { divisor: (variance + eps).sqrt(), curvature: 1.0 / (variance + eps) },
            Divisor::EpsOutside(eps) => {
                let root = variance.sqrt();
                // Not `max`, which would make a number of NaN.
                let above = if root < 1e-12 { 1e-12 } else { root };
                Division { divisor: root + eps, curvature: 1.0 / (above * (root + eps)) }
            }
        }
    }
}

/// [`Statistics`] of the input.
pub(crate) struct Measure {
    pub(crate) cut: Cut,
    pub(crate) divisor: Divisor,
}

impl Primitive<1, 4> for Measure {
    fn name(&self) -> &'static str {
        "norm-statistics"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 4] {
        let moments = moments(x, self.cut);
        let count = self.cut.count(x.len());
        let divisions: Vec<Division> = moments.variance.iter().map(|v| self.divisor.of(*v)).collect();
        Statistics {
            mean: moments.mean,
            inverse: divisions.iter().map(|d| (1.0 / d.divisor) as f32).collect(),
            curvature: divisions.iter().map(|d| d.curvature as f32).collect(),
            unbiased: moments.variance.iter().map(|v| (v * count / (count - 1.0).max(1.0)) as f32).collect(),
        }
        .into()
    }
}

/// `Scales` of `ScaleInputs`.
pub(crate) struct Prepare;

impl Primitive<4, 3> for Prepare {
    fn name(&self) -> &'static str {
        "norm-scale"
    }
    fn on_cpu(&self, inputs: [&[f32]; 4]) -> [Vec<f32>; 3] {
        scales(inputs.into()).into()
    }
}

/// `rectifier(scale · x + shift + add)` of x, add (or nothing), scale, shift.
pub(crate) struct ScaleShift {
    pub(crate) cut: Cut,
    pub(crate) slope: f32,
}

impl Primitive<3, 1> for ScaleShift {
    fn name(&self) -> &'static str {
        "norm"
    }
    fn on_cpu(&self, [x, scale, shift]: [&[f32]; 3]) -> [Vec<f32>; 1] {
        [scale_shift(x, None, scale, shift, self.cut, self.slope)]
    }
}

impl Primitive<4, 1> for ScaleShift {
    fn name(&self) -> &'static str {
        "norm"
    }
    fn on_cpu(&self, [x, add, scale, shift]: [&[f32]; 4]) -> [Vec<f32>; 1] {
        [scale_shift(x, Some(add), scale, shift, self.cut, self.slope)]
    }
}

/// `GradientSums` of [`SumInputs`] and, where only it says what was rectified, the result.
pub(crate) struct SumGradients {
    pub(crate) cut: Cut,
    pub(crate) slope: f32,
    /// Channels, or one.
    pub(crate) weights: usize,
}

impl SumGradients {
    fn run(&self, inputs: SumInputs<&[f32]>, y: Option<&[f32]>) -> [Vec<f32>; 4] {
        gradient_sums(self.cut, self.slope, inputs, y, self.weights).into()
    }
}

impl Primitive<8, 4> for SumGradients {
    fn name(&self) -> &'static str {
        "norm-gradient"
    }
    fn on_cpu(&self, inputs: [&[f32]; 8]) -> [Vec<f32>; 4] {
        self.run(inputs.into(), None)
    }
}

impl Primitive<9, 4> for SumGradients {
    fn name(&self) -> &'static str {
        "norm-gradient"
    }
    fn on_cpu(&self, [inputs @ .., y]: [&[f32]; 9]) -> [Vec<f32>; 4] {
        self.run(inputs.into(), Some(y))
    }
}

/// The gradient with respect to the input, of [`InputGradientInputs`] and, where only it says what was rectified, the
/// result.
pub(crate) struct InputGradient {
    pub(crate) cut: Cut,
    pub(crate) slope: f32,
}

impl InputGradient {
    fn run(&self, inputs: InputGradientInputs<&[f32]>, y: Option<&[f32]>) -> [Vec<f32>; 1] {
        [input_gradient(self.cut, self.slope, inputs, y)]
    }
}

impl Primitive<7, 1> for InputGradient {
    fn name(&self) -> &'static str {
        "norm-input-gradient"
    }
    fn on_cpu(&self, inputs: [&[f32]; 7]) -> [Vec<f32>; 1] {
        self.run(inputs.into(), None)
    }
}

impl Primitive<8, 1> for InputGradient {
    fn name(&self) -> &'static str {
        "norm-input-gradient"
    }
    fn on_cpu(&self, [inputs @ .., y]: [&[f32]; 8]) -> [Vec<f32>; 1] {
        self.run(inputs.into(), Some(y))
    }
}
