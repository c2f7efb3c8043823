//! Norms: statistics and gradients as sums of two functions at once, then one pass over the values.

use super::gpu::{Gpu, count, launch};
use super::reduce::{fewer, left};
use super::{Array, OnCuda, View};
use crate::cpu::norm::{Cut, GradientSums, InputGradientInputs, ScaleInputs, Scales, Statistics, SumInputs};
use crate::primitive::norm::{Divisor, InputGradient, Measure, Prepare, ScaleShift, SumGradients};
use candle_core::Result;

/// Pixels of a group.
fn pixels(cut: Cut, n: usize) -> usize {
    n / (cut.groups * cut.c).max(1)
}

impl OnCuda<1, 4> for Measure {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 4]> {
        let Cut { groups, c, together } = self.cut;
        let (n, r, together) = (groups * c, pixels(self.cut, x.len()), u32::from(together));
        let s = left(r);
        let mut parts = gpu.empty::<f64>(2 * n * s)?;
        launch!(gpu, "norm_statistics", n * s; count(r)?, count(s)?, count(c)?, together; &x => &mut parts);
        let (sums, _) = fewer(gpu, parts, 2 * groups, s, c, 1)?;
        let (outside, eps) = match self.divisor {
            Divisor::EpsInside(eps) => (0u32, eps),
            Divisor::EpsOutside(eps) => (1, eps),
        };
        let [mut mean, mut inverse, mut curvature, mut unbiased] = [gpu.empty(n)?, gpu.empty(n)?, gpu.empty(n)?, gpu.empty(n)?];
        launch!(gpu, "norm_numbers", n; count(r)?, count(c)?, together, outside, eps; &sums, &x => &mut mean, &mut inverse, &mut curvature, &mut unbiased);
        Ok(Statistics { mean, inverse, curvature, unbiased }.into())
    }
}

impl OnCuda<4, 3> for Prepare {
    fn on_cuda(&self, gpu: &Gpu, inputs: [View; 4]) -> Result<[Array; 3]> {
        let ScaleInputs { mean, inverse, weight, bias } = inputs.into();
        let n = mean.len();
        let [mut each, mut scale, mut shift] = [gpu.empty(n)?, gpu.empty(n)?, gpu.empty(n)?];
        launch!(gpu, "norm_scale", n; count(weight.len())?, count(bias.len())?; &mean, &inverse, &weight, &bias => &mut each, &mut scale, &mut shift);
        Ok(Scales { weight: each, scale, shift }.into())
    }
}

impl ScaleShift {
    fn launch(&self, gpu: &Gpu, x: &View, add: Option<&View>, scale: &View, shift: &View) -> Result<[Array; 1]> {
        let mut y = gpu.empty(x.len())?;
        let r = pixels(self.cut, x.len());
        launch!(gpu, "norm_affine", x.len(); count(r)?, count(self.cut.c)?, self.slope, u32::from(add.is_some()); x, add.unwrap_or(x), scale, shift => &mut y);
        Ok([y])
    }
}

impl OnCuda<3, 1> for ScaleShift {
    fn on_cuda(&self, gpu: &Gpu, [x, scale, shift]: [View; 3]) -> Result<[Array; 1]> {
        self.launch(gpu, &x, None, &scale, &shift)
    }
}

impl OnCuda<4, 1> for ScaleShift {
    fn on_cuda(&self, gpu: &Gpu, [x, add, scale, shift]: [View; 4]) -> Result<[Array; 1]> {
        self.launch(gpu, &x, Some(&add), &scale, &shift)
    }
}

impl SumGradients {
    fn launch(&self, gpu: &Gpu, inputs: SumInputs<View>, y: Option<View>) -> Result<[Array; 4]> {
        let SumInputs { g, x, mean, inverse, curvature, weight, scale, shift } = inputs;
        let Cut { groups, c, together } = self.cut;
        let (n, r, knows) = (groups * c, pixels(self.cut, x.len()), u32::from(y.is_some()));
        let s = left(r);
        let mut parts = gpu.empty::<f64>(2 * n * s)?;
        launch!(gpu, "norm_gradient", n * s; count(r)?, count(s)?, count(c)?, self.slope, knows;
            &g, &x, y.as_ref().unwrap_or(&x), &mean, &scale, &shift => &mut parts);
        let (sums, _) = fewer(gpu, parts, 2 * groups, s, c, 1)?;
        let [mut grad_mean, mut grad_slope, mut by_weight, mut by_bias] = [gpu.empty(n)?, gpu.empty(n)?, gpu.empty(self.weights)?, gpu.empty(self.weights)?];
        launch!(gpu, "norm_level", n; count(r)?, count(c)?, u32::from(together); &sums, &inverse, &curvature, &weight => &mut grad_mean, &mut grad_slope);
        launch!(gpu, "norm_weights", self.weights; count(n)?; &sums, &inverse => &mut by_weight, &mut by_bias);
        Ok(GradientSums { grad_mean, grad_slope, by_weight, by_bias }.into())
    }
}

impl OnCuda<8, 4> for SumGradients {
    fn on_cuda(&self, gpu: &Gpu, inputs: [View; 8]) -> Result<[Array; 4]> {
        self.launch(gpu, inputs.into(), None)
    }
}

impl OnCuda<9, 4> for SumGradients {
    fn on_cuda(&self, gpu: &Gpu, [inputs @ .., y]: [View; 9]) -> Result<[Array; 4]> {
        self.launch(gpu, inputs.into(), Some(y))
    }
}

impl InputGradient {
    fn launch(&self, gpu: &Gpu, inputs: InputGradientInputs<View>, y: Option<View>) -> Result<[Array; 1]> {
        let InputGradientInputs { g, x, mean, scale, shift, grad_mean, grad_slope } = inputs;
        let mut dx = gpu.empty(x.len())?;
        let r = pixels(self.cut, x.len());
        launch!(gpu, "norm_input_gradient", x.len(); count(r)?, count(self.cut.c)?, self.slope, u32::from(y.is_some());
            &g, &x, y.as_ref().unwrap_or(&x), &mean, &scale, &shift, &grad_mean, &grad_slope => &mut dx);
        Ok([dx])
    }
}

impl OnCuda<7, 1> for InputGradient {
    fn on_cuda(&self, gpu: &Gpu, inputs: [View; 7]) -> Result<[Array; 1]> {
        self.launch(gpu, inputs.into(), None)
    }
}

impl OnCuda<8, 1> for InputGradient {
    fn on_cuda(&self, gpu: &Gpu, [inputs @ .., y]: [View; 8]) -> Result<[Array; 1]> {
        self.launch(gpu, inputs.into(), Some(y))
    }
}
