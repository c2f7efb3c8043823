//! All pairs of 64-bit hashes within a few bits of each other, without comparing all with all. Independent of images.
//!
//! G. S. Manku, A. Jain and A. Das Sarma, *Detecting near-duplicates for web crawling*, WWW 2007: of hashes cut into
//! bands, those that are near agree, or almost agree, in some band. Here four bands of 16 bits are allowed 0 or 1
//! different bits such that the allowances, each plus one, sum to the radius plus one; a pair that exceeds all of them
//! is further apart than the radius. For radius 6 three bands may differ by one bit and the fourth by none. Looking in
//! buckets of a band's value, and of the 16 values one bit away, therefore finds every pair.
//!
//! Equal hashes are one group throughout, so that ten thousand copies of one image cost no more than one does.

use super::bands::{Band, allowed, bands, permuted, used};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest radius that can be asked for.
pub const MAX_RADIUS: u32 = 7;

/// Pairs that hashes nominate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nominated {
    /// Positions of both and the number of different bits, in order of the positions; the nearest pairs, where there
    /// are more than were asked for. Which of equally distant ones are kept follows from the hashes alone.
    pub pairs: Vec<(u32, u32, u8)>,
    /// How many pairs there are: exact, whether or not all of them are in `pairs`.
    pub total: u64,
}

/// All pairs `i < j` of `hashes` that differ in at most `radius` bits, of which at most `cap` are listed.
///
/// Memory is that of some `4 · cap` pairs per thread and 100 bytes per hash; the result is the same at any number of
/// threads.
///
/// # Panics
///
/// Where `radius` exceeds [`MAX_RADIUS`] or there are 2³² hashes or more.
pub fn within(hashes: &[u64], radius: u32, cap: usize) -> Nominated {
    let groups = Groups::of(hashes);
    let mut near = search(&groups, None, radius, cap);
    for g in 0..groups.hashes.len() as u32 {
        let n = groups.members(g).len() as u64;
        if n > 1 {
            near.add((0, g, g), n * (n - 1) / 2);
        }
    }
    near.listed(|a, b, out, room| {
        let (of_a, of_b) = (groups.members(a), groups.members(b));
        for (n, i) in of_a.iter().enumerate() {
            let others = if a == b { &of_b[n + 1..] } else { of_b };
            out.extend(others.iter().take(room - out.len()).map(|j| (*i.min(j), *i.max(j))));
        }
    })
}

/// All pairs of one of `a` and one of `b` that differ in at most `radius` bits, of which at most `cap` are listed: the
/// position in `a`, that in `b` and the number of bits.
///
/// Costs and panics are those of [`within`].
pub fn between(a: &[u64], b: &[u64], radius: u32, cap: usize) -> Nominated {
    let (left, right) = (Groups::of(a), Groups::of(b));
    search(&left, Some(&right), radius, cap).listed(|a, b, out, room| {
        for i in left.members(a) {
            out.extend(right.members(b).iter().take(room - out.len()).map(|j| (*i, *j)));
        }
    })
}

/// Hashes without repetition, in order, each with the positions that have it.
struct Groups {
    /// With their bits sorted into bands.
    hashes: Vec<u64>,
    starts: Vec<u32>,
    positions: Vec<u32>,
}

impl Groups {
    fn of(hashes: &[u64]) -> Groups {
        assert!(u32::try_from(hashes.len()).is_ok(), "{} hashes are more than positions can count", hashes.len());
        let mut all: Vec<(u64, u32)> = hashes.par_iter().enumerate().map(|(i, h)| (permuted(*h), i as u32)).collect();
        all.par_sort_unstable();
        let mut groups = Groups { hashes: vec![], starts: vec![], positions: all.iter().map(|(_, i)| *i).collect() };
        for (n, (hash, _)) in all.iter().enumerate() {
            if groups.hashes.last() != Some(hash) {
                groups.hashes.push(*hash);
                groups.starts.push(n as u32);
            }
        }
        groups.starts.push(all.len() as u32);
        groups
    }

    fn members(&self, group: u32) -> &[u32] {
        &self.positions[self.starts[group as usize] as usize..self.starts[group as usize + 1] as usize]
    }
}

/// Near pairs of groups: distance, group, group.
type Near = (u8, u32, u32);

/// The `cap` least of the pairs added, and how many pairs of positions they all stand for.
struct Kept {
    cap: usize,
    total: u64,
    pairs: Vec<Near>,
    /// Nothing above it is among the least.
    bound: Near,
}

