//! Up-sampling by zeros, a filter, and down-sampling: the resampling of StyleGAN2 (Karras et al. 2020).

use crate::cpu::resample::Weights;
use crate::resample::{Axes, resample};
use crate::tape::Value;
use candle_core::{Result, bail};

/// Puts `up − 1` zeros after each place of `x [n, h, w, c]`, zeros around (`[before, after]`, negative to crop), convolves
/// rows and columns with `filter` (its weights are used as they are), and keeps every `down`-th place:
/// `oh = (h·up + before + after − taps)/down + 1`. Differentiable to any order.
///
/// # Errors
/// Where the filter is longer than what it filters.
pub fn upfirdn(x: &Value, filter: &[f32], up: usize, down: usize, padding: [isize; 2]) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    let weights = |n: usize| if up == 0 || down == 0 { None } else { Weights::filtered(n, filter, up, down, padding) };
    let (Some(rows), Some(columns)) = (weights(h), weights(w)) else {
        bail!("a filter of {} taps with factors {up} and {down} and padding {padding:?} does not fit {:?}", filter.len(), x.dims());
    };
    resample(x, Axes::of(rows, columns))
}
