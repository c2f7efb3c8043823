//! Bounds of squared distances from products in float32.

use super::{Vectors, Watch};
use hilum_ops::{Columns, DEPTH, product_tiles};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The rounding of float32.
const UNIT: f64 = 1.0 / (1u32 << 24) as f64;

/// More than a product of numbers below 1 can lose where it underflows: 2⁻¹²⁰.
const LOST: f64 = 1.0 / (1u128 << 120) as f64;

/// Two sets of vectors, the second one laid out for products, and what is needed to bound their distances.
///
/// Vectors are moved by a common centre and scaled by a power of two, so that all numbers are below 1, and rounded to float32.
/// With `N = |a|² + |b|²` of the rounded ones, the scaled square of a distance differs from `N − 2ab` as computed by at most
/// `ε N + τ`, where `ε` gathers, in units of 2⁻²⁴: the chain of products and the sum of chains (`DEPTH` + number of chains, on
/// `2 |ab| ≤ N`), rounding the vectors (4), their norms (1), the sums and comparisons of three numbers in float32 (12 at most),
/// and what the distance itself is rounded by (on `|a − b|² ≤ 2 N`); and `τ` what underflows.
pub(super) struct Brackets<'a, V> {
    a: &'a V,
    b: &'a V,
    is_one_set: bool,
    centre: Vec<f64>,
    scale: f64,
    columns: Columns<f32>,
    of_a: Bounds,
    of_b: Bounds,
}

/// What each vector adds to the bounds of its distances.
#[derive(Clone)]
struct Bounds {
    /// To the lower one.
    low: Vec<f32>,
    /// To what is between both.
    gap: Vec<f32>,
}

/// Bounds of some rows to some columns.
pub(super) struct Tile<'a> {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    products: &'a [f32],
    low: [&'a [f32]; 2],
    gap: [&'a [f32]; 2],
}

impl<'a, V: Vectors> Brackets<'a, V> {
    /// Those of two sets, or of the pairs within one where `b` is none. None where distances may overflow, or numbers are not
    /// finite.
    pub(super) fn of(a: &'a V, b: Option<&'a V>) -> Option<Brackets<'a, V>> {
        let (dimensions, is_one_set) = (a.dimensions(), b.is_none());
        let b = b.unwrap_or(a);
        let centre = centre(b);
        let (of_a, of_b) = (most(a, &centre), most(b, &centre));
        // Not-a-number stays what it is.
        let largest = if of_a > of_b { of_a } else { of_a * 0.0 + of_b };
        let bound = 8.0 * dimensions as f64 * largest * largest;
        if bound >= V::LARGEST || bound.is_nan() || largest < 1e-140 && largest > 0.0 {
            return None;
        }
        let scale = if largest > 0.0 { power_above(largest).recip() } else { 1.0 };
        let chains = DEPTH + dimensions.div_ceil(DEPTH);
        let part = (chains as f64 + 24.0) * 1.01 * UNIT + 2.01 * a.rounding();
        let lost = dimensions as f64 * (LOST + 2.0 * scale * scale * V::SMALLEST);
        if lost >= f64::from(f32::MAX) / 8.0 || lost.is_nan() || part > 0.1 {
            return None;
        }
        let write = |set: &V, i: usize, to: &mut [f32]| rounded(set, i, &centre, scale, to);
        let bounds = |set: &V| Bounds::of(set.count(), dimensions, part, lost, |i, to| write(set, i, to));
        let columns = Columns::of(b.count(), dimensions, |j, to: &mut [f32]| write(b, j, to));
        let of_b = bounds(b);
        let of_a = if is_one_set { of_b.clone() } else { bounds(a) };
        Some(Brackets { a, b, is_one_set, scale, columns, of_a, of_b, centre })
    }

    /// A squared distance in the units of the bounds, rounded up.
    pub(super) fn above(&self, squared: f64) -> f32 {
        ((squared * self.scale * self.scale) as f32).next_up()
    }

    /// The same rounded down.
    pub(super) fn below(&self, squared: f64) -> f32 {
        ((squared * self.scale * self.scale) as f32).next_down()
    }

    /// Gives `each` the bounds of all pairs; within one set, those of every pair at least once.
    pub(super) fn for_tiles(&self, watch: Watch, each: impl Fn(Tile) + Sync) {
        let done = AtomicUsize::new(0);
        let total = if self.is_one_set { self.a.count() * (self.a.count() + 1) / 2 } else { self.a.count() * self.b.count() };
        let write = |i: usize, to: &mut [f32]| rounded(self.a, i, &self.centre, self.scale, to);
        product_tiles(self.a.count(), write, &self.columns, self.is_one_set, |rows, columns, products| {
            each(Tile {
                low: [&self.of_a.low[rows.clone()], &self.of_b.low[columns.clone()]],
                gap: [&self.of_a.gap[rows.clone()], &self.of_b.gap[columns.clone()]],
                rows: rows.clone(),
                columns: columns.clone(),
                products,
            });
            let pairs = rows.len() * columns.len();
            watch(((done.fetch_add(pairs, Ordering::Relaxed) + pairs) as f64 / total as f64).min(1.0));
        });
    }
}

