//! Batch normalisation (Ioffe & Szegedy 2015) of `[n, h, w, c]`, fused forward and backward.
//!
//! Channels are summed in float32 over short runs of pixels and in float64 over the runs, in a fixed order. Second order
//! is refused, not approximated.

use crate::columns::sums;
use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// Statistics of one batch, `[c]` each, detached.
pub struct BatchStatistics {
    /// Mean per channel.
    pub mean: Tensor,
    /// Unbiased variance per channel (divided by count − 1), as running statistics use it.
    pub variance: Tensor,
}

/// Values that a task normalises at once.
const CHUNK: usize = 16_384;

/// Normalises `x [n, h, w, c]` by the statistics of the batch (biased variance), then scales by `weight [c]` and adds `bias [c]`.
pub fn batch_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    let x = x.contiguous()?;
    let (n, h, w, c) = x.dims4()?;
    let count = (n * h * w) as f64;
    if weight.elem_count() != c || bias.elem_count() != c {
        bail!("batch norm of {c} channels with {} scales and {} shifts", weight.elem_count(), bias.elem_count());
    }
    if n * h * w < 2 {
        bail!("batch norm needs more than one value per channel, found {x:?}");
    }
    let (mean, variance) = {
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { bail!("batch norm: only on the CPU") };
        let values = slice(storage, layout)?;
        let [total] = sums(values, values, c, |_, x, _| [x]);
        let mean: Vec<f32> = total.iter().map(|s| (s / count) as f32).collect();
        let [squares] = sums(values, values, c, |channel, x, _| [(x - mean[channel]) * (x - mean[channel])]);
        let variance: Vec<f64> = squares.iter().map(|s| s / count).collect();
        (mean, variance)
    };
    let inverse: Vec<f32> = variance.iter().map(|v| (1.0 / (v + eps).sqrt()) as f32).collect();
    let unbiased: Vec<f32> = variance.iter().map(|v| (v * count / (count - 1.0)) as f32).collect();
    let batch = BatchStatistics { mean: Tensor::from_slice(&mean, c, x.device())?, variance: Tensor::from_vec(unbiased, c, x.device())? };
    let op = Normalise { mean: mean.into(), inverse: inverse.into() };
    Ok((x.apply_op3(weight, bias, op)?, batch))
}

/// Normalises `x [n, h, w, c]` by given statistics: inference, or a frozen layer.
pub fn batch_norm_fixed(x: &Tensor, weight: &Tensor, bias: &Tensor, mean: &Tensor, variance: &Tensor, eps: f64) -> Result<Tensor> {
    let scale = weight.div(&(variance + eps)?.sqrt()?)?;
    let shift = (bias - (mean * &scale)?)?;
    x.broadcast_mul(&scale)?.broadcast_add(&shift)
}

/// `(x, weight, bias) → y` for given statistics of the batch that `x` is.
struct Normalise {
    mean: Arc<[f32]>,
    inverse: Arc<[f32]>,
}

impl CustomOp3 for Normalise {
    fn name(&self) -> &'static str {
        "batch-norm"
    }
    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, weight, bias) = (slice(x, lx)?, slice(w, lw)?, slice(b, lb)?);
        let c = self.mean.len();
        let scale: Vec<f32> = (0..c).map(|i| weight[i] * self.inverse[i]).collect();
        let shift: Vec<f32> = (0..c).map(|i| bias[i] - self.mean[i] * scale[i]).collect();
        let mut y = vec![0f32; x.len()];
        let chunk = (CHUNK / c).max(1) * c;
        y.par_chunks_mut(chunk).zip(x.par_chunks(chunk)).for_each(|(y, x)| {
            for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
                for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(&scale).zip(&shift) {
                    *y = x * scale + shift;
                }
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }
    fn bwd(&self, x: &Tensor, weight: &Tensor, bias: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (n, c) = (x.elem_count(), weight.elem_count());
        let all = gradient.contiguous()?.apply_op3(x, weight, Gradient { mean: self.mean.clone(), inverse: self.inverse.clone() })?;
        Ok((Some(all.narrow(0, 0, n)?.reshape(x.shape())?), Some(all.narrow(0, n, c)?), Some(all.narrow(0, n + c, c)?.reshape(bias.shape())?)))
    }
}

/// `(dy, x, weight) → [dx, dweight, dbias]` laid end to end. Has no gradient of its own: a second order asked for is an error.
struct Gradient {
    mean: Arc<[f32]>,
    inverse: Arc<[f32]>,
}

impl CustomOp3 for Gradient {
    fn name(&self) -> &'static str {
        "batch-norm-gradient"
    }
    fn cpu_fwd(&self, g: &CpuStorage, lg: &Layout, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (g, x, weight) = (slice(g, lg)?, slice(x, lx)?, slice(w, lw)?);
        let (c, mean, inverse) = (self.mean.len(), &self.mean, &self.inverse);
        let count = (x.len() / c) as f64;
        let [by_bias, by_scale] = sums(g, x, c, |channel, g, x| [g, g * (x - mean[channel])]);
        // dx = scale · (g − shift − (x − mean) · slope), as scale · g + factor · x + constant.
        let of = |i: usize| {
            let scale = weight[i] * inverse[i];
            let slope = (by_scale[i] / count) as f32 * inverse[i] * inverse[i];
            let shift = (by_bias[i] / count) as f32;
            [scale, slope, shift]
        };
        let constants: Vec<[f32; 3]> = (0..c).map(of).collect();
        let mut all = vec![0f32; x.len() + 2 * c];
        let (dx, rest) = all.split_at_mut(x.len());
        let chunk = (CHUNK / c).max(1) * c;
        dx.par_chunks_mut(chunk).zip(g.par_chunks(chunk)).zip(x.par_chunks(chunk)).for_each(|((dx, g), x)| {
            for ((dx, g), x) in dx.chunks_exact_mut(c).zip(g.chunks_exact(c)).zip(x.chunks_exact(c)) {
                for (i, ((dx, g), x)) in dx.iter_mut().zip(g).zip(x).enumerate() {
                    let [scale, slope, shift] = constants[i];
                    *dx = scale * (g - shift - (x - mean[i]) * slope);
                }
            }
        });
        for i in 0..c {
            rest[i] = (by_scale[i] * f64::from(inverse[i])) as f32;
            rest[c + i] = by_bias[i] as f32;
        }
        let shape = all.len().into();
        Ok((CpuStorage::F32(all), shape))
    }
}
