//! Exact nearest neighbours, and who lies in whose ball, at nearly the speed of a matrix product. Knows vectors, and nothing of
//! what they are of.
//!
//! A squared distance is the sum of squared differences in the arithmetic of its [`Vectors`]. `|a|² + |b|² − 2ab` by blocked
//! products in float32 brackets it, and only where a bracket leaves open what is asked, the distance itself is computed. So what
//! is found is what plain search over all distances finds, to the last bit and with ties by place: equal vectors lie at no
//! distance, whatever their offset or scale. Where most brackets leave it open, as between thousands of equal vectors, plain
//! search does the rest.

mod balls;
mod brackets;
mod nearest;
#[cfg(test)]
mod tests;

#[cfg(test)]
use balls::Balls;
pub(crate) use balls::balls;
pub(crate) use nearest::{Nearest, nearest, nearest_others};

/// Vectors of one length, and how distances between them are computed.
pub(crate) trait Vectors: Sync {
    /// The largest number that a squared distance can be.
    const LARGEST: f64;
    /// The smallest above zero.
    const SMALLEST: f64;

    /// The number of vectors.
    fn count(&self) -> usize;

    /// The number of numbers of each.
    fn dimensions(&self) -> usize;

    /// Writes the numbers of one.
    fn write(&self, i: usize, to: &mut [f64]);

    /// The squared Euclidean distance of a vector to one of another set, summed by differences; the same the other way round.
    fn squared(&self, i: usize, other: &Self, j: usize) -> f64;

    /// How far a squared distance is off for its rounding at most, in parts of itself, if it neither overflows nor underflows.
    fn rounding(&self) -> f64;

    /// The squared distances of some vectors to all of another set, bit by bit those of [`Vectors::squared`]: for each of `rows`, those
    /// to the vectors of `other` in order.
    fn distances(&self, rows: &[usize], other: &Self, out: &mut [f64]) {
        for (i, out) in rows.iter().zip(out.chunks_exact_mut(other.count().max(1))) {
            out.iter_mut().enumerate().for_each(|(j, out)| *out = self.squared(*i, other, j));
        }
    }
}

/// Is told from several threads which share of the work is done, from 0 to 1.
pub type Watch<'a> = &'a (dyn Fn(f64) + Sync);

/// Nobody watches.
pub const UNWATCHED: Watch<'static> = &|_| ();

/// Who watches a part of some work: from one share of the whole to another one.
pub(crate) fn part(watch: Watch, from: f64, to: f64) -> impl Fn(f64) + Sync {
    move |done| watch(from + (to - from) * done)
}
