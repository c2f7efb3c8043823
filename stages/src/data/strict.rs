//! Checks that a file contains exactly what its header declares. Decoders silently fill what is missing with grey, and
//! half an image is not data. Independent of pixels: what is counted here is decoded elsewhere, but for lossless JPEG, whose
//! symbols are its values.

mod jpeg;
mod png;

pub(in crate::data) use jpeg::lossless::decode as lossless;

/// Walks through a PNG or JPEG to its end. Bytes after the end mark are not damage.
///
/// # Errors
/// Says in a few words, equal for all images with the same fault, what is damaged or not supported.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    match bytes.starts_with(&[0xff, 0xd8]) {
        true => jpeg::check(bytes).map(drop),
        false => png::check(bytes),
    }
}
