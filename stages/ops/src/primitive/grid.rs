//! Reading images at positions between their pixels, and the transpose of that.

use super::Primitive;
use crate::cpu::sample::{Taps, gather, scatter};

/// `[n, h, w, c] → [n, oh, ow, c]`, or its transpose.
pub(crate) struct Sample<'a> {
    pub(crate) taps: &'a Taps,
    /// Channels.
    pub(crate) c: usize,
    /// True for the transpose: the gradient's way.
    pub(crate) transposed: bool,
}

impl Primitive<1, 1> for Sample<'_> {
    fn name(&self) -> &'static str {
        "grid-sample"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        [if self.transposed { scatter(self.taps, x, self.c) } else { gather(self.taps, x, self.c) }]
    }
}
