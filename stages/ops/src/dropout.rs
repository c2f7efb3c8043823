//! Multiplication with a mask that somebody drew: dropout. Linear, so that it is its own gradient to any order.

use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::sync::Arc;

const CHUNK: usize = 32_768;

/// `x · scale` where `keep` is 1, zero where it is 0; any shape.
///
/// # Errors
/// Where the mask has another length.
pub fn masked(x: &Tensor, keep: Vec<u8>, scale: f64) -> Result<Tensor> {
    if keep.len() != x.elem_count() {
        bail!("a mask of {} for {x:?}", keep.len());
    }
    x.contiguous()?.apply_op1(Masked { keep: keep.into(), scale: scale as f32 })
}

struct Masked {
    keep: Arc<[u8]>,
    scale: f32,
}

impl CustomOp1 for Masked {
    fn name(&self) -> &'static str {
        "masked"
    }
    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).zip(self.keep.par_chunks(CHUNK)).for_each(|((y, x), keep)| {
            y.iter_mut().zip(x).zip(keep).for_each(|((y, x), keep)| *y = if *keep != 0 { x * self.scale } else { 0.0 });
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
    fn bwd(&self, _x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient.contiguous()?.apply_op1(Masked { keep: self.keep.clone(), scale: self.scale }).map(Some)
    }
}
