//! A step of StyleGAN2 with DiffAugment, in the order of mit-han-lab/data-efficient-gans
//! (`DiffAugment-stylegan2-pytorch`, `training/loss.py` and `training_loop.py`): generator, its path length every
//! fourth step, discriminator, its R1 every sixteenth, then the moving average of the generator. Every part draws noise
//! of its own.

use super::{Config, Discriminator, Generator, Noise};
use crate::contract::prelude::*;
use crate::math;
use crate::models::generators::adversaries::{Adversaries, Observed, fresh};
use crate::networks::Weights;
use crate::networks::diffaugment::Draw;
use crate::training::AdamParameters;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::{Device, Tensor};
use hilum_ops::{Adam, Optimiser, Precision, Value, mean_probability, norm_of, softplus, with_precision, without_history};

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
pub trait Draws {
    /// Noise `[n, latent]`.
    ///
    /// # Errors
    /// Where the device refuses it; so below.
    fn noise(&mut self, n: usize) -> Result<Value>;
    /// From which of `styles` styles on those of other noise are taken; none where it is `styles`.
    fn cutoff(&mut self, styles: usize) -> usize;
    /// What is added to the maps.
    fn maps(&mut self) -> Noise<'_>;
    /// How each of `n` images is changed.
    fn changes(&mut self, n: usize) -> Vec<Draw>;
    /// A direction in the space of images, standard normal.
    ///
    /// # Errors
    /// As [`Draws::noise`].
    fn direction(&mut self, shape: &[usize]) -> Result<Value>;
}

