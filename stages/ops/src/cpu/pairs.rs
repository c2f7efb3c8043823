//! Inner products and squared distances of all pairs of two sets of vectors, in float64.
//!
//! Every value is summed in the same lanes whatever stands beside it, so that its bits follow from its two vectors alone.

use super::widest::widest;

/// Vectors of the first set that share one reading of a vector of the second.
const ROWS: usize = 4;

/// Partial sums of a value.
const LANES: usize = 8;

/// Inner products of all pairs of `a` and `b`, vectors of `width` numbers one behind the other: `out[i * count_b + j]`.
///
/// # Panics
/// Where sizes do not fit each other.
pub fn pair_products(a: &[f64], b: &[f64], width: usize, out: &mut [f64]) {
    check(a, b, width, out);
    products(a, b, width, out);
}

/// Squared Euclidean distances of all pairs, as [`pair_products`]. By differences: `|a|² + |b|² − 2ab` gives equal vectors a
/// distance above zero.
///
/// # Panics
/// As [`pair_products`].
pub fn pair_distances(a: &[f64], b: &[f64], width: usize, out: &mut [f64]) {
    check(a, b, width, out);
    distances(a, b, width, out);
}

/// Adds rows of `width` numbers under weights, in their order: `out[j] += Σ weights[i] · rows[i · width + j]`.
///
/// # Panics
/// Where sizes do not fit each other.
pub fn add_weighted(rows: &[f64], weights: &[f64], out: &mut [f64]) {
    assert_eq!(rows.len(), weights.len() * out.len(), "a weight for each row");
    if !out.is_empty() {
        weighted(rows, weights, out);
    }
}

fn check(a: &[f64], b: &[f64], width: usize, out: &[f64]) {
    assert!(width > 0 && a.len().is_multiple_of(width) && b.len().is_multiple_of(width), "vectors of {width} numbers");
    assert_eq!(out.len(), (a.len() / width) * (b.len() / width), "a value for each pair");
}

widest! {
    fn products[](a: &[f64], b: &[f64], width: usize, out: &mut [f64]) where [] {
        pairs(a, b, width, out, |a, b| a * b);
    }
}

widest! {
    fn distances[](a: &[f64], b: &[f64], width: usize, out: &mut [f64]) where [] {
        pairs(a, b, width, out, |a, b| (a - b) * (a - b));
    }
}

widest! {
    fn weighted[](rows: &[f64], weights: &[f64], out: &mut [f64]) where [] {
        // A few rows at a time, so that a sum is read and written once for all of them.
        let width = out.len();
        let (groups, rest) = weights.as_chunks::<ROWS>();
        for (group, weights) in groups.iter().enumerate() {
            let row = |n: usize| &rows[(group * ROWS + n) * width..][..width];
            let (a, b, c, d) = (row(0), row(1), row(2), row(3));
            for (j, out) in out.iter_mut().enumerate() {
                *out = (((*out + weights[0] * a[j]) + weights[1] * b[j]) + weights[2] * c[j]) + weights[3] * d[j];
            }
        }
        for (row, weight) in rows.chunks_exact(width).skip(groups.len() * ROWS).zip(rest) {
            out.iter_mut().zip(row).for_each(|(out, v)| *out += weight * v);
        }
    }
}

#[inline(always)]
fn pairs(a: &[f64], b: &[f64], width: usize, out: &mut [f64], term: impl Fn(f64, f64) -> f64 + Copy) {
    let count = b.len() / width;
    let row = |i: usize| &a[i * width..(i + 1) * width];
    let all = a.len() / width;
    let tiled = all - all % ROWS;
    for (j, other) in b.chunks_exact(width).enumerate() {
        for first in (0..tiled).step_by(ROWS) {
            let values = sums([row(first), row(first + 1), row(first + 2), row(first + 3)], other, term);
            values.iter().enumerate().for_each(|(n, value)| out[(first + n) * count + j] = *value);
        }
        for i in tiled..all {
            out[i * count + j] = sums([row(i)], other, term)[0];
        }
    }
}

#[inline(always)]
fn sums<const N: usize>(rows: [&[f64]; N], other: &[f64], term: impl Fn(f64, f64) -> f64 + Copy) -> [f64; N] {
    let mut sums = [[0.0_f64; LANES]; N];
    let (chunks, rest) = other.as_chunks::<LANES>();
    let parts = rows.map(|row| row.as_chunks::<LANES>());
    for (at, other) in chunks.iter().enumerate() {
        for (sums, part) in sums.iter_mut().zip(&parts) {
            let row = &part.0[at];
            for ((sum, a), b) in sums.iter_mut().zip(row).zip(other) {
                *sum += term(*a, *b);
            }
        }
    }
    let mut out = [0.0; N];
    for ((out, sums), part) in out.iter_mut().zip(&sums).zip(&parts) {
        let tail: f64 = part.1.iter().zip(rest).map(|(a, b)| term(*a, *b)).sum();
        *out = sums.iter().sum::<f64>() + tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_rows_are_added_in_their_order() {
        for (count, width) in [(0, 3), (1, 1), (4, 9), (6, 17), (11, 40), (3, 0)] {
            let number = |i: usize| ((i * 7919) % 1009) as f64 / 7.0 - 60.0;
            let (rows, weights): (Vec<f64>, Vec<f64>) = ((0..count * width).map(number).collect(), (0..count).map(|i| number(i + 5)).collect());
            let mut out: Vec<f64> = (0..width).map(|j| number(j + 3)).collect();
            let wanted: Vec<f64> = (0..width).map(|j| (0..count).fold(out[j], |sum, i| sum + weights[i] * rows[i * width + j])).collect();
            add_weighted(&rows, &weights, &mut out);
            assert_eq!(out, wanted);
        }
    }

    /// Widths on both sides of the lanes, and counts on both sides of a tile: what each pair gives by itself, bit by bit.
    #[test]
    fn values_follow_from_their_two_vectors_alone() {
        for width in [1, 7, 8, 9, 40] {
            for (n, m) in [(1, 3), (4, 2), (7, 5), (0, 3), (3, 0)] {
                let made = |count: usize, seed: usize| -> Vec<f64> { (0..count * width).map(|i| ((i * 7919 + seed) % 1009) as f64 / 7.0).collect() };
                let (a, b) = (made(n, 1), made(m, 500));
                let (mut products, mut distances) = (vec![0.0; n * m], vec![0.0; n * m]);
                pair_products(&a, &b, width, &mut products);
                pair_distances(&a, &b, width, &mut distances);
                for (i, x) in a.chunks_exact(width).enumerate() {
                    for (j, y) in b.chunks_exact(width).enumerate() {
                        let (mut product, mut distance) = ([0.0], [0.0]);
                        pair_products(y, x, width, &mut product);
                        pair_distances(y, x, width, &mut distance);
                        assert_eq!([products[i * m + j], distances[i * m + j]], [product[0], distance[0]]);
                        let plain: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                        assert!((plain - product[0]).abs() <= 1e-12 * plain.abs());
                    }
                    let mut own = [1.0];
                    pair_distances(x, x, width, &mut own);
                    assert_eq!(own, [0.0]);
                }
            }
        }
    }
}
