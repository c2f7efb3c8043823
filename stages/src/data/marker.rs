//! The mark of images that `synthesize` made: text in their PNG files, so that they are never taken for real ones.
//!
//! Programs that write a file anew keep its text in chunks of other sorts, or lose a part of it: either of two texts is
//! enough to know an image by.

use hilum_cache::Digest;

/// What an image says of itself. Until store format 2 the word was `film`.
pub const DESCRIPTION: &str = "SYNTHETIC chest image, not for diagnosis";
const OLD_DESCRIPTION: &str = "SYNTHETIC chest film, not for diagnosis";
/// What made it.
pub const SOFTWARE: &str = "hilum synthesize";

/// An image that hilum made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The generator, where the file still says it.
    pub generator: Option<Digest>,
}

/// Where a marked image comes from: the third of its texts.
pub fn origin(generator: &Digest, number: u32) -> String {
    format!("generator {generator}, image {number}")
}

fn generator(origin: &str) -> Option<Digest> {
    let (digest, number) = origin.strip_prefix("generator b3:")?.split_once(", ")?;
    ["image ", "film "].iter().any(|w| number.starts_with(w)).then(|| Digest::from_hex(digest))?
}

/// Chunks and bytes of each that are looked at: `synthesize` writes three short ones.
const CHUNKS: usize = 32;
const BYTES: usize = 4096;

/// Collects the texts of a PNG file that may be the mark's.
#[derive(Debug, Default)]
pub(super) struct Texts {
    looked_at: usize,
    is_marked: bool,
    generator: Option<Digest>,
}

impl Texts {
    /// Looks at a chunk of this kind: `chunk` is all of it, from its length to its checksum.
    pub(super) fn add(&mut self, kind: &[u8], chunk: &[u8]) {
        let keyword = |name: &[u8]| chunk.get(8..).is_some_and(|data| data.starts_with(name) && data.get(name.len()) == Some(&0));
        let may_be = matches!(kind, b"tEXt" | b"zTXt" | b"iTXt") && [&b"Description"[..], b"Software", b"Source"].iter().any(|k| keyword(k));
        if !may_be || chunk.len() > BYTES || self.looked_at >= CHUNKS {
            return;
        }
        self.looked_at += 1;
        match read(chunk) {
            Some((k, text)) if k == "Software" => self.is_marked |= text.trim() == SOFTWARE,
            Some((k, text)) if k == "Description" => self.is_marked |= [DESCRIPTION, OLD_DESCRIPTION].contains(&text.trim()),
            Some((k, text)) if k == "Source" => self.generator = self.generator.or(generator(text.trim())),
            _ => {}
        }
    }
    /// The mark, where the texts were one.
    pub(super) fn marker(&self) -> Option<Marker> {
        self.is_marked.then_some(Marker { generator: self.generator })
    }
}

/// Keyword and text of a chunk, compressed or not.
fn read(chunk: &[u8]) -> Option<(String, String)> {
    // The decoder wants a file: the smallest one there is, with this chunk in it.
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\0\0\0\0".to_vec();
    file.extend_from_slice(chunk);
    let mut options = png::DecodeOptions::default();
    options.set_ignore_checksums(true);
    let mut decoder = png::StreamingDecoder::new_with_options(options);
    let mut rest = &file[..];
    while !rest.is_empty() {
        match decoder.update(rest, None).ok()?.0 {
            0 => break,
            read => rest = &rest[read..],
        }
    }
    let info = decoder.info()?;
    if let Some(plain) = info.uncompressed_latin1_text.first() {
        return Some((plain.keyword.clone(), plain.text.clone()));
    }
    if let Some(mut packed) = info.compressed_latin1_text.first().cloned() {
        packed.decompress_text_with_limit(BYTES).ok()?;
        return Some((packed.keyword.clone(), packed.get_text().ok()?));
    }
    let mut wide = info.utf8_text.first()?.clone();
    wide.decompress_text_with_limit(BYTES).ok()?;
    Some((wide.keyword.clone(), wide.get_text().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::inspect::{ImageHeader, look, note, read_note};

    fn marked(texts: &[(&str, &str)]) -> Vec<u8> {
        crate::data::png::encode(&[7; 81], 9, 9, texts).unwrap()
    }

    /// The same texts in chunks of another sort.
    fn rewritten(wide: bool) -> Vec<u8> {
        let mut bytes = vec![];
        let mut encoder = png::Encoder::new(&mut bytes, 9, 9);
        encoder.set_color(png::ColorType::Grayscale);
        for (keyword, text) in [("Software", SOFTWARE), ("Source", &*origin(&Digest::of(b"g"), 3))] {
            match wide {
                true => encoder.add_itxt_chunk(keyword.into(), text.into()).unwrap(),
                false => encoder.add_ztxt_chunk(keyword.into(), text.into()).unwrap(),
            }
        }
        encoder.write_header().unwrap().write_image_data(&[7; 81]).unwrap();
        bytes
    }

    #[test]
    fn a_marked_image_is_known_with_its_generator() {
        let g = Digest::of(b"g");
        let (old, new) = (format!("generator {g}, film 3"), origin(&g, 3));
        let cases = [
            (vec![("Description", DESCRIPTION), ("Software", SOFTWARE), ("Source", &new)], Some(Some(g))),
            (vec![("Description", OLD_DESCRIPTION), ("Source", &old)], Some(Some(g))),
            (vec![("Software", SOFTWARE)], Some(None)),
            (vec![("Software", SOFTWARE), ("Source", "generator b3:12, image 3")], Some(None)),
            (vec![("Source", &old), ("Software", "Paint"), ("Description", "a chest")], None),
            (vec![], None),
        ];
        for (texts, expected) in cases {
            let bytes = marked(&texts);
            let found = look(&bytes).unwrap();
            assert_eq!(found.synthetic.map(|m| m.generator), expected, "{texts:?}");
            assert_eq!(read_note(&note(&bytes)), Ok(found));
        }
        for wide in [false, true] {
            assert_eq!(look(&rewritten(wide)).unwrap().synthetic, Some(Marker { generator: Some(g) }));
        }
    }

    #[test]
    fn hostile_texts_are_no_mark_and_no_panic() {
        let good = rewritten(false);
        for at in 33..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0xff;
            let _ = look(&bytes);
            let _ = look(&good[..at]);
        }
        let many = vec![("Software", "x"); 5000];
        assert_eq!(look(&marked(&many)), Ok(ImageHeader { width: 9, height: 9, synthetic: None, is_dicom: false }));
        let long = "hilum synthesize ".repeat(4000);
        assert_eq!(look(&marked(&[("Software", &long)])).unwrap().synthetic, None);
    }
}
