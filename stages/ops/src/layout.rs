//! The one place that knows where channels lie: `[n, h, w, c]`, so that the values of a pixel are neighbours. Images of one
//! channel are the same bytes in either order.

use crate::tape::Value;
use candle_core::Result;

/// The extent of channels.
pub(crate) const CHANNELS: usize = 3;

/// `[n, c, h, w] → [n, h, w, c]`.
///
/// # Errors
/// Where there are not four extents.
pub fn channels_last(x: &Value) -> Result<Value> {
    x.permute(&[0, 2, 3, 1])
}

/// `[n, h, w, c] → [n, c, h, w]`, as torch lays maps out: before flattening for a linear layer with torch's weights.
///
/// # Errors
/// Where there are not four extents.
pub fn channels_first(x: &Value) -> Result<Value> {
    x.permute(&[0, 3, 1, 2])
}

/// Maps beside each other: channels of the first, then of the next.
///
/// # Errors
/// Where maps or samples differ.
pub fn concat_channels(maps: &[&Value]) -> Result<Value> {
    Value::concat(maps, CHANNELS)
}
