//! How grey images become the input of a network of others: resized, and each channel normalised.

use crate::contract::prelude::*;
use candle_core::{Device, Tensor};
use hilum_ops::Value;
use rayon::prelude::*;

/// What becomes of grey values in [0, 1] in a channel: `(grey − mean) / deviation`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    /// The grey value that becomes 0.
    pub mean: f32,
    /// The distance from it that becomes 1.
    pub deviation: f32,
}

/// How images are resized; always with the centres of pixels as torch places them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// Bilinearly, each pixel of two by two pixels only (torch's `antialias=False`).
    Bilinear,
    /// Bilinearly, and smoothed first where an image is reduced (torch's `antialias=True`).
    SmoothedBilinear,
    /// By cubics with a = −0.5, smoothed where an image is reduced, along rows and then along columns, each in whole greys: Pillow's
    /// `BICUBIC` of 8-bit images, grey by grey.
    Bicubic,
}

/// How grey images become the input of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// The side that images are resized to, in pixels.
    pub side: usize,
    /// Its channels; the image is in each.
    pub channels: &'static [Channel],
    /// How they are resized to it.
    pub resize: Resize,
}

impl Input {
    /// Images as they are, in [0, 1], in one channel.
    pub fn plain(side: usize) -> Input {
        Input { side, channels: &[Channel { mean: 0.0, deviation: 1.0 }], resize: Resize::SmoothedBilinear }
    }
    /// Images of `side × side` greys each as `[n, self.side, self.side, channels]`.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn tensor(&self, images: &[&[u8]], side: usize, device: &Device) -> Result<Value> {
        let taps = self.resize.taps(side, self.side);
        let per_image = self.side * self.side * self.channels.len();
        let mut values = vec![0f32; images.len() * per_image];
        values.par_chunks_mut(per_image).zip(images).for_each(|(out, image)| {
            let greys = self.resize.resized(image, side, &taps);
            for (out, grey) in out.chunks_exact_mut(self.channels.len()).zip(greys) {
                out.iter_mut().zip(self.channels).for_each(|(out, channel)| *out = (grey - channel.mean) / channel.deviation);
            }
        });
        let shape = (images.len(), self.side, self.side, self.channels.len());
        Ok(Value::constant(Tensor::from_vec(values, shape, device)?))
    }
}

/// Adjacent pixels of a line, and how much of each is in a new pixel.
struct Taps {
    first: usize,
    weights: Vec<f64>,
}

/// Bits after the point of Pillow's weights.
const PILLOW: f64 = (1u32 << 22) as f64;

