//! Up-sampling by zeros, a filter, and down-sampling: the resampling of StyleGAN2 (Karras et al. 2020).

use crate::cpu::resample::{FirWindow, Weights};
use crate::resample::{Resampling, resample};
use crate::tape::Value;
use candle_core::{Result, bail};

/// Inserts `up − 1` zeros after each pixel of `x [n, h, w, c]`, pads with zeros (crops where negative), convolves rows
/// and columns with `filter`, and keeps every `down`-th pixel: `[n, oh, ow, c]` with `oh = (h·up + before + after −
/// taps)/down + 1`. Differentiable to any order.
///
/// # Errors
/// Where the filter is longer than what it filters, or a factor is 0.
pub fn upfirdn(x: &Value, filter: &[f32], window: FirWindow) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    let weights = |n: usize| if window.up == 0 || window.down == 0 { None } else { Weights::filtered(n, filter, window) };
    let (Some(rows), Some(columns)) = (weights(h), weights(w)) else {
        bail!("a filter of {} taps with {window:?} does not fit {:?}", filter.len(), x.dims());
    };
    resample(x, Resampling::of(rows, columns))
}
