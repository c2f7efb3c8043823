//! The CycleGAN that Zunair & Hamza trained (2020): a small U-Net, from Keras-GAN.

mod networks;
mod step;

pub use networks::{Discriminator, Generator};
pub use step::CycleGanZunair;

use super::adversaries::Observed;
use super::images::channelled;
use super::translation::{self, How, Translation, Translator};
use super::{Defaults, GeneratorConfig, Trainer, TrainingSetup, multiple};
use crate::contract::prelude::*;
use crate::data::pairs::Rule;
use crate::networks::Scope;
use crate::training::AdamParameters;
use hilum_ops::Value;

/// The CycleGAN of Zunair & Hamza (2020): a small U-Net.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The label of the images to translate.
    pub from: String,
    /// The label of the images that translations should look like.
    pub to: String,
    /// Channels of the networks: 3 with the grey image in each, as published, or 1.
    #[serde(default = "three")]
    pub channels: Channels,
    /// Weight of the cycle loss.
    #[serde(default = "cycle")]
    pub cycle: NonNegative,
    /// Weight of the identity loss, as a share of the weight of the cycle loss.
    #[serde(default = "identity")]
    pub identity: NonNegative,
}

fn three() -> Channels {
    Channels::of(3)
}
fn cycle() -> NonNegative {
    NonNegative::of(10.0)
}
fn identity() -> NonNegative {
    NonNegative::of(0.1)
}

impl GeneratorConfig for Config {
    fn defaults() -> Defaults {
        Defaults { batch: 1, adam: AdamParameters::of(2e-4, 0.5, 0.999, 1e-7) }
    }
    fn check(&self, path: &str) -> Vec<BadParameter> {
        translation::check(&self.from, &self.to, path)
    }
    fn translates(&self) -> Option<(&str, &str)> {
        Some((&self.from, &self.to))
    }
    fn side_needed(&self, side: usize) -> Option<String> {
        multiple(16, 0, side)
    }
    fn trainer<'s>(&self, s: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>> {
        let networks = CycleGanZunair::new(self, &s.adam, s.device, s.init_streams().each_mut())?;
        // Both images of a pair are mirrored, or neither.
        Ok(Box::new(Translation::new(networks, How { rule: Rule::Shuffled, alike: true, channels: *self.channels, decay: 0.0 }, s)?))
    }
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn super::Generator>> {
        Ok(Box::new(Opened { generators: Generators::new(self, scope)?, channels: *self.channels }))
    }
}

/// Both generators, which share one optimiser. Tensors of the first are named `there`, those of the second `back`.
pub struct Generators {
    /// From `from` to `to`.
    pub g_ab: Generator,
    /// From `to` to `from`.
    pub g_ba: Generator,
}

impl Generators {
    /// Builds both.
    pub fn new(c: &Config, scope: &mut Scope) -> Result<Self> {
        Ok(Generators { g_ab: Generator::new(*c.channels, &mut scope.at("there"))?, g_ba: Generator::new(*c.channels, &mut scope.at("back"))? })
    }
}

impl Translator for CycleGanZunair {
    fn step_on(&mut self, [from, to]: &[Value; 2], _: &mut Stream) -> Result<Observed> {
        self.step(from, to)
    }
    fn translate(&self, image: &Value, _: &Stream) -> Result<Value> {
        self.generators.g_ab.forward(image)
    }
}

struct Opened {
    generators: Generators,
    channels: usize,
}

impl super::Generator for Opened {
    fn translate(&self, images: &Value, _: &[u64], _: &Stream, and_back: bool) -> Result<Value> {
        let b = self.generators.g_ab.forward(&channelled(images, self.channels)?)?;
        if and_back { self.generators.g_ba.forward(&b) } else { Ok(b) }
    }
}