impl Tile<'_> {
    /// Gives `hit` the lower and the upper bound of each pair of row `n` of the tile whose lower one is not above `limit`, or not
    /// above that of its column in `limits`: the number of the column in the tile, and both bounds.
    pub(super) fn scan(&self, n: usize, limit: f32, limits: &[f32], mut hit: impl FnMut(usize, f32, f32)) {
        const LANES: usize = 32;
        let width = self.columns.len();
        let (own, gap) = (self.low[0][n], self.gap[0][n]);
        let (products, low, limits) = (&self.products[n * width..(n + 1) * width], self.low[1], &limits[..width]);
        let bound = |product: f32, low: f32| (own + low) - 2.0 * product;
        for from in (0..width).step_by(LANES) {
            let to = width.min(from + LANES);
            // Whether there is any is asked without a branch for each.
            let mut any = false;
            for ((product, low), other) in products[from..to].iter().zip(&low[from..to]).zip(&limits[from..to]) {
                any |= bound(*product, *low) <= limit.max(*other);
            }
            for at in from..if any { to } else { from } {
                let lower = bound(products[at], low[at]);
                if lower <= limit.max(limits[at]) {
                    hit(at, lower, lower + (gap + self.gap[1][at]));
                }
            }
        }
    }
}

impl Bounds {
    fn of(count: usize, dimensions: usize, part: f64, lost: f64, write: impl Fn(usize, &mut [f32]) + Sync) -> Bounds {
        let both = (0..count).into_par_iter().map_init(
            || vec![0.0; dimensions],
            |vector, i| {
                write(i, vector);
                let norm: f64 = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
                ((norm - part * norm - lost / 2.0) as f32, (2.0 * part * norm + lost) as f32)
            },
        );
        let (low, gap) = both.unzip();
        Bounds { low, gap }
    }
}

/// The mean of all vectors, where that is a number: any point near them would do.
fn centre<V: Vectors>(set: &V) -> Vec<f64> {
    let (mut sum, mut vector) = (vec![0.0; set.dimensions()], vec![0.0; set.dimensions()]);
    for i in 0..set.count() {
        set.write(i, &mut vector);
        sum.iter_mut().zip(&vector).for_each(|(sum, v)| *sum += v);
    }
    sum.iter_mut().for_each(|sum| *sum /= set.count().max(1) as f64);
    sum
}

/// The largest difference of any number from the centre; not-a-number where one is not finite.
fn most<V: Vectors>(set: &V, centre: &[f64]) -> f64 {
    let of_vector = |vector: &mut Vec<f64>, i: usize| {
        set.write(i, vector);
        let larger = |most: f64, (v, c): (&f64, &f64)| if (v - c).is_finite() { most.max((v - c).abs()) } else { f64::NAN };
        vector.iter().zip(centre).fold(0.0_f64, |most, pair| if most.is_nan() { most } else { larger(most, pair) })
    };
    let all: Vec<f64> = (0..set.count()).into_par_iter().map_init(|| vec![0.0; set.dimensions()], of_vector).collect();
    all.into_iter().fold(0.0_f64, |most, v| if v.is_nan() || most.is_nan() { f64::NAN } else { most.max(v) })
}

fn rounded<V: Vectors>(set: &V, i: usize, centre: &[f64], scale: f64, to: &mut [f32]) {
    let mut vector = vec![0.0; to.len()];
    set.write(i, &mut vector);
    to.iter_mut().zip(vector.iter().zip(centre)).for_each(|(to, (v, c))| *to = ((v - c) * scale) as f32);
}

/// The power of two above a normal number.
fn power_above(x: f64) -> f64 {
    f64::from_bits((x.to_bits() >> 52) << 52) * 2.0
}
