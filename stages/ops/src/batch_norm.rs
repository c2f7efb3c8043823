//! Batch normalisation (Ioffe & Szegedy 2015) of `[n, c, h, w]`, fused forward and backward.
//!
//! Statistics are summed in float64 over fixed blocks. Second order is refused, not approximated.

use crate::slices::{Shared, slice};
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

/// Normalises `x [n, c, h, w]` by the statistics of the batch (biased variance), then scales by `weight [c]` and adds `bias [c]`.
pub fn batch_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    let x = x.contiguous()?;
    let (n, c, h, w) = x.dims4()?;
    let (map, count) = (h * w, (n * h * w) as f64);
    if weight.elem_count() != c || bias.elem_count() != c {
        bail!("batch norm of {c} channels with {} scales and {} shifts", weight.elem_count(), bias.elem_count());
    }
    if n * map < 2 {
        bail!("batch norm needs more than one value per channel, found {x:?}");
    }
    let statistics: Vec<(f64, f64)> = {
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { bail!("batch norm: only on the CPU") };
        let values = slice(storage, layout)?;
        (0..c)
            .into_par_iter()
            .map(|c_at| {
                let maps = || (0..n).map(|sample| &values[(sample * c + c_at) * map..][..map]);
                let mean = maps().map(|m| sum(m, |v| v)).sum::<f64>() / count;
                let middle = mean as f32;
                let variance = maps().map(|m| sum(m, |v| (v - middle) * (v - middle))).sum::<f64>() / count;
                (mean, variance)
            })
            .collect()
    };
    let inverse: Vec<f32> = statistics.iter().map(|s| (1.0 / (s.1 + eps).sqrt()) as f32).collect();
    let mean: Vec<f32> = statistics.iter().map(|s| s.0 as f32).collect();
    let unbiased: Vec<f32> = statistics.iter().map(|s| (s.1 * count / (count - 1.0)) as f32).collect();
    let batch = BatchStatistics { mean: Tensor::from_slice(&mean, c, x.device())?, variance: Tensor::from_vec(unbiased, c, x.device())? };
    let op = Normalise { mean: mean.into(), inverse: inverse.into() };
    Ok((x.apply_op3(weight, bias, op)?, batch))
}

/// Normalises `x [n, c, h, w]` by given statistics: inference, or a frozen layer.
pub fn batch_norm_fixed(x: &Tensor, weight: &Tensor, bias: &Tensor, mean: &Tensor, variance: &Tensor, eps: f64) -> Result<Tensor> {
    let scale = weight.div(&(variance + eps)?.sqrt()?)?;
    let shift = (bias - (mean * &scale)?)?;
    let c = scale.elem_count();
    x.broadcast_mul(&scale.reshape((1, c, 1, 1))?)?.broadcast_add(&shift.reshape((1, c, 1, 1))?)
}

/// A sum over fixed blocks of sixteen lanes: vectorised, and the same bits wherever it runs.
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0f64;
    for block in values.chunks(4096) {
        let mut lanes = [0f32; 16];
        let (whole, rest) = block.as_chunks::<16>();
        for chunk in whole {
            lanes.iter_mut().zip(chunk).for_each(|(l, v)| *l += f(*v));
        }
        total += lanes.iter().map(|v| f64::from(*v)).sum::<f64>() + rest.iter().map(|v| f64::from(f(*v))).sum::<f64>();
    }
    total
}

fn sum_of_two(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0f64;
    for (a, b) in a.chunks(4096).zip(b.chunks(4096)) {
        let mut lanes = [0f32; 16];
        let ((a16, a), (b16, b)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
        for (a, b) in a16.iter().zip(b16) {
            for i in 0..16 {
                lanes[i] += f(a[i], b[i]);
            }
        }
        total += lanes.iter().map(|v| f64::from(*v)).sum::<f64>() + a.iter().zip(b).map(|(a, b)| f64::from(f(*a, *b))).sum::<f64>();
    }
    total
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
        let (_, c, h, w) = lx.shape().dims4()?;
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(h * w).zip(x.par_chunks(h * w)).enumerate().for_each(|(i, (y, x))| {
            let i = i % c;
            let scale = weight[i] * self.inverse[i];
            let shift = bias[i] - self.mean[i] * scale;
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x * scale + shift);
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
        let (n, c, h, w) = lx.shape().dims4()?;
        let (map, count) = (h * w, (n * h * w) as f64);
        let mut all = vec![0f32; x.len() + 2 * c];
        let (dx, rest) = all.split_at_mut(x.len());
        let (dweight, dbias) = rest.split_at_mut(c);
        let out = Shared::new(dx);
        dweight.par_iter_mut().zip(dbias).enumerate().for_each(|(i, (dweight, dbias))| {
            let (mean, inverse) = (self.mean[i], self.inverse[i]);
            let at = |sample: usize| (sample * c + i) * map;
            let (mut by_bias, mut by_scale) = (0f64, 0f64);
            for sample in 0..n {
                let range = at(sample)..at(sample) + map;
                by_bias += sum(&g[range.clone()], |v| v);
                by_scale += sum_of_two(&g[range.clone()], &x[range], |g, x| g * (x - mean));
            }
            by_scale *= f64::from(inverse);
            (*dweight, *dbias) = (by_scale as f32, by_bias as f32);
            let (scale, shift, slope) = (weight[i] * inverse, (by_bias / count) as f32, (by_scale / count) as f32 * inverse);
            for sample in 0..n {
                // SAFETY: each channel owns its maps.
                let dx = unsafe { out.part(at(sample), map) };
                let range = at(sample)..at(sample) + map;
                dx.iter_mut().zip(&g[range.clone()]).zip(&x[range]).for_each(|((d, g), x)| *d = scale * (g - shift - (x - mean) * slope));
            }
        });
        let shape = all.len().into();
        Ok((CpuStorage::F32(all), shape))
    }
}
