//! Lossless JPEG (ITU-T T.81, annex H). Here, a symbol is a difference, so that whoever counts them has the values.
//!
//! Each component has a sample for each pixel; hierarchical and arithmetic-coded files are not read.

use super::bits::Bits;
use super::huffman::Table;
use super::{DAMAGED, Found, HEADER, LESS, MORE, Walk, unpadded};
use crate::data::limits::MOST_PIXELS;

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::data) struct Lossless {
    /// Width in pixels.
    pub(in crate::data) width: u16,
    /// Height in pixels.
    pub(in crate::data) height: u16,
    /// A plane for each component.
    pub(in crate::data) planes: Vec<Vec<u16>>,
}

/// Decodes a lossless JPEG to its end.
///
/// # Errors
/// Says in a few words what is damaged or not supported.
pub(in crate::data) fn decode(bytes: &[u8]) -> Result<Lossless, String> {
    let found = run(bytes).or_else(|why| match unpadded(bytes).filter(|_| why == MORE) {
        Some(bytes) => run(&bytes).map_err(|_| why),
        None => Err(why),
    });
    found.map_err(str::to_owned)
}

/// What the frame declares.
struct Frame {
    precision: u32,
    width: usize,
    ids: Vec<u8>,
    planes: Vec<Vec<u16>>,
    /// Which components a scan has sent.
    is_sent: Vec<bool>,
}

/// How a scan is coded.
struct Scan<'a> {
    /// Component and table.
    parts: Vec<(usize, &'a Table)>,
    predictor: u8,
    /// Lowest bits that are not sent.
    shift: u32,
}

fn run(bytes: &[u8]) -> Found<Lossless> {
    let mut walk = Walk::of(bytes);
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(HEADER);
    }
    walk.at = 2;
    let mut frame: Option<Frame> = None;
    loop {
        match walk.marker()? {
            0xc3 if frame.is_none() => frame = Some(Frame::of(walk.segment()?)?),
            0xc4 => walk.huffman_tables()?,
            0xc0..=0xc2 => return Err("a JPEG with loss, where one without is declared"),
            0xda => {
                let frame = frame.as_mut().ok_or("the JPEG has no frame")?;
                let head = walk.segment()?;
                let scan = Scan::of(head, frame, &walk.dc)?;
                let at = scan.decode(bytes, walk.at, walk.interval, frame)?;
                walk.at = at;
            }
            0xdb => walk.quantisation_tables()?,
            0xdd => match *walk.segment()? {
                [high, low] => walk.interval = usize::from(u16::from_be_bytes([high, low])),
                _ => return Err(HEADER),
            },
            0xe0..=0xef | 0xfe => drop(walk.segment()?),
            0xd9 => {
                let Frame { width, planes, is_sent, .. } = frame.ok_or("the JPEG has no frame")?;
                if is_sent.contains(&false) {
                    return Err(LESS);
                }
                let height = planes[0].len() / width;
                return Ok(Lossless { width: width as u16, height: height as u16, planes });
            }
            _ => return Err(HEADER),
        }
    }
}

impl Frame {
    fn of(segment: &[u8]) -> Found<Frame> {
        let Some((&[precision, h1, h0, w1, w0, count], rest)) = segment.split_first_chunk::<6>() else { return Err(HEADER) };
        let (width, height) = (usize::from(u16::from_be_bytes([w1, w0])), usize::from(u16::from_be_bytes([h1, h0])));
        let components = rest.as_chunks::<3>().0;
        if !(2..=16).contains(&precision) || width == 0 || height == 0 || !matches!(count, 1 | 3) || rest.len() != 3 * usize::from(count) {
            return Err(HEADER);
        }
        if components.iter().any(|c| c[1] != 0x11) {
            return Err("lossless JPEG with fewer colours than pixels is not supported");
        }
        if (width * height) as u64 > MOST_PIXELS {
            return Err("the JPEG has more than 64 million pixels");
        }
        let ids = components.iter().map(|c| c[0]).collect();
        let planes = vec![vec![0; width * height]; count.into()];
        Ok(Frame { precision: precision.into(), width, ids, planes, is_sent: vec![false; count.into()] })
    }
}

