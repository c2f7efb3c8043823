//! Which images show one picture, by their pixels. Independent of labels, sources and patients.

use super::{By, Deduplicate, images};
use crate::contract::prelude::*;
use crate::data::embedding::Embedding;
use crate::data::pack::ImageStore;
use crate::data::sample::Sample;
use crate::duplicates::search::{Look, Match, search};
use crate::duplicates::{Agreement, thumbnail};
use crate::kinds::spaces;
use crate::neighbours::nearest_others;
use crate::quality::Features;
use crate::records::SameBy;
use crate::words::counted;
use hilum_cache::Digest;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Images that features nominate for each.
const NEAREST: usize = 10;
/// Shares of the time that is taken until images are shrunk, and until features are searched.
const SHRUNK: f64 = 0.3;
const NOMINATED: f64 = 0.5;

/// Two images that show one picture, by their places among all images, the smaller one first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tie {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) same_by: SameBy,
    /// Bits of their hashes that differ, and how far they agree, where their pixels are not the same.
    pub(super) measured: Option<(u32, Agreement)>,
}

/// The pairs of images that show one picture. Images with the same pixels are tied to the first of them, which is compared with others
/// for all of them.
pub(super) fn ties(stage: &Deduplicate, rows: &[Sample], store: &ImageStore, features: Option<&[Embedding]>, cx: &Context) -> Result<Vec<Tie>> {
    let (images, places) = images(rows);
    let present: Vec<usize> = (0..images.len()).filter(|at| !store.has_left_out(&images[*at])).collect();
    let gone = images.len() - present.len();
    if gone > 0 {
        cx.note(format!("{} compared by files alone: `prepare` left {} out", counted(gone, "image is", "images are"), if gone == 1 { "it" } else { "them" }));
    }
    cx.share_done(0.0)?;
    let pixels = |at: usize| store.get(&images[at]);
    let digests = present.par_iter().map(|at| Ok(Digest::of(pixels(*at)?))).collect::<Result<Vec<Digest>>>()?;
    let mut of_pixels: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    for (digest, at) in digests.into_iter().zip(&present) {
        of_pixels.entry(digest).or_default().push(*at);
    }
    let same = |same: &Vec<usize>| same[1..].iter().map(|second| (same[0], *second)).collect::<Vec<_>>();
    let equal = of_pixels.values().flat_map(same).map(|(first, second)| Tie { first, second, same_by: SameBy::Pixels, measured: None });
    let mut ties: Vec<Tie> = equal.collect();
    if stage.by == By::Look {
        let mut shown: Vec<usize> = of_pixels.into_values().map(|same| same[0]).collect();
        shown.sort_unstable();
        let look = |at: &usize| -> Result<Option<(usize, Look)>> {
            let look = Look::of(thumbnail(pixels(*at)?, store.side, store.side));
            Ok(look.map(|look| (*at, look)))
        };
        let looks = shown.par_iter().map(look).collect::<Result<Vec<_>>>()?;
        let (shown, looks): (Vec<usize>, Vec<Look>) = looks.into_iter().flatten().unzip();
        cx.share_done(SHRUNK)?;
        let further = match features {
            Some(features) => {
                let first_row = |at: &usize| rows[places.partition_point(|place| place < at)].clone();
                near(stage, &shown.iter().map(first_row).collect::<Vec<_>>(), features, cx)?
            }
            None => vec![],
        };
        cx.share_done(NOMINATED)?;
        let found = search(&looks, stage.mirrored, &further, &cx.share_of_part(NOMINATED, 1.0));
        if found.not_compared > 0 {
            let what = counted(found.not_compared, "further pair of images has similar hashes and was", "further pairs of images have similar hashes and were");
            cx.warn(format!("{what} not compared, so that duplicates may be missed"));
        }
        ties.extend(found.pairs.into_iter().map(|Match { first, second, is_mirrored, distance, agreement }| Tie {
            first: shown[first as usize],
            second: shown[second as usize],
            same_by: if is_mirrored { SameBy::Mirrored } else { SameBy::Look },
            measured: Some((distance, agreement)),
        }));
    }
    Ok(ties)
}

/// Pairs of these rows that are near by their features, each with the smaller place first.
fn near(stage: &Deduplicate, rows: &[Sample], features: &[Embedding], cx: &Context) -> Result<Vec<(u32, u32)>> {
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let space = spaces::one_space(features)?;
    cx.note(format!("images that are near by features of {} are compared, too", space.name));
    let features = space.features(rows)?;
    let unit = |i: usize| {
        let row = features.row(i);
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        row.iter().map(move |v| if length > 0.0 { v / length } else { 0.0 })
    };
    let units = Features::of((0..features.count()).flat_map(unit).collect(), features.dimensions()).map_err(Error::data)?;
    // Of vectors of length 1, the squared distance is 2 − 2 cos.
    let farthest = 2.0 - 2.0 * *stage.cosine;
    let nearest = nearest_others(&units, NEAREST, &cx.share_of_part(SHRUNK, NOMINATED));
    let of = |(i, near): (usize, crate::neighbours::Nearest)| {
        let pairs = near.at.into_iter().zip(near.squared).filter(|(_, squared)| *squared <= farthest);
        pairs.map(|(j, _)| (i.min(j) as u32, i.max(j) as u32)).collect::<Vec<_>>()
    };
    Ok(nearest.into_iter().enumerate().flat_map(of).collect())
}
