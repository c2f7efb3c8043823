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

/// How grey images become the input of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// The side that images are resized to, in pixels; bilinearly, with the centres of pixels as torch places them.
    pub side: usize,
    /// Its channels; the image is in each.
    pub channels: &'static [Channel],
    /// True where an image that is reduced is smoothed first (torch's `antialias=True`); false where each pixel is of two by two
    /// pixels only.
    pub is_smoothed: bool,
}

impl Input {
    /// Images as they are, in [0, 1], in one channel.
    pub fn plain(side: usize) -> Input {
        Input { side, channels: &[Channel { mean: 0.0, deviation: 1.0 }], is_smoothed: true }
    }
    /// Images of `side × side` greys each as `[n, self.side, self.side, channels]`.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn tensor(&self, images: &[&[u8]], side: usize, device: &Device) -> Result<Value> {
        let taps = taps(side, self.side, self.is_smoothed);
        let per_image = self.side * self.side * self.channels.len();
        let mut values = vec![0f32; images.len() * per_image];
        values.par_chunks_mut(per_image).zip(images).for_each(|(out, image)| {
            let greys = resized(image, side, &taps);
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

/// Of every pixel of a line of `to` pixels, those of a line of `from` pixels that it is made of: within one pixel of its centre, or
/// of its own width where that is more and it is smoothed.
fn taps(from: usize, to: usize, is_smoothed: bool) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let reach = if is_smoothed { scale.max(1.0) } else { 1.0 };
    let of = |i: usize| {
        let centre = (i as f64 + 0.5) * scale;
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let end = ((centre + reach + 0.5) as usize).min(from);
        let mut weights: Vec<f64> = (first..end).map(|at| (1.0 - (at as f64 + 0.5 - centre).abs() / reach).max(0.0)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Taps { first, weights }
    };
    (0..to).map(of).collect()
}

/// A square image of `side` pixels as a square of as many pixels as there are `taps`, in [0, 1].
fn resized(image: &[u8], side: usize, taps: &[Taps]) -> Vec<f32> {
    let sum = |tap: &Taps, at: &dyn Fn(usize) -> f64| tap.weights.iter().zip(tap.first..).map(|(weight, i)| weight * at(i)).sum::<f64>();
    // Along rows, then along columns.
    let wide: Vec<f64> = image.chunks_exact(side).flat_map(|row| taps.iter().map(|tap| sum(tap, &|i| f64::from(row[i])))).collect();
    let to = taps.len();
    taps.iter().flat_map(|tap| (0..to).map(|x| (sum(tap, &|y| wide[y * to + x]) / 255.0) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(image: &[u8], side: usize, to: usize, is_smoothed: bool) -> Vec<f32> {
        resized(image, side, &taps(side, to, is_smoothed)).iter().map(|v| v * 255.0).collect()
    }

    /// What `torch.nn.functional.interpolate(mode='bilinear', align_corners=False)` gives.
    #[test]
    fn pixels_are_those_of_torch() {
        let ramp: Vec<u8> = (0..16).map(|i| i * 10).collect();
        let near = |found: Vec<f32>, wanted: &[f32]| assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-4), "{found:?}");
        // Rows differ by 40, columns by 10.
        let enlarged = of(&ramp, 4, 8, true);
        near(enlarged[..8].to_vec(), &[0.0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30.0]);
        near(enlarged[8..10].to_vec(), &[10.0, 12.5]);
        assert_eq!(enlarged, of(&ramp, 4, 8, false), "smoothing is for what is reduced");
        // Two by two pixels around each centre.
        near(of(&ramp, 4, 2, false), &[25.0, 45.0, 105.0, 125.0]);
        // Weights 3, 3, 1 of 7 at the borders.
        let line: Vec<u8> = [0, 70, 140, 210].repeat(4);
        near(of(&line, 4, 2, true)[..2].to_vec(), &[50.0, 160.0]);
        near(of(&ramp, 4, 4, true), &ramp.iter().map(|v| f32::from(*v)).collect::<Vec<_>>());
    }

    #[test]
    fn an_image_that_fits_is_only_normalised_and_is_in_every_channel() {
        let channels: &'static [Channel] = &[Channel { mean: 0.5, deviation: 0.25 }, Channel { mean: 0.0, deviation: 1.0 }];
        let input = Input { side: 2, channels, is_smoothed: false };
        let x = input.tensor(&[&[0, 255, 51, 102], &[255; 4]], 2, &Device::Cpu).unwrap();
        assert_eq!(x.dims(), [2, 2, 2, 2]);
        let values = x.to_vec().unwrap();
        assert_eq!(values[..4], [-2.0, 0.0, 2.0, 1.0]);
        assert!((values[4] + 1.2).abs() < 1e-6 && values[8..] == [2.0, 1.0].repeat(4)[..]);
        let plain = Input::plain(2).tensor(&[&[0, 255, 51, 102]], 2, &Device::Cpu).unwrap();
        assert_eq!(plain.to_vec().unwrap(), crate::training::image_tensor(&[&[0, 255, 51, 102]], 2, &Device::Cpu).unwrap().to_vec().unwrap());
    }
}
