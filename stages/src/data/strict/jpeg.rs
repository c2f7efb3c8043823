//! Whether a JPEG's scans hold exactly what its header promises (ITU-T T.81), without its pixels being made.
//!
//! Decoders take a file whose data are cut, zeroed or do not fit the header, and fill the rest with grey. Here every Huffman
//! symbol is read and every block counted. What colours, profiles and orientation say is not looked at, nor is anything behind
//! the end mark; damage that leaves the code in step and the values in range is not seen.

mod bits;
mod frame;
mod huffman;
mod scan;

use crate::data::inspect::MOST_PIXELS;
use frame::{Picture, picture};
use huffman::Table;
use scan::{Band, Part, Scan};

/// Scans of a file. Cameras and libraries write a dozen; each may go through all blocks again.
const MOST_SCANS: usize = 100;

const TRUNCATED: &str = "the JPEG is truncated";
const HEADER: &str = "the JPEG's header is damaged";
const DAMAGED: &str = "the JPEG's data are damaged";
const LESS: &str = "the JPEG holds less data than its header promises";
const MORE: &str = "the JPEG holds more data than its header promises";

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

/// Walks through a JPEG and counts what it holds. A frame of more than 64 million pixels is returned unwalked: the caller refuses it.
///
/// # Errors
/// Says in a few words what is damaged or not supported.
pub(super) fn check(bytes: &[u8]) -> Result<Frame, String> {
    Walk { bytes, at: 0, quantisers: [None; 4], dc: [const { None }; 4], ac: [const { None }; 4], interval: 0, picture: None, scans: 0 }
        .run()
        .map_err(str::to_owned)
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

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

    /// 20 × 12 pixels, colour, 4:2:0, ten scans.
    const PROGRESSIVE: &[u8] = &[
        255, 216, 255, 219, 0, 67, 0, 20, 14, 15, 18, 15, 13, 20, 18, 16, 18, 23, 21, 20, 24, 30, 50, 33, 30, 28, 28, 30, 61, 44, 46, 36, 50, 73, 64, 76, 75,
        71, 64, 70, 69, 80, 90, 115, 98, 80, 85, 109, 86, 69, 70, 100, 136, 101, 109, 119, 123, 129, 130, 129, 78, 96, 141, 151, 140, 125, 150, 115, 126, 129,
        124, 255, 219, 0, 67, 1, 21, 23, 23, 30, 26, 30, 59, 33, 33, 59, 124, 83, 70, 83, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124,
        124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124,
        124, 124, 124, 124, 124, 124, 255, 194, 0, 17, 8, 0, 12, 0, 20, 3, 1, 34, 0, 2, 17, 1, 3, 17, 1, 255, 196, 0, 23, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 2, 4, 3, 255, 196, 0, 21, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 255, 218, 0, 12, 3, 1, 0, 2, 16, 3, 16, 0, 0, 1,
        142, 138, 84, 137, 204, 74, 47, 255, 196, 0, 24, 16, 0, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 18, 255, 218, 0, 8, 1, 1, 0, 1, 5, 2,
        80, 76, 10, 4, 141, 43, 129, 237, 103, 255, 196, 0, 23, 17, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 3, 255, 218, 0, 8, 1, 3, 1, 1, 63,
        1, 203, 69, 133, 110, 207, 255, 196, 0, 23, 17, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 3, 255, 218, 0, 8, 1, 2, 1, 1, 63, 1, 232,
        149, 122, 85, 191, 255, 196, 0, 24, 16, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 17, 32, 81, 255, 218, 0, 8, 1, 1, 0, 6, 63, 2, 162, 131,
        15, 255, 196, 0, 26, 16, 0, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 17, 33, 16, 49, 113, 255, 218, 0, 8, 1, 1, 0, 1, 63, 33, 224, 48, 18,
        55, 58, 118, 246, 98, 147, 194, 63, 255, 218, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 16, 143, 47, 255, 196, 0, 24, 17, 1, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 1, 0, 17, 129, 240, 255, 218, 0, 8, 1, 3, 1, 1, 63, 16, 198, 4, 0, 137, 218, 191, 255, 196, 0, 23, 17, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 1, 0, 17, 33, 255, 218, 0, 8, 1, 2, 1, 1, 63, 16, 192, 12, 0, 237, 255, 196, 0, 27, 16, 0, 2, 3, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        1, 17, 33, 49, 65, 193, 209, 255, 218, 0, 8, 1, 1, 0, 1, 63, 16, 183, 11, 85, 21, 232, 151, 131, 30, 109, 65, 188, 143, 70, 28, 170, 140, 79, 114, 127,
        255, 217,
    ];

    /// 24 × 8 pixels, grey, three blocks with restart markers between them.
    const RESTARTS: &[u8] = &[
        255, 216, 255, 219, 0, 67, 0, 20, 14, 15, 18, 15, 13, 20, 18, 16, 18, 23, 21, 20, 24, 30, 50, 33, 30, 28, 28, 30, 61, 44, 46, 36, 50, 73, 64, 76, 75,
        71, 64, 70, 69, 80, 90, 115, 98, 80, 85, 109, 86, 69, 70, 100, 136, 101, 109, 119, 123, 129, 130, 129, 78, 96, 141, 151, 140, 125, 150, 115, 126, 129,
        124, 255, 192, 0, 11, 8, 0, 8, 0, 24, 1, 1, 17, 0, 255, 196, 0, 21, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 6, 255, 196, 0, 23, 16, 1, 0,
        3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 33, 49, 255, 221, 0, 4, 0, 1, 255, 218, 0, 8, 1, 1, 0, 0, 63, 0, 159, 49, 178, 167, 255, 208, 49, 141,
        149, 63, 255, 209, 105, 141, 149, 63, 255, 217,
    ];

    fn encode(width: u32, height: u32, colour: ExtendedColorType, quality: u8) -> Vec<u8> {
        let bytes = width * height * u32::from(colour.bits_per_pixel()) / 8;
        let pixels: Vec<u8> = (0..bytes).map(|i| (i * i / 7 + i * 3) as u8).collect();
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, quality).encode(&pixels, width, height, colour).unwrap();
        out
    }

    fn grey() -> Vec<u8> {
        encode(40, 33, ExtendedColorType::L8, 80)
    }

    /// Where a marker stands.
    fn find(bytes: &[u8], code: u8) -> usize {
        bytes.windows(2).position(|w| w == [0xff, code]).unwrap()
    }

    fn changed(bytes: &[u8], at: usize, to: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    }

    fn says(bytes: &[u8]) -> String {
        check(bytes).unwrap_err()
    }

    #[test]
    fn whole_files_pass_with_anything_behind_them() {
        for (width, height) in [(1, 1), (8, 8), (9, 17), (40, 33)] {
            for quality in [5, 80, 100] {
                for colour in [ExtendedColorType::L8, ExtendedColorType::Rgb8] {
                    assert_eq!(check(&encode(width, height, colour, quality)), Ok(Frame { width, height }));
                }
            }
        }
        for (file, width, height) in [(PROGRESSIVE, 20, 12), (RESTARTS, 24, 8)] {
            for behind in [&[][..], &[0; 9], &[0xff, 0xda, 0, 1, 0xff]] {
                assert_eq!(check(&[file, behind].concat()), Ok(Frame { width, height }));
            }
        }
        let end = RESTARTS.len() - 2;
        assert!(check(&[&RESTARTS[..end], &[0xff, 0xff, 0xff, 0xd9]].concat()).is_ok(), "fill bytes before a marker");
        assert!(check(&[&RESTARTS[..end], &[0xff, 0xd2, 0xff, 0xd9]].concat()).is_ok(), "a restart marker behind the last unit");
    }

    #[test]
    fn cut_files_are_refused_wherever_they_end() {
        for file in [PROGRESSIVE, RESTARTS, &grey()] {
            for length in 2..file.len() - 2 {
                assert_eq!(says(&file[..length]), TRUNCATED);
                assert!(check(&[&file[..length], &[0xff, 0xd9]].concat()).is_err(), "an end mark makes it no better");
            }
        }
        assert_eq!(says(&[&grey()[..700], &[0xff, 0xd9]].concat()), LESS);
    }

    #[test]
    fn data_fit_the_header() {
        let good = grey();
        let size = find(&good, 0xc0) + 5;
        assert_eq!(says(&changed(&good, size, &[0, 41])), LESS);
        assert_eq!(says(&changed(&good, size, &[0, 32])), MORE);
        assert_eq!(says(&changed(&good, size + 2, &[0, 41])), LESS);
        assert_eq!(says(&changed(&good, size + 2, &[0, 32])), MORE);
        assert!(check(&changed(&good, good.len() - 300, &[0; 200])).is_err());
        let scan = find(PROGRESSIVE, 0xda);
        assert!(check(&changed(PROGRESSIVE, find(PROGRESSIVE, 0xc2) + 5, &[0, 40])).is_err());
        assert!(check(&[&PROGRESSIVE[..scan], &PROGRESSIVE[scan..scan + 14], &PROGRESSIVE[scan..]].concat()).is_err(), "a scan without data");
        let last = PROGRESSIVE.windows(2).rposition(|w| w == [0xff, 0xc4]).unwrap();
        assert_eq!(says(&[&PROGRESSIVE[..last], &[0xff, 0xd9]].concat()), LESS, "the last scan is missing");
    }

    #[test]
    fn restart_markers_stand_in_order() {
        let (first, second) = (find(RESTARTS, 0xd0), find(RESTARTS, 0xd1));
        assert_eq!(says(&changed(RESTARTS, first + 1, &[0xd1])), DAMAGED);
        assert_eq!(says(&[&RESTARTS[..first], &RESTARTS[second..]].concat()), DAMAGED);
        assert_eq!(says(&[&RESTARTS[..second], &[0x5a; 3], &RESTARTS[second..]].concat()), DAMAGED);
        assert_eq!(says(&changed(RESTARTS, find(RESTARTS, 0xdd) + 4, &[0, 2])), DAMAGED);
        assert_eq!(says(&[&RESTARTS[..second], &[0xff, 0xd9]].concat()), LESS);
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let good = grey();
        let frame = find(&good, 0xc0);
        for (code, what) in [(0xc3, "lossless"), (0xc5, "hierarchical"), (0xc9, "arithmetic-coded"), (0xcc, "arithmetic-coded")] {
            assert_eq!(says(&changed(&good, frame + 1, &[code])), format!("{what} JPEG is not supported"));
        }
        assert_eq!(says(&changed(&good, frame + 4, &[12])), "12-bit JPEG is not supported");
        assert_eq!(says(&changed(&good, frame + 5, &[0, 0])), "a JPEG without a height in its header is not supported");
        assert_eq!(check(&changed(&good, frame + 5, &[0xff; 4])), Ok(Frame { width: 65_535, height: 65_535 }), "too large to be walked");
    }

    #[test]
    fn tables_and_factors_are_there_and_right() {
        let good = grey();
        let (frame, quantiser, huffman) = (find(&good, 0xc0), find(&good, 0xdb), find(&good, 0xc4));
        assert_eq!(says(&changed(&good, frame + 11, &[0x01])), HEADER);
        assert_eq!(says(&changed(&good, frame + 11, &[0x15])), HEADER);
        assert_eq!(says(&changed(&good, quantiser + 4, &[3])), HEADER);
        assert_eq!(says(&changed(&good, huffman + 4, &[3])), HEADER);
        assert_eq!(says(&changed(&good, huffman + 5, &[3])), HEADER, "more codes of one bit than there can be");
        assert_eq!(says(&[0xff, 0xd8, 0xff, 0xd9]), "the JPEG has no frame");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut state = 1u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let files = [PROGRESSIVE.to_vec(), RESTARTS.to_vec(), encode(20, 9, ExtendedColorType::Rgb8, 60)];
        for round in 0..ROUNDS {
            let mut bytes = files[round % files.len()].clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = [0, 0xff, 0xd9, 0xda][random(4)],
                    1 => bytes[at] ^= 1 << random(8),
                    2 => drop(bytes.drain(at..(at + 1 + random(8)).min(bytes.len() - 1).max(at))),
                    _ => bytes.insert(at, random(256) as u8),
                }
            }
            let _ = check(&bytes);
        }
    }

    const ROUNDS: usize = if cfg!(debug_assertions) { 3_000 } else { 100_000 };
}
