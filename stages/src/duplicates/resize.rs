//! Resizing of greys with a filter that widens when it shrinks, to the bit as Pillow does it. Independent of what the
//! image shows.
//!
//! Pillow (`Resample.c`) resizes in two passes, along rows and then along columns. The weights of a pass are normalised
//! doubles, turned into integers of 22 fractional bits; between the passes greys are rounded to 8 bits. All of it is
//! repeated here, since hashes are compared with those that others have made with Pillow. Pillow 13 takes columns first
//! where that is less work; that moves some greys by one, and is not repeated.

use hilum_ops::weighted_rows;
use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{Arc, LazyLock, Mutex};

/// Bits after the binary point of a weight: 32, less 8 of the grey and 2 for sums that overshoot.
const PRECISION: u32 = 32 - 8 - 2;

/// What weighs the greys around a place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Filter {
    /// A sinc under a sinc window of three lobes.
    Lanczos,
    /// A triangle: bilinear, and a smooth mean where the image shrinks.
    Triangle,
}

impl Filter {
    /// How far it reaches, in pixels of the smaller image.
    fn support(self) -> f64 {
        match self {
            Filter::Lanczos => 3.0,
            Filter::Triangle => 1.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        match self {
            Filter::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Filter::Lanczos => 0.0,
            Filter::Triangle => (1.0 - x.abs()).max(0.0),
        }
    }
}

fn sinc(x: f64) -> f64 {
    // The system's sine differs from machine to machine in its last bit; libm's does not.
    if x == 0.0 { 1.0 } else { crate::math::sin(x * PI) / (x * PI) }
}

/// What one resulting grey is made of: the first grey that counts, and the weights from there on.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

type Sizes = (usize, usize, Filter);

/// Sizes whose taps are kept: images of one device have one size, and the sines take longer than the sums.
const KEPT: usize = 128;
static KNOWN: LazyLock<Mutex<HashMap<Sizes, Arc<Vec<Taps>>>>> = LazyLock::new(Mutex::default);

fn known_taps(sizes: Sizes) -> Arc<Vec<Taps>> {
    if let Some(known) = KNOWN.lock().expect("BUG: poisoned").get(&sizes) {
        return known.clone();
    }
    let made = Arc::new(taps(sizes.0, sizes.1, sizes.2));
    let mut known = KNOWN.lock().expect("BUG: poisoned");
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(sizes, made.clone());
    made
}

fn taps(from: usize, to: usize, filter: Filter) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let widened = scale.max(1.0);
    let support = filter.support() * widened;
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            // `as` cuts negative numbers off at 0, and Pillow does.
            let first = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            let weights: Vec<f64> = (first..end).map(|x| filter.weight((x as f64 - centre + 0.5) * (1.0 / widened))).collect();
            let sum: f64 = weights.iter().sum();
            let weights = weights.iter().map(|w| if sum == 0.0 { *w } else { w / sum }).map(fixed).collect();
            Taps { first, weights }
        })
        .collect()
}

/// The nearest integer of 22 fractional bits, halves away from zero.
fn fixed(weight: f64) -> i32 {
    let scaled = weight * f64::from(1u32 << PRECISION);
    (if weight < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

/// The grey of a sum of weighted greys.
fn grey(sum: i32) -> u8 {
    ((sum + (1 << (PRECISION - 1))) >> PRECISION).clamp(0, 255) as u8
}

/// An image of `size` (width, height), row by row, as one of `to`.
///
/// # Panics
///
/// Where the image has no pixel or `greys` does not fill its size.
pub(super) fn resize(greys: &[u8], size: (usize, usize), to: (usize, usize), filter: Filter) -> Vec<u8> {
    let (width, height) = size;
    assert!(width > 0 && height > 0 && greys.len() == width * height, "{} greys are not an image of {width} by {height}", greys.len());
    // Along rows is along columns of the transposed image: whole lines are weighted at a time.
    let narrow = shrink(&transposed(greys, width), height, &known_taps((width, to.0, filter)));
    shrink(&transposed(&narrow, height), to.0, &known_taps((height, to.1, filter)))
}

/// Lines of `length` greys, of which each resulting one is a weighted sum of some.
fn shrink(lines: &[u8], length: usize, taps: &[Taps]) -> Vec<u8> {
    let mut out = Vec::with_capacity(length * taps.len());
    let mut sums = vec![0i32; length];
    for t in taps {
        sums.fill(0);
        weighted_rows(&mut sums, &t.weights, &lines[t.first * length..]);
        out.extend(sums.iter().map(|sum| grey(*sum)));
    }
    out
}

/// The image with rows for columns.
fn transposed(greys: &[u8], width: usize) -> Vec<u8> {
    let height = greys.len() / width;
    let mut out = vec![0; greys.len()];
    // Some rows at a time, so that what is written stays near.
    for (block, rows) in greys.chunks(BLOCK * width).enumerate() {
        for x in 0..width {
            let column = &mut out[x * height + block * BLOCK..];
            column.iter_mut().zip(rows[x..].iter().step_by(width)).for_each(|(to, grey)| *to = *grey);
        }
    }
    out
}

/// Rows that are transposed at a time.
const BLOCK: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_the_size_asked_for_stays_as_it_is() {
        let greys: Vec<u8> = (0..24u32).map(|i| (i * 37 % 256) as u8).collect();
        for filter in [Filter::Lanczos, Filter::Triangle] {
            assert_eq!(resize(&greys, (6, 4), (6, 4), filter), greys);
        }
    }

    #[test]
    fn one_grey_stays_one_grey_at_any_size() {
        for (size, to) in [((1, 1), (32, 32)), ((3, 70), (64, 64)), ((500, 2), (7, 9))] {
            for filter in [Filter::Lanczos, Filter::Triangle] {
                assert!(resize(&vec![201; size.0 * size.1], size, to, filter).iter().all(|g| *g == 201));
            }
        }
    }
}
