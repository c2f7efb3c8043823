//! DICOM files: what `import` takes from their headers, and the grey values that they mean to show (PS3.3 C.7.6.3,
//! C.11.1, C.11.2; PS3.5 7, 8, A).
//!
//! Nothing but a short list of attributes is read, so that no name, date or institution leaves a file. What is missing,
//! contradicts itself or is coded in a way that is not read is said, and never filled in. Independent of tables and stages.

mod cells;
mod colour;
mod elements;
mod fragments;
mod frame;
mod header;
mod jpeg2000;
mod lut;
mod modality;
mod numbers;
mod pixels;
mod rle;
mod show;
mod steps;
mod syntax;
#[cfg(test)]
pub(crate) mod tests;
mod values;
mod voi;

pub use frame::{FrameChoice, FrameName};
pub use steps::{Applied, Step, Steps, summary};
pub use values::About;

use header::Header;
use std::borrow::Cow;

/// Ends what is said of files that are whole, but of a kind that is not read.
pub(super) const NOT_READ: &str = ", which is not read";

/// A picture as it is shown.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Rows from the top, full range of 16 bits.
    pub(super) pixels: Vec<u16>,
    pub(super) steps: Steps,
    /// True if all 16 bits are stored and shown as they are, so that it cannot be known how many are in use.
    pub(super) is_deep: bool,
}

/// True for the bytes of a DICOM file, with or without a preamble.
pub(super) fn is_dicom(bytes: &[u8]) -> bool {
    has_preamble(bytes) || starts_without_preamble(bytes)
}

fn has_preamble(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM")
}

/// True if the bytes start with an element of group 2 or 8, in one of the ways that programs wrote before there was a preamble.
fn starts_without_preamble(bytes: &[u8]) -> bool {
    let Some([group, 0, element, 0, rest @ ..]) = bytes.first_chunk::<8>() else { return false };
    let explicit = matches!(&rest[..2], b"UL" | b"CS" | b"UI" | b"SH");
    let implicit = u32::from_le_bytes(*rest) <= 64 && rest[0] > 0;
    match (group, element) {
        (2, 0 | 1) => explicit || implicit,
        (8, 0 | 1 | 5 | 8) => explicit || implicit,
        _ => false,
    }
}

/// Inspects a file without decoding it: width and height, and whether it says that it is synthetic.
///
/// # Errors
/// Says in a few words why this is no usable image.
pub(super) fn look(bytes: &[u8]) -> Result<(u32, u32, bool), String> {
    let (header, data) = open(bytes)?;
    pixels::check(&header, &data)?;
    Ok((header.columns.into(), header.rows.into(), header.about.is_synthetic))
}

/// What an import may take from the header of a file.
///
/// # Errors
/// Says in a few words why the header cannot be read.
pub fn about(bytes: &[u8]) -> Result<About, String> {
    Ok(open(bytes)?.0.about)
}

/// Decodes a file to the grey values that it means to show, in the full range of 16 bits.
///
/// # Errors
/// Says in a few words why the file cannot be decoded.
pub(super) fn decode(bytes: &[u8], choice: Option<FrameChoice>) -> Result<Picture, String> {
    let (header, data) = open(bytes)?;
    pixels::check(&header, &data)?;
    let frame = frame::chosen(choice, header.about.frames)?;
    let stored = pixels::decode(&header, &data, frame)?;
    show::picture(&header, stored)
}

/// The header, and the bytes in which it says where the pixels are: those of the file, or what they inflate to.
fn open(bytes: &[u8]) -> Result<(Header, Cow<'_, [u8]>), String> {
    if !has_preamble(bytes) {
        return Err(format!("DICOM without its preamble (128 bytes and `DICM`){NOT_READ}"));
    }
    let (syntax, data) = syntax::open(&bytes[132..])?;
    Ok((Header::read(&data, syntax)?, data))
}