impl Kept {
    fn new(cap: usize) -> Kept {
        Kept { cap, total: 0, pairs: vec![], bound: (u8::MAX, u32::MAX, u32::MAX) }
    }

    fn add(&mut self, pair: Near, weight: u64) {
        self.total += weight;
        if pair < self.bound && self.cap > 0 {
            self.pairs.push(pair);
            if self.pairs.len() >= self.cap.saturating_mul(2).saturating_add(1024) {
                self.shrink();
            }
        }
    }

    fn shrink(&mut self) {
        if self.pairs.len() > self.cap {
            self.bound = *self.pairs.select_nth_unstable(self.cap).1;
            self.pairs.truncate(self.cap);
        }
    }

    fn merged(mut self, mut other: Kept) -> Kept {
        self.total += other.total;
        self.pairs.append(&mut other.pairs);
        self.bound = self.bound.min(other.bound);
        self.shrink();
        self
    }

    /// The pairs of positions of the pairs of groups; `positions` appends those of one, up to the room there is.
    fn listed(mut self, positions: impl Fn(u32, u32, &mut Vec<(u32, u32)>, usize)) -> Nominated {
        self.pairs.sort_unstable();
        let (mut pairs, mut some) = (vec![], vec![]);
        for (distance, a, b) in self.pairs {
            if pairs.len() == self.cap {
                break;
            }
            some.clear();
            positions(a, b, &mut some, self.cap - pairs.len());
            pairs.extend(some.iter().map(|(i, j)| (*i, *j, distance)));
        }
        pairs.par_sort_unstable();
        Nominated { pairs, total: self.total }
    }
}

/// A stretch of one bucket, to be compared with the buckets near it.
struct Job {
    band: usize,
    key: u16,
    from: usize,
    to: usize,
}

/// Entries of a bucket per job: enough to be worth a job, few enough that one huge bucket occupies all threads.
const STRETCH: usize = 256;

/// Near pairs of a group of `left` and one of `right`, or of two groups of `left`.
fn search(left: &Groups, right: Option<&Groups>, radius: u32, cap: usize) -> Kept {
    assert!(radius <= MAX_RADIUS, "a radius of {radius} exceeds {MAX_RADIUS}");
    let left_bands = bands(&left.hashes);
    let right_bands = right.map(|r| bands(&r.hashes));
    let right_bands = right_bands.as_ref().unwrap_or(&left_bands);
    let mut jobs = vec![];
    for band in used(radius) {
        for key in 0..=u16::MAX {
            let bucket = left_bands[band].bucket(key);
            jobs.extend(bucket.clone().step_by(STRETCH).map(|from| Job { band, key, from, to: (from + STRETCH).min(bucket.end) }));
        }
    }
    let weight = |a: u32, b: u32| (left.members(a).len() * right.unwrap_or(left).members(b).len()) as u64;
    let work = |mut kept: Kept, job: &Job| {
        let (ours, theirs) = (&left_bands[job.band], &right_bands[job.band]);
        near_keys(job.key, allowed(job.band, radius), right.is_none()).for_each(|key| {
            compare(ours, theirs, job, key, right.is_none(), radius, &mut |pair: Near| kept.add(pair, weight(pair.1, pair.2)));
        });
        kept
    };
    // One list per thread, filled from a common queue, bounds the memory whatever the jobs are like. What is kept is a set and
    // a sum, so that it does not matter which thread did which job.
    let next = AtomicUsize::new(0);
    (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .map(|_| {
            let mut kept = Kept::new(cap);
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                kept = work(kept, job);
            }
            kept
        })
        .reduce(|| Kept::new(cap), Kept::merged)
}

/// The values of a band that are near `key`; where both sides are one, only those from which the pair is not seen
/// again.
fn near_keys(key: u16, flips: u32, one_side: bool) -> impl Iterator<Item = u16> {
    let flipped = (0..if flips > 0 { 16 } else { 0 }).map(move |bit| key ^ 1 << bit);
    std::iter::once(key).chain(flipped.filter(move |other| !one_side || *other > key))
}

