//! Colours become grey as those of other images do: by the weights of ITU-R BT.601. Where luminance is stored, it is
//! the grey value.

use super::cells::Cells;
use super::elements::DAMAGED;
use super::header::{Header, Photometric};

/// The grey values of a frame, in the full range of 16 bits.
///
/// # Errors
/// Where there are not three planes.
pub(super) fn grey(header: &Header, cells: &Cells) -> Result<Vec<u16>, String> {
    let white = (1u64 << header.bits_stored) - 1;
    let wide = |v: u16| (u64::from(v).min(white) * 65_535 + white / 2) / white;
    let is_luminance = matches!(header.photometric, Photometric::Ybr | Photometric::Ybr422) && !cells.is_rgb;
    match cells.planes.as_slice() {
        [luminance, ..] if is_luminance => Ok(luminance.iter().map(|v| wide(*v) as u16).collect()),
        [red, green, blue] => {
            let weigh = |((r, g), b): ((&u16, &u16), &u16)| (wide(*r) * 299 + wide(*g) * 587 + wide(*b) * 114 + 500) / 1000;
            Ok(red.iter().zip(green).zip(blue).map(|pixel| weigh(pixel) as u16).collect())
        }
        _ => Err(DAMAGED.into()),
    }
}