impl<'a> Scan<'a> {
    fn of(head: &[u8], frame: &mut Frame, tables: &'a [Option<Box<Table>>; 4]) -> Found<Scan<'a>> {
        let &[count, ref rest @ ..] = head else { return Err(HEADER) };
        let (chosen, &[predictor, end, bits]) = rest.split_last_chunk::<3>().ok_or(HEADER)?;
        let shift = u32::from(bits & 15);
        if chosen.len() != 2 * usize::from(count) || count == 0 || !(1..=7).contains(&predictor) || end != 0 || bits >> 4 != 0 || shift >= frame.precision {
            return Err(HEADER);
        }
        let mut parts = vec![];
        for pair in chosen.as_chunks::<2>().0 {
            let index = frame.ids.iter().position(|id| *id == pair[0]).ok_or(HEADER)?;
            if std::mem::replace(&mut frame.is_sent[index], true) {
                return Err(HEADER);
            }
            let table = tables.get(usize::from(pair[1] >> 4)).and_then(|t| t.as_deref()).ok_or(HEADER)?;
            parts.push((index, table));
        }
        Ok(Scan { parts, predictor, shift })
    }

    /// Reads all differences and returns where the scan ends.
    fn decode(&self, bytes: &[u8], at: usize, interval: usize, frame: &mut Frame) -> Found<usize> {
        let mut bits = Bits::new(bytes, at);
        let (width, precision) = (frame.width, frame.precision);
        let all = frame.planes[0].len();
        let (mut restarts, mut line) = (0u8, 0);
        for pixel in 0..all {
            if interval > 0 && pixel > 0 && pixel % interval == 0 {
                bits.restart(restarts)?;
                restarts = (restarts + 1) % 8;
                // Intervals are whole lines: the next one is predicted as the first is.
                if pixel % width != 0 {
                    return Err(HEADER);
                }
                line = pixel / width;
            }
            let (x, y) = (pixel % width, pixel / width);
            for (component, table) in &self.parts {
                let plane = &mut frame.planes[*component];
                let a = |plane: &[u16]| i32::from(plane[pixel - 1]);
                let b = |plane: &[u16]| i32::from(plane[pixel - width]);
                let predicted = match (x == 0, y == line) {
                    (true, true) => 1 << (precision - self.shift - 1),
                    (false, true) => a(plane),
                    (true, false) => b(plane),
                    (false, false) => predict(self.predictor, a(plane), b(plane), plane[pixel - width - 1].into()),
                };
                let difference = difference(table, &mut bits)?;
                plane[pixel] = (predicted + difference) as u16;
            }
        }
        let end = bits.end()?;
        let most = u32::from(u16::MAX) >> (16 - precision) >> self.shift;
        for (component, _) in &self.parts {
            let plane = &mut frame.planes[*component];
            if plane.iter().any(|v| u32::from(*v) > most) {
                return Err(DAMAGED);
            }
            plane.iter_mut().for_each(|v| *v <<= self.shift);
        }
        Ok(end)
    }
}

/// The predictors (table H.1), of the sample to the left, the one above, and the one to the left of that.
fn predict(predictor: u8, a: i32, b: i32, c: i32) -> i32 {
    match predictor {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}

/// A difference: the number of its bits by the table, and then those.
fn difference(table: &Table, bits: &mut Bits) -> Found<i32> {
    let size = u32::from(table.symbol(bits));
    let value = match size {
        0 => 0,
        1..=15 => {
            let value = bits.take(size).cast_signed();
            if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value }
        }
        16 => 32_768,
        _ => return Err(bits.fault()),
    };
    if bits.over() { Err(bits.fault()) } else { Ok(value) }
}
