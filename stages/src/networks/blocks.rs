//! Pieces that several networks share: batch norm with running statistics, dropout from a stream, a linear layer.

use super::{Mode, Weights};
use crate::contract::prelude::*;
use candle_core::{Tensor, Var};

/// Batch normalisation with running statistics (momentum 0.1, unbiased running variance, eps 1e-5, as torch).
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Var,
    variance: Var,
}

impl BatchNorm {
    /// Scale drawn from N(mean, std), bias 0.
    pub fn new(name: &str, channels: usize, (mean, std): (f64, f64), weights: &mut Weights, init: &mut Stream) -> Result<Self> {
        let weight = if std == 0.0 {
            weights.constant(&format!("{name}.weight"), &[channels], mean)?
        } else {
            weights.normal(&format!("{name}.weight"), &[channels], mean, std, init)?
        };
        Ok(BatchNorm {
            weight,
            bias: weights.constant(&format!("{name}.bias"), &[channels], 0.0)?,
            mean: weights.buffer(&format!("{name}.running_mean"), &[channels], 0.0)?,
            variance: weights.buffer(&format!("{name}.running_var"), &[channels], 1.0)?,
        })
    }

    /// The same layer over the same weights and statistics, which get no gradients.
    pub fn frozen(&self) -> Self {
        BatchNorm { weight: self.weight.detach(), bias: self.bias.detach(), mean: self.mean.clone(), variance: self.variance.clone() }
    }

    /// `[n, h, w, c] → [n, h, w, c]`; training updates the running statistics.
    pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        const MOMENTUM: f64 = 0.1;
        const EPS: f64 = 1e-5;
        if !train {
            return Ok(hilum_ops::batch_norm_fixed(x, &self.weight, &self.bias, self.mean.as_tensor(), self.variance.as_tensor(), EPS)?);
        }
        let (y, batch) = hilum_ops::batch_norm(x, &self.weight, &self.bias, EPS)?;
        for (running, new) in [(&self.mean, &batch.mean), (&self.variance, &batch.variance)] {
            running.set(&((running.as_tensor().detach() * (1.0 - MOMENTUM))? + (new * MOMENTUM)?)?)?;
        }
        Ok(y)
    }
}

/// Sets values to zero with probability `p` and scales the others by `1/(1−p)`; nothing in evaluation.
pub fn dropout(x: &Tensor, p: f64, mode: &mut Mode) -> Result<Tensor> {
    match mode {
        Mode::Train(stream) if p > 0.0 => Ok(hilum_ops::masked(x, stream.truths(x.elem_count(), 1.0 - p), 1.0 / (1.0 - p))?),
        _ => Ok(x.clone()),
    }
}

/// A fully connected layer, uniform initialisation as torch's default.
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `[n, inputs] → [n, outputs]`.
    pub fn new(name: &str, inputs: usize, outputs: usize, weights: &mut Weights, init: &mut Stream) -> Result<Self> {
        let bound = 1.0 / (inputs as f64).sqrt();
        Ok(Linear {
            weight: weights.uniform(&format!("{name}.weight"), &[outputs, inputs], bound, init)?,
            bias: weights.uniform(&format!("{name}.bias"), &[outputs], bound, init)?,
        })
    }
    /// `x · Wᵀ + b`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(hilum_ops::linear(x, &self.weight, Some(&self.bias))?)
    }
}
