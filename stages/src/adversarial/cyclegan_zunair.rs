//! A step of the CycleGAN that Zunair & Hamza trained, in the order of hasibzunair/adversarial-lesions
//! (`train_cyclegan.ipynb`): each discriminator steps on real and on made films apart, four steps in all; then both
//! generators in one step on six terms. No pool, no decay.

use super::{Adversaries, Observed, made};
use crate::contract::prelude::*;
use crate::networks::Weights;
use crate::networks::keras_cyclegan::{Discriminator, Generator};
use crate::training::AdamParameters;
use candle_core::Device;
use hilum_ops::{Gradients, Optimiser, Value, absolute_error, norm_of, squared_error};

/// The CycleGAN of Zunair & Hamza (2020): a small U-Net.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The label of the films to translate.
    pub from: String,
    /// The label of the films that translations should look like.
    pub to: String,
    /// Channels of the networks: 3 with the grey film in each, as published, or 1.
    #[serde(default = "three")]
    pub channels: usize,
    /// Weight of the cycle loss.
    #[serde(default = "cycle")]
    pub cycle: f64,
    /// Weight of the identity loss, as a share of that of the cycle loss.
    #[serde(default = "identity")]
    pub identity: f64,
}

fn three() -> usize {
    3
}
fn cycle() -> f64 {
    10.0
}
fn identity() -> f64 {
    0.1
}

impl Config {
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        [
            BadParameter::unless(self.from != self.to, &format!("{path}.to"), "must be another label than `from`"),
            BadParameter::unless([1, 3].contains(&self.channels), &format!("{path}.channels"), "must be 1 or 3"),
            BadParameter::unless(self.cycle >= 0.0 && self.cycle.is_finite(), &format!("{path}.cycle"), "must be at least 0"),
            BadParameter::unless(self.identity >= 0.0 && self.identity.is_finite(), &format!("{path}.identity"), "must be at least 0"),
        ]
        .concat()
    }
}

/// Both generators, whose weights have one optimiser.
pub struct Generators {
    /// From `from` to `to`.
    pub there: Generator,
    /// From `to` to `from`.
    pub back: Generator,
}

impl Generators {
    /// Builds both below names of their own.
    pub fn new(c: &Config, scope: &mut crate::networks::Scope) -> Result<Self> {
        Ok(Generators { there: Generator::new(c.channels, &mut scope.at("there"))?, back: Generator::new(c.channels, &mut scope.at("back"))? })
    }
}

/// Two generators with one optimiser, two discriminators with one each.
pub struct CycleGanZunair {
    /// Translate films.
    pub generators: Generators,
    judges: [Discriminator; 2],
    weights: [Weights; 3],
    optimisers: [Optimiser; 3],
    config: Config,
}

impl CycleGanZunair {
    /// Fresh weights, the generators' from the first stream.
    pub fn new(c: &Config, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let (generators, of_g) = made(device, g, |s| Generators::new(c, s))?;
        let (of_from, from) = made(device, d, |s| Discriminator::new(c.channels, s))?;
        let (of_to, to) = made(device, d, |s| Discriminator::new(c.channels, s))?;
        let weights = [of_g, from, to];
        let optimisers = weights.each_ref().map(|w| adam.build(w.trained()));
        Ok(CycleGanZunair { generators, judges: [of_from, of_to], weights, optimisers, config: c.clone() })
    }

    /// One step on films of both kinds, `[n, side, side, channels]` in [−1, 1].
    pub fn step(&mut self, from: &Value, to: &Value) -> Result<Observed> {
        let [of_g, judges @ ..] = &mut self.optimisers;
        let Generators { there, back } = &self.generators;
        let (made_to, made_from) = (there.forward(from)?, back.forward(to)?);

        let (mut d_loss, mut judged, mut to_d) = (0.0, [0.0; 2], Gradients::default());
        for (k, (real, made)) in [(from, &made_from), (to, &made_to)].into_iter().enumerate() {
            for (i, (films, target)) in [(real.clone(), 1.0), (made.detach(), 0.0)].into_iter().enumerate() {
                let on = self.judges[k].forward(&films)?;
                let loss = squared_error(&on, target)?;
                let gradients = loss.backward()?;
                judges[k].step(&gradients)?;
                d_loss += loss.scalar()?;
                judged[i] += on.mean()?.scalar()? / 2.0;
                to_d.add(gradients)?;
            }
        }

        // Through the updated discriminators; their own gradients nobody needs here.
        let fooled = squared_error(&self.judges[0].forward(&made_from)?, 1.0)?.add(&squared_error(&self.judges[1].forward(&made_to)?, 1.0)?)?;
        let returned = absolute_error(&back.forward(&made_to)?, from)?.add(&absolute_error(&there.forward(&made_from)?, to)?)?;
        let same = absolute_error(&back.forward(from)?, from)?.add(&absolute_error(&there.forward(to)?, to)?)?;
        drop((made_from, made_to));
        let (cycle, identity) = (returned.scale(self.config.cycle)?, same.scale(self.config.cycle * self.config.identity)?);
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
