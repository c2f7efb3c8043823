//! What a header says of pixels, and whether it fits together.

use super::NOT_READ;
use super::elements::{DAMAGED, TRUNCATED};
use super::lut::{self, Lut};
use super::numbers::decimal;
use super::syntax::{Coding, Syntax};
use super::values::{About, Values, identifier};
use std::ops::Range;

/// What samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    /// The lowest value is white.
    Monochrome1,
    /// The lowest value is black.
    Monochrome2,
    /// Red, green and blue.
    Rgb,
    /// Luminance first.
    Ybr,
    /// Luminance first, two of them for each pair of colours.
    Ybr422,
    /// Luminance, which a JPEG 2000 decoder turns to red, green and blue.
    YbrOfCodec,
}

/// A window, and by which function it is applied (PS3.3 C.11.2.1.2 and C.11.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub(super) centre: f64,
    pub(super) width: f64,
    pub(super) function: Function,
}

/// The function of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Linear,
    LinearExact,
    Sigmoid,
}

/// The header of a file with pixels.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) about: About,
    pub(super) syntax: Syntax,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) samples: u16,
    pub(super) is_planar: bool,
    pub(super) photometric: Photometric,
    pub(super) bits_allocated: u32,
    pub(super) bits_stored: u32,
    pub(super) high_bit: u32,
    pub(super) is_signed: bool,
    /// Stored values of padding as they are written, from one to the other.
    pub(super) padding: Option<(u16, u16)>,
    pub(super) rescale: Option<(f64, f64)>,
    pub(super) modality_lut: Option<Lut>,
    pub(super) voi_lut: Option<Lut>,
    pub(super) window: Option<Window>,
    /// Where the pixels are in the data set.
    pub(super) pixels: Range<usize>,
    /// The pixels are in fragments.
    pub(super) is_encapsulated: bool,
    /// Pixels of 8 bits are written in words of 16.
    pub(super) in_words: bool,
}

/// A kind of file that is whole but not read.
fn not_read(kind: &str) -> String {
    format!("DICOM {kind}{NOT_READ}")
}

impl Header {
    /// Reads the header of a data set in this transfer syntax.
    ///
    /// # Errors
    /// Where there are no pixels that are read, or what describes them is missing or contradicts itself.
    pub(super) fn read(data: &[u8], syntax: Syntax) -> Result<Header, String> {
        let mut values = Values::read(data, syntax.encoding)?;
        let frames = std::mem::take(&mut values.frames);
        let mut about = std::mem::take(&mut values.about);
        about.frames = match frames {
            [] => 1,
            text => std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).filter(|n| *n > 0).ok_or(DAMAGED)?,
        };
        about.patient = identifier(values.patient, values.charset);
        let pixels = match values.pixels {
            None if values.is_float => return Err(not_read("with pixels that are fractions")),
            None if values.rows.is_some() && values.columns.is_some() => return Err(TRUNCATED.into()),
            None => return Err(not_read("without an image")),
            Some(pixels) => pixels,
        };
        if values.is_enhanced {
            return Err(not_read("with functional groups (enhanced multi-frame)"));
        }
        let (is_signed, allocated) = (values.sign.ok_or(DAMAGED)?, u32::from(values.allocated.ok_or(DAMAGED)?));
        let stored = values.stored.map_or(allocated, u32::from);
        let high_bit = values.high.map_or(stored.saturating_sub(1), u32::from);
        if !matches!(allocated, 8 | 16) {
            return Err(not_read(&format!("with {allocated} bits for each sample")));
        }
        if is_signed > 1 || stored == 0 || stored > allocated || high_bit >= allocated || high_bit + 1 < stored {
            return Err(DAMAGED.into());
        }
        if syntax.coding == Coding::Jpeg && stored > 8 {
            return Err(format!("DICOM in JPEG of {stored} bits{NOT_READ}"));
        }
        let (photometric, samples) = (photometric(values.photometric)?, values.samples.unwrap_or(1));
        let is_grey = matches!(photometric, Photometric::Monochrome1 | Photometric::Monochrome2);
        if samples != if is_grey { 1 } else { 3 } || values.planar.is_some_and(|p| p > 1) {
            return Err(DAMAGED.into());
        }
        let of_lut = |item: Option<&[u8]>| item.map(|item| lut::read(item, syntax.encoding, is_signed == 1)).transpose();
        Ok(Header {
            about,
            syntax,
            rows: values.rows.ok_or(DAMAGED)?,
            columns: values.columns.ok_or(DAMAGED)?,
            samples,
            is_planar: values.planar == Some(1),
            photometric,
            bits_allocated: allocated,
            bits_stored: stored,
            high_bit,
            is_signed: is_signed == 1,
            padding: values.padding.map(|value| (value, values.padding_limit.unwrap_or(value))),
            rescale: rescale(&values)?,
            modality_lut: of_lut(values.modality_lut)?,
            voi_lut: of_lut(values.voi_lut)?,
            window: window(&values)?,
            pixels: pixels.start..pixels.start + pixels.value.len(),
            is_encapsulated: !pixels.has_length,
            in_words: pixels.vr == Some(*b"OW"),
        })
    }
}

fn photometric(name: &[u8]) -> Result<Photometric, String> {
    Ok(match name {
        b"MONOCHROME1" => Photometric::Monochrome1,
        b"MONOCHROME2" => Photometric::Monochrome2,
        b"RGB" => Photometric::Rgb,
        b"YBR_FULL" => Photometric::Ybr,
        b"YBR_FULL_422" => Photometric::Ybr422,
        b"YBR_ICT" | b"YBR_RCT" => Photometric::YbrOfCodec,
        b"PALETTE COLOR" => return Err(not_read("in colours of a palette")),
        b"" => return Err(DAMAGED.into()),
        _ => return Err(not_read("of a photometric interpretation that is retired or not known")),
    })
}

/// Rescale Slope and Intercept (PS3.3 C.11.1): both or neither.
fn rescale(values: &Values) -> Result<Option<(f64, f64)>, String> {
    let number = |value| decimal(value).map_err(|()| "the DICOM file's rescale slope or intercept is no number");
    match (number(values.slope)?, number(values.intercept)?) {
        (None, None) => Ok(None),
        (Some(0.0), _) => Err("the DICOM file's rescale slope is 0".into()),
        (Some(slope), Some(intercept)) => Ok(Some((slope, intercept))),
        _ => Err("the DICOM file has a rescale slope or intercept without the other".into()),
    }
}

/// The first window.
fn window(values: &Values) -> Result<Option<Window>, String> {
    let number = |value| decimal(value).map_err(|()| "the DICOM file's window is no number");
    let (centre, width) = match (number(values.centre)?, number(values.width)?) {
        (None, None) => return Ok(None),
        (Some(centre), Some(width)) => (centre, width),
        _ => return Err("the DICOM file has a window centre or width without the other".into()),
    };
    let function = match values.function {
        b"" | b"LINEAR" => Function::Linear,
        b"LINEAR_EXACT" => Function::LinearExact,
        b"SIGMOID" => Function::Sigmoid,
        _ => return Err("the DICOM file's VOI LUT function is not known".into()),
    };
    Ok(Some(Window { centre, width, function }))
}
