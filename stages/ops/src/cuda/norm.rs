//! Norms: statistics and gradients as sums of two functions at once, then one pass over the numbers.

use super::gpu::{Gpu, count, launch};
use super::reduce::{fewer, left};
use super::{Numbers, OnCuda, Part};
use crate::cpu::norm::Cut;
use crate::norm::Divisor;
use crate::norm::jobs::{Affine, Measure, Prepare, Slope, Sums};
use candle_core::Result;

/// Places of a group.
fn places(cut: Cut, n: usize) -> usize {
    n / (cut.groups * cut.c).max(1)
}

impl OnCuda<1, 4> for Measure {
    fn on_cuda(&self, gpu: &Gpu, [x]: [Part; 1]) -> Result<[Numbers; 4]> {
        let Cut { groups, c, together } = self.cut;
        let (n, r, together) = (groups * c, places(self.cut, x.len()), u32::from(together));
        let s = left(r);
        let mut parts = gpu.empty::<f64>(2 * n * s)?;
        launch!(gpu, "norm_statistics", n * s; count(r)?, count(s)?, count(c)?, together; &x => &mut parts);
        let (sums, _) = fewer(gpu, parts, 2 * groups, s, c, 1)?;
        let (outside, eps) = match self.divisor {
            Divisor::Usual(eps) => (0u32, eps),
            Divisor::Outside(eps) => (1, eps),
        };
        let [mut mean, mut inverse, mut curvature, mut unbiased] = [gpu.empty(n)?, gpu.empty(n)?, gpu.empty(n)?, gpu.empty(n)?];
        launch!(gpu, "norm_numbers", n; count(r)?, count(c)?, together, outside, eps; &sums, &x => &mut mean, &mut inverse, &mut curvature, &mut unbiased);
        Ok([mean, inverse, curvature, unbiased])
    }
}

impl OnCuda<4, 3> for Prepare {
    fn on_cuda(&self, gpu: &Gpu, [mean, inverse, weight, bias]: [Part; 4]) -> Result<[Numbers; 3]> {
        let n = mean.len();
        let [mut each, mut scale, mut shift] = [gpu.empty(n)?, gpu.empty(n)?, gpu.empty(n)?];
        launch!(gpu, "norm_scale", n; count(weight.len())?, count(bias.len())?; &mean, &inverse, &weight, &bias => &mut each, &mut scale, &mut shift);
        Ok([each, scale, shift])
    }
}

impl Affine {
    fn launch(&self, gpu: &Gpu, x: &Part, add: Option<&Part>, scale: &Part, shift: &Part) -> Result<[Numbers; 1]> {
        let mut y = gpu.empty(x.len())?;
        let r = places(self.cut, x.len());
        launch!(gpu, "norm_affine", x.len(); count(r)?, count(self.cut.c)?, self.slope, u32::from(add.is_some()); x, add.unwrap_or(x), scale, shift => &mut y);
        Ok([y])
    }
}

impl OnCuda<3, 1> for Affine {
    fn on_cuda(&self, gpu: &Gpu, [x, scale, shift]: [Part; 3]) -> Result<[Numbers; 1]> {
        self.launch(gpu, &x, None, &scale, &shift)
    }
}

impl OnCuda<4, 1> for Affine {
    fn on_cuda(&self, gpu: &Gpu, [x, add, scale, shift]: [Part; 4]) -> Result<[Numbers; 1]> {
        self.launch(gpu, &x, Some(&add), &scale, &shift)
    }
}

impl Sums {
    fn launch(&self, gpu: &Gpu, [g, x, mean, inverse, curvature, weight, scale, shift]: [Part; 8], y: Option<Part>) -> Result<[Numbers; 4]> {
        let Cut { groups, c, together } = self.cut;
        let (n, r, knows) = (groups * c, places(self.cut, x.len()), u32::from(y.is_some()));
        let s = left(r);
        let mut parts = gpu.empty::<f64>(2 * n * s)?;
        launch!(gpu, "norm_gradient", n * s; count(r)?, count(s)?, count(c)?, self.slope, knows;
            &g, &x, y.as_ref().unwrap_or(&x), &mean, &scale, &shift => &mut parts);
        let (sums, _) = fewer(gpu, parts, 2 * groups, s, c, 1)?;
        let [mut grad_mean, mut grad_slope, mut by_weight, mut by_bias] = [gpu.empty(n)?, gpu.empty(n)?, gpu.empty(self.weights)?, gpu.empty(self.weights)?];
        launch!(gpu, "norm_level", n; count(r)?, count(c)?, u32::from(together); &sums, &inverse, &curvature, &weight => &mut grad_mean, &mut grad_slope);
        launch!(gpu, "norm_weights", self.weights; count(n)?; &sums, &inverse => &mut by_weight, &mut by_bias);
        Ok([grad_mean, grad_slope, by_weight, by_bias])
    }
}

impl OnCuda<8, 4> for Sums {
    fn on_cuda(&self, gpu: &Gpu, inputs: [Part; 8]) -> Result<[Numbers; 4]> {
        self.launch(gpu, inputs, None)
    }
}

impl OnCuda<9, 4> for Sums {
    fn on_cuda(&self, gpu: &Gpu, [g, x, mean, inverse, curvature, weight, scale, shift, y]: [Part; 9]) -> Result<[Numbers; 4]> {
        self.launch(gpu, [g, x, mean, inverse, curvature, weight, scale, shift], Some(y))
    }
}

impl Slope {
    fn launch(&self, gpu: &Gpu, [g, x, mean, scale, shift, grad_mean, grad_slope]: [Part; 7], y: Option<Part>) -> Result<[Numbers; 1]> {
        let mut dx = gpu.empty(x.len())?;
        let r = places(self.cut, x.len());
        launch!(gpu, "norm_input_gradient", x.len(); count(r)?, count(self.cut.c)?, self.slope, u32::from(y.is_some());
            &g, &x, y.as_ref().unwrap_or(&x), &mean, &scale, &shift, &grad_mean, &grad_slope => &mut dx);
        Ok([dx])
    }
}

impl OnCuda<7, 1> for Slope {
    fn on_cuda(&self, gpu: &Gpu, inputs: [Part; 7]) -> Result<[Numbers; 1]> {
        self.launch(gpu, inputs, None)
    }
}

impl OnCuda<8, 1> for Slope {
    fn on_cuda(&self, gpu: &Gpu, [g, x, mean, scale, shift, grad_mean, grad_slope, y]: [Part; 8]) -> Result<[Numbers; 1]> {
        self.launch(gpu, [g, x, mean, scale, shift, grad_mean, grad_slope], Some(y))
    }
}
