//! What a norm computes, step by step, on arrays: `[groups, pixels, c]` and numbers `[groups, c]`.

use super::Divisor;
use crate::backend::Job;
use crate::cpu::norm::{Cut, Passed, affine, input_gradient, prepare, statistics, weight_gradients};

/// Mean, 1 / divisor, how the divisor follows from the numbers, and unbiased variance (0 of a single number).
pub(crate) struct Measure {
    pub(crate) cut: Cut,
    pub(crate) divisor: Divisor,
}

impl Job<1, 4> for Measure {
    fn name(&self) -> &'static str {
        "norm-statistics"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 4] {
        let (mean, variance) = statistics(x, self.cut);
        let count = self.cut.count(x.len());
        let divisors: Vec<(f64, f64)> = variance.iter().map(|v| self.divisor.of(*v)).collect();
        let unbiased = variance.iter().map(|v| (v * count / (count - 1.0).max(1.0)) as f32).collect();
        [mean, divisors.iter().map(|d| (1.0 / d.0) as f32).collect(), divisors.iter().map(|d| d.1 as f32).collect(), unbiased]
    }
}

/// From mean, 1 / divisor, and weight and bias (`[c]` or one each): the weight of each number, scale and shift.
pub(crate) struct Prepare;

impl Job<4, 3> for Prepare {
    fn name(&self) -> &'static str {
        "norm-scale"
    }
    fn on_cpu(&self, inputs: [&[f32]; 4]) -> [Vec<f32>; 3] {
        prepare(inputs)
    }
}

/// `rectifier(scale · x + shift + add)` of x, add (or nothing), scale, shift.
pub(crate) struct Affine {
    pub(crate) cut: Cut,
    pub(crate) slope: f32,
}

impl Job<3, 1> for Affine {
    fn name(&self) -> &'static str {
        "norm"
    }
    fn on_cpu(&self, [x, scale, shift]: [&[f32]; 3]) -> [Vec<f32>; 1] {
        [affine(x, None, scale, shift, self.cut, self.slope)]
    }
}

impl Job<4, 1> for Affine {
    fn name(&self) -> &'static str {
        "norm"
    }
    fn on_cpu(&self, [x, add, scale, shift]: [&[f32]; 4]) -> [Vec<f32>; 1] {
        [affine(x, Some(add), scale, shift, self.cut, self.slope)]
    }
}

/// From gradient, x, mean, 1 / divisor, curvature, weight, scale, shift, and the result where it tells what was rectified:
/// grad_mean and grad_slope of the gradient by x, and the gradients by weight and bias.
pub(crate) struct Sums {
    pub(crate) cut: Cut,
    pub(crate) slope: f32,
    /// Channels, or one.
    pub(crate) weights: usize,
}

impl Sums {
    fn run(&self, [g, x, mean, inverse, curvature, weight, scale, shift]: [&[f32]; 8], y: Option<&[f32]>) -> [Vec<f32>; 4] {
        let passed = Passed { g, x, y, slope: self.slope };
        weight_gradients(self.cut, &passed, mean, inverse, curvature, weight, scale, shift, self.weights)
    }
}

impl Job<8, 4> for Sums {
    fn name(&self) -> &'static str {
        "norm-gradient"
    }
    fn on_cpu(&self, inputs: [&[f32]; 8]) -> [Vec<f32>; 4] {
        self.run(inputs, None)
    }
}

impl Job<9, 4> for Sums {
    fn name(&self) -> &'static str {
        "norm-gradient"
    }
    fn on_cpu(&self, [g, x, mean, inverse, curvature, weight, scale, shift, y]: [&[f32]; 9]) -> [Vec<f32>; 4] {
        self.run([g, x, mean, inverse, curvature, weight, scale, shift], Some(y))
    }
}

/// The gradient by x, from gradient, x, mean, scale, shift, grad_mean, grad_slope, and the result where it tells what was rectified.
pub(crate) struct Slope {
    pub(crate) cut: Cut,
    pub(crate) slope: f32,
}

impl Slope {
    fn run(&self, [g, x, mean, scale, shift, grad_mean, grad_slope]: [&[f32]; 7], y: Option<&[f32]>) -> [Vec<f32>; 1] {
        [input_gradient(self.cut, &Passed { g, x, y, slope: self.slope }, mean, scale, shift, grad_mean, grad_slope)]
    }
}

impl Job<7, 1> for Slope {
    fn name(&self) -> &'static str {
        "norm-input-gradient"
    }
    fn on_cpu(&self, inputs: [&[f32]; 7]) -> [Vec<f32>; 1] {
        self.run(inputs, None)
    }
}

impl Job<8, 1> for Slope {
    fn name(&self) -> &'static str {
        "norm-input-gradient"
    }
    fn on_cpu(&self, [g, x, mean, scale, shift, grad_mean, grad_slope, y]: [&[f32]; 8]) -> [Vec<f32>; 1] {
        self.run([g, x, mean, scale, shift, grad_mean, grad_slope], Some(y))
    }
}
