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

/// Of every synthetic image, the training image that it is a copy of. Images are rows of `side` greys each, from the top.
pub fn copies(training: &[&[u8]], synthetic: &[&[u8]], side: usize) -> Vec<Option<Copied>> {
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    for (at, pixels) in training.iter().enumerate() {
        places.entry(pixels).or_insert(at);
    }
    let mirrored = |pixels: &[u8]| -> Vec<u8> { pixels.chunks(side.max(1)).flat_map(|row| row.iter().rev().copied()).collect() };
    let copied = |pixels: &[u8]| {
        let as_it_is = places.get(pixels).map(|at| Copied { training: *at, is_mirrored: false });
        as_it_is.or_else(|| places.get(mirrored(pixels).as_slice()).map(|at| Copied { training: *at, is_mirrored: true }))
    };
    synthetic.iter().map(|pixels| copied(pixels)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
