//! The softmax of rows.

use super::gpu::{Gpu, count, launch};
use super::{Array, OnCuda, View};
use crate::primitive::softmax::Softmax;
use candle_core::Result;

impl OnCuda<1, 1> for Softmax {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let mut y = gpu.empty(x.len())?;
        launch!(gpu, "softmax", x.len() / self.width; count(self.width)?; &x => &mut y);
        Ok([y])
    }
}
