//! Singular values of a dense matrix: reduced to two diagonals by reflections (Golub & Kahan 1965), which are then the
//! beside-diagonal of a symmetric tridiagonal matrix with eigenvalues ±σ, found by QL with implicit shifts.
//!
//! Values are accurate to some units in the last place of the largest. Eigenvalues of `M Mᵀ` would be cheaper, but the
//! square root of their error is 1e-8 of the largest value for every value that ought to be zero.

use super::pairwise::dot;
use crate::math::tridiagonal::ql;
use rayon::prelude::*;

/// Rows whose products are summed by one thread. Fixed, so that the rounding does not depend on the number of threads.
const ROWS: usize = 64;

/// The sum of the singular values of a row-major matrix with rows of `width`; zero for an empty one.
pub(super) fn nuclear_norm(matrix: Vec<f64>, width: usize) -> f64 {
    let height = matrix.len().checked_div(width).unwrap_or(0);
    let (tall, width) = if height >= width { (matrix, width) } else { (transposed(&matrix, width), height) };
    if width == 0 {
        return 0.0;
    }
    // The eigenvalues of [0 B; Bᵀ 0] are the singular values with both signs.
    eigenvalues(&interleaved(tall, width)).iter().map(|v| v.abs()).sum::<f64>() / 2.0
}

fn transposed(matrix: &[f64], width: usize) -> Vec<f64> {
    (0..width).flat_map(|j| matrix.iter().skip(j).step_by(width).copied()).collect()
}

/// The diagonal and the diagonal above it of the bidiagonal form of a tall matrix, one from each in turn.
fn interleaved(mut matrix: Vec<f64>, width: usize) -> Vec<f64> {
    let mut found = Vec::with_capacity(2 * width - 1);
    for k in 0..width {
        let below = &mut matrix[k * width..];
        let mut left: Vec<f64> = below.iter().skip(k).step_by(width).copied().collect();
        found.push(reflector(&mut left));
        if k + 1 == width {
            break;
        }
        // What the reflection takes from every row: the products of its vector with the columns.
        let partial: Vec<Vec<f64>> = below.par_chunks(ROWS * width).zip(left.par_chunks(ROWS)).map(|(rows, left)| combined(rows, left, width, k + 1)).collect();
        let mut taken = vec![0.0; width - k - 1];
        for part in &partial {
            taken.iter_mut().zip(part).for_each(|(sum, v)| *sum += v);
        }
        let first: &[f64] = &below[k + 1..width];
        let mut right: Vec<f64> = first.iter().zip(&taken).map(|(v, t)| v - left[0] * t).collect();
        found.push(reflector(&mut right));
        below.par_chunks_exact_mut(width).zip(&left).skip(1).for_each(|(row, l)| {
            let row = &mut row[k + 1..];
            row.iter_mut().zip(&taken).for_each(|(v, t)| *v -= l * t);
            let along = dot(row, &right);
            row.iter_mut().zip(&right).for_each(|(v, r)| *v -= along * r);
        });
    }
    found
}

/// Rows from column `from` on, summed under weights.
fn combined(rows: &[f64], weights: &[f64], width: usize, from: usize) -> Vec<f64> {
    let mut sum = vec![0.0; width - from];
    for (row, weight) in rows.chunks_exact(width).zip(weights) {
        sum.iter_mut().zip(&row[from..]).for_each(|(s, v)| *s += weight * v);
    }
    sum
}

/// Turns a vector `x` into `u` of length √2, so that `x − u (u·x)` is zero but for its first element, which is returned.
fn reflector(x: &mut [f64]) -> f64 {
    let largest = x.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    x.iter_mut().for_each(|v| *v /= largest);
    let length = dot(x, x).sqrt().copysign(-x[0]);
    x[0] -= length;
    let scale = (2.0 / dot(x, x)).sqrt();
    x.iter_mut().for_each(|v| *v *= scale);
    length * largest
}

/// The eigenvalues of the symmetric tridiagonal matrix whose diagonal is zero, in no order.
fn eigenvalues(beside: &[f64]) -> Vec<f64> {
    let n = beside.len() + 1;
    let (mut d, mut e) = (vec![0.0; n], beside.to_vec());
    e.push(0.0);
    let negligible = f64::EPSILON * beside.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    ql(&mut d, &mut e, |_, e, i| e[i].abs() <= negligible, |_, _, _| ());
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Diagonal, of rank one, of one row, empty, zero; and a rotation, all of whose singular values are 1.
    #[test]
    fn sums_of_known_singular_values() {
        let near = |matrix: Vec<f64>, width, wanted: f64| {
            let found = nuclear_norm(matrix, width);
            assert!((found - wanted).abs() <= 1e-13 * wanted.max(1.0), "{found} and {wanted}");
        };
        near(vec![3.0, 0.0, 0.0, 0.0, -2.0, 0.0], 3, 5.0);
        near(vec![3.0, 0.0, 0.0, -2.0, 0.0, 0.0], 2, 5.0);
        near((0..20).map(|i| f64::from(i / 5 + 1) * f64::from(i % 5)).collect(), 5, (30.0_f64 * 30.0).sqrt());
        near(vec![3.0, 4.0], 2, 5.0);
        near(vec![3.0, 4.0], 1, 5.0);
        near(vec![], 3, 0.0);
        near(vec![], 0, 0.0);
        near(vec![0.0; 12], 4, 0.0);
        near(vec![0.6, 0.8, 0.0, -0.8, 0.6, 0.0, 0.0, 0.0, 1.0], 3, 3.0);
        near((0..10_000).map(|i| f64::from(u8::from(i / 100 == 99 - i % 100))).collect(), 100, 100.0);
    }

    /// A Hilbert matrix, most of whose singular values are far below the largest, is positive definite: they sum to its
    /// trace.
    #[test]
    fn small_values_do_not_gather_the_errors_of_squares() {
        let n = 150;
        let hilbert: Vec<f64> = (0..n * n).map(|at| 1.0 / (at / n + at % n + 1) as f64).collect();
        let trace: f64 = (0..n).map(|i| 1.0 / (2 * i + 1) as f64).sum();
        assert!((nuclear_norm(hilbert, n) - trace).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_finite_ends() {
        assert!(!nuclear_norm(vec![f64::NAN, 1.0, 2.0, 3.0], 2).is_finite());
    }
}
