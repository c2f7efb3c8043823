//! Passes over `[groups, pixels, c]` that normalise, and their way back.

use super::columns::sums;
use super::elementwise::map_channels;
use crate::after::{derivative, rectify};

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
    // Sums of squares are taken from a number near the mean, one that occurs: they would cancel where the mean is large.
    let near: Vec<f32> = x.chunks_exact(x.len() / groups).flat_map(|g| if cut.together { vec![g[0]; c] } else { g[..c].to_vec() }).collect();
    let [mut total, mut squares] = sums([x], [&near], groups, c, |[x], [near]| [x - near, (x - near) * (x - near)]);
    cut.pool(&mut total);
    cut.pool(&mut squares);
    let offset = || total.iter().map(|t| t / count);
    let mean = near.iter().zip(offset()).map(|(n, o)| (f64::from(*n) + o) as f32).collect();
    let variance = squares.iter().zip(offset()).map(|(s, o)| (s / count - o * o).max(0.0)).collect();
    (mean, variance)
}

/// `rectifier(scale · x + shift + add)` with `scale`, `shift` `[groups, c]`.
pub(crate) fn affine(x: &[f32], add: Option<&[f32]>, scale: &[f32], shift: &[f32], groups: usize, c: usize, slope: f32) -> Vec<f32> {
    match add {
        None => map_channels([x], [scale, shift], groups, c, |[x], [scale, shift]| rectify(x * scale + shift, slope)),
        Some(add) => map_channels([x, add], [scale, shift], groups, c, |[x, add], [scale, shift]| rectify(x * scale + shift + add, slope)),
    }
}

/// What a norm did, and what its way back needs.
pub(crate) struct Normed<'a> {
    pub(crate) cut: Cut,
    /// All `[groups, c]`.
    pub(crate) mean: &'a [f32],
    /// 1 / divisor.
    pub(crate) inverse: &'a [f32],
    /// `1 / (σ · divisor)`: how the divisor follows from the numbers. Zero where it does not.
    pub(crate) curvature: &'a [f32],
    /// Weight, and what was added after it.
    pub(crate) weight: &'a [f32],
    pub(crate) scale: &'a [f32],
    pub(crate) shift: &'a [f32],
    pub(crate) slope: f32,
}

/// `(dx, by weight [groups, c], by bias [groups, c])`. `y`, if given, tells which results were rectified; else they are computed again.
pub(crate) fn norm_gradient(n: &Normed, g: &[f32], x: &[f32], y: Option<&[f32]>) -> (Vec<f32>, Vec<f64>, Vec<f64>) {
    let Cut { groups, c, .. } = n.cut;
    let slope = n.slope;
    let count = n.cut.count(x.len());
    let constants = [n.mean, n.scale, n.shift];
    let [by_bias, by_offset] = match y {
        Some(y) => sums([g, x, y], constants, groups, c, |[g, x, y], [mean, ..]| {
            let g = g * derivative(y, slope);
            [g, g * (x - mean)]
        }),
        None if slope == 1.0 => sums([g, x], constants, groups, c, |[g, x], [mean, ..]| [g, g * (x - mean)]),
        None => sums([g, x], constants, groups, c, |[g, x], [mean, scale, shift]| {
            let g = g * derivative(x * scale + shift, slope);
            [g, g * (x - mean)]
        }),
    };
    let by_weight: Vec<f64> = by_offset.iter().zip(n.inverse).map(|(s, i)| s * f64::from(*i)).collect();
    // dx = weight · inverse · (g − mean(g) − (x − mean) · curvature · mean(g · (x − mean))), where means are those of weight · g.
    let weighted = |sums: &[f64]| {
        let mut all: Vec<f64> = sums.iter().zip(n.weight).map(|(s, w)| s * f64::from(*w)).collect();
        n.cut.pool(&mut all);
        all
    };
    let (level, slant) = (weighted(&by_bias), weighted(&by_offset));
    let at = |i: usize| f64::from(n.inverse[i]);
    let factor: Vec<f32> = n.scale.to_vec();
    let tilt: Vec<f32> = (0..groups * c).map(|i| (at(i) * slant[i] / count * f64::from(n.curvature[i])) as f32).collect();
    let level: Vec<f32> = (0..groups * c).map(|i| if n.curvature[i] == 0.0 { 0.0 } else { (at(i) * level[i] / count) as f32 }).collect();
    let rest = |g: f32, x: f32, [factor, tilt, level, mean]: [f32; 4]| factor * g - level - (x - mean) * tilt;
    let dx = match y {
        Some(y) => map_channels([g, x, y], [&factor, &tilt, &level, n.mean], groups, c, |[g, x, y], k| rest(g * derivative(y, slope), x, k)),
        None if slope == 1.0 => map_channels([g, x], [&factor, &tilt, &level, n.mean], groups, c, |[g, x], k| rest(g, x, k)),
        None => map_channels([g, x], [&factor, &tilt, &level, n.mean, n.shift], groups, c, |[g, x], [factor, tilt, level, mean, shift]| {
            rest(g * derivative(x * factor + shift, slope), x, [factor, tilt, level, mean])
        }),
    };
    (dx, by_weight, by_bias)
}
