//! Max-pooling whose gradient goes to the first maximum, as in PyTorch, and global average pooling.

use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// The largest value of each `k × k` window of `x [n, h, w, c]`; padding counts as minus infinity.
pub fn max_pool2d(x: &Tensor, k: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let (_, h, w, _) = x.dims4()?;
    if stride == 0 || 2 * padding > k || h + 2 * padding < k || w + 2 * padding < k {
        bail!("max_pool2d: window {k} with stride {stride} and padding {padding} does not fit {x:?}");
    }
    x.contiguous()?.apply_op1(MaxPool { k, stride, padding, winners: Arc::default() })
}

/// The mean of each map: `[n, h, w, c] → [n, c]`.
pub fn global_average_pool(x: &Tensor) -> Result<Tensor> {
    x.mean((1, 2))
}

struct MaxPool {
    k: usize,
    stride: usize,
    padding: usize,
    winners: Arc<OnceLock<Vec<u32>>>,
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool2d"
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let (n, h, w, c) = layout.shape().dims4()?;
        let MaxPool { k, stride, padding, .. } = *self;
        let (oh, ow) = ((h + 2 * padding - k) / stride + 1, (w + 2 * padding - k) / stride + 1);
        let mut y = vec![0f32; n * oh * ow * c];
        let mut winners = vec![0u32; y.len()];
        // A task is a row of output pixels; winners are places within the sample.
        y.par_chunks_mut(ow * c).zip(winners.par_chunks_mut(ow * c)).enumerate().for_each(|(line, (y, winners))| {
            let (sample, row) = (line / oh, line % oh);
            let x = &x[sample * h * w * c..][..h * w * c];
            let rows = (row * stride).max(padding) - padding..(row * stride + k).min(h + padding) - padding;
            for (column, (y, winners)) in y.chunks_exact_mut(c).zip(winners.chunks_exact_mut(c)).enumerate() {
                let columns = (column * stride).max(padding) - padding..(column * stride + k).min(w + padding) - padding;
                let first = (rows.start * w + columns.start) * c;
                y.copy_from_slice(&x[first..first + c]);
                winners.iter_mut().enumerate().for_each(|(channel, winner)| *winner = (first + channel) as u32);
                for at in rows.clone().flat_map(|i| columns.clone().map(move |j| (i * w + j) * c)).skip(1) {
                    for (channel, ((y, winner), x)) in y.iter_mut().zip(winners.iter_mut()).zip(&x[at..at + c]).enumerate() {
                        // NaN wins, so that it is not hidden.
                        if *x > *y || x.is_nan() {
                            (*y, *winner) = (*x, (at + channel) as u32);
                        }
                    }
                }
            }
        });
        // The same operation is never applied twice: each call of `max_pool2d` makes its own.
        let _ = self.winners.set(winners);
        Ok((CpuStorage::F32(y), (n, oh, ow, c).into()))
    }
    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient.contiguous()?.apply_op2(&x.detach(), Scatter { winners: self.winners.clone() }).map(Some)
    }
}

/// `(dy, x) → dx`; has no gradient of its own.
struct Scatter {
    winners: Arc<OnceLock<Vec<u32>>>,
}

impl CustomOp2 for Scatter {
    fn name(&self) -> &'static str {
        "max-pool2d-gradient"
    }
    fn cpu_fwd(&self, g: &CpuStorage, lg: &Layout, _x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        let g = slice(g, lg)?;
        let ((_, oh, ow, _), (n, h, w, c)) = (lg.shape().dims4()?, lx.shape().dims4()?);
        let Some(winners) = self.winners.get() else { bail!("BUG: max-pool gradient before its forward") };
        let mut dx = vec![0f32; n * c * h * w];
        dx.par_chunks_mut(h * w * c).zip(winners.par_chunks(oh * ow * c)).zip(g.par_chunks(oh * ow * c)).for_each(|((dx, winners), g)| {
            winners.iter().zip(g).for_each(|(at, g)| dx[*at as usize] += *g);
        });
        Ok((CpuStorage::F32(dx), lx.shape().clone()))
    }
}
