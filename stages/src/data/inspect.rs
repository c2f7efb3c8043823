//! Inspects an image's file without decoding it: format, size, whether it is complete, and whether hilum generated it.
//!
//! Hashing twenty thousand images must not decode them, but a truncated or empty file, a file that is not an image and
//! a header that declares 40,000 × 40,000 pixels are found. What only decoding can find, `prepare` finds.

use super::dicom;
use super::limits::LARGEST_SIDE;
use super::marker::{Marker, Texts};
use hilum_cache::Digest;

/// The result of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The mark of `synthesize`, if it has one.
    pub synthetic: Option<Marker>,
    /// True for a DICOM file, whose header says more.
    pub is_dicom: bool,
}

/// One line for the memo: `ok W H`, `ok W H dicom`, `ok W H dicom synthetic`, `ok W H synthetic` or `ok W H synthetic b3:…`, or `bad ` and why. It
/// contains nothing of what a header says of a patient. The name of the memo's file changes with what is said here.
pub fn note(bytes: &[u8]) -> String {
    match look(bytes) {
        Ok(ImageHeader { width, height, synthetic, is_dicom }) => {
            let more = match synthetic {
                None if is_dicom => " dicom".into(),
                None => String::new(),
                Some(_) if is_dicom => " dicom synthetic".into(),
                Some(Marker { generator: None }) => " synthetic".into(),
                Some(Marker { generator: Some(digest) }) => format!(" synthetic {digest}"),
            };
            format!("ok {width} {height}{more}")
        }
        Err(why) => format!("bad {why}"),
    }
}

/// The line of an image that nobody has looked at, where only names count.
pub const UNREAD: &str = "ok 1 1";

/// Reads a line that [`note`] wrote.
pub fn read_note(note: &str) -> Result<ImageHeader, String> {
    let mut words = note.splitn(2, ' ');
    match (words.next(), words.next()) {
        (Some("ok"), Some(size)) => {
            let words: Vec<&str> = size.split(' ').collect();
            let marker = match words.get(2..) {
                Some([] | ["dicom"]) => Some(None),
                Some(["synthetic"] | ["dicom", "synthetic"]) => Some(Some(Marker { generator: None })),
                Some(["synthetic", digest]) => digest.parse().ok().map(|d: Digest| Some(Marker { generator: Some(d) })),
                _ => None,
            };
            match (words.first().map(|w| w.parse()), words.get(1).map(|w| w.parse()), marker) {
                (Some(Ok(width)), Some(Ok(height)), Some(synthetic)) => Ok(ImageHeader { width, height, synthetic, is_dicom: words.get(2) == Some(&"dicom") }),
                _ => Err("not inspected".into()),
            }
        }
        (Some("bad"), Some(why)) => Err(why.to_owned()),
        _ => Err("not inspected".into()),
    }
}

/// The extension of a file's name: one to five letters or digits after the last dot, one of them a letter. `1.2.840.1`
/// has none.
pub fn ending(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit('/').next()?.rsplit_once('.')?;
    let is_ending = (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric()) && ending.chars().any(|c| c.is_ascii_alphabetic());
    (is_ending && !stem.is_empty()).then_some(ending)
}

/// True if a file is not an image, or is one of a format that is not supported: that is not damage.
pub fn is_other(why: &str) -> bool {
    is_no_image(why) || why.contains(dicom::NOT_READ)
}

/// True if a file is not known to be an image of any format.
pub fn is_no_image(why: &str) -> bool {
    why == NEITHER
}

const NEITHER: &str = "neither PNG, JPEG nor DICOM";

/// Inspects a file's bytes.
///
/// # Errors
/// Says in a few words why this is not a usable image.
pub fn look(bytes: &[u8]) -> Result<ImageHeader, String> {
    let size = if bytes.is_empty() {
        return Err("the file is empty".into());
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes)?
    } else if bytes.starts_with(&[0xff, 0xd8]) && !bytes.starts_with(&[0xff, 0xd8, 0xff, 0xf7]) {
        jpeg(bytes)?
    } else if dicom::is_dicom(bytes) {
        let (width, height, is_synthetic) = dicom::look(bytes)?;
        // No attribute says by which generator.
        ImageHeader { width, height, synthetic: is_synthetic.then_some(Marker { generator: None }), is_dicom: true }
    } else {
        return Err(other_format(bytes));
    };
    match size {
        ImageHeader { width: 0, .. } | ImageHeader { height: 0, .. } => Err("an image without pixels".into()),
        l if l.width > LARGEST_SIDE || l.height > LARGEST_SIDE => {
            Err(format!("its header promises {} × {} pixels, more than {LARGEST_SIDE} a side", l.width, l.height))
        }
        l => Ok(l),
    }
}

