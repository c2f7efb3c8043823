//! The three products of a convolution, with what is done to their results before they are written.

use super::Primitive;
use crate::cpu::convolution::{self, Finish};
use crate::geometry::Geometry;

/// One of the three products of an image, a kernel and a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pass {
    /// `(x, w) → y`
    Forward,
    /// `(dy, w) → dx`
    InputGradient,
    /// `(x, dy) → dw`
    KernelGradient,
}

/// A pass, and the rectifier that is applied to its result.
pub(crate) struct Convolution {
    pub(crate) g: Geometry,
    pub(crate) pass: Pass,
    /// Slope of the rectifier below zero; 1 where there is none.
    pub(crate) slope: f32,
}

impl Convolution {
    fn run(&self, a: &[f32], b: &[f32], bias: Option<&[f32]>) -> [Vec<f32>; 1] {
        let finish = Finish { bias, slope: self.slope };
        [match self.pass {
            Pass::Forward => convolution::forward(&self.g, a, b, finish),
            Pass::InputGradient => convolution::input_gradient(&self.g, a, b, finish),
            Pass::KernelGradient => convolution::kernel_gradient(&self.g, a, b),
        }]
    }
    /// The shape of the result: `[n, h, w, c]`, or `[co, ci/groups, kh, kw]` of a kernel's gradient.
    pub(crate) fn dims(&self) -> [usize; 4] {
        let (g, (ci, co)) = (&self.g, self.g.channels());
        match self.pass {
            Pass::Forward => [g.n, g.output[0], g.output[1], co],
            Pass::InputGradient => [g.n, g.input[0], g.input[1], ci],
            Pass::KernelGradient => [co, g.ci, g.kernel[0], g.kernel[1]],
        }
    }
}

const NAMES: [&str; 3] = ["conv2d", "conv2d-input-gradient", "conv2d-kernel-gradient"];

impl Primitive<2, 1> for Convolution {
    fn name(&self) -> &'static str {
        NAMES[self.pass as usize]
    }
    fn on_cpu(&self, [a, b]: [&[f32]; 2]) -> [Vec<f32>; 1] {
        self.run(a, b, None)
    }
}

impl Primitive<3, 1> for Convolution {
    fn name(&self) -> &'static str {
        NAMES[self.pass as usize]
    }
    fn on_cpu(&self, [a, b, bias]: [&[f32]; 3]) -> [Vec<f32>; 1] {
        self.run(a, b, Some(bias))
    }
}
