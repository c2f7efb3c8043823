//! Images as generators take and return them: channels, grey values, bytes. Independent of networks.

use crate::contract::prelude::*;
use hilum_ops::Value;

/// Grey images `[n, s, s, 1]`, repeated to the channels of a network.
///
/// # Errors
/// Where a device refuses them.
pub fn channelled(images: &Value, channels: usize) -> Result<Value> {
    let (n, h, w, c) = images.dims4()?;
    Ok(if c == channels { images.clone() } else { images.repeat_to(&[n, h, w, channels])? })
}

/// Images `[n, s, s, c]` as one channel, image by image: the mean over channels.
///
/// # Errors
/// Where a device does not give them.
pub fn grey(images: &Value) -> Result<Vec<Vec<f32>>> {
    let (_, h, w, c) = images.dims4()?;
    let values = images.to_vec()?;
    let mean = |pixel: &[f32]| if c == 1 { pixel[0] } else { pixel.iter().sum::<f32>() / c as f32 };
    Ok(values.chunks_exact(h * w * c).map(|image| image.chunks_exact(c).map(mean).collect()).collect())
}

/// Grey values in [−1, 1] as bytes. NaN would become black: check with [`are_numbers`] first.
pub fn to_bytes(image: &[f32]) -> Vec<u8> {
    image.iter().map(|v| ((v.clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8).collect()
}

/// False if an image has values that are not finite: its generator diverged.
pub fn are_numbers(image: &[f32]) -> bool {
    image.iter().all(|v| v.is_finite())
}
