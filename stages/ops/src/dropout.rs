//! Multiplication with a mask that somebody drew: dropout. Linear, so that it is its own gradient to any order.

use crate::backend::{Job, compute};
use crate::tape::Value;
use candle_core::{Result, bail};
use rayon::prelude::*;
use std::sync::Arc;

const TASK: usize = 32_768;

/// `x · scale` where `keep` is 1, `x · 0` where it is 0: as in PyTorch, NaN of what is not finite. Any shape.
///
/// # Errors
/// Where the mask has another length.
pub fn masked(x: &Value, keep: Vec<u8>, scale: f64) -> Result<Value> {
    if keep.len() != x.elem_count() {
        bail!("a mask of {} for {:?}", keep.len(), x.dims());
    }
    let mask = Masked {
        keep,
        scale: scale as f32,
        #[cfg(feature = "cuda")]
        there: std::sync::OnceLock::new(),
    };
    apply(x, &Arc::new(mask))
}

fn apply(x: &Value, mask: &Arc<Masked>) -> Result<Value> {
    let data = compute(&**mask, [x.data()], x.dims())?;
    let mask = mask.clone();
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || apply(s.gradient, &mask))?])))
}

/// A mask and what the numbers that are kept are multiplied with.
pub(crate) struct Masked {
    pub(crate) keep: Vec<u8>,
    pub(crate) scale: f32,
    /// The mask on the GPU, once it is there: the way back needs it again.
    #[cfg(feature = "cuda")]
    pub(crate) there: std::sync::OnceLock<crate::cuda::Bytes>,
}

impl Job<1, 1> for Masked {
    fn name(&self) -> &'static str {
        "masked"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(TASK).zip(x.par_chunks(TASK)).zip(self.keep.par_chunks(TASK)).for_each(|((y, x), keep)| {
            y.iter_mut().zip(x).zip(keep).for_each(|((y, x), keep)| *y = x * if *keep != 0 { self.scale } else { 0.0 });
        });
        [y]
    }
}
