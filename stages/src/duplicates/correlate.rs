//! How far two thumbnails show one picture: correlation in the large and in fine structure. Independent of hashes and
//! of who asks.
//!
//! In the large all upright images of a chest are alike: thumbnails of different patients reach 0.96, of generated
//! phantoms that share a body plan more than 0.99. What no two patients share is the fine structure, and what no two
//! acquisitions share is the noise. So thumbnails are also compared by what is left of them without their own blur,
//! block by block: outlines that two bodies share are strong but lie in some of the blocks, while the blocks of a copy
//! agree nearly all, so the lower quartile tells them apart. Blocks in which one of the two has next to no structure,
//! such as a black margin or a patch that brightening has made white, say nothing and are left out.

use super::align::{Moved, aligned};
use super::thumbnail::SIDE;

/// Width of the Gaussian blur, in pixels of a thumbnail, beyond which structure is not fine.
const BLUR: f64 = 1.0;
/// How far the blur reaches: beyond four widths there is less than a thousandth of a grey.
const REACH: usize = 4;
/// Side of a block.
const BLOCK: usize = 8;
/// The least standard deviation of fine structure that counts, in greys: rounding to whole greys alone makes 0.3.
const FLOOR: f64 = 1.0;
/// The least number of blocks that count; with fewer nothing is confirmed.
const BLOCKS: usize = 8;
/// Correlations before they are aligned, below which pairs are not aligned: copies reach 0.88, and aligning takes thirty times as
/// long.
const HOPELESS: f64 = 0.8;
/// Aligned correlations, below which nobody asks for the fine structure, which takes as long again.
const FAR: f64 = 0.95;

/// What two thumbnails have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Pearson's correlation of greys over what both cover, from −1 to 1, where few steps of a search among
    /// moves by up to 3 pixels found it largest.
    pub correlation: f64,
    /// The lower quartile, over blocks of 8 by 8 pixels, of the correlation of fine structure there, from −1 to 1; 0
    /// where too few blocks have any, and where `correlation` is below 0.95.
    pub detail: f64,
}

const NONE: Agreement = Agreement { correlation: 0.0, detail: 0.0 };

/// Whether all greys are one: such an image is like no other, and is no duplicate of anything.
pub fn is_constant(grey: &[u8]) -> bool {
    grey.iter().all(|g| *g == grey[0])
}

/// Pearson's correlation of two thumbnails, laid upon each other as well as shifts and stretches of up to 3 pixels
/// allow.
///
/// From −1 to 1; 0 where one is constant. Pairs that lie below 0.8 as they are have no chance, and are not aligned.
///
/// # Panics
///
/// Where one does not hold 64 by 64 greys.
pub fn aligned_correlation(a: &[u8], b: &[u8]) -> f64 {
    agreement(a, b).correlation
}

/// What two thumbnails have in common, laid upon each other; nothing where one is constant.
///
/// # Panics
///
/// Where one does not hold 64 by 64 greys.
pub fn agreement(a: &[u8], b: &[u8]) -> Agreement {
    agreement_near(a, b, [0.0; 2])
}

/// As [`agreement`], where what lies at some place of `a` lies at about that place and `moved` pixels to the right and down in `b`.
///
/// # Panics
///
/// Where one does not hold 64 by 64 greys.
pub fn agreement_near(a: &[u8], b: &[u8], moved: [f64; 2]) -> Agreement {
    assert!(a.len() == SIDE * SIDE && b.len() == SIDE * SIDE, "{} and {} greys are not two thumbnails", a.len(), b.len());
    if is_constant(a) || is_constant(b) {
        return NONE;
    }
    let [a, b] = [a, b].map(|greys| greys.iter().map(|g| f64::from(*g)).collect::<Vec<f64>>());
    let correlation = |m: &Moved| pearson(&m.part(&m.a), &m.part(&m.b));
    let first = [moved[0], 0.0, moved[1], 0.0];
    let as_they_lie = correlation(&Moved::by(first, &a, &b));
    if as_they_lie < HOPELESS {
        return Agreement { correlation: as_they_lie, ..NONE };
    }
    let (moved, correlation) = aligned(&a, &b, first, correlation);
    Agreement { correlation, detail: if correlation < FAR { 0.0 } else { detail(&moved) } }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sums of squares about the means, of `a` and `b`, and of products.
fn moments(a: &[f64], b: &[f64]) -> (f64, f64, f64) {
    let (mean_a, mean_b) = (mean(a), mean(b));
    a.iter().zip(b).fold((0.0, 0.0, 0.0), |(aa, bb, ab), (x, y)| {
        let (x, y) = (x - mean_a, y - mean_b);
        (aa + x * x, bb + y * y, ab + x * y)
    })
}

/// Pearson's correlation; 0 where one side is constant.
fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let (aa, bb, ab) = moments(a, b);
    // The root of each, as their product may leave the range of doubles.
    if aa > 0.0 && bb > 0.0 { (ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0) } else { 0.0 }
}

/// What a blur takes away, greys beyond the edge being those at the edge.
fn fine(greys: &[f64]) -> Vec<f64> {
    let weights: Vec<f64> = (0..=2 * REACH).map(|i| (i as f64 - REACH as f64) / BLUR).map(|x| crate::math::exp(-x * x / 2.0)).collect();
    let sum: f64 = weights.iter().sum();
    let blurred = |greys: &[f64], stride: usize| -> Vec<f64> {
        (0..SIDE * SIDE)
            .map(|at| {
                let i = at / stride % SIDE;
                let near = |n: usize| (i + n).saturating_sub(REACH).min(SIDE - 1);
                weights.iter().enumerate().map(|(n, w)| w * greys[at - i * stride + near(n) * stride]).sum::<f64>() / sum
            })
            .collect()
    };
    greys.iter().zip(blurred(&blurred(greys, 1), SIDE)).map(|(g, b)| g - b).collect()
}

fn detail(moved: &Moved) -> f64 {
    let (a, b) = (fine(&moved.a), fine(&moved.b));
    let least = FLOOR * FLOOR * (BLOCK * BLOCK) as f64;
    let mut found = vec![];
    for y in moved.rows.clone().step_by(BLOCK).filter(|y| y + BLOCK <= moved.rows.end) {
        for x in moved.columns.clone().step_by(BLOCK).filter(|x| x + BLOCK <= moved.columns.end) {
            let block = |greys: &[f64]| (y..y + BLOCK).flat_map(|y| &greys[y * SIDE + x..][..BLOCK]).copied().collect::<Vec<f64>>();
            let (aa, bb, ab) = moments(&block(&a), &block(&b));
            if aa >= least && bb >= least {
                found.push(ab / (aa.sqrt() * bb.sqrt()));
            }
        }
    }
    found.sort_unstable_by(f64::total_cmp);
    if found.len() < BLOCKS { 0.0 } else { found[(found.len() - 1) / 4] }
}
