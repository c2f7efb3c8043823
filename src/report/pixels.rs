//! Pixels of single images for a page, from the packs of a run. Pictures are small: a report is no archive of images.

use super::artifacts::ReportArtifact;
use hilum_cache::{Digest, Result, Store};
use hilum_stages::data::pack::Images;
use hilum_stages::data::png;
use std::collections::BTreeSet;

/// Packs that are opened.
const PACKS: usize = 16;
/// Side of a picture in pixels, at most.
const SIDE: usize = 160;

/// The packs of a run.
pub(super) struct Pixels {
    packs: Vec<Images>,
}

impl Pixels {
    /// Opens packs, each once.
    ///
    /// # Errors
    /// If a file is damaged or gone.
    pub(super) fn of<'a>(found: impl Iterator<Item = &'a ReportArtifact>, store: &Store) -> Result<Pixels> {
        let (mut packs, mut known): (Vec<Images>, BTreeSet<Digest>) = (vec![], BTreeSet::new());
        for artifact in found {
            if packs.len() < PACKS && known.insert(artifact.digest) {
                packs.extend(artifact.pack(store)?);
            }
        }
        Ok(Pixels { packs })
    }

    /// An image as PNG, made smaller if it is large; none if no pack has it.
    pub(super) fn png(&self, image: &Digest) -> Option<Vec<u8>> {
        let (side, pixels) = self.packs.iter().find_map(|pack| pack.get(image).map(|pixels| (pack.side, pixels)))?;
        let (side, pixels) = smaller(side, pixels);
        png::encode(&pixels, side as u32, side as u32, &[]).ok()
    }
}

/// A square image whose side is divided by the smallest whole number that makes it fit: means of blocks, what is over at the right
/// and below left away.
fn smaller(side: usize, pixels: &[u8]) -> (usize, Vec<u8>) {
    let factor = side.div_ceil(SIDE).max(1);
    let small = side / factor;
    let mean = |x: usize, y: usize| {
        let block = (0..factor).flat_map(|row| pixels[(y * factor + row) * side + x * factor..][..factor].iter());
        let sum: u32 = block.map(|p| u32::from(*p)).sum();
        let count = (factor * factor) as u32;
        ((sum + count / 2) / count) as u8
    };
    (small, (0..small * small).map(|at| mean(at % small, at / small)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_means_of_blocks_and_small_ones_as_they_are() {
        assert_eq!(smaller(2, &[1, 2, 3, 4]), (2, vec![1, 2, 3, 4]));
        let side = SIDE * 2 + 1;
        let pixels: Vec<u8> = (0..side * side).map(|at| if (at % side).is_multiple_of(2) { 10 } else { 21 }).collect();
        let (small, means) = smaller(side, &pixels);
        // A third of it: blocks of three columns hold two of one sort and one of the other.
        assert_eq!((small, means.len()), (side / 3, (side / 3) * (side / 3)));
        assert_eq!((means[0], means[1]), (14, 17));
    }
}
