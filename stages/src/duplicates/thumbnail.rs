//! The small image by which a nominated pair is judged. Independent of hashes and of correlation.

use super::resize::{Filter, resize};

/// Width and height of a thumbnail in pixels.
pub const SIDE: usize = 64;

/// The image as 64 by 64 greys, row by row; each is a mean over all that it stands for, weighted by a triangle.
///
/// `grey` holds `height` rows of `width` greys. The aspect is not kept, as a hash does not keep it. The mean matters:
/// an image that has been resized before then has all but the same thumbnail, which single picked pixels would not
/// give.
///
/// # Panics
///
/// Where the image has no pixel or `grey` does not fill its size.
pub fn thumbnail(grey: &[u8], width: usize, height: usize) -> Vec<u8> {
    resize(grey, (width, height), (SIDE, SIDE), Filter::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_half_the_size_has_the_same_thumbnail_but_for_rounding() {
        let (width, height) = (320, 256);
        let greys: Vec<u8> = (0..width * height).map(|i| ((i % width) * 255 / width / 2 + (i / width) * 255 / height / 2) as u8).collect();
        let half = resize(&greys, (width, height), (width / 2, height / 2), Filter::Triangle);
        let (whole, half) = (thumbnail(&greys, width, height), thumbnail(&half, width / 2, height / 2));
        assert_eq!(whole.len(), SIDE * SIDE);
        let most = whole.iter().zip(&half).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(most <= Some(2), "{most:?}"); // Greys of the half are rounded four times.
    }
}
