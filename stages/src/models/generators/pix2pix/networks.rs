//! pix2pix (Isola et al. 2017) as the TensorFlow tutorial has it, which Liang et al. followed: a U-Net whose noise is
//! dropout, and a PatchGAN over the pair. Eight levels need 256×256 images; five take 224×224.

use crate::contract::prelude::*;
use crate::networks::blocks::{BatchNorm, Conv, KERAS, Shape, dropout, normal};
use crate::networks::{Mode, Scope};
use candle_nn::init::Init;
use hilum_ops::{Margins, Rectifier, Value, concat_channels, relu, tanh, zero_pad};

/// Slope of Keras' leaky ReLU.
const LEAKY: Rectifier = Rectifier::Leaky(0.3);

/// A halving and, but for the first, its norm.
fn halving(ci: usize, co: usize, name: String, with_norm: bool, scope: &mut Scope) -> Result<(Conv, Option<BatchNorm>)> {
    let mut s = scope.at(name);
    let conv = Conv::new(Shape::square(ci, co, 4, 2, 1), normal(0.02), None, &mut s.at("conv"))?;
    Ok((conv, with_norm.then(|| BatchNorm::new(co, KERAS, &mut s.at("bn"))).transpose()?))
}

/// Images `[n, s, s, channels]` in [−1, 1], `s` a multiple of `2^levels`, → images of another kind.
pub struct Generator {
    down: Vec<(Conv, Option<BatchNorm>)>,
    up: Vec<(Conv, BatchNorm)>,
    last: Conv,
    dropout: f64,
}

impl Generator {
    /// Convolutions N(0, 0.02); `dropout` is 0.5 in the paper, after the first three doublings.
    pub fn new(channels: usize, levels: usize, dropout: f64, scope: &mut Scope) -> Result<Self> {
        let width = |level: usize| 64 << level.min(3);
        let mut down = vec![];
        for level in 0..levels {
            let ci = if level == 0 { channels } else { width(level - 1) };
            down.push(halving(ci, width(level), format!("down{}", level + 1), level > 0, scope)?);
        }
        let mut up = vec![];
        for (i, level) in (0..levels - 1).rev().enumerate() {
            // The lowest maps come alone, the others beside those from the way down.
            let ci = if i == 0 { width(levels - 1) } else { 2 * width(level + 1) };
            let mut s = scope.at(format!("up{}", i + 1));
            let conv = Conv::transposed(Shape::square(ci, width(level), 4, 2, 1), 0, normal(0.02), None, &mut s.at("conv"))?;
            up.push((conv, BatchNorm::new(width(level), KERAS, &mut s.at("bn"))?));
        }
        let last = Conv::transposed(Shape::square(2 * width(0), channels, 4, 2, 1), 0, normal(0.02), Some(Init::Const(0.0)), &mut scope.at("last"))?;
        Ok(Generator { down, up, last, dropout })
    }

    /// Translates images. Dropout and batch statistics are the noise: they are on in generation, too.
    pub fn forward(&self, images: &Value, mode: &mut Mode) -> Result<Value> {
        let train = mode.is_train();
        let mut maps: Vec<Value> = vec![];
        for (conv, norm) in &self.down {
            let x = maps.last().unwrap_or(images);
            maps.push(match norm {
                None => conv.rectified(x, LEAKY)?,
                Some(norm) => norm.forward(&conv.forward(x)?, train, LEAKY)?,
            });
        }
        let mut x = maps.pop().ok_or_else(|| Error::data("a U-Net without levels"))?;
        for (i, (conv, norm)) in self.up.iter().enumerate() {
            let y = norm.forward(&conv.forward(&x)?, train, if i < 3 { Rectifier::Identity } else { Rectifier::Relu })?;
            let y = if i < 3 { relu(&dropout(&y, self.dropout, mode)?)? } else { y };
            x = concat_channels(&[&y, &maps[maps.len() - 1 - i]])?;
        }
        Ok(tanh(&self.last.forward(&x)?)?)
    }
}

/// An image and its translation, `[n, s, s, channels]` each → logits `[n, s/8 − 2, s/8 − 2, 1]`.
pub struct Discriminator {
    down: Vec<(Conv, Option<BatchNorm>)>,
    conv: Conv,
    norm: BatchNorm,
    last: Conv,
    rectifier: Rectifier,
}

impl Discriminator {
    /// Convolutions N(0, 0.02). `rectifier` is ReLU in the paper's words, leaky in the tutorial.
    pub fn new(channels: usize, rectifier: Rectifier, scope: &mut Scope) -> Result<Self> {
        let down = [(2 * channels, 64), (64, 128), (128, 256)];
        Ok(Discriminator {
            down: down.into_iter().enumerate().map(|(i, (ci, co))| halving(ci, co, format!("down{}", i + 1), i > 0, scope)).collect::<Result<_>>()?,
            conv: Conv::new(Shape::square(256, 512, 4, 1, 0), normal(0.02), None, &mut scope.at("conv"))?,
            norm: BatchNorm::new(512, KERAS, &mut scope.at("bn"))?,
            last: Conv::new(Shape::square(512, 1, 4, 1, 0), normal(0.02), Some(Init::Const(0.0)), &mut scope.at("last"))?,
            rectifier,
        })
    }

    /// Logits of patches.
    pub fn forward(&self, image: &Value, translated: &Value, train: bool) -> Result<Value> {
        let mut x = concat_channels(&[image, translated])?;
        for (conv, norm) in &self.down {
            x = match norm {
                None => conv.rectified(&x, self.rectifier)?,
                Some(norm) => norm.forward(&conv.forward(&x)?, train, self.rectifier)?,
            };
        }
        let x = self.norm.forward(&self.conv.forward(&zero_pad(&x, Margins::all(1))?)?, train, self.rectifier)?;
        self.last.forward(&zero_pad(&x, Margins::all(1))?)
    }
}
