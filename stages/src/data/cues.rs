//! Changes to an image that take a cue from it: its border, all but its border, its grey level and contrast, its fine detail. Pixels in,
//! pixels out, row by row; independent of networks and of stages.

use crate::math::exp;

/// What images of a set have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// Their mean, pixel by pixel, from 0 to 255.
    pub mean: Vec<u8>,
    /// The mean over images of their mean grey value.
    pub grey: f64,
    /// The mean over images of the standard deviation of their grey values.
    pub contrast: f64,
}

/// The mean of grey values and their standard deviation.
fn grey_and_contrast(pixels: &[u8]) -> (f64, f64) {
    let count = pixels.len().max(1) as f64;
    let mean = pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / count;
    let squares = pixels.iter().map(|p| square(f64::from(*p) - mean)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

fn square(x: f64) -> f64 {
    x * x
}

fn to_grey(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

impl Common {
    /// Of images of one size; none where there are none.
    pub fn of<'a>(images: impl Iterator<Item = &'a [u8]>) -> Option<Common> {
        // Sums of whole numbers, so that the order of images decides nothing.
        let mut sums: Vec<u64> = vec![];
        let (mut greys, mut contrasts) = (vec![], vec![]);
        for pixels in images {
            sums.resize(pixels.len(), 0);
            sums.iter_mut().zip(pixels).for_each(|(sum, p)| *sum += u64::from(*p));
            let (grey, contrast) = grey_and_contrast(pixels);
            greys.push(grey);
            contrasts.push(contrast);
        }
        if greys.is_empty() {
            return None;
        }
        let count = greys.len() as f64;
        let mean = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.iter().sum::<f64>() / count
        };
        Some(Common { mean: sums.iter().map(|sum| to_grey(*sum as f64 / count)).collect(), grey: mean(&mut greys), contrast: mean(&mut contrasts) })
    }

    /// The image with the grey level and the contrast of the set: a line through its grey values, cut off at black and white. An image of
    /// one grey value becomes one of the grey level.
    pub fn equalised(&self, pixels: &[u8]) -> Vec<u8> {
        let (grey, contrast) = grey_and_contrast(pixels);
        let slope = if contrast > 0.0 { self.contrast / contrast } else { 0.0 };
        pixels.iter().map(|p| to_grey(self.grey + slope * (f64::from(*p) - grey))).collect()
    }
}

/// Part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// The pixels near its edges.
    Border,
    /// The others.
    Inside,
}

/// The image with the pixels of a region as they are in `filled`; the border is `strip` pixels wide on each edge.
pub fn replaced(pixels: &[u8], filled: &[u8], side: usize, strip: usize, region: Region) -> Vec<u8> {
    let is_inside = |at: usize| (strip..side.saturating_sub(strip)).contains(&at);
    let is_in_region = |at: usize| (is_inside(at / side) && is_inside(at % side)) == (region == Region::Inside);
    pixels.iter().zip(filled).enumerate().map(|(at, (own, other))| if is_in_region(at) { *other } else { *own }).collect()
}

/// The image under a Gaussian filter of a standard deviation in pixels, with the pixels at the edges continued beyond them; as it is where
/// that is 0.
pub fn smoothed(pixels: &[u8], side: usize, deviation: f64) -> Vec<u8> {
    filtered(pixels, side, deviation).into_iter().map(to_grey).collect()
}

/// See [`smoothed`], without rounding.
fn filtered(pixels: &[u8], side: usize, deviation: f64) -> Vec<f64> {
    let own: Vec<f64> = pixels.iter().map(|p| f64::from(*p)).collect();
    if deviation <= 0.0 || side == 0 {
        return own;
    }
    let radius = (3.0 * deviation).ceil() as usize;
    let bell: Vec<f64> = (0..=2 * radius).map(|at| exp(-0.5 * square((at as f64 - radius as f64) / deviation))).collect();
    let total: f64 = bell.iter().sum();
    // One axis after the other; `step` leads to the next pixel along it.
    let along = |from: &[f64], step: usize| {
        let mut out = vec![0.0; from.len()];
        for (at, out) in out.iter_mut().enumerate() {
            let place = at / step % side;
            let first = at - place * step;
            let near = |offset: usize| from[first + (place + offset).saturating_sub(radius).min(side - 1) * step];
            *out = bell.iter().enumerate().map(|(offset, weight)| weight * near(offset)).sum::<f64>() / total;
        }
        out
    };
    along(&along(&own, side), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const SIDE: usize = 8;

    fn noise(seed: usize) -> Vec<u8> {
        (0..SIDE * SIDE).map(|at| ((at * 97 + seed * 31) % 200) as u8).collect()
    }

    #[test]
    fn a_region_is_replaced_and_the_other_is_left() {
        let (own, white) = (noise(1), vec![255; SIDE * SIDE]);
        for strip in 1..4 {
            let no_border = replaced(&own, &white, SIDE, strip, Region::Border);
            let only_border = replaced(&own, &white, SIDE, strip, Region::Inside);
            let inside = (SIDE - 2 * strip) * (SIDE - 2 * strip);
            assert_eq!(no_border.iter().filter(|p| **p == 255).count(), SIDE * SIDE - inside);
            assert_eq!(only_border.iter().filter(|p| **p == 255).count(), inside);
            assert!(no_border.iter().zip(&only_border).zip(&own).all(|((a, b), own)| a == own && *b == 255 || b == own && *a == 255));
        }
        assert_eq!(replaced(&own, &white, SIDE, 5, Region::Border), white, "there is nothing inside");
    }

    #[test]
    fn equalised_images_have_the_grey_level_and_contrast_of_the_set() {
        let set = [noise(1), noise(2), noise(3).iter().map(|p| p / 2).collect()];
        let common = Common::of(set.iter().map(Vec::as_slice)).unwrap();
        for pixels in &set {
            let (grey, contrast) = grey_and_contrast(&common.equalised(pixels));
            assert!((grey - common.grey).abs() < 0.5 && (contrast - common.contrast).abs() < 0.5, "{grey} {contrast} {common:?}");
        }
        assert_eq!(common.equalised(&[7; 64]), [common.grey.round() as u8; 64], "of one grey value");
        // As many images above as below, and in any order.
        assert_eq!(Common::of([[10u8; 4], [20; 4]].iter().map(|p| &p[..])).unwrap(), Common { mean: vec![15; 4], grey: 15.0, contrast: 0.0 });
        assert_eq!(Common::of(set.iter().rev().map(Vec::as_slice)).unwrap(), common);
        assert_eq!(Common::of(std::iter::empty()), None);
    }

    /// `tests/oracle/shortcuts.py`.
    #[test]
    fn a_smoothed_image_is_that_of_scipy() {
        let all: Value = serde_json::from_str(include_str!("../../tests/oracle/shortcuts.json")).unwrap();
        let numbers = |value: &Value| value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<f64>>();
        for case in all["smooth"].as_array().unwrap() {
            let pixels: Vec<u8> = numbers(&case["pixels"]).iter().map(|p| *p as u8).collect();
            let found = filtered(&pixels, case["side"].as_u64().unwrap() as usize, case["sigma"].as_f64().unwrap());
            let wanted = numbers(&case["smooth"]);
            assert!(found.len() == wanted.len() && found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{}", case["sigma"]);
        }
        assert_eq!(smoothed(&noise(4), SIDE, 0.0), noise(4));
        assert_eq!(smoothed(&[40; 64], SIDE, 2.0), [40; 64]);
    }
}