impl Resize {
    /// The weight of a pixel at a distance from the centre, in pixels or, of what is reduced, in new pixels.
    fn weight(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            Resize::Bilinear | Resize::SmoothedBilinear => (1.0 - x).max(0.0),
            Resize::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Resize::Bicubic if x < 2.0 => -0.5 * (((x - 5.0) * x + 8.0) * x - 4.0),
            Resize::Bicubic => 0.0,
        }
    }

    /// Of every pixel of a line of `to` pixels, those of a line of `from` pixels that it is made of: within one pixel of its centre (two
    /// for cubics), or of its own width where that is more and it is smoothed.
    fn taps(self, from: usize, to: usize) -> Vec<Taps> {
        let scale = from as f64 / to as f64;
        let width = if self == Resize::Bilinear { 1.0 } else { scale.max(1.0) };
        let reach = if self == Resize::Bicubic { 2.0 * width } else { width };
        let of = |i: usize| {
            let centre = (i as f64 + 0.5) * scale;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(from);
            let mut weights: Vec<f64> = (first..end).map(|at| self.weight((at as f64 + 0.5 - centre) / width)).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
            if self == Resize::Bicubic {
                weights.iter_mut().for_each(|weight| *weight = (*weight * PILLOW).round() / PILLOW);
            }
            Taps { first, weights }
        };
        (0..to).map(of).collect()
    }

    /// What is kept of a sum of greys. Sums of whole greys by Pillow's weights are exact.
    fn kept(self, grey: f64) -> f64 {
        if self == Resize::Bicubic { (grey + 0.5).floor().clamp(0.0, 255.0) } else { grey }
    }

    /// A square image of `side` pixels as a square of as many pixels as there are `taps`, in [0, 1].
    fn resized(self, image: &[u8], side: usize, taps: &[Taps]) -> Vec<f32> {
        let sum = |tap: &Taps, at: &dyn Fn(usize) -> f64| self.kept(tap.weights.iter().zip(tap.first..).map(|(weight, i)| weight * at(i)).sum());
        // Along rows, then along columns.
        let wide: Vec<f64> = image.chunks_exact(side).flat_map(|row| taps.iter().map(|tap| sum(tap, &|i| f64::from(row[i])))).collect();
        let to = taps.len();
        taps.iter().flat_map(|tap| (0..to).map(|x| (sum(tap, &|y| wide[y * to + x]) / 255.0) as f32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(image: &[u8], side: usize, to: usize, resize: Resize) -> Vec<f32> {
        resize.resized(image, side, &resize.taps(side, to)).iter().map(|v| v * 255.0).collect()
    }

    /// What `torch.nn.functional.interpolate(mode='bilinear', align_corners=False)` gives.
    #[test]
    fn pixels_are_those_of_torch() {
        let ramp: Vec<u8> = (0..16).map(|i| i * 10).collect();
        let near = |found: Vec<f32>, wanted: &[f32]| assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
        // Rows differ by 40, columns by 10.
        let enlarged = of(&ramp, 4, 8, Resize::SmoothedBilinear);
        near(enlarged[..8].to_vec(), &[0.0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30.0]);
        near(enlarged[8..10].to_vec(), &[10.0, 12.5]);
        assert_eq!(enlarged, of(&ramp, 4, 8, Resize::Bilinear), "smoothing is for what is reduced");
        // Two by two pixels around each centre.
        near(of(&ramp, 4, 2, Resize::Bilinear), &[25.0, 45.0, 105.0, 125.0]);
        // Weights 3, 3, 1 of 7 at the borders.
        let line: Vec<u8> = [0, 70, 140, 210].repeat(4);
        near(of(&line, 4, 2, Resize::SmoothedBilinear)[..2].to_vec(), &[50.0, 160.0]);
        near(of(&ramp, 4, 4, Resize::SmoothedBilinear), &ramp.iter().map(|v| f32::from(*v)).collect::<Vec<_>>());
    }

    /// What Pillow 12 gives: `Image.resize((n, n), Image.BICUBIC)` of 8-bit greys, to the last grey. Steps overshoot, and are cut off.
    #[test]
    fn cubics_are_those_of_pillow() {
        let steps = [0, 255, 0, 255, 9, 255, 0, 255, 0, 90, 0, 0, 255, 255, 130, 17, 99, 201, 3, 250, 255, 254, 1, 0, 77];
        let greys = |to: usize| of(&steps, 5, to, Resize::Bicubic).iter().map(|v| v.round() as u8).collect::<Vec<_>>();
        assert_eq!(greys(3), [127, 129, 84, 37, 179, 154, 169, 85, 84]);
        let enlarged = greys(7);
        assert_eq!(enlarged[..14], [0, 164, 213, 0, 212, 172, 0, 160, 130, 118, 143, 112, 73, 51]);
        assert_eq!(enlarged[35..], [120, 147, 165, 109, 6, 64, 187, 255, 255, 196, 0, 0, 30, 71]);
        assert_eq!(greys(5), steps, "an image that fits stays");
    }

    #[test]
    fn an_image_that_fits_is_only_normalised_and_is_in_every_channel() {
        let channels: &'static [Channel] = &[Channel { mean: 0.5, deviation: 0.25 }, Channel { mean: 0.0, deviation: 1.0 }];
        let input = Input { side: 2, channels, resize: Resize::Bilinear };
        let x = input.tensor(&[&[0, 255, 51, 102], &[255; 4]], 2, &Device::Cpu).unwrap();
        assert_eq!(x.dims(), [2, 2, 2, 2]);
        let values = x.to_vec().unwrap();
        assert_eq!(values[..4], [-2.0, 0.0, 2.0, 1.0]);
        assert!((values[4] + 1.2).abs() < 1e-6 && values[8..] == [2.0, 1.0].repeat(4)[..]);
        let plain = Input::plain(2).tensor(&[&[0, 255, 51, 102]], 2, &Device::Cpu).unwrap();
        assert_eq!(plain.to_vec().unwrap(), crate::training::image_tensor(&[&[0, 255, 51, 102]], 2, &Device::Cpu).unwrap().to_vec().unwrap());
    }
}
