//! Synthetic images that show a training image though their pixels differ: moved, mirrored, noisy, brighter, or saved with loss.
//!
//! Two steps, as for duplicates of real images: all pairs are compared as 12 by 12 greys at 81 places or more upon each other, as they are
//! and mirrored, which nominates a few training images for each image; these are laid upon it at 64 by 64 greys and judged by
//! their correlation in the large and in fine structure. Knows no features, no classes, and not which of the sets is which.

use super::{Features, Watch};
use crate::duplicates::{Agreement, SIDE, agreement_near, is_constant, thumbnail};
use crate::neighbours::{nearest, part};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pixels of a thumbnail along each side of a coarse one.
const COARSE: usize = 4;
/// Pixels of a thumbnail by which images are moved upon each other, to either side: an eighth of the width.
const FURTHEST: usize = 8;
/// From one of these places to the next, in pixels: of real X-rays, 99.8 % of copies are found so.
const STEP: usize = 2;
/// Sets with so many pairs of images or fewer are compared at every pixel: what drawn images have of their own is so fine that a pixel
/// matters.
const FEW: usize = 1_000_000;
/// Width and height, in coarse pixels, of what is compared: the part of an image that lies upon the other one after every move.
const CROP: usize = (SIDE - 2 * FURTHEST) / COARSE;
/// Training images that are laid upon an image, of those that are as they are and of mirrored ones each.
const NOMINATED: usize = 3;
/// Pixels of a thumbnail around such a place among which the best one is looked for.
const AROUND: i32 = 1;

/// The least correlation in the large of near copies.
pub const CORRELATION: f64 = 0.95;
/// The least agreement of their fine structure, whatever other images reach: of 1,124 public X-rays of 765 patients, those of one half
/// of the patients reach 0.14 with any of the other half.
pub const LEAST: f64 = 0.25;
/// The agreement that is enough, whatever other images reach: phantoms of 32 pixels, bodies drawn with six numbers, reach 0.58.
pub const ENOUGH: f64 = 0.6;

/// The training image that an image looks most like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likest {
    /// Its place among the training images.
    pub training: usize,
    /// True where the image is like its mirror image.
    pub is_mirrored: bool,
    /// How far they show one picture.
    pub agreement: Agreement,
}

impl Likest {
    /// True where they show one picture: they agree in the large, and in fine structure by as much as is asked for.
    pub fn is_near_copy(&self, detail: f64) -> bool {
        self.agreement.correlation >= CORRELATION && self.agreement.detail >= detail
    }
}

/// The agreement of fine structure that near copies must have: more than any of these has, which are no copies, between [`LEAST`] and
/// [`ENOUGH`]. Of those that reach the latter nothing is learnt, since they show one picture.
pub fn detail_of_copies<'a>(others: impl IntoIterator<Item = &'a Likest>) -> f64 {
    let details = others.into_iter().filter(|l| l.agreement.correlation >= CORRELATION).map(|l| l.agreement.detail).filter(|detail| *detail < ENOUGH);
    details.map(|detail| detail + f64::EPSILON).fold(LEAST, f64::max)
}

/// Images as thumbnails.
pub struct Looks(Vec<Vec<u8>>);

impl Looks {
    /// Of square images, as rows of `side` greys each.
    pub fn of(images: &[&[u8]], side: usize) -> Looks {
        Looks(images.par_iter().map(|greys| thumbnail(greys, side, side)).collect())
    }

    /// The same images, mirrored from left to right.
    fn mirrored(&self) -> Looks {
        Looks(self.0.par_iter().map(|greys| greys.chunks(SIDE).flat_map(|row| row.iter().rev().copied()).collect()).collect())
    }

    /// Of each the part that begins at a pixel of its thumbnail, in coarse pixels less the mean of those around, which tell images apart
    /// that are alike in the large; with mean 0 and length 1, so that the nearest correlate most.
    fn crops(&self, [left, top]: [usize; 2]) -> Features {
        let crop = |greys: &Vec<u8>| -> Vec<f64> {
            let mut coarse = [[0.0; CROP]; CROP];
            for y in 0..CROP * COARSE {
                let row = &greys[(top + y) * SIDE + left..][..CROP * COARSE];
                let sums = row.chunks_exact(COARSE).map(|greys| greys.iter().map(|grey| f64::from(*grey)).sum::<f64>());
                coarse[y / COARSE].iter_mut().zip(sums).for_each(|(sum, of_row)| *sum += of_row);
            }
            let around = |x: usize, y: usize| coarse[y - 1..=y + 1].iter().flat_map(|row| &row[x - 1..=x + 1]).sum::<f64>() / 9.0;
            let mut crop: Vec<f64> = (1..CROP - 1).flat_map(|y| (1..CROP - 1).map(move |x| (x, y))).map(|(x, y)| coarse[y][x] - around(x, y)).collect();
            let mean = crop.iter().sum::<f64>() / crop.len() as f64;
            crop.iter_mut().for_each(|grey| *grey -= mean);
            let length = crop.iter().map(|grey| grey * grey).sum::<f64>().sqrt();
            if length > 0.0 {
                crop.iter_mut().for_each(|grey| *grey /= length);
            }
            crop
        };
        Features::unchecked(self.0.par_iter().flat_map_iter(crop).collect(), (CROP - 2) * (CROP - 2))
    }
}

/// For every image, the training image that it looks most like; none where nothing in the set could be like it.
///
/// `O(n²)`, at nearly the speed of 162 products of matrices with 100 columns.
pub fn likest(training: &Looks, images: &Looks, watch: Watch) -> Vec<Option<Likest>> {
    found(training, Some(images), watch)
}

