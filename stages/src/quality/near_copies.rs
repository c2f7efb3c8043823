//! Synthetic images that show a training image though their pixels differ: moved, mirrored, noisy, brighter, or saved with loss.
//!
//! Two steps, as for duplicates of real images: all pairs are compared as 16 by 16 greys at 25 places upon each other, as they are
//! and mirrored, which nominates a few training images for each image; these are laid upon it at 64 by 64 greys and judged by
//! their correlation in the large and in fine structure. Knows no features, no classes, and not which of the sets is which.

use super::{Features, Watch};
use crate::duplicates::{Agreement, SIDE, agreement_near, is_constant, thumbnail};
use crate::neighbours::{nearest, part};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pixels of a thumbnail along each side of a coarse one.
const COARSE: usize = 4;
/// Width and height of coarse images.
const SMALL: usize = SIDE / COARSE;
/// Coarse pixels by which images are moved upon each other, to either side: an eighth of the width.
const FURTHEST: usize = 2;
/// Width and height of what is compared: the part of an image that lies upon the other one after every move.
const CROP: usize = SMALL - 2 * FURTHEST;
/// Training images that are laid upon an image, of those that are as they are and of mirrored ones each.
const NOMINATED: usize = 3;

/// The least correlation in the large of near copies.
pub const CORRELATION: f64 = 0.95;
/// The least agreement of their fine structure.
pub const DETAIL: f64 = 0.6;

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
    /// True where they show one picture.
    pub fn is_near_copy(&self) -> bool {
        self.agreement.correlation >= CORRELATION && self.agreement.detail >= DETAIL
    }
}

/// Images as thumbnails and coarse ones.
pub struct Looks {
    thumbnails: Vec<Vec<u8>>,
    coarse: Vec<[f64; SMALL * SMALL]>,
}

impl Looks {
    /// Of square images, as rows of `side` greys each.
    pub fn of(images: &[&[u8]], side: usize) -> Looks {
        let thumbnails: Vec<Vec<u8>> = images.par_iter().map(|greys| thumbnail(greys, side, side)).collect();
        let coarse = thumbnails.par_iter().map(|greys| coarse(greys)).collect();
        Looks { thumbnails, coarse }
    }

    /// The same images, mirrored from left to right.
    fn mirrored(&self) -> Looks {
        let thumbnails: Vec<Vec<u8>> = self.thumbnails.par_iter().map(|greys| greys.chunks(SIDE).flat_map(|row| row.iter().rev().copied()).collect()).collect();
        let coarse = thumbnails.par_iter().map(|greys| coarse(greys)).collect();
        Looks { thumbnails, coarse }
    }

    /// What lies in the middle of each after it was moved, with mean 0 and length 1, so that the nearest correlate most.
    fn crops(&self, [right, down]: [usize; 2]) -> Features {
        let crop = |greys: &[f64; SMALL * SMALL]| -> Vec<f64> {
            let mut crop: Vec<f64> = (0..CROP).flat_map(|y| greys[(y + down) * SMALL + right..][..CROP].iter().copied()).collect();
            let mean = crop.iter().sum::<f64>() / crop.len() as f64;
            crop.iter_mut().for_each(|grey| *grey -= mean);
            let length = crop.iter().map(|grey| grey * grey).sum::<f64>().sqrt();
            if length > 0.0 {
                crop.iter_mut().for_each(|grey| *grey /= length);
            }
            crop
        };
        Features::unchecked(self.coarse.iter().flat_map(crop).collect(), CROP * CROP)
    }
}

fn coarse(thumbnail: &[u8]) -> [f64; SMALL * SMALL] {
    let mut coarse = [0.0; SMALL * SMALL];
    for (at, grey) in thumbnail.iter().enumerate() {
        coarse[at / SIDE / COARSE * SMALL + at % SIDE / COARSE] += f64::from(*grey);
    }
    coarse
}

/// For every image, the training image that it looks most like; none where nothing in the set could be like it.
///
/// `O(n²)`, at nearly the speed of 50 products of matrices with 144 columns.
pub fn likest(training: &Looks, images: &Looks, watch: Watch) -> Vec<Option<Likest>> {
    found(training, Some(images), watch)
}

/// For every image of one set, the other image of it that it looks most like.
pub fn likest_others(training: &Looks, watch: Watch) -> Vec<Option<Likest>> {
    found(training, None, watch)
}

/// A training image that may be like an image, where it would lie upon it, and the squared distance of their crops.
type Nominee = (f64, usize, [f64; 2]);

fn found(training: &Looks, images: Option<&Looks>, watch: Watch) -> Vec<Option<Likest>> {
    let own = images.unwrap_or(training);
    let mirrored = own.mirrored();
    let as_it_is = nominated(training, own, images.is_none(), &part(watch, 0.0, 0.4));
    let turned = nominated(training, &mirrored, images.is_none(), &part(watch, 0.4, 0.8));
    let done = AtomicUsize::new(0);
    let best = |i: usize| -> Option<Likest> {
        let judged = |image: &[u8], nominees: &[Nominee], is_mirrored: bool| -> Vec<Likest> {
            let of = |(_, at, moved): &Nominee| Likest { training: *at, is_mirrored, agreement: agreement_near(image, &training.thumbnails[*at], *moved) };
            nominees.iter().map(of).collect()
        };
        if is_constant(&own.thumbnails[i]) {
            return None;
        }
        let mut all = judged(&own.thumbnails[i], &as_it_is[i], false);
        all.extend(judged(&mirrored.thumbnails[i], &turned[i], true));
        part(watch, 0.8, 1.0)((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / own.thumbnails.len() as f64);
        let order = |a: &Likest, b: &Likest| {
            let (a, b) = (a.agreement, b.agreement);
            a.detail.total_cmp(&b.detail).then(a.correlation.total_cmp(&b.correlation))
        };
        // Of equals the first, which is as it is.
        all.into_iter().reduce(|best, next| if order(&next, &best).is_gt() { next } else { best })
    };
    let out = (0..own.thumbnails.len()).into_par_iter().map(best).collect();
    watch(1.0);
    out
}

/// For every image, the training images whose crops correlate most with its middle, each at its best place.
fn nominated(training: &Looks, images: &Looks, is_one_set: bool, watch: Watch) -> Vec<Vec<Nominee>> {
    let middle = images.crops([FURTHEST; 2]);
    let mut nominees: Vec<Vec<Nominee>> = vec![vec![]; images.thumbnails.len()];
    let moves = 2 * FURTHEST + 1;
    for n in 0..moves * moves {
        let place = [n % moves, n / moves];
        let watch = part(watch, n as f64 / (moves * moves) as f64, (n + 1) as f64 / (moves * moves) as f64);
        let moved = place.map(|p| (p as f64 - FURTHEST as f64) * COARSE as f64);
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
