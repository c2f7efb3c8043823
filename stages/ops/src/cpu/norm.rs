//! Passes over `[groups, pixels, c]` that normalise, and their gradients.

mod arrays;

pub(crate) use arrays::{GradientSums, InputGradientInputs, ScaleInputs, Scales, Statistics, SumInputs};

use super::columns::sums;
use super::elementwise::map_channels;
use super::functions::{passed_on, rectify};
use rayon::prelude::*;

/// Which values share a mean and a variance: those of a channel of a group, or of all channels of a group.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) groups: usize,
    pub(crate) c: usize,
    /// One mean and one variance for all channels of a group.
    pub(crate) together: bool,
}

impl Cut {
    /// Adds up over the channels of each group where they share a mean.
    fn pool(self, sums: &mut [f64]) {
        if self.together {
            for group in sums.chunks_exact_mut(self.c) {
                let all = group.iter().sum();
                group.fill(all);
            }
        }
    }
    /// How many values share a mean, of `n` in all.
    pub(crate) fn count(self, n: usize) -> f64 {
        (n / self.groups / if self.together { 1 } else { self.c }) as f64
    }
}

/// Mean and biased variance, `[groups, c]` each.
pub(crate) struct Moments {
    pub(crate) mean: Vec<f32>,
    pub(crate) variance: Vec<f64>,
}

/// The moments of `x [groups, pixels, c]`.
pub(crate) fn moments(x: &[f32], cut: Cut) -> Moments {
    let Cut { groups, c, .. } = cut;
    let count = cut.count(x.len());
    let near = near_means(x, cut);
    let [mut total, mut squares] = sums([x], [&near], groups, c, |[x], [near]| [x - near, (x - near) * (x - near)]);
    cut.pool(&mut total);
    cut.pool(&mut squares);
    let offset = || total.iter().map(|t| t / count);
    let mean = near.iter().zip(offset()).map(|(n, o)| (f64::from(*n) + o) as f32).collect();
    let variance = squares.iter().zip(offset()).map(|(s, o)| non_negative(s / count - o * o)).collect();
    Moments { mean, variance }
}

/// Rounding may make a variance negative. NaN stays NaN: `max` would make zero of it.
fn non_negative(variance: f64) -> f64 {
    if variance < 0.0 { 0.0 } else { variance }
}

/// What sums of squares are taken from, `[groups, c]`: they would cancel where the mean is far from zero. It is the
/// mean of about `√pixels` pixels, enough that a single outlier among them does not carry it away from the others; the
/// distance between them is odd, so that they do not stand in one column of an image. It is zero where one of them is
/// not finite, and the sums say the rest.
fn near_means(x: &[f32], cut: Cut) -> Vec<f32> {
    let Cut { groups, c, .. } = cut;
    let pixels = x.len() / groups / c;
    let apart = pixels.isqrt() | 1;
    let mut total = vec![0f64; groups * c];
    x.par_chunks_exact(pixels * c).zip(total.par_chunks_exact_mut(c)).for_each(|(group, total)| {
        for pixel in group.chunks_exact(c).step_by(apart) {
            total.iter_mut().zip(pixel).for_each(|(t, x)| *t += f64::from(*x));
        }
    });
    cut.pool(&mut total);
    let count = (pixels.div_ceil(apart) * if cut.together { c } else { 1 }) as f64;
    let finite = |mean: f64| if mean.is_finite() { mean as f32 } else { 0.0 };
    total.into_iter().map(|t| finite(t / count)).collect()
}

/// Weight, scale and shift of each group and channel.
pub(crate) fn scales(ScaleInputs { mean, inverse, weight, bias }: ScaleInputs<&[f32]>) -> Scales<Vec<f32>> {
    let spread = |w: &[f32]| -> Vec<f32> { w.iter().copied().cycle().take(mean.len()).collect() };
    let weight = spread(weight);
    let scale: Vec<f32> = weight.iter().zip(inverse).map(|(w, i)| w * i).collect();
    let shift = spread(bias).iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
    Scales { weight, scale, shift }
}

/// `rectifier(scale · x + shift + add)` with `scale`, `shift` `[groups, c]`.
pub(crate) fn scale_shift(x: &[f32], add: Option<&[f32]>, scale: &[f32], shift: &[f32], Cut { groups, c, .. }: Cut, slope: f32) -> Vec<f32> {
    match add {
        None => map_channels([x], [scale, shift], groups, c, |[x], [scale, shift]| rectify(x * scale + shift, slope)),
        Some(add) => map_channels([x, add], [scale, shift], groups, c, |[x, add], [scale, shift]| rectify(x * scale + shift + add, slope)),
    }
}