/// Hands the near pairs of a job's entries and those under `key` to `found`, unless an earlier band finds them too.
fn compare(ours: &Band, theirs: &Band, job: &Job, key: u16, one_side: bool, radius: u32, found: &mut impl FnMut(Near)) {
    let bucket = theirs.bucket(key);
    for i in job.from..job.to {
        // Within a bucket of one side a pair is seen once, from its earlier entry.
        let start = if one_side && key == job.key { i + 1 } else { bucket.start };
        for j in start..bucket.end {
            let different = ours.hashes[i] ^ theirs.hashes[j];
            if different.count_ones() <= radius && super::bands::first(different, radius) == job.band {
                let (a, b) = (ours.groups[i], theirs.groups[j]);
                found((different.count_ones() as u8, if one_side { a.min(b) } else { a }, if one_side { a.max(b) } else { b }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits that look random (Steele et al., *SplitMix*, 2014).
    fn bits(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn random(n: usize, seed: u64) -> Vec<u64> {
        let mut state = seed;
        (0..n).map(|_| bits(&mut state)).collect()
    }

    /// Up to eight bits away from one of few centres, some of them equal.
    fn clustered(n: usize, centres: usize, seed: u64) -> Vec<u64> {
        let (mut state, centres) = (seed, random(centres, 99));
        let flipped = |state: &mut u64| (0..bits(state) % 9).fold(0, |all, _| all | 1 << (bits(state) % 64));
        (0..n).map(|i| centres[i % centres.len()] ^ flipped(&mut state)).collect()
    }

    fn brute(a: &[u64], b: &[u64], radius: u32, one_side: bool) -> Vec<(u32, u32, u8)> {
        let pairs = (0..a.len()).flat_map(|i| (if one_side { i + 1 } else { 0 }..b.len()).map(move |j| (i, j)));
        pairs.map(|(i, j)| (i as u32, j as u32, (a[i] ^ b[j]).count_ones() as u8)).filter(|p| u32::from(p.2) <= radius).collect()
    }

    #[test]
    fn the_index_finds_what_comparing_all_with_all_finds() {
        // A cluster about one bit pattern with bands that differ in all ways, sparse hashes, and a mixture with random ones.
        let few: Vec<u64> = (0..300).map(|i| (i % 7) << (i % 60)).collect();
        let sets = [random(600, 1), clustered(600, 3, 2), clustered(400, 1, 3), few, [random(200, 4), clustered(200, 5, 5)].concat(), vec![], vec![7]];
        for (n, set) in sets.iter().enumerate() {
            for radius in 0..=MAX_RADIUS {
                let expected = brute(set, set, radius, true);
                let found = within(set, radius, usize::MAX);
                assert_eq!(found.total, expected.len() as u64, "set {n}, radius {radius}");
                assert_eq!(found.pairs, expected, "set {n}, radius {radius}");
                let other = &sets[(n + 1) % sets.len()];
                let expected = brute(set, other, radius, false);
                let found = between(set, other, radius, usize::MAX);
                assert_eq!((found.total, found.pairs), (expected.len() as u64, expected), "set {n} with the next, radius {radius}");
            }
        }
    }

    #[test]
    fn a_cap_keeps_the_nearest_pairs_and_the_true_total() {
        let set = clustered(2000, 2, 6);
        let all = within(&set, 6, usize::MAX);
        let mut distances: Vec<u8> = all.pairs.iter().map(|p| p.2).collect();
        distances.sort_unstable();
        for cap in [0, 1, 10, 1000, all.pairs.len() - 1, all.pairs.len()] {
            let some = within(&set, 6, cap);
            assert_eq!((some.total, some.pairs.len()), (all.total, cap));
            assert!(some.pairs.is_sorted() && some.pairs.iter().all(|p| all.pairs.binary_search(p).is_ok()));
            let mut kept: Vec<u8> = some.pairs.iter().map(|p| p.2).collect();
            kept.sort_unstable();
            assert_eq!(kept, distances[..cap]);
        }
    }

    #[test]
    fn ten_thousand_equal_hashes_are_counted_and_not_listed() {
        let set = [vec![42; 10_000], vec![43; 10_000], random(100, 7)].concat();
        let found = within(&set, 6, 500);
        assert_eq!((found.total, found.pairs.len()), (2 * (10_000 * 9_999 / 2) + 10_000 * 10_000, 500));
        assert!(found.pairs.iter().all(|p| p.2 == 0 && p.0 < p.1));
        assert_eq!(between(&set, &[42], 0, 5).total, 10_000);
    }

    #[test]
    fn the_result_is_the_same_at_any_number_of_threads() {
        let set = [random(5000, 8), clustered(3000, 4, 9), vec![5; 300]].concat();
        let at = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| within(&set, 6, 2000));
        let one = at(1);
        assert!(one.total > 2000);
        assert!([2, 3, 8].iter().all(|n| at(*n) == one));
    }
}
