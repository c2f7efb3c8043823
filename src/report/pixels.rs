//! Pixels of single images for a page, from the packs of a run: the one place where the report reads packs, and it reads none where
//! the reader asked for no images. Pictures are small: a report is no archive of images.

use super::artifacts::{ReportArtifact, Subject};
use super::material::Material;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::port::{File, InputArtifact};
use hilum_stages::data::pack::{INDEX, Images};
use hilum_stages::data::png;
use std::collections::{BTreeMap, BTreeSet};

/// Packs that are looked into.
const PACKS: usize = 100;
/// Side of an image on a page in pixels, at most.
pub(super) const SIDE: usize = 160;

/// The pixels of some images.
#[derive(Default)]
pub(super) struct Pixels {
    /// By image: its side, and its pixels from the top left.
    found: BTreeMap<Digest, (usize, Vec<u8>)>,
}

impl Pixels {
    /// Those of these images that the packs of a run have; none in a report without images. The chapter must be about packs.
    ///
    /// # Errors
    /// If a file is damaged or gone.
    pub(super) fn of(m: &Material, wanted: impl IntoIterator<Item = Digest>) -> Result<Pixels> {
        let (mut wanted, mut found): (BTreeSet<Digest>, BTreeMap<_, _>) = (wanted.into_iter().collect(), BTreeMap::new());
        for pack in packs(m) {
            if wanted.is_empty() {
                break;
            }
            let Some(pack) = opened(m, pack, |image| wanted.contains(image))? else { continue };
            wanted.retain(|image| match pack.get(image) {
                Some(pixels) => {
                    let ([side, _], pixels) = smaller([pack.side; 2], pixels, SIDE);
                    found.insert(*image, (side, pixels));
                    false
                }
                None => true,
            });
        }
        Ok(Pixels { found })
    }

    /// An image with its side, made smaller if it is large, if a pack has it.
    pub(super) fn get(&self, image: &Digest) -> Option<(usize, &[u8])> {
        self.found.get(image).map(|(side, pixels)| (*side, pixels.as_slice()))
    }

    /// An image as PNG; none if no pack has it.
    pub(super) fn png(&self, image: &Digest) -> Option<Vec<u8>> {
        let (side, pixels) = self.get(image)?;
        png::encode(pixels, side as u32, side as u32, &[]).ok()
    }
}

/// The first so many of these images, in their order, of the first pack of that side that has any; none in a report without images.
/// The chapter must be about packs.
///
/// # Errors
/// If a file is damaged or gone.
pub(super) fn of_side(m: &Material, wanted: &[Digest], side: usize, most: usize) -> Result<Vec<Vec<u8>>> {
    let is_wanted: BTreeSet<&Digest> = wanted.iter().collect();
    for pack in packs(m) {
        let pack: Option<Images> = opened(m, pack, |image| is_wanted.contains(image))?.filter(|pack| pack.side == side);
        if let Some(pack) = pack {
            return Ok(wanted.iter().filter_map(|image| pack.get(image).map(<[u8]>::to_vec)).take(most).collect());
        }
    }
    Ok(vec![])
}

/// The packs that a chapter is given, each once; none in a report without images.
fn packs<'m>(m: &'m Material) -> impl Iterator<Item = &'m ReportArtifact> {
    let mut known: BTreeSet<Digest> = BTreeSet::new();
    let is_shown = !m.facts.without_images;
    m.of(Subject::PACK).filter(move |pack| is_shown && known.insert(pack.digest)).take(PACKS)
}

/// A pack, if any image that is wanted is among its own; none if it does not open. Its pixels are not looked at before.
fn opened(m: &Material, pack: &ReportArtifact, is_wanted: impl Fn(&Digest) -> bool) -> Result<Option<Images>> {
    let index = pack.bytes(m.store, INDEX)?.and_then(|bytes| Images::read_index(&bytes).ok()).unwrap_or_default();
    if !index.iter().any(|packed| packed.pixels.is_some() && is_wanted(&packed.image)) {
        return Ok(None);
    }
    let files = pack.ending("").map(|e| Ok(File { path: m.store.verified_path(&e.digest)?, name: e.name.clone() })).collect::<Result<Vec<_>>>()?;
    Ok(Images::open(&files).ok())
}

