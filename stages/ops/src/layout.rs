//! The one place that knows the memory layout: `[n, h, w, c]` (channels last), so that the values of a pixel are
//! adjacent. Images of one channel are the same bytes in either layout.

use crate::tape::Value;
use candle_core::Result;

/// The dimension of channels.
pub(crate) const CHANNELS: usize = 3;

/// `[n, c, h, w] → [n, h, w, c]`.
///
/// # Errors
/// Where there are not four dimensions.
pub fn channels_last(x: &Value) -> Result<Value> {
    x.permute(&[0, 2, 3, 1])
}

/// `[n, h, w, c] → [n, c, h, w]`, torch's layout: before flattening for a linear layer with torch's weights.
///
/// # Errors
/// Where there are not four dimensions.
pub fn channels_first(x: &Value) -> Result<Value> {
    x.permute(&[0, 3, 1, 2])
}

/// Feature maps `[n, h, w, c]` concatenated along their channels.
///
/// # Errors
/// Where they differ in another dimension than that of channels.
pub fn concat_channels(maps: &[&Value]) -> Result<Value> {
    Value::concat(maps, CHANNELS)
}
