//! Sums over a dimension, and their transpose: repeating.

use super::Primitive;
use crate::broadcast::Repeat;
use crate::cpu::columns::sums;
use crate::cpu::elementwise::map_channels;

/// `[a, r, b] → [a, b]`
pub(crate) struct Sum(pub(crate) Repeat);

impl Primitive<1, 1> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let [total] = sums([x], [], self.0.a, self.0.b, |[x], []| [x]);
        [total.into_iter().map(|t| t as f32).collect()]
    }
}

/// The sum of squares: `[n] → [1]`
pub(crate) struct SquareSum;

impl Primitive<1, 1> for SquareSum {
    fn name(&self) -> &'static str {
        "square-sum"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let [total] = sums([x], [], 1, 1, |[x], []| [x * x]);
        [total.into_iter().map(|t| t as f32).collect()]
    }
}

/// `[a, b] → [a, r, b]`
impl Primitive<1, 1> for Repeat {
    fn name(&self) -> &'static str {
        "repeat"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        // The values of the first array are not used: its length says how much is written.
        let shape = vec![0f32; self.a * self.r * self.b];
        [map_channels([&shape], [x], self.a, self.b, |_, [x]| x)]
    }
}
