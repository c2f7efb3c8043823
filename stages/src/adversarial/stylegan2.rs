//! A step of StyleGAN2 with DiffAugment, in the order of mit-han-lab/data-efficient-gans (`DiffAugment-stylegan2-pytorch`,
//! `training/loss.py` and `training_loop.py`): generator, its path length every fourth step, discriminator, its R1 every
//! sixteenth, then the moving average of the generator. Every part draws noise of its own.

use super::{Adversaries, Observed, made};
use crate::contract::prelude::*;
use crate::math;
use crate::networks::Weights;
use crate::networks::diffaugment::{Draw, Policy};
use crate::networks::stylegan2::{self, Discriminator, Generator, Noise};
use crate::training::AdamParameters;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::{Device, Tensor};
use hilum_ops::{Optimiser, Precision, Value, mean_probability, norm_of, softplus, with_precision, without_history};

/// StyleGAN2 (Karras et al. 2020) with DiffAugment (Zhao et al. 2020), with the settings for few films.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Side of the films in pixels: 32, 64, 128 or 256.
    pub size: usize,
    /// Channels of the networks: 1, or 3 with the grey film in each.
    pub channels: usize,
    /// Layers between noise and style: 2 for few films, 8 in the paper.
    pub mapping_depth: usize,
    /// Channels of all maps, as a share of the paper's.
    pub width: f64,
    /// Numbers of noise, and of a style.
    pub latent: usize,
    /// Films whose deviation from each other the discriminator sees; must divide the batch.
    pub group: usize,
    /// Weight of R1, the squared slope of the discriminator at real films (γ of Mescheder et al. 2018).
    pub r1: f64,
    /// Weight of the path length's deviation from its mean.
    pub path_length: f64,
    /// How often films are made with styles of two noises.
    pub mixing: f64,
    /// Half-life of the generator's moving average, in thousands of films.
    pub average: f64,
    /// The half-life is no longer than this share of the films so far, such as 0.05, so that a short training's average leaves what
    /// it began with. None in the reference's setting for few films.
    pub ramp: Option<f64>,
    /// Changes to real and made films before the discriminator.
    pub diffaugment: Policy,
}

impl Default for Config {
    fn default() -> Self {
        let stylegan2::Config { size, channels, mapping_depth, width, latent, group } = stylegan2::Config::default();
        let diffaugment = Policy::default();
        Config { size, channels, mapping_depth, width, latent, group, r1: 10.0, path_length: 2.0, mixing: 0.9, average: 10.0, ramp: None, diffaugment }
    }
}

impl Config {
    /// The networks alone.
    pub fn networks(&self) -> stylegan2::Config {
        let Config { size, channels, mapping_depth, width, latent, group, .. } = *self;
        stylegan2::Config { size, channels, mapping_depth, width, latent, group }
    }
    /// What the moving average keeps of itself over `n` films, after so many others.
    fn kept(&self, seen: usize, n: usize) -> f64 {
        let films = self.average * 1000.0;
        let films = self.ramp.map_or(films, |share| films.min(seen as f64 * share));
        if films > 0.0 { math::pow(0.5, n as f64 / films) } else { 0.0 }
    }
    /// What share of the weights that it began with the moving average still holds after so many steps.
    pub fn remembered(&self, steps: usize, batch: usize) -> f64 {
        (0..steps).map(|step| self.kept(step * batch, batch)).product()
    }
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let at_least_0 = |name: &str, v: f64| BadParameter::unless(v >= 0.0 && v.is_finite(), &format!("{path}.{name}"), "must be at least 0");
        [
            self.networks().check(path),
            at_least_0("r1", self.r1),
            at_least_0("path_length", self.path_length),
            at_least_0("average", self.average),
            BadParameter::unless(self.ramp.is_none_or(|r| r > 0.0 && r.is_finite()), &format!("{path}.ramp"), "must be greater than 0"),
            BadParameter::unless((0.0..=1.0).contains(&self.mixing), &format!("{path}.mixing"), "must lie between 0 and 1"),
        ]
        .concat()
    }
}

/// Steps between two of the generator's path length.
const PATH_EVERY: usize = 4;
/// Steps between two of R1.
const R1_EVERY: usize = 16;
/// Share of the batch that the path length is taken of.
const PATH_SHRINK: usize = 2;
/// How far the mean path length goes to that of a batch.
const PATH_DECAY: f64 = 0.01;

/// A network that also steps on its penalty steps more often: rate and memory are scaled to the same time.
fn lazily(every: usize) -> f64 {
    every as f64 / (every as f64 + 1.0)
}

