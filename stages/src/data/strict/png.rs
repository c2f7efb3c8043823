//! Checks that the compressed data of a PNG are as long as its header declares, to the byte (PNG, third edition, 7 and
//! 10). Checksums of chunks are left to the decoder, which refuses a wrong one; that of the data is checked here.

use fdeflate::Decompressor;

const LESS: &str = "the PNG contains less data than its header declares";
const MORE: &str = "the PNG contains more data than its header declares";
const DAMAGED: &str = "the PNG's data are damaged";

/// How far back compressed data may refer.
const WINDOW: usize = 1 << 15;

/// The seven passes of an interlaced image: where they begin, and how far apart their pixels are.
const PASSES: [[u64; 4]; 7] = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let (expected, row) = promised(bytes).ok_or("the PNG's header is damaged")?;
    match held(bytes, expected + row) {
        Ok(held) if held < expected => Err(LESS.into()),
        // Less than a row too much is what some writers pad with.
        Ok(held) if held >= expected + row => Err(MORE.into()),
        Ok(_) => Ok(()),
        Err(why) => Err(why.into()),
    }
}

/// Bytes that the header declares, with one byte of filter type before each row, and those of the shortest row.
fn promised(bytes: &[u8]) -> Option<(u64, u64)> {
    let header = bytes.get(16..29)?;
    let word = |at: usize| u64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let (width, height, depth, colour, interlaced) = (word(0), word(4), u64::from(header[8]), header[9], header[12]);
    let samples = match colour {
        0 | 3 => 1,
        4 => 2,
        2 => 3,
        6 => 4,
        _ => return None,
    };
    let rows = |width: u64, height: u64| if width == 0 { 0 } else { height * (1 + (width * samples * depth).div_ceil(8)) };
    match interlaced {
        0 => Some((rows(width, height), rows(width, 1))),
        1 => Some((PASSES.iter().map(|[x, y, dx, dy]| rows(width.saturating_sub(*x).div_ceil(*dx), height.saturating_sub(*y).div_ceil(*dy))).sum(), 2)),
        _ => None,
    }
}

/// Length of the decompressed data in bytes; counting stops beyond `most`.
fn held(bytes: &[u8], most: u64) -> Result<u64, &'static str> {
    let mut unpack = Decompressor::new();
    let (mut buffer, mut at, mut held) = (vec![0; 8 * WINDOW], 0, 0);
    let mut chunks = data(bytes).peekable();
    while let Some(mut chunk) = chunks.next() {
        loop {
            let (read, written) = unpack.read(chunk, &mut buffer, at, chunks.peek().is_none()).map_err(|_| DAMAGED)?;
            chunk = &chunk[read..];
            at += written;
            held += written as u64;
            if unpack.is_done() || held > most {
                return Ok(held);
            }
            if at == buffer.len() {
                buffer.copy_within(at - WINDOW.., 0);
                at = WINDOW;
            } else if chunk.is_empty() || read == 0 && written == 0 {
                break;
            }
        }
    }
    Ok(held)
}

/// The compressed data, chunk by chunk.
fn data(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 8;
    std::iter::from_fn(move || {
        loop {
            let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
            let kind = bytes.get(at + 4..at + 8)?;
            let inside = bytes.get(at + 8..at.checked_add(8 + length)?)?;
            at += 12 + length;
            match kind {
                b"IDAT" => return Some(inside),
                b"IEND" => return None,
                _ => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32) -> Vec<u8> {
        let pixels: Vec<u8> = (0..width * height).map(|i| (i * i % 251) as u8).collect();
        crate::data::png::encode(&pixels, width, height, &[]).unwrap()
    }

    #[test]
    fn a_header_that_contradicts_its_data_is_found() {
        for (width, height) in [(1, 1), (7, 9), (300, 1000)] {
            let good = image(width, height);
            assert_eq!(check(&good), Ok(()));
            let with = |at: usize, value: u32| {
                let mut bytes = good.clone();
                bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
                check(&bytes)
            };
            assert_eq!(with(20, height + 1), Err(LESS.into()));
            assert_eq!(with(16, width + 1), Err(LESS.into()));
            if height > 1 {
                assert_eq!(with(20, height - 1), Err(MORE.into()));
            }
        }
        assert!(check(b"\x89PNG\r\n\x1a\n").is_err());
    }

    #[test]
    fn passes_of_an_interlaced_image_are_counted_as_the_standard_does() {
        let mut header = image(5, 3)[..33].to_vec();
        header[28] = 1;
        // Passes of 1 by 1, 1 by 1, nothing, 1 by 1, 3 by 1, 2 by 2 and 5 by 1 pixels, with a byte before each row.
        assert_eq!(promised(&header), Some((2 + 2 + 2 + 4 + 6 + 6, 2)));
    }
}
