//! From stored values to grey values: modality, values of interest, MONOCHROME1, padding.

use super::Picture;
use super::header::{Header, Photometric};
use super::modality::Modality;
use super::pixels::Stored;
use super::steps::{Step, Steps};
use super::voi::Voi;

/// The picture of stored values.
///
/// # Errors
/// Where they cannot be shown as the header says.
pub(super) fn picture(header: &Header, stored: Stored) -> Result<Picture, String> {
    match stored {
        Stored::Colour { pixels, steps } => Ok(Picture::of(header, pixels, steps, false)),
        Stored::Grey { values, mut steps } => {
            let (low, high) = header.range();
            let grey = grey_of(header, (low, high), &mut steps)?;
            // Each stored value that occurs is worked out once.
            let mut known: Vec<Option<u16>> = vec![None; (high - low + 1) as usize];
            let mut pixels: Vec<u16> = values.iter().map(|v| *known[(v - low) as usize].get_or_insert_with(|| grey(*v))).collect();
            if let Some((low, high)) = header.padding_range() {
                pad(&mut pixels, |at| (low..=high).contains(&values[at]), &mut steps);
            }
            let is_deep = header.bits_stored == 16 && steps == [Step::FullRange];
            Ok(Picture::of(header, pixels, steps, is_deep))
        }
    }
}

impl Picture {
    fn of(header: &Header, pixels: Vec<u16>, steps: Steps, is_deep: bool) -> Picture {
        Picture { width: header.columns.into(), height: header.rows.into(), pixels, steps, is_deep }
    }
}

/// The grey value of a stored value in this range.
fn grey_of<'a>(header: &'a Header, range: (i32, i32), steps: &mut Steps) -> Result<impl Fn(i32) -> u16 + use<'a>, String> {
    let modality = Modality::of(header, range, steps);
    let meant = modality.range(range);
    if !(meant.1 - meant.0).is_finite() {
        return Err("the DICOM file's rescale slope leads beyond all numbers".into());
    }
    let voi = Voi::of(header, meant, steps)?;
    let is_inverted = header.photometric == Photometric::Monochrome1;
    steps.extend(is_inverted.then_some(Step::Inverted));
    Ok(move |stored| {
        let grey = (voi.apply(modality.apply(stored)) * 65_535.0 + 0.5).floor() as u16;
        if is_inverted { u16::MAX - grey } else { grey }
    })
}

/// Gives pixels of padding the darkest grey value of the others: they are no part of the picture, and neither its range
/// nor its border may follow from them (PS3.3 C.7.5.1.1.2).
fn pad(pixels: &mut [u16], is_padding: impl Fn(usize) -> bool, steps: &mut Steps) {
    let (padding, others): (Vec<usize>, Vec<usize>) = (0..pixels.len()).partition(|at| is_padding(*at));
    let Some(darkest) = others.iter().map(|at| pixels[*at]).min().filter(|_| !padding.is_empty()) else { return };
    padding.into_iter().for_each(|at| pixels[at] = darkest);
    steps.push(Step::Padding);
}

impl Header {
    /// The lowest and the highest stored value of padding.
    fn padding_range(&self) -> Option<(i32, i32)> {
        let (a, b) = self.padding?;
        let (a, b) = (self.value_of(a, 0), self.value_of(b, 0));
        Some((a.min(b), a.max(b)))
    }
}
