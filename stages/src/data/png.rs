//! Writing 8-bit grey PNG files, the same bytes everywhere, with text that says what they are.

use crate::contract::prelude::*;

/// Encodes a grey image with text chunks `(keyword, text)`.
pub fn encode(grey: &[u8], width: u32, height: u32, text: &[(&str, &str)]) -> Result<Vec<u8>> {
    encode_as(grey, width, height, png::ColorType::Grayscale, text)
}

/// Encodes an image with three bytes per pixel.
pub fn encode_rgb(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    encode_as(rgb, width, height, png::ColorType::Rgb, &[])
}

fn encode_as(pixels: &[u8], width: u32, height: u32, color: png::ColorType, text: &[(&str, &str)]) -> Result<Vec<u8>> {
    let fault = |e: png::EncodingError| Error::data(format!("an image could not be written as PNG: {e}"));
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    for (keyword, value) in text {
        encoder.add_text_chunk((*keyword).to_owned(), (*value).to_owned()).map_err(fault)?;
    }
    let mut writer = encoder.write_header().map_err(fault)?;
    writer.write_image_data(pixels).map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(bytes)
}
