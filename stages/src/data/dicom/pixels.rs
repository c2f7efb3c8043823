//! From the bytes of pixel data to stored values: one frame, however it is coded (PS3.5, 8 and A.4).

use super::cells::{Cells, LESS, MORE, MORE_BITS, OTHER_SIZE};
use super::colour;
use super::elements::DAMAGED;
use super::fragments;
use super::header::{Header, Photometric};
use super::jpeg2000;
use super::rle;
use super::steps::{Step, Steps};
use super::syntax::Coding;
use crate::data::strict;
use image::{DynamicImage, ImageDecoder};
use std::io::Cursor;

/// What a frame stores.
pub(super) enum Stored {
    /// Values within the range that the header declares.
    Grey { values: Vec<i32>, steps: Steps },
    /// Colours, turned to grey values of 16 bits.
    Colour { pixels: Vec<u16>, steps: Steps },
}

/// Checks, without decoding them, that pixels are there to their end.
///
/// # Errors
/// Says in a few words what is missing.
pub(super) fn check(header: &Header, data: &[u8]) -> Result<(), String> {
    let bytes = &data[header.pixels.clone()];
    if header.is_encapsulated != (header.syntax.coding != Coding::Native) {
        return Err(DAMAGED.into());
    }
    if header.is_encapsulated {
        return fragments::check(bytes, header.about.frames);
    }
    let whole = (header.bytes_of_frame()? as u64).saturating_mul(u64::from(header.about.frames));
    match bytes.len() as u64 {
        found if found < whole => Err(LESS.into()),
        // Values have an even number of bytes.
        found if found > whole.saturating_add(whole % 2) => Err(MORE.into()),
        _ => Ok(()),
    }
}

/// Decodes a frame of pixels that were checked.
///
/// # Errors
/// Says in a few words what is damaged or not supported.
pub(super) fn decode(header: &Header, data: &[u8], frame: u32) -> Result<Stored, String> {
    let bytes = &data[header.pixels.clone()];
    let coded = || fragments::of_frame(bytes, frame, header.about.frames);
    let mut steps: Steps = if header.about.frames > 1 { vec![Step::Frame] } else { vec![] };
    let cells = match header.syntax.coding {
        Coding::Native => native(header, bytes, frame)?,
        Coding::Rle => rle::decode(&coded()?, header)?,
        Coding::Jpeg => jpeg(&coded()?, header)?,
        Coding::LosslessJpeg => lossless(&coded()?, header)?,
        Coding::Jpeg2000 => {
            let found = jpeg2000::decode(&coded()?, header)?;
            if header.samples == 1 {
                let values = found.values(header, &mut steps)?;
                return Ok(Stored::Grey { values, steps });
            }
            found.cells(header)?
        }
    };
    if header.samples > 1 {
        steps.push(Step::Colour);
        return Ok(Stored::Colour { pixels: colour::grey(header, &cells)?, steps });
    }
    Ok(Stored::Grey { values: values(header, &cells.planes[0], &mut steps), steps })
}

/// The values in cells: the bits that are stored, with their sign (PS3.5, 8.1.1).
fn values(header: &Header, cells: &[u16], steps: &mut Steps) -> Vec<i32> {
    let lowest = header.high_bit + 1 - header.bits_stored;
    let values: Vec<i32> = cells.iter().map(|cell| header.value_of(*cell, lowest)).collect();
    let as_written = |cell: u16| match (header.is_signed, header.bits_allocated) {
        (false, _) => i32::from(cell),
        (true, 8) => i32::from((cell as u8).cast_signed()),
        (true, _) => i32::from(cell.cast_signed()),
    };
    if cells.iter().zip(&values).any(|(cell, value)| as_written(*cell) != *value) {
        steps.push(Step::Masked);
    }
    if header.is_signed {
        steps.push(Step::Signed);
    }
    values
}

impl Header {
    /// Bytes of a frame that is not compressed.
    fn bytes_of_frame(&self) -> Result<usize, String> {
        let samples = match self.photometric {
            // One of red and one of blue differences for two pixels beside each other.
            Photometric::Ybr422 if self.columns.is_multiple_of(2) && self.bits_allocated == 8 => 2,
            Photometric::Ybr422 | Photometric::YbrOfCodec => return Err(DAMAGED.into()),
            _ => usize::from(self.samples),
        };
        Ok(self.pixels_of_frame() * samples * self.bits_allocated as usize / 8)
    }
}

/// Pixels one after the other.
fn native(header: &Header, bytes: &[u8], frame: u32) -> Result<Cells, String> {
    let size = header.bytes_of_frame()?;
    let start = size * frame as usize;
    let encoding = header.syntax.encoding;
    let cells: Vec<u16> = if header.bits_allocated == 8 {
        // Two pixels in each word, the first in its lower half.
        let flip = usize::from(encoding.is_big && header.in_words);
        (start..start + size).map(|at| bytes.get(at ^ flip).copied().map(u16::from)).collect::<Option<_>>().ok_or(LESS)?
    } else {
        bytes[start..start + size].as_chunks::<2>().0.iter().map(|pair| encoding.u16(*pair)).collect()
    };
    let samples = usize::from(header.samples);
    let planes = match header.photometric {
        _ if samples == 1 => vec![cells],
        Photometric::Ybr422 => vec![cells.as_chunks::<4>().0.iter().flat_map(|[a, b, ..]| [*a, *b]).collect()],
        _ if header.is_planar => cells.chunks_exact(header.pixels_of_frame()).map(<[u16]>::to_vec).collect(),
        _ => (0..samples).map(|s| cells.iter().skip(s).step_by(samples).copied().collect()).collect(),
    };
    Ok(Cells { planes, is_rgb: false })
}

/// JPEG with loss, of 8 bits. What it holds is counted first: a decoder would fill gaps with grey.
fn jpeg(bytes: &[u8], header: &Header) -> Result<Cells, String> {
    strict::check(bytes)?;
    if header.samples > 1 && header.photometric == Photometric::Rgb {
        // Decoders take what has no mark of Adobe's for luminance and differences.
        return Err(format!("DICOM in JPEG of red, green and blue{}", super::NOT_READ));
    }
    let damaged = |_| "the JPEG's data are damaged".to_owned();
    let decoder = image::codecs::jpeg::JpegDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    if decoder.dimensions() != (header.columns.into(), header.rows.into()) {
        return Err(OTHER_SIZE.into());
    }
    let planes = match (DynamicImage::from_decoder(decoder).map_err(damaged)?, header.samples) {
        (DynamicImage::ImageLuma8(image), 1) => vec![image.into_raw().into_iter().map(u16::from).collect()],
        (DynamicImage::ImageRgb8(image), 3) => (0..3).map(|s| image.pixels().map(|p| u16::from(p[s])).collect()).collect(),
        _ => return Err(DAMAGED.into()),
    };
    Ok(Cells { planes, is_rgb: true })
}

/// JPEG without loss.
fn lossless(bytes: &[u8], header: &Header) -> Result<Cells, String> {
    let found = strict::lossless(bytes)?;
    if (found.width, found.height) != (header.columns, header.rows) {
        return Err(OTHER_SIZE.into());
    }
    if found.planes.len() != usize::from(header.samples) {
        return Err(DAMAGED.into());
    }
    // Values with a sign may fill all bits with it.
    let is_more = |cell: &u16| u32::from(*cell) >> header.bits_stored > 0;
    if !header.is_signed && found.planes.iter().flatten().any(is_more) {
        return Err(MORE_BITS.into());
    }
    Ok(Cells { planes: found.planes, is_rgb: false })
}
