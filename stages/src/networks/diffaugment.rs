//! DiffAugment (Zhao et al. 2020): the same kind of random augmentation of real and generated images before the
//! discriminator, against overfitting on few images. It is differentiable, also twice.

use crate::contract::prelude::*;
use candle_core::Tensor;
use hilum_ops::{Shift, Value, translate};

/// Which augmentations are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Brightness, saturation (nothing on grey images) and contrast.
    pub color: bool,
    /// Translation by up to an eighth of the side, padded with zeros.
    pub translation: bool,
    /// A square of half the side set to zero.
    pub cutout: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { color: true, translation: true, cutout: true }
    }
}

/// A pixel; it may be outside the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Centre {
    /// Its row, from the top.
    pub row: isize,
    /// Its column, from the left.
    pub column: isize,
}

/// What was drawn for one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Added to every pixel, in [−0.5, 0.5).
    pub brightness: f64,
    /// Factor on the difference between channels, in [0, 2).
    pub saturation: f64,
    /// Factor on the difference from the image's mean, in [0.5, 1.5).
    pub contrast: f64,
    /// Translation.
    pub shift: Shift,
    /// The centre of the square that is cut out.
    pub cut: Centre,
}

impl Draw {
    /// Draws for an image of `side` pixels.
    pub fn new(side: usize, stream: &mut Stream) -> Draw {
        let reach = (side as f64 * 0.125 + 0.5) as usize;
        let hole = (side as f64 * 0.5 + 0.5) as usize;
        let mut below = |n: usize| stream.below(n) as isize;
        let shift = Shift { down: below(2 * reach + 1) - reach as isize, right: below(2 * reach + 1) - reach as isize };
        let cut = Centre { row: below(side + (1 - hole % 2)), column: below(side + (1 - hole % 2)) };
        Draw { brightness: stream.uniform(-0.5, 0.5), saturation: stream.uniform(0.0, 2.0), contrast: stream.uniform(0.5, 1.5), shift, cut }
    }
}

impl Policy {
    /// Augments images `[n, s, s, c]`, each by its own draw.
    ///
    /// # Errors
    /// Where there is not one draw per image.
    pub fn apply(&self, x: &Value, draws: &[Draw]) -> Result<Value> {
        let (n, h, w, c) = x.dims4()?;
        let mut x = x.clone();
        let of = |f: fn(&Draw) -> f64| -> Result<Value> {
            let values: Vec<f32> = draws.iter().map(|d| f(d) as f32).collect();
            Ok(Value::constant(Tensor::from_vec(values, (n, 1, 1, 1), x.device())?))
        };
        let (brightness, saturation, contrast) = (of(|d| d.brightness)?, of(|d| d.saturation)?, of(|d| d.contrast)?);
        let around = |x: &Value, mean: &Value, factor: &Value| x.sub(mean)?.mul(factor)?.add(mean);
        if self.color {
            x = x.add(&brightness)?;
            if c > 1 {
                x = around(&x, &x.mean_to(&[n, h, w, 1])?, &saturation)?;
            }
            x = around(&x, &x.mean_to(&[n, 1, 1, 1])?, &contrast)?;
        }
        if self.translation {
            x = translate(&x, &draws.iter().map(|d| d.shift).collect::<Vec<_>>())?;
        }
        if self.cutout {
            let hole = (h as f64 * 0.5 + 0.5) as isize;
            let keep = |d: &Draw, i: usize, j: usize| {
                // A square that reaches over the edge is cut off there: indices are clamped to the edge, as in the reference.
                let inside = |at: usize, centre: isize, n: usize| {
                    let (from, to) = (centre - hole / 2, centre - hole / 2 + hole - 1);
                    let last = n as isize - 1;
                    (from.clamp(0, last)..=to.clamp(0, last)).contains(&(at as isize))
                };
                if inside(i, d.cut.row, h) && inside(j, d.cut.column, w) { 0f32 } else { 1.0 }
            };
            let mask: Vec<f32> = draws.iter().flat_map(|d| (0..h).flat_map(move |i| (0..w).map(move |j| keep(d, i, j)))).collect();
            x = x.mul(&Value::constant(Tensor::from_vec(mask, (n, h, w, 1), x.device())?))?;
        }
        Ok(x)
    }
}