/// What is drawn during a step, in the order in which it is asked for.
pub trait Luck {
    /// Noise `[n, latent]`.
    ///
    /// # Errors
    /// Where the device refuses it; so below.
    fn noise(&mut self, n: usize) -> Result<Value>;
    /// From which of so many styles on those of other noise are taken; none where it is their number.
    fn cutoff(&mut self, styles: usize) -> usize;
    /// What is added to the maps.
    fn maps(&mut self) -> Noise<'_>;
    /// How each of `n` films is changed.
    fn changes(&mut self, n: usize) -> Vec<Draw>;
    /// A direction in the space of films, standard normal.
    ///
    /// # Errors
    /// As [`Luck::noise`].
    fn direction(&mut self, shape: &[usize]) -> Result<Value>;
}

/// StyleGAN2, the moving average of its generator, and an optimiser for each network.
pub struct StyleGan2 {
    /// The moving average, which makes films.
    pub average: Generator,
    generator: Generator,
    discriminator: Discriminator,
    weights: [Weights; 3],
    optimisers: [Optimiser; 2],
    /// The mean path length so far.
    path: Value,
    /// R1 and the penalty of the path length, when they were last taken.
    penalties: [f64; 2],
    config: Config,
}

impl StyleGan2 {
    /// Fresh weights, the generator's from the first stream.
    pub fn new(c: &Config, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let networks = c.networks();
        let (average, of_average) = made(device, &mut g.clone(), |s| Generator::new(&networks, s))?;
        let (generator, of_g) = made(device, g, |s| Generator::new(&networks, s))?;
        let (discriminator, of_d) = made(device, d, |s| Discriminator::new(&networks, s))?;
        let lazy = |every: usize, weights: &Weights| {
            let (beta1, beta2) = (math::pow(adam.beta1, lazily(every)), math::pow(adam.beta2, lazily(every)));
            AdamParameters { learning_rate: adam.learning_rate * lazily(every), beta1, beta2, ..adam.clone() }.build(weights.trained())
        };
        let optimisers = [lazy(PATH_EVERY, &of_g), lazy(R1_EVERY, &of_d)];
        let path = Value::constant(Tensor::zeros((), candle_core::DType::F32, device)?);
        Ok(StyleGan2 { average, generator, discriminator, weights: [of_average, of_g, of_d], optimisers, path, penalties: [0.0; 2], config: c.clone() })
    }

    /// Films, with a share of styles from other noise, and the styles.
    fn make(&self, n: usize, luck: &mut dyn Luck) -> Result<(Value, Value)> {
        let mut styles = self.generator.map(&luck.noise(n)?, true)?;
        if self.config.mixing > 0.0 {
            let (all, cut) = (self.generator.styles(), luck.cutoff(self.generator.styles()));
            if cut < all {
                let other = self.generator.map(&luck.noise(n)?, false)?;
                styles = Value::concat(&[&styles.narrow(1, 0, cut)?, &other.narrow(1, cut, all - cut)?], 1)?;
            }
        }
        let films = self.generator.synthesise(&styles, &mut luck.maps())?;
        Ok((films, styles))
    }
    fn judge(&self, films: &Value, luck: &mut dyn Luck) -> Result<Value> {
        let changes = luck.changes(films.dims()[0]);
        self.discriminator.forward(&self.config.diffaugment.apply(films, &changes)?)
    }

    /// Step `step`, counted from 1, on real films `[n, size, size, channels]` in [−1, 1].
    pub fn step(&mut self, step: usize, real: &Value, luck: &mut dyn Luck) -> Result<Observed> {
        let n = real.dims()[0];
        let (fake, _) = self.make(n, luck)?;
        let g_loss = softplus(&self.judge(&fake, luck)?.scale(-1.0)?)?.mean()?;
        drop(fake);
        let to_g = g_loss.backward_to(self.optimisers[0].weights())?;
        self.optimisers[0].step(&to_g)?;

        if self.config.path_length > 0.0 && (step - 1).is_multiple_of(PATH_EVERY) {
            self.penalties[1] = with_precision(Precision::Float32, || self.path_step((n / PATH_SHRINK).max(1), luck))?;
        }

        let (fake, _) = without_history(|| self.make(n, luck))?;
        let on_fake = self.judge(&fake, luck)?;
        let of_fake = softplus(&on_fake)?.mean()?;
        let mut to_d = of_fake.backward()?;
        let on_real = self.judge(real, luck)?;
        let of_real = softplus(&on_real.scale(-1.0)?)?.mean()?;
        to_d.add(of_real.backward()?)?;
        self.optimisers[1].step(&to_d)?;

        if self.config.r1 > 0.0 && (step - 1).is_multiple_of(R1_EVERY) {
            self.penalties[0] = with_precision(Precision::Float32, || self.r1_step(real, luck))?;
        }

        self.weights[0].approach(&self.weights[1], 1.0 - self.config.kept((step - 1) * n, n))?;
        Ok(Observed {
            discriminator: of_fake.scalar()? + of_real.scalar()?,
            generator: g_loss.scalar()?,
            on_real: mean_probability(&on_real)?,
            on_fake: mean_probability(&on_fake)?,
            norms: [norm_of(&to_d)?, norm_of(&to_g)?],
            terms: ["r1", "path-length"].into_iter().zip(self.penalties).collect(),
        })
    }