/// For every image of one set, the other image of it that it looks most like.
pub fn likest_others(training: &Looks, watch: Watch) -> Vec<Option<Likest>> {
    found(training, None, watch)
}

/// A training image that may be like an image, where it would lie upon it, and the squared distance of their crops.
type Nominee = (f64, usize, [i32; 2]);

fn found(training: &Looks, images: Option<&Looks>, watch: Watch) -> Vec<Option<Likest>> {
    let own = images.unwrap_or(training);
    let mirrored = own.mirrored();
    let as_it_is = nominated(training, own, images.is_none(), &part(watch, 0.0, 0.4));
    let turned = nominated(training, &mirrored, images.is_none(), &part(watch, 0.4, 0.8));
    let done = AtomicUsize::new(0);
    let best = |i: usize| -> Option<Likest> {
        let judged = |image: &[u8], nominees: &[Nominee], is_mirrored: bool| -> Vec<Likest> {
            let of = |(_, at, moved): &Nominee| {
                let other = &training.0[*at];
                Likest { training: *at, is_mirrored, agreement: agreement_near(image, other, best_place(image, other, *moved).map(f64::from)) }
            };
            nominees.iter().map(of).collect()
        };
        if is_constant(&own.0[i]) {
            return None;
        }
        let mut all = judged(&own.0[i], &as_it_is[i], false);
        all.extend(judged(&mirrored.0[i], &turned[i], true));
        part(watch, 0.8, 1.0)((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / own.0.len() as f64);
        let order = |a: &Likest, b: &Likest| {
            let (a, b) = (a.agreement, b.agreement);
            a.detail.total_cmp(&b.detail).then(a.correlation.total_cmp(&b.correlation))
        };
        // Of equals the first, which is as it is.
        all.into_iter().reduce(|best, next| if order(&next, &best).is_gt() { next } else { best })
    };
    let out = (0..own.0.len()).into_par_iter().map(best).collect();
    watch(1.0);
    out
}

/// For every image, the training images whose crops correlate most with its middle, each at its best place.
fn nominated(training: &Looks, images: &Looks, is_one_set: bool, watch: Watch) -> Vec<Vec<Nominee>> {
    let middle = images.crops([FURTHEST; 2]);
    let mut nominees: Vec<Vec<Nominee>> = vec![vec![]; images.0.len()];
    let step = if training.0.len().saturating_mul(images.0.len()) <= FEW { 1 } else { STEP };
    let moves = 2 * FURTHEST / step + 1;
    for n in 0..moves * moves {
        let place = [n % moves, n / moves].map(|p| p * step);
        let watch = part(watch, n as f64 / (moves * moves) as f64, (n + 1) as f64 / (moves * moves) as f64);
        let moved = place.map(|p| p as i32 - FURTHEST as i32);
        // One more, since in one set an image is nearest to itself.
        let near = nearest(&middle, &training.crops(place), NOMINATED + usize::from(is_one_set), &watch);
        for (i, (own, near)) in nominees.iter_mut().zip(near).enumerate() {
            for (at, squared) in near.at.into_iter().zip(near.squared).filter(|(at, _)| !is_one_set || *at != i) {
                match own.iter_mut().find(|nominee| nominee.1 == at) {
                    Some(nominee) if nominee.0 <= squared => {}
                    Some(nominee) => *nominee = (squared, at, moved),
                    None => own.push((squared, at, moved)),
                }
            }
            own.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            own.truncate(NOMINATED);
        }
    }
    nominees
}

/// The place near a first one, by whole pixels, where the thumbnails correlate most.
fn best_place(a: &[u8], b: &[u8], first: [i32; 2]) -> [i32; 2] {
    let mut best = (f64::NEG_INFINITY, first);
    for down in first[1] - AROUND..=first[1] + AROUND {
        for right in first[0] - AROUND..=first[0] + AROUND {
            let correlation = correlation_at(a, b, right, down);
            if correlation > best.0 {
                best = (correlation, [right, down]);
            }
        }
    }
    best.1
}

/// Pearson's correlation of what lies upon each other where `b` is moved by whole pixels; exact sums of whole numbers.
fn correlation_at(a: &[u8], b: &[u8], right: i32, down: i32) -> f64 {
    let span = |by: i32| ((-by).max(0) as usize, (by.max(0) as usize), SIDE - by.unsigned_abs() as usize);
    let ((left, left_b, width), (top, top_b, height)) = (span(right), span(down));
    let [mut sum_a, mut sum_b, mut aa, mut bb, mut ab] = [0i64; 5];
    for y in 0..height {
        let row = |top: usize, left: usize| (top + y) * SIDE + left..(top + y) * SIDE + left + width;
        for (a, b) in a[row(top, left)].iter().zip(&b[row(top_b, left_b)]) {
            let (a, b) = (i64::from(*a), i64::from(*b));
            (sum_a, sum_b, aa, bb, ab) = (sum_a + a, sum_b + b, aa + a * a, bb + b * b, ab + a * b);
        }
    }
    let n = (width * height) as i64;
    let (variance_a, variance_b) = (n * aa - sum_a * sum_a, n * bb - sum_b * sum_b);
    if variance_a == 0 || variance_b == 0 { 0.0 } else { (n * ab - sum_a * sum_b) as f64 / ((variance_a as f64).sqrt() * (variance_b as f64).sqrt()) }
}
