//! Rows and columns as weighted sums of other rows and columns.

use super::Primitive;
use crate::cpu::resample::{Axes, rows_and_columns};

/// `[n, h, w, c] → [n, oh, ow, c]`, for `n` samples of `c` channels.
pub(crate) struct Resample<'a> {
    pub(crate) axes: &'a Axes,
    pub(crate) n: usize,
    pub(crate) c: usize,
}

impl Primitive<1, 1> for Resample<'_> {
    fn name(&self) -> &'static str {
        "resample"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        [rows_and_columns(self.axes, x, self.n, self.c)]
    }
}
