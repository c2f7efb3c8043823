//! What the header declares: the picture's size, its components, and which of their coefficients' bits were sent (ITU-T
//! T.81, annexes A and G). How they are coded is not known here.

use super::{DAMAGED, Found, Frame, HEADER, MOST_PIXELS};

/// Stands where no scan has begun a coefficient.
const UNSENT: u8 = u8::MAX;

/// Which coefficients a scan sends, and which of their bits.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The lowest bit that was sent before; 0 where none was.
    pub(super) high: u8,
    /// The lowest bit that is sent now.
    pub(super) low: u8,
}

impl Band {
    pub(super) const WHOLE: Band = Band { start: 0, end: 63, high: 0, low: 0 };

    /// A band of a progressive scan: the mean stands alone, and a refinement adds one bit.
    pub(super) fn new(start: u8, end: u8, high: u8, low: u8) -> Option<Band> {
        let coefficients = if start == 0 { end == 0 } else { start <= end && end < 64 };
        let bits = low <= 13 && (high == 0 || high == low + 1);
        (coefficients && bits).then_some(Band { start: start.into(), end: end.into(), high, low })
    }
}

/// A component and what was sent of it.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks in an MCU, side by side and one above the other.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) quantiser: u8,
    /// Blocks that the component has, without those that fill an MCU.
    pub(super) blocks: usize,
    /// For each coefficient the lowest bit that was sent.
    pub(super) lowest: [u8; 64],
    /// For each block which coefficients are not zero; empty unless progressive.
    pub(super) masks: Vec<u64>,
}

/// The picture of a file.
pub(super) struct Picture {
    pub(super) frame: Frame,
    pub(super) progressive: bool,
    /// MCUs of an interleaved scan.
    pub(super) units: usize,
    pub(super) components: Vec<Component>,
}

impl Component {
    /// Notes what a scan sends. Each bit of each coefficient is sent once, from the highest on, and the mean comes
    /// first.
    pub(super) fn send(&mut self, band: &Band) -> Found<()> {
        if band.start > 0 && self.lowest[0] == UNSENT {
            return Err(DAMAGED);
        }
        let before = if band.high == 0 { UNSENT } else { band.high };
        for lowest in self.lowest.iter_mut().take(band.end + 1).skip(band.start) {
            if *lowest != before {
                return Err(DAMAGED);
            }
            *lowest = band.low;
        }
        Ok(())
    }
}

/// Reads a frame header.
pub(super) fn picture(segment: &[u8], progressive: bool) -> Found<Picture> {
    let Some((&[precision, h1, h0, w1, w0, count], rest)) = segment.split_first_chunk::<6>() else { return Err(HEADER) };
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    match (precision, height) {
        (8, 1..) => {}
        (8, 0) => return Err("a JPEG without a height in its header is not supported"),
        (12, _) => return Err("12-bit JPEG is not supported"),
        _ => return Err(HEADER),
    }
    if width == 0 || !(1..=4).contains(&count) || rest.len() != 3 * usize::from(count) {
        return Err(HEADER);
    }
    let mut components: Vec<Component> = Vec::with_capacity(usize::from(count));
    for &[id, sampling, quantiser] in rest.as_chunks::<3>().0 {
        let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
        if !(1..=4).contains(&across) || !(1..=4).contains(&down) || components.iter().any(|c| c.id == id) {
            return Err(HEADER);
        }
        components.push(Component { id, across, down, quantiser, blocks: 0, lowest: [UNSENT; 64], masks: Vec::new() });
    }
    let most = |side: fn(&Component) -> usize| components.iter().map(side).max().unwrap_or(1);
    let (across, down) = (most(|c| c.across), most(|c| c.down));
    let (wide, high) = (usize::from(width), usize::from(height));
    let walked = u64::from(width) * u64::from(height) <= MOST_PIXELS;
    for component in &mut components {
        component.blocks = (wide * component.across).div_ceil(across).div_ceil(8) * (high * component.down).div_ceil(down).div_ceil(8);
        if progressive && walked {
            component.masks = vec![0; component.blocks];
        }
    }
    let units = wide.div_ceil(8 * across) * high.div_ceil(8 * down);
    Ok(Picture { frame: Frame { width: width.into(), height: height.into() }, progressive, units, components })
}
