//! From stored values to grey values: modality, values of interest, MONOCHROME1, padding. A stored value has at most 16
//! bits, so that each is worked out once.

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
            let range = header.range();
            let shown = table(header, range, &mut steps)?;
            let at = |value: i32| (value - range.0) as usize;
            let mut pixels: Vec<u16> = values.iter().map(|v| shown[at(*v)]).collect();
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

/// The grey value of each stored value in this range.
fn table(header: &Header, range: (i32, i32), steps: &mut Steps) -> Result<Vec<u16>, String> {
    let modality = Modality::of(header, range, steps);
    let meant = modality.range(range);
    if !(meant.1 - meant.0).is_finite() {
        return Err("the DICOM file's rescale slope leads beyond all numbers".into());
    }
    let voi = Voi::of(header, meant, steps)?;
    let grey = |stored: i32| (voi.apply(modality.apply(stored)) * 65_535.0 + 0.5).floor() as u16;
    let mut table: Vec<u16> = (range.0..=range.1).map(grey).collect();
    if header.photometric == Photometric::Monochrome1 {
        steps.push(Step::Inverted);
        table.iter_mut().for_each(|v| *v = u16::MAX - *v);
    }
    Ok(table)
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
