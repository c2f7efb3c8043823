//! Windows over maps.

use super::gpu::{Gpu, count, launch};
use super::{Array, OnCuda, View};
use crate::cpu::pool::Shape;
use crate::primitive::pool::{MaxPool, MaxPoolGradient, MeanPool};
use candle_core::Result;
use candle_core::cuda_backend::cudarc::driver::DeviceRepr;

/// As `Window` in `kernels.cu`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Window([u32; 8]);

// SAFETY: eight numbers of four bytes, as there.
unsafe impl DeviceRepr for Window {}

fn window(s: &Shape) -> Result<Window> {
    let [[h, w], [oh, ow]] = [s.input, s.output];
    let mut numbers = [0; 8];
    for (to, from) in numbers.iter_mut().zip([h, w, oh, ow, s.c, s.k, s.stride, s.padding]) {
        *to = count(from)?;
    }
    Ok(Window(numbers))
}

fn len(dims: [usize; 4]) -> usize {
    dims.iter().product()
}

impl OnCuda<1, 2> for MaxPool {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 2]> {
        let n = len(self.0.output_dims());
        let (mut y, mut indices) = (gpu.empty(n)?, gpu.empty(n)?);
        launch!(gpu, "window_largest", n; window(&self.0)?; &x => &mut y, &mut indices);
        Ok([y, indices])
    }
}

impl OnCuda<2, 1> for MaxPoolGradient {
    fn on_cuda(&self, gpu: &Gpu, [g, indices]: [View; 2]) -> Result<[Array; 1]> {
        let n = len(self.0.input_dims());
        let mut dx = gpu.empty(n)?;
        launch!(gpu, "window_to_winners", n; window(&self.0)?; &g, &indices => &mut dx);
        Ok([dx])
    }
}

impl OnCuda<1, 1> for MeanPool {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let (name, dims) = if self.transposed { ("window_spread", self.shape.input_dims()) } else { ("window_mean", self.shape.output_dims()) };
        let n = len(dims);
        let mut y = gpu.empty(n)?;
        launch!(gpu, name, n; window(&self.shape)?, u32::from(self.count_padding); &x => &mut y);
        Ok([y])
    }
}