/// The sums of a norm's gradient; `weights` is how many weights there are, `c` or 1. `y` is the result, where only it
/// says what was rectified; else it is computed again. With `m(·)` for means over the values that share a mean: `dx =
/// weight · inverse · (g − m(g) − (x − mean) · curvature · m(g · (x − mean)))`, where `m` is of `weight · g`.
pub(crate) fn gradient_sums(cut: Cut, slope: f32, inputs: SumInputs<&[f32]>, y: Option<&[f32]>, weights: usize) -> GradientSums<Vec<f32>> {
    let (Cut { groups, c, .. }, SumInputs { g, x, mean, inverse, curvature, weight, scale, shift }) = (cut, inputs);
    let constants = [mean, scale, shift];
    let [by_bias, by_offset] = match y {
        Some(y) => sums([g, x, y], constants, groups, c, |[g, x, y], [mean, ..]| {
            let g = passed_on(g, y, slope);
            [g, g * (x - mean)]
        }),
        None if slope == 1.0 => sums([g, x], constants, groups, c, |[g, x], [mean, ..]| [g, g * (x - mean)]),
        None => sums([g, x], constants, groups, c, |[g, x], [mean, scale, shift]| {
            let g = passed_on(g, x * scale + shift, slope);
            [g, g * (x - mean)]
        }),
    };
    let by_weight: Vec<f64> = by_offset.iter().zip(inverse).map(|(s, i)| s * f64::from(*i)).collect();
    let weighted = |sums: &[f64]| {
        let mut all: Vec<f64> = sums.iter().zip(weight).map(|(s, w)| s * f64::from(*w)).collect();
        cut.pool(&mut all);
        all
    };
    let (grad_mean, slant, count) = (weighted(&by_bias), weighted(&by_offset), cut.count(x.len()));
    let at = |i: usize| f64::from(inverse[i]);
    // Without curvature nothing follows from the values, not even from infinite ones.
    let follows = |i: usize, value: f64| if curvature[i] == 0.0 { 0.0 } else { value as f32 };
    let grad_slope: Vec<f32> = (0..groups * c).map(|i| follows(i, at(i) * slant[i] / count * f64::from(curvature[i]))).collect();
    let grad_mean: Vec<f32> = (0..groups * c).map(|i| follows(i, at(i) * grad_mean[i] / count)).collect();
    GradientSums { grad_mean, grad_slope, by_weight: gather(&by_weight, c, weights), by_bias: gather(&by_bias, c, weights) }
}

/// Sums over groups and, for one weight, over channels.
fn gather(sums: &[f64], c: usize, weights: usize) -> Vec<f32> {
    let of = |channel: usize| sums.iter().skip(channel).step_by(c).sum::<f64>();
    let each: Vec<f64> = (0..c).map(of).collect();
    if weights == 1 { vec![each.iter().sum::<f64>() as f32] } else { each.iter().map(|v| *v as f32).collect() }
}

/// `scale · g − grad_mean − (x − mean) · grad_slope`; where `grad_slope` is zero, an infinite x adds nothing. `y` as in
/// [`gradient_sums`].
pub(crate) fn input_gradient(cut: Cut, slope: f32, inputs: InputGradientInputs<&[f32]>, y: Option<&[f32]>) -> Vec<f32> {
    let (Cut { groups, c, .. }, InputGradientInputs { g, x, mean, scale, shift, grad_mean, grad_slope }) = (cut, inputs);
    let rest =
        |g: f32, x: f32, [scale, grad_slope, grad_mean, mean]: [f32; 4]| scale * g - grad_mean - if grad_slope == 0.0 { 0.0 } else { (x - mean) * grad_slope };
    let constants = [scale, grad_slope, grad_mean, mean];
    match y {
        Some(y) => map_channels([g, x, y], constants, groups, c, |[g, x, y], k| rest(passed_on(g, y, slope), x, k)),
        None if slope == 1.0 => map_channels([g, x], constants, groups, c, |[g, x], k| rest(g, x, k)),
        None => map_channels([g, x], [scale, grad_slope, grad_mean, mean, shift], groups, c, |[g, x], [scale, grad_slope, grad_mean, mean, shift]| {
            rest(passed_on(g, x * scale + shift, slope), x, [scale, grad_slope, grad_mean, mean])
        }),
    }
}
