//! Both networks of DCGAN (Radford, Metz & Chintala 2016), in the layout of Davoodi & Lo Giudice: no biases, dropout in
//! the discriminator.
//!
//! At 64 px the counts are the published ones: generator 3,574,656, discriminator 2,763,520 (one channel). The 32 px
//! network leaves the widest layer out. Tensor names number the layers as `torch.nn.Sequential` would.

use super::Config;
use crate::contract::prelude::*;
use crate::networks::blocks::{BatchNorm, Conv, Shape, TORCH, dropout, normal};
use crate::networks::{Mode, Scope};
use candle_nn::init::Init;
use hilum_ops::{Rectifier, Value, tanh};

/// The scale of a norm at first.
const SCALE: Init = Init::Randn { mean: 1.0, stdev: 0.02 };

/// Noise `[n, 1, 1, latent]` → images `[n, size, size, 1]` in [−1, 1].
pub struct Generator {
    kernels: Vec<Conv>,
    norms: Vec<BatchNorm>,
}

impl Generator {
    /// Convolutions N(0, 0.02), norms N(1, 0.02).
    pub fn new(c: &Config, scope: &mut Scope) -> Result<Self> {
        let mut channels = vec![c.latent.get()];
        channels.extend(c.channels().into_iter().rev());
        channels.push(1);
        let (mut kernels, mut norms) = (vec![], vec![]);
        for (i, pair) in channels.windows(2).enumerate() {
            // The first kernel spreads one position to 4 × 4, each other doubles the side.
            let (stride, padding) = if i == 0 { (1, 0) } else { (2, 1) };
            let shape = Shape::square(pair[0], pair[1], 4, stride, padding);
            kernels.push(Conv::transposed(shape, 0, normal(0.02), None, &mut scope.at(format!("main.{}", 3 * i)))?);
            if i + 2 < channels.len() {
                norms.push(BatchNorm::with_weight(pair[1], SCALE, TORCH, &mut scope.at(format!("main.{}", 3 * i + 1)))?);
            }
        }
        Ok(Generator { kernels, norms })
    }

    /// In training, batch statistics are used and remembered.
    pub fn forward(&self, z: &Value, train: bool) -> Result<Value> {
        let mut x = z.clone();
        for (i, kernel) in self.kernels.iter().enumerate() {
            x = kernel.forward(&x)?;
            x = match self.norms.get(i) {
                Some(norm) => norm.forward(&x, train, Rectifier::Relu)?,
                None => tanh(&x)?,
            };
        }
        Ok(x)
    }
}

/// Images `[n, size, size, 1]` in [−1, 1] → logits `[n]` of being real.
pub struct Discriminator {
    kernels: Vec<Conv>,
    norms: Vec<BatchNorm>,
    dropout: f64,
}

impl Discriminator {
    /// Convolutions N(0, 0.02), norms N(1, 0.02).
    pub fn new(c: &Config, scope: &mut Scope) -> Result<Self> {
        let mut channels = vec![1];
        channels.extend(c.channels());
        channels.push(1);
        let (mut kernels, mut norms) = (vec![], vec![]);
        for (i, pair) in channels.windows(2).enumerate() {
            let (stride, padding) = if i + 2 < channels.len() { (2, 1) } else { (1, 0) };
            let shape = Shape::square(pair[0], pair[1], 4, stride, padding);
            kernels.push(Conv::new(shape, normal(0.02), None, &mut scope.at(format!("conv{i}")))?);
            if i > 0 && i + 2 < channels.len() {
                norms.push(BatchNorm::with_weight(pair[1], SCALE, TORCH, &mut scope.at(format!("norm{i}")))?);
            }
        }
        Ok(Discriminator { kernels, norms, dropout: *c.dropout })
    }

    /// In training, batch statistics and dropout are on. Dropout follows every layer but the second and the last.
    pub fn forward(&self, images: &Value, mode: &mut Mode) -> Result<Value> {
        const LEAKY: Rectifier = Rectifier::Leaky(0.2);
        let last = self.kernels.len() - 1;
        let mut x = images.clone();
        for (i, kernel) in self.kernels[..last].iter().enumerate() {
            x = match i {
                0 => kernel.rectified(&x, LEAKY)?,
                _ => self.norms[i - 1].forward(&kernel.forward(&x)?, mode.is_train(), LEAKY)?,
            };
            if i != 1 {
                // Dropout and leaky ReLU commute: a scale by zero or a positive number.
                x = dropout(&x, self.dropout, mode)?;
            }
        }
        let n = images.dims4()?.0;
        Ok(self.kernels[last].forward(&x)?.reshape(&[n])?)
    }
}
