//! A step of DCGAN as in Davoodi & Lo Giudice and PyTorch's tutorial: the discriminator sees a real and a fake batch
//! apart, their gradients are summed into one step; the generator's step uses the same batch through the updated
//! discriminator.

use super::{Config, Discriminator, Generator};
use crate::contract::prelude::*;
use crate::models::generators::adversaries::{Adversaries, Observed, fresh};
use crate::networks::{Mode, Weights};
use crate::training::AdamParameters;
use candle_core::Device;
use hilum_ops::{Optimiser, Value, bce_with_logits, mean_probability, norm_of};

/// DCGAN with an optimiser for each network.
pub struct Dcgan {
    /// Makes images.
    pub generator: Generator,
    discriminator: Discriminator,
    weights: [Weights; 2],
    optimisers: [Optimiser; 2],
}

impl Dcgan {
    /// Fresh weights, the generator's from the first stream.
    pub fn new(c: &Config, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let (generator, of_g) = fresh(device, g, |s| Generator::new(c, s))?;
        let (discriminator, of_d) = fresh(device, d, |s| Discriminator::new(c, s))?;
        Ok(Dcgan { generator, discriminator, optimisers: [&of_g, &of_d].map(|w| adam.build(w.trained())), weights: [of_g, of_d] })
    }

    /// One step on real images `[n, size, size, 1]` in [−1, 1] and noise `[n, 1, 1, latent]`.
    pub fn step(&mut self, real: &Value, z: &Value, dropout: &mut Stream) -> Result<Observed> {
        let [of_g, of_d] = &mut self.optimisers;
        let mut judge = |images: &Value| self.discriminator.forward(images, &mut Mode::Train(dropout));

        let fake = self.generator.forward(z, true)?;
        let (on_real, on_fake) = (judge(real)?, judge(&fake.detach())?);
        let d_loss = bce_with_logits(&on_real, 1.0)?.add(&bce_with_logits(&on_fake, 0.0)?)?;
        let to_d = d_loss.backward()?;
        of_d.step(&to_d)?;

        let judged = judge(&fake)?;
        drop(fake);
        let g_loss = bce_with_logits(&judged, 1.0)?;
        // The discriminator's own gradients nobody needs here.
        let to_g = g_loss.backward_to(of_g.weights())?;
        of_g.step(&to_g)?;
        Ok(Observed {
            discriminator: d_loss.scalar()?,
            generator: g_loss.scalar()?,
            on_real: mean_probability(&on_real)?,
            on_fake: mean_probability(&on_fake)?,
            norms: [norm_of(&to_d)?, norm_of(&to_g)?],
            terms: vec![("d-fake-after", mean_probability(&judged)?)],
        })
    }
}

impl Adversaries for Dcgan {
    fn weights(&self) -> Vec<(&'static str, &Weights)> {
        vec![("generator", &self.weights[0]), ("discriminator", &self.weights[1])]
    }
    fn optimisers(&mut self) -> Vec<(&'static str, &mut Optimiser)> {
        ["generator.optimiser", "discriminator.optimiser"].into_iter().zip(&mut self.optimisers).collect()
    }
}