    /// How far a step in style space moves films should not depend on the direction. Weighed by how seldom it is done.
    fn path_step(&mut self, n: usize, luck: &mut dyn Luck) -> Result<f64> {
        let (films, styles) = self.make(n, luck)?;
        let (layers, side) = (self.generator.styles(), films.dims()[1]);
        let direction = luck.direction(films.dims())?.scale(1.0 / side as f64)?;
        let slope = films.mul(&direction)?.sum()?.gradients(&[&styles])?.remove(0);
        let lengths = slope.square()?.sum_to(&[n, layers, 1])?.reshape(&[n, layers])?.mean_to(&[n, 1])?.sqrt()?;
        let mean = self.path.scale(1.0 - PATH_DECAY)?.add(&lengths.mean()?.scale(PATH_DECAY)?)?;
        self.path = mean.detach();
        let penalty = lengths.sub(&mean.repeat_to(&[n, 1])?)?.square()?.mean()?.scale(self.config.path_length)?;
        drop((films, styles, slope, lengths, mean));
        let gradients = penalty.scale(PATH_EVERY as f64)?.backward_to(self.optimisers[0].weights())?;
        self.optimisers[0].step(&gradients)?;
        Ok(penalty.scalar()?)
    }

    /// The discriminator should be flat at real films, as they are before they are changed.
    fn r1_step(&mut self, real: &Value, luck: &mut dyn Luck) -> Result<f64> {
        let n = real.dims()[0];
        let film = Value::leaf(real.data());
        let slope = self.judge(&film, luck)?.sum()?.gradients(&[&film])?.remove(0);
        let penalty = slope.square()?.sum()?.scale(self.config.r1 / (2.0 * n as f64))?;
        drop(slope);
        let gradients = penalty.scale(R1_EVERY as f64)?.backward_to(self.optimisers[1].weights())?;
        self.optimisers[1].step(&gradients)?;
        Ok(penalty.scalar()?)
    }
}

impl Adversaries for StyleGan2 {
    fn weights(&self) -> Vec<(&'static str, &Weights)> {
        ["average", "generator", "discriminator"].into_iter().zip(&self.weights).collect()
    }
    fn optimisers(&mut self) -> Vec<(&'static str, &mut Optimiser)> {
        ["generator.optimiser", "discriminator.optimiser"].into_iter().zip(&mut self.optimisers).collect()
    }
    fn set_rate(&mut self, rate: f64) {
        self.optimisers[0].set_rate(rate * lazily(PATH_EVERY));
        self.optimisers[1].set_rate(rate * lazily(R1_EVERY));
    }
    fn remember(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot.thing("path", &(self.path.scalar()? as f32).to_bits()).thing("penalties", &self.penalties.map(f64::to_bits)))
    }
    fn recall(&mut self, before: &Restored) -> Result<()> {
        let path = f32::from_bits(before.thing("path")?);
        self.path = Value::constant(Tensor::full(path, (), self.weights[0].device())?);
        self.penalties = before.thing::<[u64; 2]>("penalties")?.map(f64::from_bits);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    /// `ema_beta` of the reference's training loop, for 10,000 films and eight a step.
    #[test]
    fn the_average_forgets_as_in_the_reference() {
        let without = Config::default();
        assert!((without.kept(0, 8) - 0.999_445_635_972_102_3).abs() < 1e-12 && without.kept(0, 8) == without.kept(99, 8));
        assert!((without.remembered(1250, 8) - 0.5).abs() < 1e-9);
        let ramped = Config { ramp: Some(0.05), ..Config::default() };
        assert_eq!(ramped.kept(0, 8), 0.0);
        assert!((ramped.kept(16_000, 8) - 0.5f64.powf(8.0 / 800.0)).abs() < 1e-12 && ramped.kept(10_000_000, 8) == without.kept(0, 8));
    }
}
