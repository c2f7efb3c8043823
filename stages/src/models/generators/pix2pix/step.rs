//! A step of pix2pix as in TensorFlow's tutorial, which Liang et al. followed: gradients of both networks by one
//! forward pass, both applied. The discriminator's loss is a sum, not halved.

use super::{Activation, Config, Discriminator, Generator};
use crate::contract::prelude::*;
use crate::models::generators::adversaries::{Adversaries, Observed, fresh};
use crate::networks::{Mode, Weights};
use crate::training::AdamParameters;
use candle_core::Device;
use hilum_ops::{Optimiser, Rectifier, Value, absolute_error, bce_with_logits, mean_probability, norm_of};

/// pix2pix with an optimiser for each network.
pub struct Pix2Pix {
    /// Translates images.
    pub generator: Generator,
    discriminator: Discriminator,
    weights: [Weights; 2],
    optimisers: [Optimiser; 2],
    l1: f64,
}

impl Pix2Pix {
    /// Fresh weights, the generator's from the first stream.
    pub fn new(c: &Config, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let rectifier = match c.activation {
            Activation::Relu => Rectifier::Relu,
            Activation::LeakyRelu => Rectifier::Leaky(0.3),
        };
        let (generator, of_g) = fresh(device, g, |s| Generator::new(*c.channels, *c.levels, *c.dropout, s))?;
        let (discriminator, of_d) = fresh(device, d, |s| Discriminator::new(*c.channels, rectifier, s))?;
        Ok(Pix2Pix { generator, discriminator, optimisers: [&of_g, &of_d].map(|w| adam.build(w.trained())), weights: [of_g, of_d], l1: *c.l1 })
    }

    /// One step on images and those that they should become, `[n, side, side, channels]` in [−1, 1].
    pub fn step(&mut self, from: &Value, to: &Value, dropout: &mut Stream) -> Result<Observed> {
        let [of_g, of_d] = &mut self.optimisers;
        let judge = |images: &Value| self.discriminator.forward(from, images, true);
        let fake = self.generator.forward(from, &mut Mode::Train(dropout))?;
        let (on_real, on_fake) = (judge(to)?, judge(&fake.detach())?);
        let d_loss = bce_with_logits(&on_real, 1.0)?.add(&bce_with_logits(&on_fake, 0.0)?)?;
        let to_d = d_loss.backward()?;

        // The same judgement once more, this time with the way back to the generator; no network has moved in between.
        let fooled = bce_with_logits(&judge(&fake)?, 1.0)?;
        let error = absolute_error(&fake, to)?;
        drop(fake);
        let g_loss = fooled.add(&error.scale(self.l1)?)?;
        let to_g = g_loss.backward_to(of_g.weights())?;
        of_g.step(&to_g)?;
        of_d.step(&to_d)?;
        Ok(Observed {
            discriminator: d_loss.scalar()?,
            generator: g_loss.scalar()?,
            on_real: mean_probability(&on_real)?,
            on_fake: mean_probability(&on_fake)?,
            norms: [norm_of(&to_d)?, norm_of(&to_g)?],
            terms: vec![("adversarial", fooled.scalar()?), ("l1", error.scalar()?)],
        })
    }
}

impl Adversaries for Pix2Pix {
    fn weights(&self) -> Vec<(&'static str, &Weights)> {
        vec![("generator", &self.weights[0]), ("discriminator", &self.weights[1])]
    }
    fn optimisers(&mut self) -> Vec<(&'static str, &mut Optimiser)> {
        ["generator.optimiser", "discriminator.optimiser"].into_iter().zip(&mut self.optimisers).collect()
    }
}
