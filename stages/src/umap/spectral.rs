//! The leading eigenvectors of a symmetric operator, by Lanczos. Knows a matrix-vector product and
//! nothing of what it means.
//!
//! All sums run in one fixed order on one thread: the vectors initialise every point of an embedding, so they must
//! not depend on the machine's cores.

use crate::math::tridiagonal::ql;

/// The most steps: the result only initialises an embedding, which is optimised from there.
const STEPS: usize = 250;

/// How often convergence is tested, and the tolerance of the residual, relative to the operator.
const PERIOD: usize = 25;
const TOLERANCE: f64 = 1e-6;

/// The eigenvectors of the `wanted` greatest eigenvalues among vectors orthogonal to the unit vectors
/// `known`, of length one, greatest first. Fewer where the space holds fewer.
///
/// `apply` writes the operator's product with its first argument into its second. `noise` draws the
/// initial vector: any values around zero will do.
pub(super) fn greatest(
    dimensions: usize,
    wanted: usize,
    mut known: Vec<Vec<f64>>,
    apply: impl Fn(&[f64], &mut [f64]),
    mut noise: impl FnMut() -> f64,
) -> Vec<Vec<f64>> {
    let given = known.len();
    // One at a time: a single sequence of Lanczos vectors finds a repeated eigenvalue only once.
    while known.len() < dimensions.min(given + wanted) {
        match leading(dimensions, &known, &apply, &mut noise) {
            Some(vector) => known.push(vector),
            None => break,
        }
    }
    known.split_off(given)
}

fn leading(dimensions: usize, known: &[Vec<f64>], apply: impl Fn(&[f64], &mut [f64]), mut noise: impl FnMut() -> f64) -> Option<Vec<f64>> {
    let mut next: Vec<f64> = (0..dimensions).map(|_| noise()).collect();
    let drawn = norm(&next);
    let mut length = orthogonalise(&mut next, known, &[]);
    // The draw is in the span of what is known.
    if length.is_nan() || length <= 1e-9 * drawn {
        return None;
    }
    let mut basis: Vec<Vec<f64>> = Vec::new();
    // The operator in the basis: tridiagonal.
    let (mut diagonal, mut off_diagonal): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    loop {
        next.iter_mut().for_each(|v| *v /= length);
        let mut product = vec![0.0; dimensions];
        apply(&next, &mut product);
        diagonal.push(dot(&next, &product));
        basis.push(std::mem::replace(&mut next, product));
        length = orthogonalise(&mut next, known, &basis);
        let size = basis.len();
        let scale = diagonal.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
        // The Krylov space of the initial vector is exhausted, or nearly all of the space is.
        let exhausted = length.is_nan() || length <= 1e-12 * scale || size + known.len() >= dimensions;
        if exhausted || size >= STEPS || size.is_multiple_of(PERIOD) {
            let inside = uppermost(&diagonal, &off_diagonal);
            let residual = (length * inside[size - 1]).abs();
            if exhausted || size >= STEPS || residual < TOLERANCE * scale {
                return Some(combine(&basis, &inside));
            }
        }
        off_diagonal.push(length);
    }
}

fn combine(basis: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; basis.first().map_or(0, Vec::len)];
    for (vector, weight) in basis.iter().zip(weights) {
        sum.iter_mut().zip(vector).for_each(|(s, v)| *s += weight * v);
    }
    let size = norm(&sum);
    sum.iter_mut().for_each(|v| *v /= size);
    sum
}

/// Removes the parts along unit vectors, twice since rounding leaves a rest, and gives what length remains.
fn orthogonalise(vector: &mut [f64], known: &[Vec<f64>], basis: &[Vec<f64>]) -> f64 {
    for _ in 0..2 {
        for unit in known.iter().chain(basis) {
            let along = dot(vector, unit);
            vector.iter_mut().zip(unit).for_each(|(v, u)| *v -= along * u);
        }
    }
    norm(vector)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// The eigenvector of the greatest eigenvalue of a symmetric tridiagonal matrix.
fn uppermost(diagonal: &[f64], beside: &[f64]) -> Vec<f64> {
    let n = diagonal.len();
    let mut d = diagonal.to_vec();
    let mut e = beside.to_vec();
    e.resize(n, 0.0);
    // Row `i` becomes eigenvector `i`.
    let mut rows: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let small = |d: &[f64], e: &[f64], i: usize| e[i].abs() <= f64::EPSILON * (d[i].abs() + d[i + 1].abs());
    ql(&mut d, &mut e, small, |i, sine, cosine| {
        let (left, right) = rows.split_at_mut(i + 1);
        for (a, b) in left[i].iter_mut().zip(&mut right[0]) {
            (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
        }
    });
    // Equal values go to the last, which is as good as any.
    let most = (0..n).max_by(|a, b| d[*a].total_cmp(&d[*b])).unwrap_or(0);
    rows.swap_remove(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise() -> impl FnMut() -> f64 {
        let mut state = 1_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        }
    }

    /// The path graph has known eigenvectors: cosines.
    #[test]
    fn finds_the_eigenvectors_of_a_path() {
        let n = 90_usize;
        let apply = |x: &[f64], y: &mut [f64]| {
            for (i, y) in y.iter_mut().enumerate() {
                *y = (x[i.saturating_sub(1)] + x[(i + 1).min(n - 1)]) / 2.0;
            }
        };
        let constant = vec![1.0 / (n as f64).sqrt(); n];
        let found = greatest(n, 2, vec![constant], apply, noise());
        for (rank, vector) in found.iter().enumerate() {
            let wave = |i: usize| (std::f64::consts::PI * (rank + 1) as f64 * (i as f64 + 0.5) / n as f64).cos() * (2.0 / n as f64).sqrt();
            let sign = (vector[0] * wave(0)).signum();
            assert!(vector.iter().enumerate().all(|(i, v)| (v - sign * wave(i)).abs() < 1e-5));
        }
    }

    /// An operator that gives NaN has no eigenvectors; the call ends all the same.
    #[test]
    fn what_is_not_finite_ends() {
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(greatest(9, 2, vec![], |_, y| y.fill(odd), noise()).len() <= 2);
            assert_eq!(uppermost(&[odd, 1.0, odd], &[odd, odd]).len(), 3);
        }
        assert!(greatest(9, 2, vec![], |x, y| y.copy_from_slice(x), || f64::NAN).is_empty());
    }

    /// Repeated eigenvalues end the recursion at once; the answer must still be complete.
    #[test]
    fn identity_and_zero() {
        for factor in [0.0, 1.0] {
            let apply = |x: &[f64], y: &mut [f64]| {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = factor * x);
            };
            let found = greatest(5, 3, vec![], apply, noise());
            assert_eq!(found.len(), 3);
            for (i, a) in found.iter().enumerate() {
                for (j, b) in found.iter().enumerate() {
                    assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-9);
                }
            }
            assert_eq!(greatest(2, 5, vec![], apply, noise()).len(), 2);
            assert!(greatest(0, 2, vec![], apply, noise()).is_empty());
        }
    }
}
