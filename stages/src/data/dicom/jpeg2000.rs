//! JPEG 2000 (PS3.5, A.4.4): the only part of a file that a library decodes without counting it first. Its own header
//! is compared with that of the file beforehand, since it may declare gigabytes.

use super::cells::{Cells, MORE_BITS, OTHER_SIZE};
use super::header::Header;
use super::steps::{Step, Steps};
use jpeg2k::{DecodeParameters, Image};

const DAMAGED: &str = "the JPEG 2000 image is damaged";
const TRUNCATED: &str = "the JPEG 2000 image is truncated";

/// Bytes that may follow the end mark to fill a fragment up.
const FILLING: usize = 4;

/// A component: its values and how they were coded.
struct Component {
    values: Vec<i32>,
    bits: u32,
    is_signed: bool,
}

/// A decoded frame.
pub(super) struct Frame(Vec<Component>);

/// Decodes a frame.
///
/// # Errors
/// Where it is not whole, or not of the size that the header declares.
pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Frame, String> {
    // Some writers put the codestream into a file of its own.
    let start = bytes.windows(4).position(|w| w == [0xff, 0x4f, 0xff, 0x51]).ok_or(DAMAGED)?;
    let stream = &bytes[start..];
    let end = stream.windows(2).rposition(|w| w == [0xff, 0xd9]).ok_or(TRUNCATED)? + 2;
    if stream.len() - end > FILLING && start == 0 {
        return Err(TRUNCATED.into());
    }
    if size(stream)? != (header.columns.into(), header.rows.into(), header.samples) {
        return Err(OTHER_SIZE.into());
    }
    let image = Image::from_bytes_with(stream, DecodeParameters::new().strict(true)).map_err(|_| DAMAGED)?;
    let components = image.components().iter().map(|c| Component { values: c.data().to_vec(), bits: c.precision(), is_signed: c.is_signed() });
    let components: Vec<Component> = components.collect();
    let is_whole = |c: &Component| c.values.len() == header.pixels_of_frame() && (1..=16).contains(&c.bits);
    if components.len() != usize::from(header.samples) || !components.iter().all(is_whole) {
        return Err(DAMAGED.into());
    }
    Ok(Frame(components))
}

/// Width, height and components of a codestream (ISO/IEC 15444-1, A.5.1).
fn size(stream: &[u8]) -> Result<(u32, u32, u16), String> {
    let word = |at: usize| stream.get(at..at + 4).map(|b| u32::from_be_bytes(b.try_into().expect("BUG: four bytes"))).ok_or(TRUNCATED);
    let side = |of: usize, from: usize| word(of)?.checked_sub(word(from)?).ok_or(DAMAGED);
    let count = stream.get(40..42).map(|b| u16::from_be_bytes([b[0], b[1]])).ok_or(TRUNCATED)?;
    Ok((side(8, 16)?, side(12, 20)?, count))
}

impl Frame {
    /// The values of the only component. Where their sign is not that of the header, the header counts, as in pydicom:
    /// the bits are those of a number in its representation.
    ///
    /// # Errors
    /// Where they do not fit into the bits that the header declares.
    pub(super) fn values(self, header: &Header, steps: &mut Steps) -> Result<Vec<i32>, String> {
        let Some(Component { mut values, bits, is_signed }) = self.0.into_iter().next() else { return Err(DAMAGED.into()) };
        if header.is_signed {
            steps.push(Step::Signed);
        }
        if is_signed != header.is_signed {
            steps.push(Step::Resigned);
            let unused = 32 - bits;
            values
                .iter_mut()
                .for_each(|v| *v = if header.is_signed { *v << unused >> unused } else { ((*v << unused).cast_unsigned() >> unused).cast_signed() });
        }
        let (low, high) = header.range();
        if values.iter().any(|v| !(low..=high).contains(v)) { Err(MORE_BITS.into()) } else { Ok(values) }
    }

    /// Samples of a picture in colours.
    ///
    /// # Errors
    /// Where they are no numbers without a sign.
    pub(super) fn cells(self, header: &Header) -> Result<Cells, String> {
        let plane = |c: Component| c.values.into_iter().map(|v| u16::try_from(v).ok().filter(|v| u32::from(*v) >> header.bits_stored == 0)).collect();
        let planes = self.0.into_iter().map(plane).collect::<Option<Vec<Vec<u16>>>>().ok_or(MORE_BITS)?;
        Ok(Cells { planes, is_rgb: false })
    }
}