/// StyleGAN2, the moving average of its generator, and an optimiser for each network.
pub struct StyleGan2 {
    /// The moving average, which makes images.
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
        let architecture = c.architecture();
        let (average, of_average) = fresh(device, &mut g.clone(), |s| Generator::new(&architecture, s))?;
        let (generator, of_g) = fresh(device, g, |s| Generator::new(&architecture, s))?;
        let (discriminator, of_d) = fresh(device, d, |s| Discriminator::new(&architecture, s))?;
        let lazy = |every: usize, weights: &Weights| {
            let (beta1, beta2) = (math::pow(*adam.beta1, lazily(every)), math::pow(*adam.beta2, lazily(every)));
            let rule = Adam { beta1, beta2, eps: *adam.eps, decay: 0.0, decoupled: false };
            Optimiser::new(rule, *adam.learning_rate * lazily(every), weights.trained())
        };
        let optimisers = [lazy(PATH_EVERY, &of_g), lazy(R1_EVERY, &of_d)];
        let path = Value::constant(Tensor::zeros((), candle_core::DType::F32, device)?);
        Ok(StyleGan2 { average, generator, discriminator, weights: [of_average, of_g, of_d], optimisers, path, penalties: [0.0; 2], config: c.clone() })
    }

    /// Images, with a share of styles from other noise, and the styles.
    fn make(&self, n: usize, draws: &mut dyn Draws) -> Result<(Value, Value)> {
        let mut styles = self.generator.map(&draws.noise(n)?, true)?;
        if *self.config.mixing > 0.0 {
            let (all, cut) = (self.generator.styles(), draws.cutoff(self.generator.styles()));
            if cut < all {
                let other = self.generator.map(&draws.noise(n)?, false)?;
                styles = Value::concat(&[&styles.narrow(1, 0, cut)?, &other.narrow(1, cut, all - cut)?], 1)?;
            }
        }
        let images = self.generator.synthesise(&styles, &mut draws.maps())?;
        Ok((images, styles))
    }
    fn judge(&self, images: &Value, draws: &mut dyn Draws) -> Result<Value> {
        let changes = draws.changes(images.dims()[0]);
        self.discriminator.forward(&self.config.diffaugment.apply(images, &changes)?)
    }

    /// Step `step`, counted from 1, on real images `[n, size, size, channels]` in [−1, 1].
    pub fn step(&mut self, step: usize, real: &Value, draws: &mut dyn Draws) -> Result<Observed> {
        let n = real.dims()[0];
        let (fake, _) = self.make(n, draws)?;
        let g_loss = softplus(&self.judge(&fake, draws)?.scale(-1.0)?)?.mean()?;
        drop(fake);
        let to_g = g_loss.backward_to(self.optimisers[0].weights())?;
        self.optimisers[0].step(&to_g)?;

        if *self.config.path_length > 0.0 && (step - 1).is_multiple_of(PATH_EVERY) {
            self.penalties[1] = with_precision(Precision::Float32, || self.path_step((n / PATH_SHRINK).max(1), draws))?;
        }

        let (fake, _) = without_history(|| self.make(n, draws))?;
        let on_fake = self.judge(&fake, draws)?;
        let of_fake = softplus(&on_fake)?.mean()?;
        let mut to_d = of_fake.backward()?;
        let on_real = self.judge(real, draws)?;
        let of_real = softplus(&on_real.scale(-1.0)?)?.mean()?;
        to_d.add(of_real.backward()?)?;
        self.optimisers[1].step(&to_d)?;

        if *self.config.r1 > 0.0 && (step - 1).is_multiple_of(R1_EVERY) {
            self.penalties[0] = with_precision(Precision::Float32, || self.r1_step(real, draws))?;
        }

        self.weights[0].lerp(&self.weights[1], 1.0 - self.config.kept((step - 1) * n, n))?;
        Ok(Observed {
            discriminator: of_fake.scalar()? + of_real.scalar()?,
            generator: g_loss.scalar()?,
            on_real: mean_probability(&on_real)?,
            on_fake: mean_probability(&on_fake)?,
            norms: [norm_of(&to_d)?, norm_of(&to_g)?],
            terms: ["r1", "path-length"].into_iter().zip(self.penalties).collect(),
        })
    }

    /// How far a step in style space moves images should not depend on the direction. Weighed by how seldom it is done.
    fn path_step(&mut self, n: usize, draws: &mut dyn Draws) -> Result<f64> {
        let (images, styles) = self.make(n, draws)?;
        let (layers, side) = (self.generator.styles(), images.dims()[1]);
        let direction = draws.direction(images.dims())?.scale(1.0 / side as f64)?;
        let slope = images.mul(&direction)?.sum()?.gradients(&[&styles])?.remove(0);
        let lengths = slope.square()?.sum_to(&[n, layers, 1])?.reshape(&[n, layers])?.mean_to(&[n, 1])?.sqrt()?;
        let mean = self.path.scale(1.0 - PATH_DECAY)?.add(&lengths.mean()?.scale(PATH_DECAY)?)?;
        self.path = mean.detach();
        let penalty = lengths.sub(&mean.repeat_to(&[n, 1])?)?.square()?.mean()?.scale(*self.config.path_length)?;
        drop((images, styles, slope, lengths, mean));
        let gradients = penalty.scale(PATH_EVERY as f64)?.backward_to(self.optimisers[0].weights())?;
        self.optimisers[0].step(&gradients)?;
        Ok(penalty.scalar()?)
    }

    /// The discriminator should be flat at real images, as they are before they are changed.
    fn r1_step(&mut self, real: &Value, draws: &mut dyn Draws) -> Result<f64> {
        let n = real.dims()[0];
        let image = real.to_leaf();
        let slope = self.judge(&image, draws)?.sum()?.gradients(&[&image])?.remove(0);
        let penalty = slope.square()?.sum()?.scale(*self.config.r1 / (2.0 * n as f64))?;
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
    fn save_state(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot.thing("path", &(self.path.scalar()? as f32).to_bits()).thing("penalties", &self.penalties.map(f64::to_bits)))
    }
    fn load_state(&mut self, before: &Restored) -> Result<()> {
        let path = f32::from_bits(before.thing("path")?);
        self.path = Value::constant(Tensor::full(path, (), self.weights[0].device())?);
        self.penalties = before.thing::<[u64; 2]>("penalties")?.map(f64::from_bits);
        Ok(())
    }
}
