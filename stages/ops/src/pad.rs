//! Padding of feature maps.

use crate::cpu::resample::Weights;
use crate::resample::{Resampling, resample};
use crate::tape::Value;
use candle_core::{Result, bail};

/// Rows and columns that are added on each side of a map, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margins {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns on the left.
    pub left: usize,
    /// Columns on the right.
    pub right: usize,
}

impl Margins {
    /// The same on all sides.
    pub fn all(n: usize) -> Margins {
        Margins { top: n, bottom: n, left: n, right: n }
    }
}

/// `x [n, h, w, c]` mirrored at its edges, which are not repeated: `[n, h + 2p, w + 2p, c]`,
/// `torch.nn.ReflectionPad2d`.
///
/// # Errors
/// Where the padding is as wide as the map or wider.
pub fn reflect_pad(x: &Value, padding: usize) -> Result<Value> {
    let (_, h, w, _) = x.dims4()?;
    if padding >= h || padding >= w {
        bail!("a reflection padding of {padding} needs a larger map than {:?}", x.dims());
    }
    resample(x, Resampling::of(Weights::reflected(h, padding), Weights::reflected(w, padding)))
}

/// `x [n, h, w, c]` with zeros around: `[n, h + top + bottom, w + left + right, c]`.
///
/// # Errors
/// Where there are not four dimensions.
pub fn zero_pad(x: &Value, margins: Margins) -> Result<Value> {
    let Margins { top, bottom, left, right } = margins;
    x.pad_zeros(1, top, bottom)?.pad_zeros(2, left, right)
}
