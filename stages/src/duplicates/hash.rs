//! The 64-bit perceptual hash of an image, as the Python package ImageHash makes it. Independent of what is done with
//! hashes.
//!
//! C. Zauner, *Implementation and benchmarking of perceptual image hash functions*, Upper Austria University of Applied
//! Sciences, 2010: the image is shrunk to 32 by 32, transformed by a cosine transform (DCT-II) along both axes, and
//! each of the 8 by 8 lowest frequencies gives one bit: whether it lies above their median.

use super::resize::{Filter, resize};
use std::f64::consts::PI;
use std::sync::LazyLock;

/// Side of the image that is transformed.
const SIDE: usize = 32;
/// Frequencies kept along each axis.
const LOW: usize = 8;
/// Bits after the binary point of the cosines.
const PRECISION: u32 = 44;

/// cos(π k (2n + 1) / 64) for frequency k and pixel n, as integers.
///
/// Integers, because the transform of a symmetric image is zero in half of its places, and zero must then lie neither
/// above nor below zero; sums of doubles leave noise there. Every angle is brought into the first quarter, so that
/// opposite cosines cancel to the last bit, and the cosine is libm's, which is the same everywhere.
static COSINES: LazyLock<[[i64; SIDE]; LOW]> = LazyLock::new(|| {
    let quarter = |m: usize| if m == SIDE { 0 } else { (crate::math::cos(PI * m as f64 / (2 * SIDE) as f64) * (1u64 << PRECISION) as f64) as i64 };
    let cosine = |m: usize| {
        let m = m % (4 * SIDE);
        let m = m.min(4 * SIDE - m);
        if m <= SIDE { quarter(m) } else { -quarter(2 * SIDE - m) }
    };
    std::array::from_fn(|k| std::array::from_fn(|n| cosine(k * (2 * n + 1))))
});

/// The hash of an image of `height` rows of `width` greys.
///
/// Bits run as in ImageHash's hexadecimal string: the most significant is the mean, then come the frequencies of the
/// first row from left to right (rows: vertical frequency, columns: horizontal), so `{:016x}` prints what ImageHash
/// prints. Given the same 32 by 32 greys it is ImageHash's hash, but for coefficients that lie on the median to within
/// a millionth of a grey.
///
/// # Panics
///
/// Where the image has no pixel or `grey` does not fill its size.
pub fn phash(grey: &[u8], width: usize, height: usize) -> u64 {
    of_square(&resize(grey, (width, height), (SIDE, SIDE), Filter::Lanczos))
}

/// The hash of 32 by 32 greys.
fn of_square(greys: &[u8]) -> u64 {
    // Along rows: 8 bits of grey, 5 of the sum and 44 of the cosine fit into 64.
    let rows: Vec<[i64; LOW]> =
        greys.chunks_exact(SIDE).map(|row| std::array::from_fn(|k| row.iter().zip(&COSINES[k]).map(|(g, c)| i64::from(*g) * c).sum())).collect();
    let mut low = [0i128; LOW * LOW];
    for (i, out) in low.iter_mut().enumerate() {
        *out = rows.iter().zip(&COSINES[i / LOW]).map(|(row, c)| i128::from(row[i % LOW]) * i128::from(*c)).sum();
    }
    let mut sorted = low;
    sorted.sort_unstable();
    // Twice the median, which of 64 is the mean of the two in the middle.
    let median = sorted[LOW * LOW / 2 - 1] + sorted[LOW * LOW / 2];
    low.iter().fold(0, |hash, c| hash << 1 | u64::from(2 * c > median))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        width: usize,
        height: usize,
        /// The greys as two hexadecimal digits each.
        grey: String,
        /// What Pillow makes of it at 32 by 32.
        square: String,
        hash: String,
    }

    fn greys(digits: &str) -> Vec<u8> {
        (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    fn oracle() -> Vec<Case> {
        serde_json::from_str(include_str!("../../tests/oracle/phash.json")).unwrap()
    }

    #[test]
    fn shrunken_images_are_those_of_pillow_to_the_bit() {
        for case in oracle() {
            let square = resize(&greys(&case.grey), (case.width, case.height), (SIDE, SIDE), Filter::Lanczos);
            assert_eq!(square, greys(&case.square), "{}", case.name);
        }
    }

    #[test]
    fn hashes_are_those_of_imagehash_to_the_bit() {
        let cases = oracle();
        assert!(cases.len() >= 10);
        for case in cases {
            let hash = phash(&greys(&case.grey), case.width, case.height);
            assert_eq!(format!("{hash:016x}"), case.hash, "{}", case.name);
            assert_eq!(of_square(&greys(&case.square)), hash, "{}", case.name);
        }
    }

    #[test]
    fn an_image_of_one_grey_differs_from_black_by_its_mean_alone() {
        assert_eq!(phash(&[0; 40 * 30], 40, 30), 0);
        assert_eq!(phash(&[77; 40 * 30], 40, 30), 1 << 63);
    }

    #[test]
    fn a_symmetric_image_has_no_bit_that_noise_decides() {
        // Symmetric about the vertical axis: odd horizontal frequencies are nothing, and so lie all on the same side.
        let greys: Vec<u8> = (0..SIDE * SIDE).map(|i| ((i % SIDE).min(SIDE - 1 - i % SIDE) * 9 + i / SIDE * 3 % 50) as u8).collect();
        let hash = of_square(&greys);
        let odd: Vec<bool> = (0..64).filter(|i| i % 2 == 1).map(|i| hash >> (63 - i) & 1 == 1).collect();
        assert!(odd.iter().all(|bit| *bit == odd[0]), "{hash:016x}");
    }
}
