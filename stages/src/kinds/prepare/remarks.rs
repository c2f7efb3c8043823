//! Images that decode but show little: constant, fully transparent, or with grey values only in the lowest bits.

use crate::contract::prelude::*;
use crate::data::grey::Decoded;
use crate::words::counted;

/// The largest value of 12 bits, which is nearly black in 16.
const TWELVE_BITS: u16 = 4095;

/// What an image shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture,
    /// Every pixel is fully transparent.
    Transparent,
    /// Every pixel is black.
    Black,
    /// Every pixel has the same grey value.
    Constant,
    /// 16 bits per sample, of which the highest four are unused.
    Dark,
}

impl Kind {
    pub(super) fn of(decoded: &Decoded) -> Kind {
        let (low, high) = decoded.grey.extent();
        match (low == high, high) {
            _ if decoded.is_transparent => Kind::Transparent,
            (true, 0) => Kind::Black,
            (true, _) => Kind::Constant,
            (false, high) if decoded.is_deep && high <= TWELVE_BITS => Kind::Dark,
            _ => Kind::Picture,
        }
    }
}

/// How many images there are of each kind that users should know about.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    transparent: usize,
    black: usize,
    constant: usize,
    dark: usize,
}

impl Remarks {
    pub(super) fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Picture => {}
            Kind::Transparent => self.transparent += 1,
            Kind::Black => self.black += 1,
            Kind::Constant => self.constant += 1,
            Kind::Dark => self.dark += 1,
        }
    }

    /// Warns of them; `is_handled` if the study rescales grey values itself.
    pub(super) fn report(&self, is_handled: bool, cx: &Context) {
        let say = |n: usize, one: &str, many: &str, more: &str| {
            if n > 0 {
                cx.warn(format!("{}{more}", counted(n, one, many)));
            }
        };
        say(self.transparent, "image is fully transparent", "images are fully transparent", " and therefore black");
        say(self.black, "image is entirely black", "images are entirely black", "");
        say(self.constant, "image has a single grey value", "images have a single grey value", "");
        if !is_handled {
            let more = ": `bits: 12` reads them as 12 bits, `contrast_stretch: true` stretches each to the full range";
            let (one, many) =
                ("16-bit image uses only the lowest 12 bits and is nearly black", "16-bit images use only the lowest 12 bits and are nearly black");
            say(self.dark, one, many, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::grey::Grey;

    #[test]
    fn kinds_are_recognised_by_grey_values() {
        let kind = |pixels: &[u16], is_deep, is_transparent| {
            let grey = Grey { width: pixels.len() as u32, height: 1, pixels: pixels.to_vec() };
            Kind::of(&Decoded { grey, is_deep, is_transparent, dicom: None })
        };
        assert_eq!(kind(&[0, 4095], true, false), Kind::Dark);
        assert_eq!(kind(&[0, 4096], true, false), Kind::Picture);
        assert_eq!(kind(&[0, 4095], false, false), Kind::Picture, "an image of 8 bits may be dark");
        assert_eq!(kind(&[0, 0], false, false), Kind::Black);
        assert_eq!(kind(&[7, 7], true, false), Kind::Constant);
        assert_eq!(kind(&[0, 0], false, true), Kind::Transparent);
    }
}
