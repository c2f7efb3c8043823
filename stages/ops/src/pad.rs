//! Margins around maps.

use crate::cpu::resample::Weights;
use crate::resample::{Axes, resample};
use crate::tape::Value;
use candle_core::{Result, bail};

/// Mirrors `x [n, h, w, c]` at its edges, which are not repeated: `[n, h + 2p, w + 2p, c]`.
///
/// # Errors
/// Where a margin is as wide as the map or wider.
pub fn reflect_pad(x: &Value, padding: usize) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    if padding >= h || padding >= w {
        bail!("a mirrored margin of {padding} needs a larger map than {:?}", x.dims());
    }
    resample(x, Axes::of(Weights::reflected(h, padding), Weights::reflected(w, padding)))
}

/// Zeros around `x [n, h, w, c]`: `[rows before, rows after, columns before, columns after]`.
///
/// # Errors
/// Where there are not four extents.
pub fn zero_pad(x: &Value, margins: [usize; 4]) -> Result<Value> {
    x.pad_zeros(1, margins[0], margins[1])?.pad_zeros(2, margins[2], margins[3])
}
