//! Products and distances of all pairs of two sets, a few rows at a time: the whole matrix is never in memory.

use super::Features;
use hilum_ops::{pair_distances, pair_products};
use rayon::prelude::*;

/// Rows of the first set that share one scan of the second.
const BLOCK: usize = 16;

/// What a pair of rows gives.
#[derive(Clone, Copy)]
pub(super) enum Pair {
    /// Their inner product.
    Product,
    /// Their squared Euclidean distance.
    Squared,
}

impl Pair {
    fn of(self, a: &[f64], b: &[f64], width: usize, out: &mut [f64]) {
        match self {
            Pair::Product => pair_products(a, b, width, out),
            Pair::Squared => pair_distances(a, b, width, out),
        }
    }
}

/// Gives `each` the place of every row of `a` and its values with all rows of `b`, in order.
///
/// # Panics
/// Where the rows differ in length.
pub(super) fn for_rows<T: Send>(a: &Features, b: &Features, pair: Pair, each: impl Fn(usize, &mut [f64]) -> T + Sync) -> Vec<T> {
    let (count, dimensions) = (b.count(), a.dimensions());
    assert_eq!(dimensions, b.dimensions(), "BUG: the numbers of features were compared");
    let block = |(block, rows): (usize, &[f64])| -> Vec<T> {
        let mut values = vec![0.0; rows.len() / dimensions * count];
        pair.of(rows, b.values(), dimensions, &mut values);
        // Without any row of `b`, every row still has its turn.
        (0..rows.len() / dimensions).map(|n| each(block * BLOCK + n, &mut values[n * count..(n + 1) * count])).collect()
    };
    a.values().par_chunks(BLOCK * dimensions).enumerate().flat_map_iter(block).collect()
}

/// The inner product of two vectors.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    one(Pair::Product, a, b)
}

/// The squared Euclidean distance of two vectors.
pub(super) fn squared(a: &[f64], b: &[f64]) -> f64 {
    one(Pair::Squared, a, b)
}

fn one(pair: Pair, a: &[f64], b: &[f64]) -> f64 {
    let mut value = [0.0];
    if !a.is_empty() {
        pair.of(a, b, a.len(), &mut value);
    }
    value[0]
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
    for_rows(a, b, Pair::Squared, |_, distances| least(distances, k))
}

/// The `k` nearest other rows of every row of one set.
pub(super) fn nearest_others(a: &Features, k: usize) -> Vec<Nearest> {
    for_rows(a, a, Pair::Squared, |i, distances| {
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
