//! StyleGAN2 (Karras et al. 2020) with DiffAugment (Zhao et al. 2020): images from noise, trained on few images.

mod networks;
mod step;
mod trainer;

pub use networks::{Architecture, Discriminator, Generator, Noise};
pub use step::{Draws, StyleGan2};

use super::{Defaults, GeneratorConfig, Trainer, TrainingSetup, exactly};
use crate::contract::bounds::bounds;
use crate::contract::one_of::one_of;
use crate::contract::prelude::*;
use crate::math;
use crate::networks::Scope;
use crate::networks::diffaugment::Policy;
use crate::training::{self, AdamParameters};
use candle_core::Device;
use hilum_ops::Value;
use trainer::StyleGan2Trainer;

/// StyleGAN2 (Karras et al. 2020) with DiffAugment (Zhao et al. 2020), with the settings for few images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Side of the images in pixels.
    pub size: Side,
    /// Channels of the networks: 1, or 3 with the grey image in each.
    pub channels: Channels,
    /// Layers between noise and style: 2 for few images, 8 in the paper.
    pub mapping_depth: Whole<1, 16, usize>,
    /// Channels of all feature maps, as a share of the paper's.
    pub width: Width,
    /// Length of the noise vector and of the style vector.
    pub latent: Size,
    /// Images over which the discriminator's minibatch standard deviation is computed; must divide the batch.
    pub group: Count,
    /// Weight of R1, the squared gradient of the discriminator at real images (γ of Mescheder et al. 2018).
    pub r1: NonNegative,
    /// Weight of the path length regularisation.
    pub path_length: NonNegative,
    /// Probability of style mixing: generating an image with the styles of two noise vectors.
    pub mixing: Share,
    /// Half-life of the generator's moving average, in thousands of images.
    pub ema_kimg: NonNegative,
    /// Limits the half-life to this share of the images so far, such as 0.05, so that the average of a short training
    /// forgets the initial weights. None in the reference's configuration for few images.
    pub ramp: Option<Positive>,
    /// Augmentations of real and fake images before the discriminator.
    pub diffaugment: Policy,
}

bounds! {
    /// Channels, as a share of the paper's.
    Width: from 0.01, to 2;
}

one_of! {
    /// Side of the images in pixels.
    Side: 32, 64, 128, 256;
}

impl Default for Config {
    fn default() -> Self {
        let Architecture { size, channels, mapping_depth, width, latent, group } = Architecture::default();
        Config {
            size: Side::of(size),
            channels: Channels::of(channels),
            mapping_depth: Whole::of(mapping_depth),
            width: Width::of(width),
            latent: Size::of(latent),
            group: Count::of(group as u32),
            r1: NonNegative::of(10.0),
            path_length: NonNegative::of(2.0),
            mixing: Share::of(0.9),
            ema_kimg: NonNegative::of(10.0),
            ramp: None,
            diffaugment: Policy::default(),
        }
    }
}

impl Config {
    /// The architecture of the networks.
    pub fn architecture(&self) -> Architecture {
        let Config { size, channels, mapping_depth, width, latent, group, .. } = *self;
        Architecture { size: *size, channels: *channels, mapping_depth: *mapping_depth, width: *width, latent: *latent, group: *group as usize }
    }
    /// The decay of the moving average over `n` images, after `seen` others.
    fn kept(&self, seen: usize, n: usize) -> f64 {
        let half_life = *self.ema_kimg * 1000.0;
        let half_life = self.ramp.map_or(half_life, |share| half_life.min(seen as f64 * *share));
        if half_life > 0.0 { math::pow(0.5, n as f64 / half_life) } else { 0.0 }
    }
}

impl GeneratorConfig for Config {
    fn defaults() -> Defaults {
        Defaults { batch: 8, adam: AdamParameters::of(2e-3, 0.0, 0.99, 1e-8) }
    }
    fn min_batch(&self) -> u32 {
        2
    }
    fn batch_fault(&self, batch: u32) -> Option<&'static str> {
        let divides = batch.is_multiple_of(self.group.get().clamp(1, batch.max(1)));
        (!divides).then_some("must be a multiple of the network's `group`")
    }
    fn side_needed(&self, side: usize) -> Option<String> {
        exactly(*self.size, side)
    }
    fn truncates(&self) -> bool {
        true
    }
    fn ema_initial_share(&self, steps: usize, batch: usize) -> f64 {
        (0..steps).map(|step| self.kept(step * batch, batch)).product()
    }
    fn ema_help(&self) -> &'static str {
        "lower `ema_kimg`, or give `ramp: 0.05`"
    }
    fn trainer<'s>(&self, setup: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>> {
        Ok(Box::new(StyleGan2Trainer::new(self, setup)?))
    }
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn super::Generator>> {
        Ok(Box::new(Opened { generator: Generator::new(&self.architecture(), scope)?, latent: *self.latent, device: scope.device().clone() }))
    }
}

struct Opened {
    generator: Generator,
    latent: usize,
    device: Device,
}

impl super::Generator for Opened {
    fn sample(&self, noise: &Stream, first: u64, n: usize, truncation: f64) -> Result<Value> {
        let styles = self.generator.map(&training::normal_noise(noise, first, n, self.latent, &self.device)?, false)?;
        self.generator.synthesise(&self.generator.truncate(&styles, truncation)?, &mut Noise::Constant)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, GeneratorConfig, Positive};

    /// `ema_beta` of the reference's training loop, for 10,000 images and eight per step.
    #[test]
    fn the_average_forgets_as_in_the_reference() {
        let without = Config::default();
        assert!((without.kept(0, 8) - 0.999_445_635_972_102_3).abs() < 1e-12 && without.kept(0, 8) == without.kept(99, 8));
        assert!((without.ema_initial_share(1250, 8) - 0.5).abs() < 1e-9);
        let ramped = Config { ramp: Some(Positive::of(0.05)), ..Config::default() };
        assert_eq!(ramped.kept(0, 8), 0.0);
        assert!((ramped.kept(16_000, 8) - 0.5f64.powf(8.0 / 800.0)).abs() < 1e-12 && ramped.kept(10_000_000, 8) == without.kept(0, 8));
    }
}