/// What a file is that is neither PNG, JPEG nor DICOM.
fn other_format(bytes: &[u8]) -> String {
    let is = |at: usize, mark: &[u8]| bytes.get(at..).is_some_and(|b| b.starts_with(mark));
    let marks: [(&str, usize, &[u8]); 9] = [
        ("TIFF", 0, b"II*\0"),
        ("TIFF", 0, b"MM\0*"),
        ("BMP", 0, b"BM"),
        ("GIF", 0, b"GIF8"),
        ("WebP", 8, b"WEBP"),
        ("JPEG 2000", 0, b"\0\0\0\x0cjP  "),
        ("JPEG 2000", 0, b"\xff\x4f\xff\x51"),
        ("JPEG-LS", 0, b"\xff\xd8\xff\xf7"),
        ("PDF", 0, b"%PDF"),
    ];
    match marks.iter().find(|(_, at, mark)| is(*at, mark)) {
        Some((name, ..)) => format!("{name}{}: save it as PNG", dicom::NOT_READ),
        None => NEITHER.into(),
    }
}

fn png(bytes: &[u8]) -> Result<ImageHeader, String> {
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_be_bytes(b.try_into().expect("BUG: four bytes")));
    let truncated = || "the PNG is truncated".to_owned();
    let mut at = 8;
    let mut size = None;
    let mut texts = Texts::default();
    loop {
        let length = word(at).ok_or_else(truncated)? as usize;
        let kind = bytes.get(at + 4..at + 8).ok_or_else(truncated)?;
        let end = at.checked_add(12 + length).filter(|e| *e <= bytes.len()).ok_or_else(truncated)?;
        match kind {
            b"IHDR" if length >= 8 => size = Some((word(at + 8).ok_or_else(truncated)?, word(at + 12).ok_or_else(truncated)?)),
            b"IEND" => {
                let (width, height) = size.ok_or("the PNG has no header")?;
                return Ok(ImageHeader { width, height, synthetic: texts.marker(), is_dicom: false });
            }
            kind => texts.add(kind, &bytes[at..end]),
        }
        at = end;
    }
}

fn jpeg(bytes: &[u8]) -> Result<ImageHeader, String> {
    let truncated = || "the JPEG is truncated".to_owned();
    // Anything may follow the end mark; `strict` checks that the data before it are complete.
    if !bytes.windows(2).rev().any(|w| w == [0xff, 0xd9]) {
        return Err(truncated());
    }
    let mut at = 2;
    loop {
        if bytes.get(at) != Some(&0xff) {
            return Err("the JPEG is damaged".into());
        }
        let marker = *bytes.get(at + 1).ok_or_else(truncated)?;
        match marker {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 | 0xda => return Err("the JPEG has no frame".into()),
            _ => {
                let length = bytes.get(at + 2..at + 4).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]]))).ok_or_else(truncated)?;
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    let frame = bytes.get(at + 5..at + 9).ok_or_else(truncated)?;
                    return Ok(ImageHeader {
                        height: u32::from(u16::from_be_bytes([frame[0], frame[1]])),
                        width: u32::from(u16::from_be_bytes([frame[2], frame[3]])),
                        synthetic: None,
                        is_dicom: false,
                    });
                }
                at += 2 + length.max(2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(side: u32) -> Vec<u8> {
        crate::data::png::encode(&vec![7; (side * side) as usize], side, side, &[]).unwrap()
    }

    #[test]
    fn good_images_pass_and_bad_ones_say_why() {
        let good = png_of(9);
        assert_eq!(look(&good), Ok(ImageHeader { width: 9, height: 9, synthetic: None, is_dicom: false }));
        assert_eq!(read_note(&note(&good)), look(&good));
        assert_eq!(look(&good[..good.len() - 5]).unwrap_err(), "the PNG is truncated");
        assert_eq!(look(b"").unwrap_err(), "the file is empty");
        assert_eq!(look(b"hello").unwrap_err(), "neither PNG, JPEG nor DICOM");
        let mut bomb = good.clone();
        bomb[16..24].copy_from_slice(&[0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40]);
        assert!(look(&bomb).unwrap_err().starts_with("its header promises 40000 × 40000"));
        assert_eq!(look(&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0]).unwrap_err(), "the JPEG is truncated");
    }
}
