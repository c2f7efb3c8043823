//! CycleGAN (Zhu et al. 2017): images of one label translated to another, and back.

pub mod patchgan;
pub mod resnet_generator;
mod step;

pub use step::CycleGan;

use super::adversaries::Observed;
use super::images::channelled;
use super::pool::by_chance;
use super::translation::{self, How, Translation, Translator};
use super::{Defaults, GeneratorConfig, Trainer, TrainingSetup, multiple};
use crate::contract::prelude::*;
use crate::data::pairs::Rule;
use crate::math;
use crate::networks::Scope;
use crate::training::AdamParameters;
use hilum_ops::Value;
use resnet_generator::ResNetGenerator;

/// CycleGAN (Zhu et al. 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The label of the images to translate.
    pub from: String,
    /// The label of the images that translations should look like.
    pub to: String,
    /// Channels of the networks: 1, or 3 with the grey image in each.
    #[serde(default = "one")]
    pub channels: Channels,
    /// Channels of the first feature maps of all networks; 64 in the paper.
    #[serde(default = "width")]
    pub width: Size,
    /// Residual blocks of a generator: 9 in the paper, 6 for images of up to 128×128.
    #[serde(default = "blocks")]
    pub blocks: Size,
    /// Weight of the cycle loss.
    #[serde(default = "cycle")]
    pub cycle: NonNegative,
    /// Weight of the identity loss, as a share of the weight of the cycle loss.
    #[serde(default = "identity")]
    pub identity: NonNegative,
    /// Size of the pool of fake images from earlier steps from which each discriminator is trained.
    #[serde(default = "pool")]
    pub pool: usize,
    /// Decay of an exponential moving average of the generators per step, such as 0.999; the average then generates the
    /// images. None in the paper.
    #[serde(default)]
    pub ema_decay: Option<PartialShare>,
    /// Final share of the training in which the learning rate decays to zero.
    #[serde(default = "decay")]
    pub decay: Share,
}

fn one() -> Channels {
    Channels::of(1)
}
fn width() -> Size {
    Size::of(64)
}
fn blocks() -> Size {
    Size::of(9)
}
fn cycle() -> NonNegative {
    NonNegative::of(10.0)
}
fn identity() -> NonNegative {
    NonNegative::of(0.5)
}
fn pool() -> usize {
    50
}
fn decay() -> Share {
    Share::of(0.5)
}

impl GeneratorConfig for Config {
    fn defaults() -> Defaults {
        Defaults { batch: 1, adam: AdamParameters::of(2e-4, 0.5, 0.999, 1e-8) }
    }
    fn check(&self, path: &str) -> Vec<BadParameter> {
        translation::check(&self.from, &self.to, path)
    }
    fn translates(&self) -> Option<(&str, &str)> {
        Some((&self.from, &self.to))
    }
    fn side_needed(&self, side: usize) -> Option<String> {
        multiple(4, 32, side)
    }
    fn ema_initial_share(&self, steps: usize, _batch: usize) -> f64 {
        self.ema_decay.map_or(0.0, |kept| math::pow(*kept, steps as f64))
    }
    fn trainer<'s>(&self, s: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>> {
        let networks = CycleGan::new(self, s.side, &s.adam, s.device, s.init_streams().each_mut())?;
        let rule = Rule::Unaligned { epoch_len: s.images[0].len().max(s.images[1].len()) };
        Ok(Box::new(Translation::new(networks, How { rule, alike: false, channels: *self.channels, decay: *self.decay }, s)?))
    }
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn super::Generator>> {
        Ok(Box::new(Opened { generators: Generators::new(self, scope)?, channels: *self.channels }))
    }
}

/// Both generators, which share one optimiser. Tensors of the first are named `there`, those of the second `back`.
pub struct Generators {
    /// From `from` to `to`.
    pub g_ab: ResNetGenerator,
    /// From `to` to `from`.
    pub g_ba: ResNetGenerator,
}

impl Generators {
    /// Builds both.
    pub fn new(c: &Config, scope: &mut Scope) -> Result<Self> {
        Ok(Generators {
            g_ab: ResNetGenerator::new(*c.channels, *c.width, *c.blocks, &mut scope.at("there"))?,
            g_ba: ResNetGenerator::new(*c.channels, *c.width, *c.blocks, &mut scope.at("back"))?,
        })
    }
}

impl Translator for CycleGan {
    fn step_on(&mut self, [from, to]: &[Value; 2], draws: &mut Stream) -> Result<Observed> {
        self.step(from, to, by_chance(draws))
    }
    fn translate(&self, image: &Value, _: &Stream) -> Result<Value> {
        self.generators().g_ab.forward(image)
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
