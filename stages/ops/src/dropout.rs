//! Dropout with a given mask. Linear, so that it is its own gradient to any order.

use crate::backend::compute;
use crate::primitive::dropout::Masked;
use crate::tape::Value;
use candle_core::{Result, bail};
use std::sync::Arc;

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
        uploaded: std::sync::OnceLock::new(),
    };
    apply(x, &Arc::new(mask))
}

fn apply(x: &Value, mask: &Arc<Masked>) -> Result<Value> {
    let data = compute(&**mask, [x.data()], x.dims())?;
    let mask = mask.clone();
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || apply(s.gradient, &mask))?])))
}
