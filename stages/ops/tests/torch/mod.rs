//! The operations in torch's order, `[n, c, h, w]`, in which the fixtures are written.
#![allow(dead_code)] // each test program uses its part

pub(crate) mod fixture;
pub(crate) mod report;

use candle_core::Result;
use hilum_ops::{Affine, ChannelStatistics, Epilogue, PoolWindow, Value, Window, channels_first, channels_last};

pub(crate) fn conv2d(x: &Value, w: &Value, window: Window) -> Result<Value> {
    channels_first(&hilum_ops::conv2d(&channels_last(x)?, w, window)?)
}
pub(crate) fn conv_transpose2d(x: &Value, w: &Value, window: Window, output_padding: [usize; 2]) -> Result<Value> {
    channels_first(&hilum_ops::conv_transpose2d(&channels_last(x)?, w, window, output_padding)?)
}
pub(crate) fn max_pool2d(x: &Value, window: PoolWindow) -> Result<Value> {
    channels_first(&hilum_ops::max_pool2d(&channels_last(x)?, window)?)
}
pub(crate) fn batch_norm(x: &Value, w: &Value, b: &Value, epilogue: Epilogue) -> Result<(Value, ChannelStatistics)> {
    let (y, batch) = hilum_ops::batch_norm(&channels_last(x)?, Affine { weight: w, bias: b }, 1e-5, epilogue)?;
    Ok((channels_first(&y)?, batch))
}
/// An operation on one map, in torch's order.
pub(crate) fn turned(x: &Value, f: impl FnOnce(&Value) -> Result<Value>) -> Result<Value> {
    channels_first(&f(&channels_last(x)?)?)
}
