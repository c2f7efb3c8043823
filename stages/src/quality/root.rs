//! A square root of a covariance matrix in the sense of `RᵀR`: a few rows over the features, not a symmetric root.

use super::Features;
use super::pairwise::dot;
use super::products::gram;
use rayon::prelude::*;

/// Rows `r` with `rᵀ r = d dᵀ` for the deviations `d` of features from their mean, divided by `√(count − 1)`: themselves where they are
/// few, and the Cholesky factor of their covariance otherwise, so that there are never more rows than features.
pub(super) fn rows(features: &Features, mean: &[f64]) -> Features {
    let width = features.dimensions();
    if features.count() <= width {
        return features.deviations(mean);
    }
    let scale = (features.count() as f64 - 1.0).sqrt();
    let deviation = |i: usize, to: &mut [f64]| to.iter_mut().zip(features.row(i).iter().zip(mean)).for_each(|(to, (v, m))| *to = (v - m) / scale);
    let covariance = gram(features.count(), width, deviation);
    cholesky(covariance.chunks_exact(width).map(<[f64]>::to_vec).collect()).transposed()
}

/// The factor `L` of a positive semi-definite matrix, `L Lᵀ`, by the largest pivot first. What is left when the largest is
/// within the rounding of the first is zero: features that depend on each other have no direction of their own.
fn cholesky(matrix: Vec<Vec<f64>>) -> Features {
    let n = matrix.len();
    let mut pivots: Vec<f64> = (0..n).map(|i| matrix[i][i]).collect();
    let smallest = pivots.iter().fold(0.0_f64, |most, p| most.max(*p)) * n as f64 * f64::EPSILON;
    let mut factor: Vec<Vec<f64>> = vec![Vec::with_capacity(n); n];
    let mut is_done = vec![false; n];
    for _ in 0..n {
        let open = (0..n).filter(|i| !is_done[*i]);
        // Of equal ones the first.
        let Some(next) = open.reduce(|a, b| if pivots[b] > pivots[a] { b } else { a }) else { break };
        if pivots[next] <= smallest {
            break;
        }
        let (root, column, own) = (pivots[next].sqrt(), &matrix[next], factor[next].clone());
        is_done[next] = true;
        factor.par_iter_mut().zip(&mut pivots).enumerate().for_each(|(i, (row, pivot))| {
            let value = match (i == next, is_done[i]) {
                (true, _) => root,
                (_, true) => 0.0,
                _ => (column[i] - dot(row, &own)) / root,
            };
            row.push(value);
            *pivot -= value * value;
        });
    }
    // A matrix of zeros has a factor of one column of zeros.
    let rank = factor.first().map_or(0, Vec::len).max(1);
    factor.iter_mut().for_each(|row| row.resize(rank, 0.0));
    Features::of(factor.concat(), rank).expect("BUG: pivots are positive")
}
