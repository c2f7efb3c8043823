//! Finds duplicates among the decoded images: equal grey values in two files, or a slightly changed copy.

use crate::contract::prelude::*;
use crate::data::contents::{Content, Contents, Likeness, Pair, greys_of};
use crate::data::grey::Grey;
use crate::duplicates::{self, RADIUS, near_duplicate};
use crate::words::counted;
use hilum_cache::Digest;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// At most this many near-duplicate pairs are listed.
const MAX_PAIRS: usize = 10_000;
/// At most this many pairs are nominated by their hashes.
const MAX_NOMINATED: usize = 2_000_000;

/// Images whose brightest grey value leaves this many of 16 bits unused are brightened before they are compared.
const DARK: u32 = 3;

/// What is needed to compare an image with another.
pub(super) struct ImageSignature {
    greys: Digest,
    /// None for a constant image, which looks like every other such image.
    hash: Option<u64>,
    thumbnail: Vec<u8>,
}

impl ImageSignature {
    pub(super) fn at(grey: &Grey) -> ImageSignature {
        let (width, height) = (grey.width as usize, grey.height as usize);
        // Grey values in the lowest bits of 16 would vanish in 8 bits: images are compared as bright as they can be.
        let unused = grey.extent().1.leading_zeros();
        let shift = if (DARK..16).contains(&unused) { unused } else { 0 };
        let small: Vec<u8> = grey.pixels.iter().map(|v| (((u32::from(*v) << shift) + 128) / 257) as u8).collect();
        let thumbnail = duplicates::thumbnail(&small, width, height);
        let hash = (!duplicates::is_constant(&thumbnail)).then(|| duplicates::phash(&small, width, height));
        ImageSignature { greys: greys_of(grey), hash, thumbnail }
    }
}

/// The contents of a pack of these sorted images.
pub(super) fn contents(looks: &[(Digest, ImageSignature)], cx: &Context) -> Contents {
    let mut of_greys: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    looks.iter().enumerate().for_each(|(i, (_, look))| of_greys.entry(look.greys).or_default().push(i));
    let mut pairs: Vec<Pair> = vec![];
    for same in of_greys.values() {
        // Each is paired with the first: what is equal to one is equal to all.
        pairs.extend(same[1..].iter().map(|i| Pair::new(looks[same[0]].0, looks[*i].0, Likeness::Equal)));
    }
    let equal = pairs.len();
    // One image of each group of equal ones is compared with the others.
    let shown: Vec<usize> = of_greys.values().map(|same| same[0]).filter(|i| looks[*i].1.hash.is_some()).collect();
    let hashes: Vec<u64> = shown.iter().filter_map(|i| looks[*i].1.hash).collect();
    let nominated = duplicates::within(&hashes, RADIUS, MAX_NOMINATED);
    let mut near: Vec<Pair> = nominated
        .pairs
        .par_iter()
        .map(|(a, b, _)| (&looks[shown[*a as usize]], &looks[shown[*b as usize]]))
        .filter(|(a, b)| near_duplicate(&a.1.thumbnail, &b.1.thumbnail))
        .map(|(a, b)| Pair::new(a.0, b.0, Likeness::Near))
        .collect();
    near.sort_unstable();
    note(equal, near.len(), nominated.total - nominated.pairs.len() as u64, cx);
    near.truncate(MAX_PAIRS);
    pairs.append(&mut near);
    pairs.sort_unstable();
    let content = |(image, look): &(Digest, ImageSignature)| Content {
        image: *image,
        greys: look.greys,
        phash: look.hash.map(|h| format!("{h:016x}")).unwrap_or_default(),
    };
    Contents { images: looks.iter().map(content).collect(), pairs, ..Contents::default() }
}

fn note(equal: usize, near: usize, not_compared: u64, cx: &Context) {
    if equal > 0 {
        cx.note(format!("{} the same pixels as another file", counted(equal, "image has", "images have")));
    }
    if near > 0 {
        let listed = if near > MAX_PAIRS { format!("; the first {MAX_PAIRS} are listed") } else { String::new() };
        cx.note(format!("{} near-duplicates (see `duplicates.csv`){listed}", counted(near, "pair of images is", "pairs of images are")));
    }
    if not_compared > 0 {
        let what = counted(not_compared as usize, "further pair of images has a similar hash and was", "further pairs of images have similar hashes and were");
        cx.warn(format!("{what} not compared, so that duplicates may be missed"));
    }
}
