//! Products and distances of two rows, and how features are compared with each other.

use super::Features;
use crate::neighbours::Vectors;
use hilum_ops::{pair_distances, pair_products};

/// The inner product of two vectors.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut value = [0.0];
    if !a.is_empty() {
        pair_products(a, b, a.len(), &mut value);
    }
    value[0]
}

/// The squared Euclidean distance of two vectors.
pub(super) fn squared(a: &[f64], b: &[f64]) -> f64 {
    let mut value = [0.0];
    if !a.is_empty() {
        pair_distances(a, b, a.len(), &mut value);
    }
    value[0]
}

impl Vectors for Features {
    const LARGEST: f64 = f64::MAX;
    const SMALLEST: f64 = f64::from_bits(1);

    fn count(&self) -> usize {
        Features::count(self)
    }

    fn dimensions(&self) -> usize {
        Features::dimensions(self)
    }

    fn write(&self, i: usize, to: &mut [f64]) {
        to.copy_from_slice(self.row(i));
    }

    fn squared(&self, i: usize, other: &Self, j: usize) -> f64 {
        squared(self.row(i), other.row(j))
    }

    /// Of differences, squares, and sums in at least eight lanes, which are added up with what is left of them.
    fn rounding(&self) -> f64 {
        (Features::dimensions(self) as f64 / 8.0 + 24.0) * f64::EPSILON / 2.0
    }

    fn distances(&self, rows: &[usize], other: &Self, out: &mut [f64]) {
        let some: Vec<f64> = rows.iter().flat_map(|i| self.row(*i)).copied().collect();
        pair_distances(&some, other.values(), Features::dimensions(self), out);
    }
}
