//! Multiplication with a mask that somebody drew: dropout. Linear, so that it is its own gradient to any order.

use crate::tape::Value;
use candle_core::{Device, Result, Tensor, bail};
use rayon::prelude::*;
use std::sync::Arc;

const TASK: usize = 32_768;

/// `x · scale` where `keep` is 1, zero where it is 0; any shape.
///
/// # Errors
/// Where the mask has another length.
pub fn masked(x: &Value, keep: Vec<u8>, scale: f64) -> Result<Value> {
    if keep.len() != x.elem_count() {
        bail!("a mask of {} for {:?}", keep.len(), x.dims());
    }
    apply(x, &keep.into(), scale as f32)
}

fn apply(x: &Value, keep: &Arc<[u8]>, scale: f32) -> Result<Value> {
    let values = crate::backend::read("masked", [x.data()], |[x]| {
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(TASK).zip(x.par_chunks(TASK)).zip(keep.par_chunks(TASK)).for_each(|((y, x), keep)| {
            y.iter_mut().zip(x).zip(keep).for_each(|((y, x), keep)| *y = if *keep != 0 { x * scale } else { 0.0 });
        });
        y
    })?;
    let keep = keep.clone();
    Ok(Value::record(Tensor::from_vec(values, x.dims(), &Device::Cpu)?, &[x], move |s| Ok(vec![s.by(0, || apply(s.gradient, &keep, scale))?])))
}
