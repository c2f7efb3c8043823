//! Synthetic images that have the very pixels of a training image, as they are or mirrored from left to right.

use std::collections::HashMap;

/// A training image whose pixels a synthetic image has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Its place among the training images; the first, where several have these pixels.
    pub training: usize,
    /// True where only the mirrored pixels are equal.
    pub is_mirrored: bool,
}

fn mirrored(pixels: &[u8], side: usize) -> Vec<u8> {
    pixels.chunks(side.max(1)).flat_map(|row| row.iter().rev().copied()).collect()
}

/// Of every synthetic image, the training image that it is a copy of. Images are rows of `side` greys each, from the top.
pub fn copies(training: &[&[u8]], synthetic: &[&[u8]], side: usize) -> Vec<Option<Copied>> {
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    for (at, pixels) in training.iter().enumerate() {
        places.entry(pixels).or_insert(at);
    }
    let copied = |pixels: &[u8]| {
        let as_it_is = places.get(pixels).map(|at| Copied { training: *at, is_mirrored: false });
        as_it_is.or_else(|| places.get(mirrored(pixels, side).as_slice()).map(|at| Copied { training: *at, is_mirrored: true }))
    };
    synthetic.iter().map(|pixels| copied(pixels)).collect()
}

/// Which images of one set have the pixels of another image of it, as they are or mirrored.
pub fn shared_pixels(images: &[&[u8]], side: usize) -> Vec<bool> {
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    images.iter().for_each(|pixels| *counts.entry(pixels).or_default() += 1);
    let is_shared = |pixels: &[u8]| {
        let mirrored = mirrored(pixels, side);
        // One that is symmetric has itself for its mirror image.
        counts[pixels] > 1 || (mirrored != pixels && counts.contains_key(mirrored.as_slice()))
    };
    images.iter().map(|pixels| is_shared(pixels)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_one_set_that_share_pixels_are_told_from_those_that_are_alone() {
        let images: [&[u8]; 6] = [&[1, 2, 3, 4], &[5, 5, 6, 6], &[2, 1, 4, 3], &[7, 8, 9, 9], &[7, 8, 9, 9], &[0, 1, 1, 1]];
        assert_eq!(shared_pixels(&images, 2), [true, false, true, true, true, false]);
    }

    #[test]
    fn equal_and_mirrored_pixels_are_found_and_others_are_not() {
        let training: [&[u8]; 4] = [&[1, 2, 3, 4], &[5, 6, 7, 8], &[1, 2, 3, 4], &[9, 9, 0, 0]];
        let synthetic: [&[u8]; 5] = [&[5, 6, 7, 8], &[2, 1, 4, 3], &[3, 4, 1, 2], &[1, 2, 3, 4], &[9, 9, 0, 0]];
        let copied = |training, is_mirrored| Some(Copied { training, is_mirrored });
        assert_eq!(copies(&training, &synthetic, 2), [copied(1, false), copied(0, true), None, copied(0, false), copied(3, false)]);
        assert_eq!(copies(&[], &synthetic[..1], 2), [None]);
        assert_eq!(copies(&training, &[], 2), []);
    }
}
