//! Resizing of greys with a filter that widens when it shrinks, to the bit as Pillow does it. Ignorant of what the image shows.
//!
//! Pillow (`Resample.c`) resizes in two passes, along rows and then along columns. The weights of a pass are normalised doubles,
//! turned into integers of 22 fractional bits; between the passes greys are rounded to 8 bits. All of it is repeated here, since
//! hashes are compared with those that others have made with Pillow. Pillow 13 takes columns first where that is less work;
//! that moves some greys by one, and is not repeated.

use std::f64::consts::PI;

/// Bits after the binary point of a weight: 32, less 8 of the grey and 2 for sums that overshoot.
const PRECISION: u32 = 32 - 8 - 2;

/// What weighs the greys around a place.
#[derive(Clone, Copy)]
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
    assert!(width > 0 && height > 0 && greys.len() == width * height, "{} greys are no image of {width} by {height}", greys.len());
    let along = taps(width, to.0, filter);
    let mut narrow = Vec::with_capacity(to.0 * height);
    for row in greys.chunks_exact(width) {
        narrow.extend(along.iter().map(|t| grey(t.weights.iter().zip(&row[t.first..]).map(|(w, g)| w * i32::from(*g)).sum())));
    }
    let mut out = Vec::with_capacity(to.0 * to.1);
    let mut sums = vec![0i32; to.0];
    for t in taps(height, to.1, filter) {
        sums.fill(0);
        // Whole rows at a time: memory is read in its order.
        for (w, row) in t.weights.iter().zip(narrow[t.first * to.0..].chunks_exact(to.0)) {
            sums.iter_mut().zip(row).for_each(|(sum, g)| *sum += w * i32::from(*g));
        }
        out.extend(sums.iter().map(|sum| grey(*sum)));
    }
    out
}

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
