//! Checks that a JPEG's scans contain exactly what its header declares (ITU-T T.81), without decoding pixels.
//!
//! Decoders accept a file whose data are truncated, zeroed or do not fit the header, and fill the rest with grey. Here
//! every Huffman symbol is read and every block counted. Colours, profiles, orientation and anything after the end mark
//! are ignored; damage that keeps the code synchronised and the values in range is not detected.

mod bits;
mod frame;
mod huffman;
pub(super) mod lossless;
mod scan;
#[cfg(test)]
mod tests;

use crate::data::limits::MOST_PIXELS;
use frame::{Band, Picture, picture};
use huffman::Table;
use scan::{Part, Scan};

/// Scans of a file. Cameras and libraries write a dozen; each may go through all blocks again.
const MOST_SCANS: usize = 100;

/// Bytes before the end mark that may be more than the data.
const PADDING: usize = 8;

const TRUNCATED: &str = "the JPEG is truncated";
const HEADER: &str = "the JPEG's header is damaged";
const DAMAGED: &str = "the JPEG's data are damaged";
const LESS: &str = "the JPEG contains less data than its header declares";
const MORE: &str = "the JPEG contains more data than its header declares";

/// Why a file is refused: one of few texts, so that images can be counted by it.
type Found<T> = Result<T, &'static str>;

/// What the header says of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// Width in pixels.
    pub(super) width: u32,
    /// Height in pixels.
    pub(super) height: u32,
}

/// Walks through a JPEG and counts what it holds. A frame of more than 64 million pixels is returned unwalked: the
/// caller refuses it.
///
/// # Errors
/// Says in a few words what is damaged or not supported.
pub(super) fn check(bytes: &[u8]) -> Result<Frame, String> {
    let walk = |bytes: &[u8]| Walk::of(bytes).run();
    let found = walk(bytes).or_else(|why| match unpadded(bytes).filter(|_| why == MORE) {
        Some(bytes) => walk(&bytes).map_err(|_| why),
        None => Err(why),
    });
    found.map_err(str::to_owned)
}

/// The file without what some writers put before the end mark: a few zeros, or restart markers.
fn unpadded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mark = bytes.windows(2).rposition(|w| w == [0xff, 0xd9])?;
    let mut end = mark;
    while mark - end < PADDING {
        match bytes[..end] {
            [.., 0xff, 0xd0..=0xd7] => end -= 2,
            [.., 0] => end -= 1,
            _ => break,
        }
    }
    (end < mark).then(|| [&bytes[..end], &bytes[mark..]].concat())
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Of each quantisation table the step of the mean; no other is needed.
    quantisers: [Option<u16>; 4],
    dc: [Option<Box<Table>>; 4],
    ac: [Option<Box<Table>>; 4],
    interval: usize,
    picture: Option<Picture>,
    scans: usize,
}

impl<'a> Walk<'a> {
    fn of(bytes: &'a [u8]) -> Walk<'a> {
        Walk { bytes, at: 0, quantisers: [None; 4], dc: [const { None }; 4], ac: [const { None }; 4], interval: 0, picture: None, scans: 0 }
    }

    fn run(&mut self) -> Found<Frame> {
        if !self.bytes.starts_with(&[0xff, 0xd8]) {
            return Err(HEADER);
        }
        self.at = 2;
        loop {
            match self.marker()? {
                0xc0..=0xc2 if self.picture.is_some() => return Err(HEADER),
                code @ 0xc0..=0xc2 => {
                    let picture = picture(self.segment()?, code == 0xc2)?;
                    let frame = picture.frame;
                    if u64::from(frame.width) * u64::from(frame.height) > MOST_PIXELS {
                        return Ok(frame);
                    }
                    self.picture = Some(picture);
                }
                0xc4 => self.huffman_tables()?,
                0xc9..=0xcc => return Err("arithmetic-coded JPEG is not supported"),
                0xc3 => return Err("lossless JPEG is not supported"),
                0xc5..=0xc7 | 0xcd..=0xcf | 0xde | 0xdf => return Err("hierarchical JPEG is not supported"),
                0xd9 => return self.end(),
                0xda => self.scan()?,
                0xdb => self.quantisation_tables()?,
                0xdc => self.number_of_lines()?,
                0xdd => match *self.segment()? {
                    [high, low] => self.interval = usize::from(u16::from_be_bytes([high, low])),
                    _ => return Err(HEADER),
                },
                0xe0..=0xef | 0xfe => drop(self.segment()?),
                _ => return Err(HEADER),
            }
        }
    }

    /// The next marker's code; any number of fill bytes may stand before it.
    fn marker(&mut self) -> Found<u8> {
        if *self.bytes.get(self.at).ok_or(TRUNCATED)? != 0xff {
            return Err(HEADER);
        }
        loop {
            self.at += 1;
            match *self.bytes.get(self.at).ok_or(TRUNCATED)? {
                0xff => {}
                code => {
                    self.at += 1;
                    return Ok(code);
                }
            }
        }
    }

    /// What stands in the segment behind a marker.
    fn segment(&mut self) -> Found<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let &[high, low, ..] = rest else { return Err(TRUNCATED) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Err(HEADER);
        }
        let inside = rest.get(2..length).ok_or(TRUNCATED)?;
        self.at += length;
        Ok(inside)
    }

