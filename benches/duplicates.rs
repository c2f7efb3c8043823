//! How long 377,000 perceptual hashes take to be searched for pairs within six bits: half of them random, a fifth about few
//! centres, the rest as uneven as those of chest X-rays, and some of them equal. Then hostile sets, an image, and a pair of
//! thumbnails.
//!
//!   cargo bench --bench duplicates
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::duplicates::{Nominated, RADIUS, agreement, between, phash, thumbnail, within};
use std::time::Instant;

const HASHES: usize = 377_000;
/// Pairs listed at most.
const CAP: usize = 1_000_000;

/// Up to eight bits away from one of twenty centres.
fn clustered(n: usize, s: &mut Stream) -> Vec<u64> {
    let centres: Vec<u64> = (0..20).map(|_| s.bits()).collect();
    (0..n).map(|_| (0..s.below(9)).fold(centres[s.below(centres.len())], |hash, _| hash ^ 1 << s.below(64))).collect()
}

/// Low frequencies are nearly settled, as all chests are alike; one hash in fifty is that of another image.
fn uneven(n: usize, s: &mut Stream) -> Vec<u64> {
    let mut out: Vec<u64> = Vec::with_capacity(n);
    for i in 0..n {
        let settled = |bit: usize| if bit / 8 + bit % 8 < 6 { 0.9 } else { 0.6 };
        let hash = (0..64).fold(0, |hash, bit| hash << 1 | u64::from(s.chance(settled(bit))));
        out.push(if i > 0 && s.chance(0.02) { out[s.below(i)] } else { hash });
    }
    out
}

fn timed(name: &str, search: impl FnOnce() -> Nominated) {
    let start = Instant::now();
    let found = search();
    println!("{name}: {} pairs, {} listed, in {:.2} s", found.total, found.pairs.len(), start.elapsed().as_secs_f64());
}

fn main() {
    let s = &mut Seed(1).stream("bench", "hashes");
    let random: Vec<u64> = (0..HASHES / 2).map(|_| s.bits()).collect();
    let clusters = clustered(HASHES / 5, s);
    let chests = uneven(HASHES - random.len() - clusters.len(), s);
    let mut all = [random, clusters, chests].concat();
    s.shuffle(&mut all);
    timed("377,000 hashes among each other", || within(&all, RADIUS, CAP));
    let (some, rest) = all.split_at(HASHES / 3);
    timed("a third of them against the rest", || between(some, rest, RADIUS, CAP));
    let chests = uneven(HASHES, s);
    timed("377,000 uneven hashes", || within(&chests, RADIUS, CAP));
    timed("377,000 equal hashes", || within(&vec![7; HASHES], RADIUS, CAP));
    // Every band has eight bits left, so that buckets are full and tell little apart.
    let halved: Vec<u64> = chests[..100_000].iter().map(|h| h & 0xc366_3c99_c366_3c99).collect();
    timed("100,000 uneven hashes that share half of their bits", || within(&halved, RADIUS, CAP));

    let grain: Vec<u8> = (0..64 * 64).map(|_| s.below(60) as u8).collect();
    let image: Vec<u8> = (0..1024 * 1024).map(|i| ((i % 1024) / 8) as u8 + grain[i / 1024 / 16 * 64 + i % 1024 / 16]).collect();
    let start = Instant::now();
    let hash = phash(&image, 1024, 1024);
    let hashed = start.elapsed();
    let small = thumbnail(&image, 1024, 1024);
    println!("an image of 1024²: {:.1?} to hash ({hash:016x}), {:.1?} for the thumbnail", hashed, start.elapsed() - hashed);
    let start = Instant::now();
    let sum: f64 = (0..200).map(|_| agreement(&small, &small).detail).sum();
    println!("a pair of thumbnails, agreeing to {:.3}: {:.0?}", sum / 200.0, start.elapsed() / 200);
}
