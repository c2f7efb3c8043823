//! A step of pix2pix as in TensorFlow's tutorial, which Liang et al. followed: gradients of both networks by one forward
//! pass, both applied. The discriminator's loss is a sum, not halved.

use super::{Adversaries, Observed, made};
use crate::contract::prelude::*;
use crate::networks::pix2pix::{Discriminator, Generator};
use crate::networks::{Mode, Weights};
use crate::training::AdamParameters;
use candle_core::Device;
use hilum_ops::{Optimiser, Rectifier, Value, absolute_error, bce_with_logits, mean_probability, norm_of};

/// pix2pix (Isola et al. 2017) as Liang et al. used it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The label of the films to translate.
    pub from: String,
    /// The label of the films that translations should look like.
    pub to: String,
    /// Channels of the networks: 1, or 3 with the grey film in each.
    #[serde(default = "one")]
    pub channels: usize,
    /// Halvings of the U-Net: 8 for films of 256 pixels; 224 is divided by 2 no more than 5 times.
    #[serde(default = "levels")]
    #[schemars(range(min = 2, max = 8))]
    pub levels: usize,
    /// Dropout after the first three doublings, in training and in generation: the only noise there is.
    #[serde(default = "half")]
    #[schemars(range(min = 0, max = 0.95))]
    pub dropout: f64,
    /// Weight of the absolute error.
    #[serde(default = "hundred")]
    pub l1: f64,
    /// Which film of `to` a film of `from` is compared with.
    #[serde(default)]
    pub pairing: Pairing,
    /// The discriminator's activation.
    #[serde(default)]
    pub activation: Activation,
}

/// Which films meet, where nobody paired them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// Any film, drawn anew each time.
    #[default]
    Random,
    /// Always the same film: the first with the first, and again from the first where there are fewer.
    Cycle,
    /// Always the film that looks most alike: by squared differences of both at 16 × 16 pixels.
    Nearest,
}

/// An activation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// ReLU, in the words of Liang et al.
    #[default]
    Relu,
    /// Leaky ReLU with a slope of 0.3, as in the tutorial.
    LeakyRelu,
}

fn one() -> usize {
    1
}
fn levels() -> usize {
    8
}
fn half() -> f64 {
    0.5
}
fn hundred() -> f64 {
    100.0
}

impl Config {
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        [
            BadParameter::unless(self.from != self.to, &format!("{path}.to"), "must be another label than `from`"),
            BadParameter::unless([1, 3].contains(&self.channels), &format!("{path}.channels"), "must be 1 or 3"),
            BadParameter::unless((2..=8).contains(&self.levels), &format!("{path}.levels"), "must lie between 2 and 8"),
            BadParameter::unless((0.0..0.96).contains(&self.dropout), &format!("{path}.dropout"), "must lie between 0 and 0.95"),
            BadParameter::unless(self.l1 >= 0.0 && self.l1.is_finite(), &format!("{path}.l1"), "must be at least 0"),
        ]
        .concat()
    }
}

/// pix2pix with an optimiser for each network.
pub struct Pix2Pix {
    /// Translates films.
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
        let (generator, of_g) = made(device, g, |s| Generator::new(c.channels, c.levels, c.dropout, s))?;
        let (discriminator, of_d) = made(device, d, |s| Discriminator::new(c.channels, rectifier, s))?;
        Ok(Pix2Pix { generator, discriminator, optimisers: [&of_g, &of_d].map(|w| adam.build(w.trained())), weights: [of_g, of_d], l1: c.l1 })
    }

    /// One step on films and those that they should become, `[n, side, side, channels]` in [−1, 1].
    pub fn step(&mut self, from: &Value, to: &Value, dropout: &mut Stream) -> Result<Observed> {
        let [of_g, of_d] = &mut self.optimisers;
        let judge = |films: &Value| self.discriminator.forward(from, films, true);
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
