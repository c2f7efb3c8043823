//! Runs of bytes (PS3.5, annex G): a segment for each byte of a pixel, the highest first.

use super::cells::{Cells, LESS, MORE};
use super::header::Header;

const DAMAGED: &str = "the DICOM file's runs are damaged";

/// Bytes that may follow a segment to fill it up.
const FILLING: usize = 3;

/// Decodes a frame.
///
/// # Errors
/// Where segments do not hold exactly the pixels that the header declares.
pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Cells, String> {
    let word = |at: usize| bytes.get(4 * at..4 * at + 4).map(|b| u32::from_le_bytes(b.try_into().expect("BUG: four bytes")) as usize).ok_or(LESS);
    let per_sample = header.bits_allocated as usize / 8;
    let count = usize::from(header.samples) * per_sample;
    if word(0)? != count {
        return Err(DAMAGED.into());
    }
    let mut starts = (1..=count).map(word).collect::<Result<Vec<_>, _>>()?;
    starts.push(bytes.len());
    let mut planes: Vec<Vec<u16>> = vec![vec![0; header.pixels_of_frame()]; header.samples.into()];
    for (at, ends) in starts.windows(2).enumerate() {
        let segment = bytes.get(ends[0]..ends[1]).ok_or(DAMAGED)?;
        let plane = &mut planes[at / per_sample];
        let part = runs(segment, plane.len())?;
        plane.iter_mut().zip(part).for_each(|(cell, byte)| *cell = *cell << 8 | u16::from(byte));
    }
    Ok(Cells { planes, is_rgb: false })
}

/// The bytes of a segment, exactly so many.
fn runs(segment: &[u8], count: usize) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(count);
    let mut rest = segment;
    while out.len() < count {
        let (head, after) = rest.split_first().ok_or(LESS)?;
        rest = match head.cast_signed() {
            length @ 0.. => {
                let (own, after) = after.split_at_checked(length as usize + 1).ok_or(LESS)?;
                out.extend_from_slice(own);
                after
            }
            -128 => after,
            length => {
                let (byte, after) = after.split_first().ok_or(LESS)?;
                out.resize(out.len() + 1 + usize::from(length.unsigned_abs()), *byte);
                after
            }
        };
    }
    if out.len() > count || rest.len() > FILLING { Err(MORE) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_holds_exactly_its_bytes() {
        let segment = [2, 7, 8, 9, 0xfe, 5, 0x80, 0, 1];
        assert_eq!(runs(&segment, 7).unwrap(), [7, 8, 9, 5, 5, 5, 1]);
        assert_eq!(runs(&segment[..8], 7), Err(LESS));
        assert_eq!(runs(&segment, 8), Err(LESS));
        assert_eq!(runs(&segment, 2), Err(MORE), "a run goes on behind the end");
        assert_eq!(runs(&segment, 3), Err(MORE), "more follows than fills a segment up");
    }
}
