//! The operations in torch's order, `[n, c, h, w]`, in which the fixture is written.
#![allow(dead_code)] // each test program uses its part

pub(crate) mod report;

use candle_core::{Result, Tensor};
use hilum_ops::{BatchStatistics, Window, channels_first, channels_last};

pub(crate) fn conv2d(x: &Tensor, w: &Tensor, window: Window) -> Result<Tensor> {
    channels_first(&hilum_ops::conv2d(&channels_last(x)?, w, window)?)
}
pub(crate) fn conv_transpose2d(x: &Tensor, w: &Tensor, window: Window, output_padding: [usize; 2]) -> Result<Tensor> {
    channels_first(&hilum_ops::conv_transpose2d(&channels_last(x)?, w, window, output_padding)?)
}
pub(crate) fn max_pool2d(x: &Tensor, k: usize, stride: usize, padding: usize) -> Result<Tensor> {
    channels_first(&hilum_ops::max_pool2d(&channels_last(x)?, k, stride, padding)?)
}
pub(crate) fn global_average_pool(x: &Tensor) -> Result<Tensor> {
    hilum_ops::global_average_pool(&channels_last(x)?)
}
pub(crate) fn up_sample_nearest(x: &Tensor, scale: usize) -> Result<Tensor> {
    channels_first(&hilum_ops::up_sample_nearest(&channels_last(x)?, scale)?)
}
pub(crate) fn batch_norm(x: &Tensor, w: &Tensor, b: &Tensor) -> Result<(Tensor, BatchStatistics)> {
    let (y, batch) = hilum_ops::batch_norm(&channels_last(x)?, w, b, 1e-5)?;
    Ok((channels_first(&y)?, batch))
}
pub(crate) fn batch_norm_fixed(x: &Tensor, w: &Tensor, b: &Tensor, mean: &Tensor, variance: &Tensor) -> Result<Tensor> {
    channels_first(&hilum_ops::batch_norm_fixed(&channels_last(x)?, w, b, mean, variance, 1e-5)?)
}