    fn quantisation_tables(&mut self) -> Found<()> {
        let mut rest = self.segment()?;
        while let [kind, tables @ ..] = rest {
            let (first, after) = match (kind >> 4, tables) {
                (0, [first, ..]) => (u16::from(*first), tables.get(64..)),
                (1, [high, low, ..]) => (u16::from_be_bytes([*high, *low]), tables.get(128..)),
                _ => return Err(HEADER),
            };
            rest = after.ok_or(HEADER)?;
            // A step of zero makes one grey of everything (T.81, B.2.4.1: 1 to 255, or to 65535).
            let steps = &tables[..tables.len() - rest.len()];
            let is_zero = |step: &[u8]| step.iter().all(|b| *b == 0);
            if steps.chunks_exact(1 + usize::from(kind >> 4)).any(is_zero) {
                return Err(HEADER);
            }
            *self.quantisers.get_mut(usize::from(kind & 15)).ok_or(HEADER)? = Some(first);
        }
        Ok(())
    }

    fn huffman_tables(&mut self) -> Found<()> {
        let mut rest = self.segment()?;
        while let [kind, tables @ ..] = rest {
            let (counts, symbols) = tables.split_first_chunk::<16>().ok_or(HEADER)?;
            let symbols = symbols.split_at_checked(counts.iter().map(|c| usize::from(*c)).sum()).ok_or(HEADER)?;
            rest = symbols.1;
            let tables = match kind >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(HEADER),
            };
            *tables.get_mut(usize::from(kind & 15)).ok_or(HEADER)? = Some(Box::new(Table::new(counts, symbols.0).ok_or(HEADER)?));
        }
        Ok(())
    }

    /// The height behind the first scan: nothing new where the header has it.
    fn number_of_lines(&mut self) -> Found<()> {
        let &[high, low] = self.segment()? else { return Err(HEADER) };
        let picture = self.picture.as_ref().ok_or(HEADER)?;
        if picture.frame.height == u32::from(u16::from_be_bytes([high, low])) { Ok(()) } else { Err(HEADER) }
    }

    fn scan(&mut self) -> Found<()> {
        self.scans += 1;
        if self.scans > MOST_SCANS {
            return Err("a JPEG of more than 100 scans is not supported");
        }
        let &[count, ref rest @ ..] = self.segment()? else { return Err(HEADER) };
        let picture = self.picture.as_mut().ok_or("the JPEG has no frame")?;
        let (chosen, &[start, end, bits]) = rest.split_last_chunk::<3>().ok_or(HEADER)?;
        if !(1..=4).contains(&count) || chosen.len() != 2 * usize::from(count) {
            return Err(HEADER);
        }
        let band = match (start, end, bits) {
            _ if picture.progressive => Band::new(start, end, bits >> 4, bits & 15).ok_or(HEADER)?,
            // Some writers leave these three bytes at zero.
            (0, 0 | 63, 0) => Band::WHOLE,
            _ => return Err(HEADER),
        };
        if band.start > 0 && count > 1 {
            return Err(HEADER);
        }
        let mut parts: Vec<Part> = Vec::with_capacity(usize::from(count));
        for pair in chosen.as_chunks::<2>().0 {
            let index = picture.components.iter().position(|c| c.id == pair[0]).ok_or(HEADER)?;
            if parts.last().is_some_and(|p| p.component >= index) {
                return Err(HEADER);
            }
            let component = &mut picture.components[index];
            let step = self.quantisers.get(usize::from(component.quantiser)).copied().flatten().ok_or(HEADER)?;
            component.send(&band)?;
            parts.push(Part {
                component: index,
                dc: table(&self.dc, pair[1] >> 4, band.start == 0 && band.high == 0)?,
                ac: table(&self.ac, pair[1] & 15, band.end > 0)?,
                blocks: if count == 1 { 1 } else { component.across * component.down },
                largest: scan::largest(step),
            });
        }
        let units = match &parts[..] {
            [alone] => picture.components[alone.component].blocks,
            _ => picture.units,
        };
        let scan = Scan { band, parts, units, interval: self.interval };
        self.at = scan.walk(self.bytes, self.at, &mut picture.components)?;
        Ok(())
    }

    fn end(&self) -> Found<Frame> {
        let picture = self.picture.as_ref().ok_or("the JPEG has no frame")?;
        // A progressive file that was cut between two scans lacks coefficients, or their last bits.
        if picture.components.iter().any(|c| c.lowest.iter().any(|l| *l != 0)) {
            return Err(LESS);
        }
        Ok(picture.frame)
    }
}

/// The table that a scan names; where it has no use for one, none need be there.
fn table(tables: &[Option<Box<Table>>; 4], number: u8, used: bool) -> Found<&Table> {
    static EMPTY: Table = Table::EMPTY;
    match tables.get(usize::from(number)) {
        _ if !used => Ok(&EMPTY),
        Some(Some(table)) => Ok(table),
        _ => Err(HEADER),
    }
}
