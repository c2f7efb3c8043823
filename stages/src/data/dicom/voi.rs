//! Which values are shown, and how bright (PS3.3 C.11.2): VOI LUT Sequence, or else the first window, or else all.

use super::header::{Function, Header, Window};
use super::steps::{Step, Steps};
use crate::math;

/// The transformation of a file, from values of the modality to 0 (black) to 1 (white).
pub(super) struct Voi<'a> {
    header: &'a Header,
    range: (f64, f64),
}

impl<'a> Voi<'a> {
    /// `range` is what values may be.
    ///
    /// # Errors
    /// Where the window has no width.
    pub(super) fn of(header: &'a Header, range: (f64, f64), steps: &mut Steps) -> Result<Voi<'a>, String> {
        steps.push(match (&header.voi_lut, header.window) {
            (Some(_), _) => Step::VoiLut,
            // With a width from 0 to 1, LINEAR would divide by less than nothing (C.11.2.1.2.1).
            (None, Some(Window { width, function: Function::Linear, .. })) if width < 1.0 => {
                return Err(format!("the DICOM file's window has a width of {width}, below 1"));
            }
            (None, Some(Window { width, .. })) if width <= 0.0 => return Err(format!("the DICOM file's window has a width of {width}")),
            (None, Some(Window { function: Function::Linear, .. })) => Step::Linear,
            (None, Some(Window { function: Function::LinearExact, .. })) => Step::LinearExact,
            (None, Some(Window { function: Function::Sigmoid, .. })) => Step::Sigmoid,
            (None, None) => Step::FullRange,
        });
        Ok(Voi { header, range })
    }

    /// How bright a value is.
    pub(super) fn apply(&self, x: f64) -> f64 {
        match (&self.header.voi_lut, self.header.window) {
            (Some(lut), _) => f64::from(lut.entry(x, self.range.0)) / lut.largest(),
            (None, Some(window)) => of_window(window, x),
            (None, None) => (x - self.range.0) / (self.range.1 - self.range.0),
        }
    }
}

fn of_window(Window { centre, width, function }: Window, x: f64) -> f64 {
    match function {
        Function::Linear => {
            let (middle, half) = (centre - 0.5, (width - 1.0) / 2.0);
            if x <= middle - half {
                0.0
            } else if x > middle + half {
                1.0
            } else {
                (x - middle) / (width - 1.0) + 0.5
            }
        }
        Function::LinearExact => ((x - centre) / width + 0.5).clamp(0.0, 1.0),
        Function::Sigmoid => 1.0 / (1.0 + math::exp(-4.0 * (x - centre) / width)),
    }
}
