//! A step of the CycleGAN that Zunair & Hamza trained, in the order of hasibzunair/adversarial-lesions
//! (`train_cyclegan.ipynb`): each discriminator steps on real and on fake images apart, four steps in all; then both
//! generators in one step on six terms. No pool, no decay.

use super::{Config, Discriminator, Generators};
use crate::contract::prelude::*;
use crate::models::generators::adversaries::{Adversaries, Observed, fresh};
use crate::networks::Weights;
use crate::training::AdamParameters;
use candle_core::Device;
use hilum_ops::{Gradients, Optimiser, Value, absolute_error, norm_of, squared_error};

/// Two generators with one optimiser, two discriminators with one each.
pub struct CycleGanZunair {
    /// Translate images.
    pub generators: Generators,
    judges: [Discriminator; 2],
    weights: [Weights; 3],
    optimisers: [Optimiser; 3],
    config: Config,
}

impl CycleGanZunair {
    /// Fresh weights, the generators' from the first stream.
    pub fn new(c: &Config, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let (generators, of_g) = fresh(device, g, |s| Generators::new(c, s))?;
        let (of_from, from) = fresh(device, d, |s| Discriminator::new(*c.channels, s))?;
        let (of_to, to) = fresh(device, d, |s| Discriminator::new(*c.channels, s))?;
        let weights = [of_g, from, to];
        let optimisers = weights.each_ref().map(|w| adam.build(w.trained()));
        Ok(CycleGanZunair { generators, judges: [of_from, of_to], weights, optimisers, config: c.clone() })
    }

    /// One step on images of both kinds, `[n, side, side, channels]` in [−1, 1].
    pub fn step(&mut self, from: &Value, to: &Value) -> Result<Observed> {
        let [of_g, judges @ ..] = &mut self.optimisers;
        let Generators { g_ab, g_ba } = &self.generators;
        let (fake_to, fake_from) = (g_ab.forward(from)?, g_ba.forward(to)?);

        let (mut d_loss, mut judged, mut to_d) = (0.0, [0.0; 2], Gradients::default());
        for (k, (real, fake)) in [(from, &fake_from), (to, &fake_to)].into_iter().enumerate() {
            for (i, (images, target)) in [(real.clone(), 1.0), (fake.detach(), 0.0)].into_iter().enumerate() {
                let on = self.judges[k].forward(&images)?;
                let loss = squared_error(&on, target)?;
                let gradients = loss.backward()?;
                judges[k].step(&gradients)?;
                d_loss += loss.scalar()?;
                judged[i] += on.mean()?.scalar()? / 2.0;
                to_d.add(gradients)?;
            }
        }

        // Through the updated discriminators; their own gradients nobody needs here.
        let fooled = squared_error(&self.judges[0].forward(&fake_from)?, 1.0)?.add(&squared_error(&self.judges[1].forward(&fake_to)?, 1.0)?)?;
        let returned = absolute_error(&g_ba.forward(&fake_to)?, from)?.add(&absolute_error(&g_ab.forward(&fake_from)?, to)?)?;
        let same = absolute_error(&g_ba.forward(from)?, from)?.add(&absolute_error(&g_ab.forward(to)?, to)?)?;
        drop((fake_from, fake_to));
        let (cycle, identity) = (returned.scale(*self.config.cycle)?, same.scale(*self.config.cycle * *self.config.identity)?);
        let g_loss = fooled.add(&cycle)?.add(&identity)?;
        let to_g = g_loss.backward_to(of_g.weights())?;
        of_g.step(&to_g)?;
        Ok(Observed {
            discriminator: d_loss,
            generator: g_loss.scalar()?,
            on_real: judged[0],
            on_fake: judged[1],
            norms: [norm_of(&to_d)?, norm_of(&to_g)?],
            terms: vec![("adversarial", fooled.scalar()?), ("cycle", cycle.scalar()?), ("identity", identity.scalar()?)],
        })
    }
}

impl Adversaries for CycleGanZunair {
    fn weights(&self) -> Vec<(&'static str, &Weights)> {
        ["generator", "discriminator.from", "discriminator.to"].into_iter().zip(&self.weights).collect()
    }
    fn optimisers(&mut self) -> Vec<(&'static str, &mut Optimiser)> {
        ["generator.optimiser", "discriminator.from.optimiser", "discriminator.to.optimiser"].into_iter().zip(&mut self.optimisers).collect()
    }
}
