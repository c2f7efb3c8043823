//! All pairs among many images that show one picture: hashes nominate, laying upon each other confirms. Independent of what the
//! images are called, and of what is done with the pairs.
//!
//! An image is looked for by four hashes: as it is and with its greys made equally frequent, which no window, brightness or
//! gamma changes much, and each of them of the whole and without the outermost 1.5 %, so that half of what a crop moves is moved
//! back. A pair is confirmed if it agrees as it is or with its greys made equally frequent, by [`CORRELATION`] and [`DETAIL`].

use super::{Agreement, CORRELATION, DETAIL, Nominated, RADIUS, SIDE, agreement, between, is_constant, phash, within};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pairs of hashes that are compared at most: of 20,000 chest X-rays, some 20,000 are nominated.
const MOST: usize = 2_000_000;
/// Pixels of a thumbnail that a hash leaves out at each edge.
const EDGE: usize = 1;
/// Hashes of one sort for each image.
const HASHES: usize = 2;

/// What an image is compared by, 4 kB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    thumbnail: Vec<u8>,
    /// Of the whole and without its edge.
    plain: [u64; HASHES],
    /// The same with greys made equally frequent.
    even: [u64; HASHES],
}

impl Look {
    /// Of a [`thumbnail`](super::thumbnail()); none if it is of one grey, and so like no other.
    ///
    /// # Panics
    /// Where it does not hold 64 by 64 greys.
    pub fn of(thumbnail: Vec<u8>) -> Option<Look> {
        assert_eq!(thumbnail.len(), SIDE * SIDE, "a thumbnail has {SIDE} by {SIDE} greys");
        let hashes = |greys: &[u8]| {
            let inner: Vec<u8> = greys.chunks_exact(SIDE).skip(EDGE).take(SIDE - 2 * EDGE).flat_map(|row| &row[EDGE..SIDE - EDGE]).copied().collect();
            [phash(greys, SIDE, SIDE), phash(&inner, SIDE - 2 * EDGE, SIDE - 2 * EDGE)]
        };
        (!is_constant(&thumbnail)).then(|| Look { plain: hashes(&thumbnail), even: hashes(&evened(&thumbnail)), thumbnail })
    }

    /// The same image, mirrored from left to right.
    fn mirrored(&self) -> Look {
        let greys = self.thumbnail.chunks_exact(SIDE).flat_map(|row| row.iter().rev().copied()).collect();
        Look::of(greys).expect("BUG: a mirrored image has the greys of the image")
    }

    /// How many of 64 bits of the perceptual hash differ.
    pub fn distance(&self, other: &Look) -> u32 {
        (self.plain[0] ^ other.plain[0]).count_ones()
    }
}

/// Greys as ranks from 0 to 255: equal ones have the mean of their ranks.
fn evened(greys: &[u8]) -> Vec<u8> {
    let mut counts = [0usize; 256];
    greys.iter().for_each(|grey| counts[usize::from(*grey)] += 1);
    let mut before = 0;
    let rank = counts.map(|count| {
        before += count;
        // Twice the mean rank among 2n, brought to 255 and rounded.
        ((255 * (2 * before - count) + greys.len()) / (2 * greys.len())) as u8
    });
    greys.iter().map(|grey| rank[usize::from(*grey)]).collect()
}

/// Two images that show one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// The place of one.
    pub first: u32,
    /// The place of the other, which is behind it.
    pub second: u32,
    /// True where one shows the other mirrored from left to right.
    pub is_mirrored: bool,
    /// Bits of their perceptual hashes that differ.
    pub distance: u32,
    /// How far they agree.
    pub agreement: Agreement,
}

/// What was found among some images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matches {
    /// In the order of their places.
    pub pairs: Vec<Match>,
    /// Pairs with like hashes that were too many to be compared.
    pub not_compared: u64,
}

/// The pairs among these images that show one picture, also mirrored ones if that is asked for. `further` nominates pairs by other
/// means than hashes, each with the smaller place first.
pub fn search(looks: &[Look], with_mirrored: bool, further: &[(u32, u32)], watch: &(dyn Fn(f64) + Sync)) -> Matches {
    let mut out = Matches::default();
    let mirrored: Vec<Look> = if with_mirrored { looks.par_iter().map(Look::mirrored).collect() } else { vec![] };
    let mut nominated: Vec<(u32, u32)> = vec![];
    let mut turned = vec![];
    for sort in [|look: &Look| look.plain, |look: &Look| look.even] {
        let hashes = |looks: &[Look]| looks.iter().flat_map(sort).collect::<Vec<u64>>();
        let own = hashes(looks);
        for (found, to) in [(within(&own, RADIUS, MOST), &mut nominated), (between(&own, &hashes(&mirrored), RADIUS, MOST), &mut turned)] {
            let Nominated { pairs, total } = found;
            out.not_compared += total - pairs.len() as u64;
            let place = |at: u32| at / HASHES as u32;
            to.extend(pairs.iter().map(|(i, j, _)| (place(*i.min(j)), place(*i.max(j)))).filter(|(i, j)| i != j));
        }
    }
    if with_mirrored {
        turned.extend(further);
    }
    nominated.extend(further);
    for pairs in [&mut nominated, &mut turned] {
        pairs.par_sort_unstable();
        pairs.dedup();
    }
    let (done, all) = (AtomicUsize::new(0), (nominated.len() + turned.len()) as f64);
    let judge = |pairs: &[(u32, u32)], others: &[Look], is_mirrored: bool| -> Vec<Match> {
        let of = |(first, second): &(u32, u32)| {
            let (a, b) = (&looks[*first as usize], &others[*second as usize]);
            let agreement = confirmed(a, b);
            let n = done.fetch_add(1, Ordering::Relaxed) + 1;
            if n.is_multiple_of(256) {
                watch(n as f64 / all);
            }
            agreement.map(|agreement| Match { first: *first, second: *second, is_mirrored, distance: a.distance(b), agreement })
        };
        pairs.par_iter().filter_map(of).collect()
    };
    out.pairs = judge(&nominated, looks, false);
    // A pair that is one picture as it is need not be mirrored: a symmetric image is both.
    let known: Vec<(u32, u32)> = out.pairs.iter().map(|m| (m.first, m.second)).collect();
    turned.retain(|pair| known.binary_search(pair).is_err());
    out.pairs.extend(judge(&turned, &mirrored, true));
    out.pairs.sort_unstable_by_key(|m| (m.first, m.second));
    out
}

/// How far two images agree that show one picture; none if they do not.
fn confirmed(a: &Look, b: &Look) -> Option<Agreement> {
    let is_one = |found: &Agreement| found.correlation >= CORRELATION && found.detail >= DETAIL;
    let as_they_are = agreement(&a.thumbnail, &b.thumbnail);
    Some(as_they_are).filter(is_one).or_else(|| Some(agreement(&evened(&a.thumbnail), &evened(&b.thumbnail))).filter(is_one))
}
