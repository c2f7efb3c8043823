//! The nearest vectors of another set, or of the same one.

use super::brackets::Brackets;
use super::{Vectors, Watch, part};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Vectors whose distances to all others are computed by one thread at a time.
const PLAIN: usize = 16;

/// The nearest vectors of a set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nearest {
    /// Their places, nearest first; of equal distances, the first place.
    pub(crate) at: Vec<usize>,
    /// Their squared distances.
    pub(crate) squared: Vec<f64>,
}

/// The `k` nearest vectors of `b` to every vector of `a`; fewer where `b` is smaller.
///
/// # Panics
/// Where vectors differ in length.
pub(crate) fn nearest<V: Vectors>(a: &V, b: &V, k: usize, watch: Watch) -> Vec<Nearest> {
    assert_eq!(a.dimensions(), b.dimensions(), "BUG: the lengths were compared");
    found(a, Some(b), k.min(b.count()), watch)
}

/// The `k` nearest other vectors of every vector of one set; fewer where it is smaller.
pub(crate) fn nearest_others<V: Vectors>(a: &V, k: usize, watch: Watch) -> Vec<Nearest> {
    found(a, None, k.min(a.count().saturating_sub(1)), watch)
}

fn found<V: Vectors>(a: &V, b: Option<&V>, k: usize, watch: Watch) -> Vec<Nearest> {
    let none = Nearest { at: vec![], squared: vec![] };
    if k == 0 {
        return vec![none; a.count()];
    }
    let lists: Vec<Option<Vec<u32>>> = shortlists(a, b, k, &part(watch, 0.0, 0.9)).unwrap_or_else(|| vec![None; a.count()]);
    let other = b.unwrap_or(a);
    let mut out: Vec<Nearest> = lists
        .par_iter()
        .enumerate()
        .map(|(i, list)| {
            let distances = list.iter().flatten().map(|j| (a.squared(i, other, *j as usize), *j as usize)).collect();
            if list.is_some() { least(distances, k) } else { none.clone() }
        })
        .collect();
    let open: Vec<usize> = (0..a.count()).filter(|i| lists[*i].is_none()).collect();
    let done = AtomicUsize::new(0);
    let plain = |rows: &[usize]| -> Vec<Nearest> {
        let mut distances = vec![0.0; rows.len() * other.count()];
        a.distances(rows, other, &mut distances);
        let of_row = |(i, distances): (&usize, &[f64])| {
            let others = distances.iter().copied().enumerate().filter(|(j, _)| b.is_some() || j != i);
            least(others.map(|(j, distance)| (distance, j)).collect(), k)
        };
        let near = rows.iter().zip(distances.chunks_exact(other.count())).map(of_row).collect();
        part(watch, 0.9, 1.0)((done.fetch_add(rows.len(), Ordering::Relaxed) + rows.len()) as f64 / open.len() as f64);
        near
    };
    let plain: Vec<Nearest> = open.par_chunks(PLAIN).flat_map_iter(plain).collect();
    watch(1.0);
    open.into_iter().zip(plain).for_each(|(i, near)| out[i] = near);
    out
}

/// The `k` least, by distance and then by place.
fn least(mut distances: Vec<(f64, usize)>, k: usize) -> Nearest {
    let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if k < distances.len() {
        distances.select_nth_unstable_by(k, order);
        distances.truncate(k);
    }
    distances.sort_unstable_by(order);
    let (squared, at) = distances.into_iter().unzip();
    Nearest { at, squared }
}

/// For every vector, those that may be among its `k` nearest; none where they are too many. None at all without bounds.
fn shortlists<V: Vectors>(a: &V, b: Option<&V>, k: usize, watch: Watch) -> Option<Vec<Option<Vec<u32>>>> {
    let brackets = Brackets::of(a, b)?;
    let lists: Vec<Mutex<Shortlist>> = (0..a.count()).map(|_| Mutex::new(Shortlist::default())).collect();
    let of = |i: usize| lists[i].lock().unwrap_or_else(PoisonError::into_inner);
    brackets.for_tiles(watch, |tile| {
        // Within one set, a pair is offered to both; limits may lag behind, which only lets more through.
        let mut limits: Vec<f32> = tile.columns.clone().map(|j| if b.is_some() { f32::NEG_INFINITY } else { of(j).limit(k) }).collect();
        let mut mutual = vec![];
        for (n, i) in tile.rows.clone().enumerate() {
            let mut own = of(i);
            tile.scan(n, own.limit(k), &limits, |at, lower, upper| {
                let j = tile.columns.start + at;
                if b.is_some() || j > i {
                    own.offer(k, j, lower, upper);
                    mutual.push((at, lower, upper));
                }
            });
            drop(own);
            for (at, lower, upper) in mutual.drain(..).filter(|_| b.is_none()) {
                let mut other = of(tile.columns.start + at);
                other.offer(k, i, lower, upper);
                limits[at] = other.limit(k);
            }
        }
    });
    let candidates = |list: Mutex<Shortlist>| list.into_inner().unwrap_or_else(PoisonError::into_inner).candidates(k);
    Some(lists.into_iter().map(candidates).collect())
}

/// Who may be among the `k` nearest: all whose lower bound is not above the `k`-th least upper bound.
#[derive(Default)]
struct Shortlist {
    /// The `k` least upper bounds, ascending.
    uppers: Vec<f32>,
    /// Lower bounds and places.
    found: Vec<(f32, u32)>,
    /// True where they were too many.
    is_open: bool,
}

impl Shortlist {
    /// What a lower bound must not be above.
    fn limit(&self, k: usize) -> f32 {
        match (self.is_open, self.uppers.len() == k) {
            (true, _) => f32::NEG_INFINITY,
            (_, true) => self.uppers[k - 1],
            _ => f32::INFINITY,
        }
    }

    fn offer(&mut self, k: usize, j: usize, lower: f32, upper: f32) {
        if lower > self.limit(k) || self.is_open {
            return;
        }
        if self.uppers.len() < k || upper < self.uppers[k - 1] {
            self.uppers.truncate(k - 1);
            let at = self.uppers.partition_point(|u| *u <= upper);
            self.uppers.insert(at, upper);
        }
        self.found.push((lower, j as u32));
        let most = 2 * k + 256;
        if self.found.len() >= most {
            self.tidy(k);
            if self.found.len() > most / 4 * 3 {
                *self = Shortlist { is_open: true, ..Shortlist::default() };
            }
        }
    }

    fn tidy(&mut self, k: usize) {
        let limit = self.limit(k);
        self.found.retain(|(lower, _)| *lower <= limit);
    }

    fn candidates(mut self, k: usize) -> Option<Vec<u32>> {
        self.tidy(k);
        (!self.is_open).then(|| self.found.into_iter().map(|(_, j)| j).collect())
    }
}
