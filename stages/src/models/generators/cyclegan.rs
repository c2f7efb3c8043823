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
    pub channels: usize,
    /// Channels of the first feature maps of all networks; 64 in the paper.
    #[serde(default = "width")]
    #[schemars(range(min = 1))]
    pub width: usize,
    /// Residual blocks of a generator: 9 in the paper, 6 for images of up to 128 pixels.
    #[serde(default = "blocks")]
    #[schemars(range(min = 1))]
    pub blocks: usize,
    /// Weight of the cycle loss.
    #[serde(default = "cycle")]
    pub cycle: f64,
    /// Weight of the identity loss, as a share of the weight of the cycle loss.
    #[serde(default = "identity")]
    pub identity: f64,
    /// Size of the pool of fake images from earlier steps from which each discriminator is trained.
    #[serde(default = "pool")]
    pub pool: usize,
    /// Decay of an exponential moving average of the generators per step, such as 0.999; the average then generates the images. None
    /// in the paper.
    #[serde(default)]
    pub average: Option<f64>,
    /// Final share of the training in which the learning rate decays to zero.
    #[serde(default = "decay")]
    #[schemars(range(min = 0, max = 1))]
    pub decay: f64,
}

fn one() -> usize {
    1
}
fn width() -> usize {
    64
}
fn blocks() -> usize {
    9
}
fn cycle() -> f64 {
    10.0
}
fn identity() -> f64 {
    0.5
}
fn pool() -> usize {
    50
}
fn decay() -> f64 {
    0.5
}

impl GeneratorConfig for Config {
    fn defaults() -> Defaults {
        Defaults { batch: 1, adam: AdamParameters { learning_rate: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8 } }
    }
    fn check(&self, path: &str) -> Vec<BadParameter> {
        [
            translation::check(&self.from, &self.to, self.channels, path),
            BadParameter::unless(self.width >= 1, &format!("{path}.width"), "must be at least 1"),
            BadParameter::unless(self.blocks >= 1, &format!("{path}.blocks"), "must be at least 1"),
            BadParameter::unless(self.cycle >= 0.0 && self.cycle.is_finite(), &format!("{path}.cycle"), "must be at least 0"),
            BadParameter::unless(self.identity >= 0.0 && self.identity.is_finite(), &format!("{path}.identity"), "must be at least 0"),
            BadParameter::unless(self.average.is_none_or(|a| (0.0..1.0).contains(&a)), &format!("{path}.average"), "must be at least 0 and below 1"),
            BadParameter::unless((0.0..=1.0).contains(&self.decay), &format!("{path}.decay"), "must be between 0 and 1"),
        ]
        .concat()
    }
    fn translates(&self) -> Option<(&str, &str)> {
        Some((&self.from, &self.to))
    }
    fn side_needed(&self, side: usize) -> Option<String> {
        multiple(4, 32, side)
    }
    fn ema_initial_share(&self, steps: usize, _batch: usize) -> f64 {
        self.average.map_or(0.0, |kept| math::pow(kept, steps as f64))
    }
    fn trainer<'s>(&self, s: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>> {
        let networks = CycleGan::new(self, s.side, &s.adam, s.device, s.init_streams().each_mut())?;
        let rule = Rule::Unaligned { epoch_len: s.images[0].len().max(s.images[1].len()) };
        Ok(Box::new(Translation::new(networks, How { rule, alike: false, channels: self.channels, decay: self.decay }, s)?))
    }
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn super::Generator>> {
        Ok(Box::new(Opened { generators: Generators::new(self, scope)?, channels: self.channels }))
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
            g_ab: ResNetGenerator::new(c.channels, c.width, c.blocks, &mut scope.at("there"))?,
            g_ba: ResNetGenerator::new(c.channels, c.width, c.blocks, &mut scope.at("back"))?,
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
