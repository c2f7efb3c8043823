//! Maxima and means of windows, and their gradients.

use super::Primitive;
use crate::cpu::pool::{self, Shape};

/// The maximum of each window, and its position in the window, counted row by row; of several the first.
pub(crate) struct MaxPool(pub(crate) Shape);

impl Primitive<1, 2> for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool2d"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 2] {
        let (y, indices) = pool::max(&self.0, x);
        [y, indices]
    }
}

/// The gradient of [`MaxPool`] by its input, from the gradient of the maxima and their positions.
pub(crate) struct MaxPoolGradient(pub(crate) Shape);

impl Primitive<2, 1> for MaxPoolGradient {
    fn name(&self) -> &'static str {
        "max-pool2d-gradient"
    }
    fn on_cpu(&self, [g, indices]: [&[f32]; 2]) -> [Vec<f32>; 1] {
        [pool::max_gradient(&self.0, g, indices)]
    }
}

/// The mean of each window, or the transpose of that.
pub(crate) struct MeanPool {
    pub(crate) shape: Shape,
    /// True where padding counts as zeros, else it is left out of the mean.
    pub(crate) count_padding: bool,
    /// True for the transpose: the gradient's way.
    pub(crate) transposed: bool,
}

impl Primitive<1, 1> for MeanPool {
    fn name(&self) -> &'static str {
        "avg-pool2d"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        [if self.transposed { pool::mean_gradient(&self.shape, self.count_padding, x) } else { pool::mean(&self.shape, self.count_padding, x) }]
    }
}
