//! Sums over all pixels of each channel of `[…, c]`, and what is made of them: a bias per channel.

use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// Pixels that are summed in float32 before they enter a sum in float64.
const RUN: usize = 64;
/// Values that a task sums.
const TASK: usize = 65_536;

/// For each channel the sums of `K` functions of two values at a place, over all places; the same bits on any number of threads.
pub(crate) fn sums<const K: usize>(a: &[f32], b: &[f32], c: usize, f: impl Fn(usize, f32, f32) -> [f32; K] + Sync) -> [Vec<f64>; K] {
    let task = (TASK / c / RUN).max(1) * RUN * c;
    let parts: Vec<[Vec<f64>; K]> = a
        .par_chunks(task)
        .zip(b.par_chunks(task))
        .map(|(a, b)| {
            let mut total: [Vec<f64>; K] = std::array::from_fn(|_| vec![0f64; c]);
            let mut run: [Vec<f32>; K] = std::array::from_fn(|_| vec![0f32; c]);
            for (a, b) in a.chunks(RUN * c).zip(b.chunks(RUN * c)) {
                run.iter_mut().for_each(|r| r.fill(0.0));
                for (a, b) in a.chunks_exact(c).zip(b.chunks_exact(c)) {
                    for (channel, (a, b)) in a.iter().zip(b).enumerate() {
                        let values = f(channel, *a, *b);
                        for k in 0..K {
                            run[k][channel] += values[k];
                        }
                    }
                }
                for (total, run) in total.iter_mut().zip(&run) {
                    total.iter_mut().zip(run).for_each(|(t, r)| *t += f64::from(*r));
                }
            }
            total
        })
        .collect();
    let mut total: [Vec<f64>; K] = std::array::from_fn(|_| vec![0f64; c]);
    for part in &parts {
        for (total, part) in total.iter_mut().zip(part) {
            total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
        }
    }
    total
}

/// Adds `bias [c]` to every pixel of `x […, c]`.
///
/// # Errors
/// Where the channels differ.
pub fn add_channel_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if x.dims().last() != Some(&bias.elem_count()) {
        bail!("a bias of {} channels for {x:?}", bias.elem_count());
    }
    x.contiguous()?.apply_op2(&bias.contiguous()?, AddBias)
}

struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-channel-bias"
    }
    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, bias) = (slice(x, lx)?, slice(b, lb)?);
        let c = bias.len();
        let mut y = vec![0f32; x.len()];
        let chunk = (TASK / c).max(1) * c;
        y.par_chunks_mut(chunk).zip(x.par_chunks(chunk)).for_each(|(y, x)| {
            for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
                y.iter_mut().zip(x).zip(bias).for_each(|((y, x), b)| *y = x + b);
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }
    fn bwd(&self, _x: &Tensor, bias: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sums = gradient.contiguous()?.apply_op1(Sum { channels: bias.elem_count() })?.reshape(bias.shape())?;
        Ok((Some(gradient.clone()), Some(sums)))
    }
}

/// `[…, c] → [c]`
struct Sum {
    channels: usize,
}

impl CustomOp1 for Sum {
    fn name(&self) -> &'static str {
        "channel-sum"
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let [total] = sums(x, x, self.channels, |_, x, _| [x]);
        Ok((CpuStorage::F32(total.iter().map(|t| *t as f32).collect()), self.channels.into()))
    }
    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient.broadcast_as(x.shape()).map(Some)
    }
}
