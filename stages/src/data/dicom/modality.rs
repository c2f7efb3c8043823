//! From stored values to those that the modality means (PS3.3 C.11.1): Modality LUT Sequence, or else Rescale Slope and
//! Intercept.

use super::header::Header;
use super::steps::{Step, Steps};

/// The transformation of a file.
pub(super) struct Modality<'a> {
    header: &'a Header,
    lowest: f64,
}

impl<'a> Modality<'a> {
    /// `stored` is the range of what can be stored.
    pub(super) fn of(header: &'a Header, stored: (i32, i32), steps: &mut Steps) -> Modality<'a> {
        match (&header.modality_lut, header.rescale) {
            (Some(_), _) => steps.push(Step::ModalityLut),
            (None, Some(rescale)) if rescale != (1.0, 0.0) => steps.push(Step::Rescale),
            _ => {}
        }
        Modality { header, lowest: stored.0.into() }
    }

    /// The value of a stored one.
    pub(super) fn apply(&self, stored: i32) -> f64 {
        let stored = f64::from(stored);
        match (&self.header.modality_lut, self.header.rescale) {
            (Some(lut), _) => lut.entry(stored, self.lowest).into(),
            (None, Some((slope, intercept))) => stored * slope + intercept,
            (None, None) => stored,
        }
    }

    /// The lowest and the highest value that stored ones in this range may have.
    pub(super) fn range(&self, stored: (i32, i32)) -> (f64, f64) {
        match &self.header.modality_lut {
            Some(lut) => (0.0, lut.largest()),
            None => {
                let (a, b) = (self.apply(stored.0), self.apply(stored.1));
                (a.min(b), a.max(b))
            }
        }
    }
}
