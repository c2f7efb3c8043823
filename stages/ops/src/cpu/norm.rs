//! Passes over `[groups, pixels, c]` that normalise, and their way back.

use super::columns::sums;
use super::elementwise::map_channels;
use crate::after::{passed_on, rectify};
use rayon::prelude::*;

/// How the numbers of each group are cut: all channels apart, or together.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) groups: usize,
    pub(crate) c: usize,
    /// One mean and one variance for all channels of a group.
    pub(crate) together: bool,
}

impl Cut {
    /// Adds up over the channels of each group where they stand together.
    fn pool(self, sums: &mut [f64]) {
        if self.together {
            for group in sums.chunks_exact_mut(self.c) {
                let all = group.iter().sum();
                group.fill(all);
            }
        }
    }
    /// Numbers that share a mean.
    pub(crate) fn count(self, n: usize) -> f64 {
        (n / self.groups / if self.together { 1 } else { self.c }) as f64
    }
}

/// Mean and biased variance `[groups, c]`.
pub(crate) fn statistics(x: &[f32], cut: Cut) -> (Vec<f32>, Vec<f64>) {
    let Cut { groups, c, .. } = cut;
    let count = cut.count(x.len());
    let near = near_means(x, cut);
    let [mut total, mut squares] = sums([x], [&near], groups, c, |[x], [near]| [x - near, (x - near) * (x - near)]);
    cut.pool(&mut total);
    cut.pool(&mut squares);
    let offset = || total.iter().map(|t| t / count);
    let mean = near.iter().zip(offset()).map(|(n, o)| (f64::from(*n) + o) as f32).collect();
    let variance = squares.iter().zip(offset()).map(|(s, o)| not_below_zero(s / count - o * o)).collect();
    (mean, variance)
}

/// Rounding may leave less than nothing of a variance. NaN stays: `max` would make zero of it.
fn not_below_zero(variance: f64) -> f64 {
    if variance < 0.0 { 0.0 } else { variance }
}

/// What sums of squares are taken from, `[groups, c]`: they would cancel where the mean is far from zero. It is the mean of
/// about `√pixels` pixels, so many that a single outlier among them does not carry it away from the others; the distance
/// between them is odd, so that they do not stand in one column of an image. It is zero where one of them is not finite, and
/// the sums say the rest.
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

/// The weight of each number `[groups, c]`, scale and shift, from mean, 1 / divisor, and weight and bias (`[c]` or one each).
pub(crate) fn prepare([mean, inverse, weight, bias]: [&[f32]; 4]) -> [Vec<f32>; 3] {
    let spread = |w: &[f32]| -> Vec<f32> { w.iter().copied().cycle().take(mean.len()).collect() };
    let weight = spread(weight);
    let scale: Vec<f32> = weight.iter().zip(inverse).map(|(w, i)| w * i).collect();
    let shift = spread(bias).iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
    [weight, scale, shift]
}

/// `rectifier(scale · x + shift + add)` with `scale`, `shift` `[groups, c]`.
pub(crate) fn affine(x: &[f32], add: Option<&[f32]>, scale: &[f32], shift: &[f32], Cut { groups, c, .. }: Cut, slope: f32) -> Vec<f32> {
    match add {
        None => map_channels([x], [scale, shift], groups, c, |[x], [scale, shift]| rectify(x * scale + shift, slope)),
        Some(add) => map_channels([x, add], [scale, shift], groups, c, |[x, add], [scale, shift]| rectify(x * scale + shift + add, slope)),
    }
}

/// A gradient on its way back through what followed a norm.
pub(crate) struct Passed<'a> {
    pub(crate) g: &'a [f32],
    pub(crate) x: &'a [f32],
    /// Tells which results were rectified; where it is not given they are computed again.
    pub(crate) y: Option<&'a [f32]>,
    pub(crate) slope: f32,
}

/// Mean and grad_slope of the gradient by x, `[groups, c]`, and the gradients by weight and bias, `[weights]`. With
/// `m(·)` for means over the numbers that share a mean:
/// `dx = weight · inverse · (g − m(g) − (x − mean) · curvature · m(g · (x − mean)))`, where `m` is of `weight · g`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn weight_gradients(
    cut: Cut,
    passed: &Passed,
    mean: &[f32],
    inverse: &[f32],
    curvature: &[f32],
    weight: &[f32],
    scale: &[f32],
    shift: &[f32],
    weights: usize,
) -> [Vec<f32>; 4] {
    let (Cut { groups, c, .. }, &Passed { g, x, y, slope }) = (cut, passed);
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
    // Without curvature nothing follows from the numbers, not even from infinite ones.
    let follows = |i: usize, number: f64| if curvature[i] == 0.0 { 0.0 } else { number as f32 };
    let grad_slope: Vec<f32> = (0..groups * c).map(|i| follows(i, at(i) * slant[i] / count * f64::from(curvature[i]))).collect();
    let grad_mean: Vec<f32> = (0..groups * c).map(|i| follows(i, at(i) * grad_mean[i] / count)).collect();
    [grad_mean, grad_slope, gather(&by_weight, c, weights), gather(&by_bias, c, weights)]
}

/// Sums over groups and, for one weight, over channels.
fn gather(sums: &[f64], c: usize, weights: usize) -> Vec<f32> {
    let of = |channel: usize| sums.iter().skip(channel).step_by(c).sum::<f64>();
    let each: Vec<f64> = (0..c).map(of).collect();
    if weights == 1 { vec![each.iter().sum::<f64>() as f32] } else { each.iter().map(|v| *v as f32).collect() }
}

/// `scale · g − grad_mean − (x − mean) · grad_slope`; without a grad_slope an infinite x adds nothing.
pub(crate) fn input_gradient(cut: Cut, passed: &Passed, mean: &[f32], scale: &[f32], shift: &[f32], grad_mean: &[f32], grad_slope: &[f32]) -> Vec<f32> {
    let (Cut { groups, c, .. }, &Passed { g, x, y, slope }) = (cut, passed);
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
