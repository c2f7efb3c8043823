//! ReLU and leaky ReLU. The derivative at exactly zero is the slope, as in PyTorch; candle's own gives 0.6 for 0.2.

use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Elements a thread takes at once.
const CHUNK: usize = 32_768;

/// `max(x, 0) + slope · min(x, 0)`, any shape.
pub fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    x.contiguous()?.apply_op1(LeakyRelu(slope as f32))
}

/// `max(x, 0)`, any shape.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    leaky_relu(x, 0.0)
}

struct LeakyRelu(f32);

impl CustomOp1 for LeakyRelu {
    fn name(&self) -> &'static str {
        "leaky-relu"
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, slope) = (slice(x, layout)?, self.0);
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
            if slope == 0.0 {
                // Not a product: minus infinity times zero is no number.
                y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x < 0.0 { 0.0 } else { *x });
            } else {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x > 0.0 { *x } else { *x * slope });
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        // Signs are taken from a detached input: the second derivative by x is zero almost everywhere.
        gradient.contiguous()?.apply_op2(&x.detach(), Slope(self.0)).map(Some)
    }
}

/// `(g, x) → g` where `x > 0`, else `slope · g`. Linear in `g`, so its gradient is itself.
struct Slope(f32);

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "leaky-relu-slope"
    }
    fn cpu_fwd(&self, g: &CpuStorage, lg: &Layout, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        let (g, x, slope) = (slice(g, lg)?, slice(x, lx)?, self.0);
        let mut y = vec![0f32; g.len()];
        y.par_chunks_mut(CHUNK).zip(g.par_chunks(CHUNK)).zip(x.par_chunks(CHUNK)).for_each(|((y, g), x)| {
            y.iter_mut().zip(g).zip(x).for_each(|((y, g), x)| *y = if *x > 0.0 { *g } else { *g * slope });
        });
        Ok((CpuStorage::F32(y), lg.shape().clone()))
    }
    fn bwd(&self, _g: &Tensor, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(gradient.contiguous()?.apply_op2(&x.detach(), Slope(self.0))?), None))
    }
}
