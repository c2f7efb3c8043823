//! Sums over a dimension: `[g, r, c] → [g, c]` in several launches, each of which leaves fewer rows.

use super::gpu::{Gpu, count, launch};
use super::{Array, OnCuda, View};
use crate::primitive::reduce::{SquareSum, Sum};
use candle_core::Result;
use candle_core::cuda_backend::cudarc::driver::CudaSlice;

/// Rows that a thread sums.
const RUN: usize = 32;

/// Rows that are left of `r` after a launch.
pub(super) fn left(r: usize) -> usize {
    r.div_ceil(RUN).max(1)
}

impl OnCuda<1, 1> for Sum {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let crate::broadcast::Repeat { a: g, r, b: c } = self.0;
        let (n, mut total) = (g * c, gpu.empty(g * c)?);
        if left(r) == 1 {
            launch!(gpu, "sum_whole", n; count(r)?, 1u32, count(c)?; &x => &mut total);
            return Ok([total]);
        }
        let s = left(r);
        let mut parts = gpu.empty::<f64>(g * s * c)?;
        launch!(gpu, "sum_begin", g * s * c; count(r)?, count(s)?, count(c)?; &x => &mut parts);
        let (parts, s) = fewer(gpu, parts, g, s, c, RUN)?;
        launch!(gpu, "sum_end", n; count(s)?, 1u32, count(c)?; &parts => &mut total);
        Ok([total])
    }
}

impl OnCuda<1, 1> for SquareSum {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let (r, s) = (x.len(), left(x.len()));
        let (mut parts, mut total) = (gpu.empty::<f64>(s)?, gpu.empty(1)?);
        launch!(gpu, "sum_squares", s; count(r)?, count(s)?, 1u32; &x => &mut parts);
        let (parts, s) = fewer(gpu, parts, 1, s, 1, RUN)?;
        launch!(gpu, "sum_end", 1; count(s)?, 1u32, 1u32; &parts => &mut total);
        Ok([total])
    }
}

/// `[g, s, c]` with no more than `most` rows left, and how many there are.
pub(super) fn fewer(gpu: &Gpu, mut parts: CudaSlice<f64>, g: usize, mut s: usize, c: usize, most: usize) -> Result<(CudaSlice<f64>, usize)> {
    while s > most {
        let next = left(s);
        let mut sums = gpu.empty::<f64>(g * next * c)?;
        launch!(gpu, "sum_go_on", g * next * c; count(s)?, count(next)?, count(c)?; &parts => &mut sums);
        (parts, s) = (sums, next);
    }
    Ok((parts, s))
}
