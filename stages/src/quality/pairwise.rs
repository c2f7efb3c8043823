//! Products and distances of all pairs of two sets, a few rows at a time: the whole matrix is never in memory.

use super::Features;
use rayon::prelude::*;

/// Rows of the first set that share one scan of the second.
const BLOCK: usize = 16;

/// Partial sums. Fixed, so that the rounding does not depend on the machine.
const LANES: usize = 8;

/// Gives `each` the place of every row of `a` and its values with all rows of `b`, in order.
pub(super) fn for_rows<T: Send>(
    a: &Features,
    b: &Features,
    value: impl Fn(&[f64], &[f64]) -> f64 + Sync,
    each: impl Fn(usize, &mut [f64]) -> T + Sync,
) -> Vec<T> {
    let (count, width) = (a.count(), b.count());
    let firsts: Vec<usize> = (0..count).step_by(BLOCK).collect();
    let block = |first: usize| -> Vec<T> {
        let rows = first..count.min(first + BLOCK);
        let mut values = vec![0.0; rows.len() * width];
        for (j, other) in b.rows().enumerate() {
            for (n, i) in rows.clone().enumerate() {
                values[n * width + j] = value(a.row(i), other);
            }
        }
        rows.enumerate().map(|(n, i)| each(i, &mut values[n * width..(n + 1) * width])).collect()
    };
    firsts.into_par_iter().flat_map_iter(block).collect()
}

/// The inner product.
#[inline]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    lanes(a, b, |a, b| a * b)
}

/// The squared Euclidean distance, by differences: `|a|² + |b|² − 2ab` gives equal vectors a distance above zero.
#[inline]
pub(super) fn squared(a: &[f64], b: &[f64]) -> f64 {
    lanes(a, b, |a, b| (a - b) * (a - b))
}

#[inline]
fn lanes(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0_f64; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term(*a, *b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| term(*a, *b)).sum();
    sums.iter().sum::<f64>() + rest
}

/// The nearest rows of another set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nearest {
    /// Their places, nearest first; of equal distances, the first place.
    pub(super) at: Vec<usize>,
    /// Their squared distances.
    pub(super) squared: Vec<f64>,
}

/// The `k` nearest rows of `b` to every row of `a`; fewer where `b` is smaller.
pub(super) fn nearest(a: &Features, b: &Features, k: usize) -> Vec<Nearest> {
    for_rows(a, b, squared, |_, distances| least(distances, k))
}

/// The `k` nearest other rows of every row of one set.
pub(super) fn nearest_others(a: &Features, k: usize) -> Vec<Nearest> {
    for_rows(a, a, squared, |i, distances| {
        distances[i] = f64::INFINITY;
        let mut found = least(distances, k.min(distances.len() - 1));
        // Where distances overflow, a row must still not be its own neighbour.
        if let Some(own) = found.at.iter().position(|at| *at == i) {
            found.at.remove(own);
            found.squared.remove(own);
        }
        found
    })
}

fn least(distances: &[f64], k: usize) -> Nearest {
    let order = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
    let mut at: Vec<usize> = (0..distances.len()).collect();
    if k < at.len() {
        at.select_nth_unstable_by(k, order);
        at.truncate(k);
    }
    at.sort_unstable_by(order);
    Nearest { squared: at.iter().map(|i| distances[*i]).collect(), at }
}
