//! Images that decode and show little: of one grey, wholly transparent, or with greys in the lowest bits alone.

use crate::contract::prelude::*;
use crate::data::grey::Decoded;
use crate::words::counted;

/// What 12 bits hold, and what is all but black among 16.
const TWELVE_BITS: u16 = 4095;

/// What an image shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture,
    /// Every pixel is wholly transparent.
    Transparent,
    /// Every pixel is black.
    Black,
    /// Every pixel has the same grey.
    Constant,
    /// 16 bits a sample, of which the highest four are empty.
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

/// How many images there are of each kind that people should know of.
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

    /// `is_mended` where the study spreads greys itself.
    pub(super) fn tell(&self, is_mended: bool, cx: &Context) {
        let say = |n: usize, one: &str, many: &str, more: &str| {
            if n > 0 {
                cx.note(format!("warning: {}{more}", counted(n, one, many)));
            }
        };
        say(self.transparent, "image is wholly transparent", "images are wholly transparent", ", and so black");
        say(self.black, "image is black throughout", "images are black throughout", "");
        say(self.constant, "image has one grey throughout", "images have one grey throughout", "");
        if !is_mended {
            let more = ": `bits: 12` reads them as what they are, `stretch: true` spreads each by itself";
            let (one, many) = ("image of 16 bits uses only the lowest 12 and is nearly black", "images of 16 bits use only the lowest 12 and are nearly black");
            say(self.dark, one, many, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::grey::Grey;

    #[test]
    fn kinds_are_told_by_greys() {
        let kind = |pixels: &[u16], is_deep, is_transparent| {
            let grey = Grey { width: pixels.len() as u32, height: 1, pixels: pixels.to_vec() };
            Kind::of(&Decoded { grey, is_deep, is_transparent })
        };
        assert_eq!(kind(&[0, 4095], true, false), Kind::Dark);
        assert_eq!(kind(&[0, 4096], true, false), Kind::Picture);
        assert_eq!(kind(&[0, 4095], false, false), Kind::Picture, "an image of 8 bits may be as dark as it likes");
        assert_eq!(kind(&[0, 0], false, false), Kind::Black);
        assert_eq!(kind(&[7, 7], true, false), Kind::Constant);
        assert_eq!(kind(&[0, 0], false, true), Kind::Transparent);
    }
}
