//! The softmax of rows.

use super::Primitive;
use crate::cpu::softmax::softmax;

/// `[rows, width] → [rows, width]`
pub(crate) struct Softmax {
    pub(crate) width: usize,
}

impl Primitive<1, 1> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        [softmax(x, self.width)]
    }
}