/// An image of this width and height, both divided by the smallest whole number that makes the width fit: means of blocks, what is
/// over at the right and below left away.
pub(super) fn smaller([width, height]: [usize; 2], pixels: &[u8], most: usize) -> ([usize; 2], Vec<u8>) {
    let factor = width.div_ceil(most).max(1);
    let [columns, rows] = [width / factor, height / factor];
    let mean = |x: usize, y: usize| {
        let block = (0..factor).flat_map(|row| pixels[(y * factor + row) * width + x * factor..][..factor].iter());
        let sum: u32 = block.map(|p| u32::from(*p)).sum();
        let count = (factor * factor) as u32;
        ((sum + count / 2) / count) as u8
    };
    ([columns, rows], (0..columns * rows).map(|at| mean(at % columns, at / columns)).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::chapters::Chapter;
    use crate::report::facts::Facts;
    use crate::report::tests::{Made, empty_store, made_of};
    use hilum_cache::WritableStore;
    use hilum_stages::data::pack::NewPack;
    use maud::html;

    /// A stage that packed images of one size, each called by its bytes.
    pub(in crate::report) fn packed(store: &WritableStore, stage: &str, images: &[Vec<u8>]) -> Made {
        made_of(store, stage, &NewPack::of(images.iter().map(|pixels| (Digest::of(pixels), pixels.clone())).collect(), None))
    }

    #[test]
    fn pixels_come_from_the_packs_that_have_them_and_no_other_is_opened() {
        let (held, store) = empty_store();
        let writable = WritableStore::open(&held.path().join("store")).unwrap();
        let (small, large, other) = (vec![1; 4], vec![2; 16], vec![3; 9]);
        let stages = || {
            vec![
                packed(&writable, "other", std::slice::from_ref(&other)),
                packed(&writable, "small", std::slice::from_ref(&small)),
                packed(&writable, "large", std::slice::from_ref(&large)),
            ]
        };
        let facts = Facts { stages: stages(), ..Facts::default() };
        std::fs::remove_file(store.object_path(&Digest::of(&other))).unwrap();
        const PACKED: Chapter = Chapter {
            id: "packed",
            title: "",
            about: &[Subject::PACK],
            render: |m| {
                let [small, large] = [(1, 4), (2, 16)].map(|(byte, n)| Digest::of(&vec![byte; n]));
                let pixels = Pixels::of(m, [small, large, Digest::of(b"in no pack")])?;
                let sides = [small, large].map(|image| pixels.get(&image).map_or(0, |found| found.0));
                let of_side = of_side(m, &[small, large], 4, 9)?;
                Ok(Some(html! { (format!("{sides:?} {} {}", of_side.len(), pixels.png(&small).is_some())) }))
            },
        };
        let said = |facts: &Facts| PACKED.content(facts, &store).unwrap().unwrap().into_string().split("<p ").next().unwrap().to_owned();
        assert_eq!(said(&facts), "[2, 4] 1 true");
        assert_eq!(said(&Facts { stages: stages(), without_images: true, ..Facts::default() }), "[0, 0] 0 false");
    }

    #[test]
    fn large_images_are_means_of_blocks_and_small_ones_as_they_are() {
        assert_eq!(smaller([2, 2], &[1, 2, 3, 4], SIDE), ([2, 2], vec![1, 2, 3, 4]));
        assert_eq!(smaller([4, 3], &[1, 3, 5, 5, 1, 3, 5, 5, 9, 9, 9, 9], 2), ([2, 1], vec![2, 5]));
        let side = SIDE * 2 + 1;
        let pixels: Vec<u8> = (0..side * side).map(|at| if (at % side).is_multiple_of(2) { 10 } else { 21 }).collect();
        let ([small, _], means) = smaller([side; 2], &pixels, SIDE);
        // A third of it: blocks of three columns hold two of one sort and one of the other.
        assert_eq!((small, means.len()), (side / 3, (side / 3) * (side / 3)));
        assert_eq!((means[0], means[1]), (14, 17));
    }
}
