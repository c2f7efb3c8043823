//! Which vectors of one set lie in balls around those of another one.

use super::brackets::Brackets;
use super::{Vectors, Watch};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// Vectors whose distances to all others are computed by one thread at a time.
const PLAIN: usize = 16;

/// How many balls vectors lie in, by their place; in a ball is who is nearer to its centre than its radius, not as near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Balls {
    /// Of each vector of `a`: in how many balls of `b` it lies.
    pub(crate) around_a: Vec<u32>,
    /// Of each vector of `b`: in how many balls of `a` it lies.
    pub(crate) around_b: Vec<u32>,
    /// Of each vector of `a`: how many vectors of `b` lie in its ball.
    pub(crate) within_a: Vec<u32>,
}

/// Counts of balls of several sizes: `radii` has, of each size, the squared radius of every vector of `a`, and of every vector of
/// `b`.
///
/// # Panics
/// Where vectors differ in length, or there is not a radius for each.
pub(crate) fn balls<V: Vectors, const N: usize>(a: &V, b: &V, radii: [[&[f64]; 2]; N], watch: Watch) -> [Balls; N] {
    assert_eq!(a.dimensions(), b.dimensions(), "BUG: the lengths were compared");
    assert!(radii.iter().all(|[of_a, of_b]| of_a.len() == a.count() && of_b.len() == b.count()), "BUG: each vector has a radius");
    let counts: [Counts; N] = std::array::from_fn(|_| Counts::of(a.count(), b.count()));
    // A distance decides everything at once.
    let count = |i: usize, j: usize, distance: &dyn Fn() -> f64| {
        let distance = distance();
        for ([of_a, of_b], counts) in radii.iter().zip(&counts) {
            counts.add(i, j, distance < of_a[i], distance < of_b[j]);
        }
    };
    match Brackets::of(a, Some(b)) {
        Some(brackets) => {
            let bounds = radii.map(|of| of.map(|radii| Bounds::of(radii, &brackets)));
            let largest = |side: usize, i: usize| bounds.iter().map(|of| of[side].above[i]).fold(f32::NEG_INFINITY, f32::max);
            let largest = [0, 1].map(|side| (0..[a, b][side].count()).map(|i| largest(side, i)).collect::<Vec<f32>>());
            brackets.for_tiles(watch, |tile| {
                let limits = &largest[1][tile.columns.clone()];
                for (n, i) in tile.rows.clone().enumerate() {
                    tile.scan(n, largest[0][i], limits, |at, lower, upper| {
                        let j = tile.columns.start + at;
                        let of = |bounds: &Bounds, at: usize| bounds.decided(at, lower, upper);
                        let sure = bounds.each_ref().map(|[of_a, of_b]| (of(of_a, i), of(of_b, j)));
                        if sure.iter().any(|pair| pair.0.is_none() || pair.1.is_none()) {
                            return count(i, j, &|| a.squared(i, b, j));
                        }
                        for (counts, (in_a, in_b)) in counts.iter().zip(sure) {
                            counts.add(i, j, in_a == Some(true), in_b == Some(true));
                        }
                    });
                }
            });
        }
        None => (0..a.count()).collect::<Vec<usize>>().par_chunks(PLAIN).for_each(|rows| {
            let mut distances = vec![0.0; rows.len() * b.count()];
            a.distances(rows, b, &mut distances);
            for (i, distances) in rows.iter().zip(distances.chunks_exact(b.count().max(1))) {
                distances.iter().enumerate().for_each(|(j, distance)| count(*i, j, &|| *distance));
            }
        }),
    }
    watch(1.0);
    counts.map(Counts::done)
}

/// Bounds of squared radii.
struct Bounds {
    below: Vec<f32>,
    above: Vec<f32>,
}

impl Bounds {
    fn of<V: Vectors>(radii: &[f64], brackets: &Brackets<V>) -> Bounds {
        Bounds { below: radii.iter().map(|r| brackets.below(*r)).collect(), above: radii.iter().map(|r| brackets.above(*r)).collect() }
    }

    /// Whether a distance within bounds is below a radius, if that can be said.
    fn decided(&self, at: usize, lower: f32, upper: f32) -> Option<bool> {
        match (upper < self.below[at], lower > self.above[at]) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

/// Sums of whole numbers, which do not depend on the order of threads.
struct Counts {
    around_a: Vec<AtomicU32>,
    around_b: Vec<AtomicU32>,
    within_a: Vec<AtomicU32>,
}

impl Counts {
    fn of(a: usize, b: usize) -> Counts {
        let zeros = |n: usize| (0..n).map(|_| AtomicU32::new(0)).collect();
        Counts { around_a: zeros(a), around_b: zeros(b), within_a: zeros(a) }
    }

    fn add(&self, i: usize, j: usize, in_a: bool, in_b: bool) {
        if in_a {
            self.around_b[j].fetch_add(1, Ordering::Relaxed);
            self.within_a[i].fetch_add(1, Ordering::Relaxed);
        }
        if in_b {
            self.around_a[i].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn done(self) -> Balls {
        let plain = |counts: Vec<AtomicU32>| counts.into_iter().map(AtomicU32::into_inner).collect();
        Balls { around_a: plain(self.around_a), around_b: plain(self.around_b), within_a: plain(self.within_a) }
    }
}
