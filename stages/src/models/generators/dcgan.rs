//! DCGAN (Radford, Metz & Chintala 2016), in the layout of Davoodi & Lo Giudice: images from noise.

mod networks;
mod step;

pub use networks::{Discriminator, Generator};
pub use step::Dcgan;

use super::adversaries::{Adversaries, Observed};
use super::images::grey;
use super::sampling::Feed;
use super::{Defaults, GeneratorConfig, PREVIEWS, Trainer, TrainingSetup, exactly};
use crate::contract::one_of::one_of;
use crate::contract::prelude::*;
use crate::networks::Scope;
use crate::training::snapshot::{Restored, Snapshot};
use crate::training::{self, AdamParameters};
use candle_core::Device;
use hilum_ops::{Value, without_history};

/// DCGAN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Side of the images in pixels.
    pub size: Side,
    /// Length of the noise vector.
    pub latent: Size,
    /// Channels of the feature map next to the image; each further one has twice as many. 64 in the paper.
    pub width: Size,
    /// Dropout in the discriminator.
    pub dropout: Dropout,
}

one_of! {
    /// Side of the images in pixels.
    Side: 32, 64, 128;
}

impl Default for Config {
    fn default() -> Self {
        Config { size: Side::of(64), latent: Size::of(100), width: Size::of(64), dropout: Dropout::of(0.5) }
    }
}

impl Config {
    /// Doublings between the 4 × 4 map and the image.
    fn levels(&self) -> usize {
        self.size.ilog2() as usize - 2
    }
    /// Channels of the maps from the image side: width, 2·width, …
    fn channels(&self) -> Vec<usize> {
        (0..self.levels()).map(|i| *self.width << i).collect()
    }
}

impl GeneratorConfig for Config {
    fn defaults() -> Defaults {
        Defaults { batch: 32, adam: AdamParameters::of(2e-4, 0.5, 0.999, 1e-8) }
    }
    fn min_batch(&self) -> u32 {
        2
    }
    fn samples_in_training(&self) -> bool {
        true
    }
    fn side_needed(&self, side: usize) -> Option<String> {
        exactly(*self.size, side)
    }
    fn trainer<'s>(&self, s: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>> {
        let networks = Dcgan::new(self, &s.adam, s.device, s.init_streams().each_mut())?;
        let fixed = training::uniform_noise(&s.cx.stream("grid"), 0, PREVIEWS, *self.latent, s.device)?;
        let feed = Feed::start(&s)?;
        Ok(Box::new(DcganTrainer { networks, feed, fixed, noise: s.cx.stream("noise"), dropout: s.cx.stream("dropout"), latent: *self.latent, s }))
    }
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn super::Generator>> {
        Ok(Box::new(Opened { generator: Generator::new(self, scope)?, latent: *self.latent, device: scope.device().clone() }))
    }
}

struct DcganTrainer<'s, 'e> {
    networks: Dcgan,
    feed: Feed,
    noise: Stream,
    dropout: Stream,
    fixed: Value,
    latent: usize,
    s: TrainingSetup<'s, 'e>,
}

impl Trainer for DcganTrainer<'_, '_> {
    fn step(&mut self, step: usize) -> Result<Observed> {
        let real = self.feed.next()?;
        let z = training::uniform_noise(&self.noise, (step * self.s.batch) as u64, self.s.batch, self.latent, self.s.device)?;
        self.networks.step(&real, &z, &mut self.dropout)
    }
    fn preview(&self) -> Result<Vec<Vec<f32>>> {
        // Running statistics, as in `synthesize`: the grid shows what would be generated now.
        let images = without_history(|| self.networks.generator.forward(&self.fixed, false))?;
        grey(&images)
    }
    fn epoch_len(&self) -> usize {
        self.s.images[0].len()
    }
    fn networks(&self) -> &dyn Adversaries {
        &self.networks
    }
    fn networks_mut(&mut self) -> &mut dyn Adversaries {
        &mut self.networks
    }
    fn save_state(&self, snapshot: Snapshot) -> Snapshot {
        snapshot.thing("dropout", &self.dropout.position())
    }
    fn load_state(&mut self, before: &Restored) -> Result<()> {
        self.dropout.seek(before.thing("dropout")?);
        Ok(())
    }
}

struct Opened {
    generator: Generator,
    latent: usize,
    device: Device,
}

impl super::Generator for Opened {
    fn sample(&self, noise: &Stream, first: u64, n: usize, _truncation: f64) -> Result<Value> {
        self.generator.forward(&training::uniform_noise(noise, first, n, self.latent, &self.device)?, false)
    }
    fn sample_in_training(&self, noise: &Stream, first: u64, n: usize) -> Result<Value> {
        self.generator.forward(&training::uniform_noise(noise, first, n, self.latent, &self.device)?, true)
    }
}
