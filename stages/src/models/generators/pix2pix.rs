//! pix2pix (Isola et al. 2017) as Liang et al. used it: images of one label translated to another, with dropout as
//! noise.

mod networks;
mod step;

pub use networks::{Discriminator, Generator};
pub use step::Pix2Pix;

use super::adversaries::Observed;
use super::images::channelled;
use super::translation::{self, How, Translation, Translator};
use super::{Defaults, GeneratorConfig, Trainer, TrainingSetup, multiple, no_reconstruction};
use crate::contract::prelude::*;
use crate::data::pairs::{Rule, nearest};
use crate::networks::{Mode, Scope};
use crate::training::AdamParameters;
use hilum_ops::Value;

/// pix2pix (Isola et al. 2017) as Liang et al. used it.
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
    /// Downsampling steps of the U-Net: 8 for 256×256 images; a side of 224 can be halved only 5 times.
    #[serde(default = "levels")]
    pub levels: Whole<2, 8, usize>,
    /// Dropout after the first three upsampling steps, in training and in generation: the only source of noise.
    #[serde(default = "half")]
    pub dropout: Dropout,
    /// Weight of the L1 loss.
    #[serde(default = "hundred")]
    pub l1: NonNegative,
    /// Which image of `to` is the target of an image of `from`.
    #[serde(default)]
    pub pairing: Pairing,
    /// The discriminator's activation.
    #[serde(default)]
    pub activation: Activation,
}

/// How unpaired images are paired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// With a random image, drawn each time.
    #[default]
    Random,
    /// Always with the same image: the first with the first and so on, starting over if there are fewer.
    Cycle,
    /// Always with the most similar image: by squared differences at 16 × 16 pixels.
    Nearest,
}

/// An activation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// ReLU, as stated by Liang et al.
    #[default]
    Relu,
    /// Leaky ReLU with a slope of 0.3, as in the tutorial.
    LeakyRelu,
}

fn one() -> Channels {
    Channels::of(1)
}
fn levels() -> Whole<2, 8, usize> {
    Whole::of(8)
}
fn half() -> Dropout {
    Dropout::of(0.5)
}
fn hundred() -> NonNegative {
    NonNegative::of(100.0)
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
        multiple(1 << *self.levels, 32, side)
    }
    fn trainer<'s>(&self, s: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>> {
        let networks = Pix2Pix::new(self, &s.adam, s.device, s.init_streams().each_mut())?;
        let [from, to] = [&s.images[0], &s.images[1]];
        let rule = match self.pairing {
            Pairing::Random => Rule::Unaligned { epoch_len: from.len() },
            Pairing::Cycle => Rule::Fixed((0..from.len()).map(|i| i % to.len()).collect()),
            Pairing::Nearest => Rule::Fixed(nearest(from, to, s.side)),
        };
        // Images that are paired on purpose are augmented alike.
        let alike = self.pairing != Pairing::Random;
        Ok(Box::new(Translation::new(networks, How { rule, alike, channels: *self.channels, decay: 0.0 }, s)?))
    }
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn super::Generator>> {
        Ok(Box::new(Opened { generator: Generator::new(*self.channels, *self.levels, *self.dropout, scope)?, channels: *self.channels }))
    }
}

impl Translator for Pix2Pix {
    fn step_on(&mut self, [from, to]: &[Value; 2], draws: &mut Stream) -> Result<Observed> {
        self.step(from, to, draws)
    }
    fn translate(&self, image: &Value, draws: &Stream) -> Result<Value> {
        // The same draws at every preview, apart from those of the training. Running statistics change, but are not used.
        self.generator.forward(image, &mut Mode::Train(&mut draws.item(0)))
    }
}

struct Opened {
    generator: Generator,
    channels: usize,
}

impl super::Generator for Opened {
    fn translate(&self, images: &Value, numbers: &[u64], draws: &Stream, and_back: bool) -> Result<Value> {
        if and_back {
            return Err(no_reconstruction());
        }
        // Batch statistics are part of generation: each image is a batch of its own.
        let one = |k: usize| {
            let image = channelled(&images.narrow(0, k, 1)?, self.channels)?;
            self.generator.forward(&image, &mut Mode::Train(&mut draws.item(numbers[k])))
        };
        let each = (0..numbers.len()).map(one).collect::<Result<Vec<_>>>()?;
        Ok(Value::concat(&each.iter().collect::<Vec<_>>(), 0)?)
    }
}
