//! From images to logits, by residual blocks.

use super::Architecture;
use super::layers::{Convolution, Full};
use crate::contract::prelude::*;
use crate::networks::Scope;
use hilum_ops::{Value, channels_first, concat_channels};

/// Images `[n, size, size, channels]` → logits `[n]`.
pub struct Discriminator {
    from_image: Convolution,
    blocks: Vec<[Convolution; 3]>,
    conv: Convolution,
    fc: Full,
    out: Full,
    group: usize,
}

impl Discriminator {
    /// Weights as in the paper.
    pub fn new(c: &Architecture, scope: &mut Scope) -> Result<Self> {
        let mut from_image = None;
        let mut blocks = vec![];
        for side in c.sides().into_iter().skip(1).rev() {
            let (ci, co) = (c.maps(side), c.maps(side / 2));
            let mut s = scope.at(format!("b{side}"));
            if side == c.size {
                from_image = Some(Convolution::new(c.channels, ci, 1, true, false, &mut s.at("fromrgb"))?);
            }
            let conv0 = Convolution::new(ci, ci, 3, true, false, &mut s.at("conv0"))?;
            let conv1 = Convolution::new(ci, co, 3, true, true, &mut s.at("conv1"))?;
            blocks.push([conv0, conv1, Convolution::new(ci, co, 1, false, true, &mut s.at("skip"))?]);
        }
        let maps = c.maps(4);
        let mut s = scope.at("b4");
        Ok(Discriminator {
            from_image: from_image.ok_or_else(|| Error::data("StyleGAN2 needs images of at least 8×8"))?,
            blocks,
            conv: Convolution::new(maps + 1, maps, 3, true, false, &mut s.at("conv"))?,
            fc: Full::new(maps * 16, maps, 1.0, 0.0, true, &mut s.at("fc"))?,
            out: Full::new(maps, 1, 1.0, 0.0, false, &mut s.at("out"))?,
            group: c.group,
        })
    }

    /// Logits of being real.
    pub fn forward(&self, images: &Value) -> Result<Value> {
        let half = 0.5f64.sqrt();
        let mut x = self.from_image.forward(images, 1.0)?;
        for [conv0, conv1, skip] in &self.blocks {
            let y = conv1.forward(&conv0.forward(&x, 1.0)?, half)?;
            x = skip.forward(&x, half)?.add(&y)?;
        }
        let x = self.conv.forward(&with_deviation(&x, self.group)?, 1.0)?;
        let (n, h, w, c) = x.dims4()?;
        // The weights of the layer count channels first.
        let x = self.fc.forward(&channels_first(&x)?.reshape(&[n, h * w * c])?)?;
        Ok(self.out.forward(&x)?.reshape(&[n])?)
    }
}

/// One more map: how much images of a group differ, on average over places and maps (Karras et al. 2018). Images `i`,
/// `i + n/group`, `i + 2n/group`, … are a group.
fn with_deviation(x: &Value, group: usize) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    let group = group.min(n);
    if n % group != 0 {
        return Err(Error::helped(format!("{n} images do not make groups of {group}"), "choose a batch that `group` divides"));
    }
    let (others, size) = (n / group, h * w * c);
    let grouped = x.reshape(&[group, others, size])?;
    let centred = grouped.sub(&grouped.mean_to(&[1, others, size])?)?;
    let deviation = centred.square()?.mean_to(&[1, others, size])?.shift(1e-8)?.sqrt()?;
    let each = deviation.mean_to(&[1, others, 1])?.repeat_to(&[group, others, 1])?;
    Ok(concat_channels(&[x, &each.reshape(&[n, 1, 1, 1])?.repeat_to(&[n, h, w, 1])?])?)
}
