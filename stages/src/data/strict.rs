//! Whether a file holds just what its header promises. Decoders fill what is missing with grey, and say nothing; an image is
//! data, and half of one is none. Ignorant of pixels: what is counted here is decoded elsewhere.

mod jpeg;
mod png;

/// Walks through a PNG or JPEG to its end. Bytes behind the end mark are no damage.
///
/// # Errors
/// Says in a few words, the same for all images with the same fault, what is damaged or not supported.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    match bytes.starts_with(&[0xff, 0xd8]) {
        true => jpeg::check(bytes).map(drop),
        false => png::check(bytes),
    }
}
