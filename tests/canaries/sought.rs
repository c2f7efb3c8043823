//! The search: strings in many spellings, in bytes as they are and in what these hold, compressed or in base 64.

use hilum_cache::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Strings that must not be found.
pub(super) struct Sought {
    /// Spellings by their first two bytes: which string, how it is spelled, and the bytes.
    by_start: BTreeMap<[u8; 2], Vec<(String, Vec<u8>)>>,
    /// True for the two bytes with which one begins.
    starts: Vec<bool>,
}

impl Sought {
    /// `identifiers` are sought by their digests, too.
    pub(super) fn new(identifiers: &[String], names: &[String]) -> Sought {
        let mut out = Sought { by_start: BTreeMap::new(), starts: vec![false; 1 << 16] };
        for text in identifiers.iter().chain(names) {
            for (how, bytes) in spellings(text) {
                out.add(format!("`{text}` {how}"), bytes);
            }
        }
        for text in identifiers {
            for plain in [text.clone(), text.to_lowercase(), text.to_uppercase()] {
                for (how, digest) in [("by BLAKE3", Digest::of(plain.as_bytes()).bytes().to_vec()), ("by SHA-256", sha256(plain.as_bytes()))] {
                    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
                    // The first digits are how a short name would be made of it.
                    out.add(format!("`{text}` {how}"), hex.as_bytes()[..16].to_vec());
                    out.add(format!("`{text}` {how}, as bytes"), digest[..16].to_vec());
                }
            }
        }
        out
    }

    fn add(&mut self, what: String, bytes: Vec<u8>) {
        let start = [bytes[0], bytes[1]];
        self.starts[usize::from(u16::from_be_bytes(start))] = true;
        self.by_start.entry(start).or_default().push((what, bytes));
    }

    /// What is found in some bytes and in everything that they hold.
    pub(super) fn find(&self, bytes: &[u8]) -> BTreeSet<String> {
        let lower: Vec<u8> = bytes.to_ascii_lowercase();
        let mut found = BTreeSet::new();
        // Base 64 knows two cases, and names of people are spelled in either.
        for text in [bytes, &lower] {
            for at in 0..text.len().saturating_sub(1) {
                let start = [text[at], text[at + 1]];
                if self.starts[usize::from(u16::from_be_bytes(start))] {
                    let here = self.by_start[&start].iter().filter(|(_, sought)| text[at..].starts_with(sought));
                    found.extend(here.map(|(what, _)| what.clone()));
                }
            }
        }
        for inner in within(bytes) {
            found.extend(self.find(&inner));
        }
        found
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    let hex = Sha256::of(bytes).hex();
    (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// All spellings of a text, each with its name.
pub(super) fn spellings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut out = vec![];
    for plain in BTreeSet::from([text.to_owned(), text.to_lowercase(), text.to_uppercase(), text.to_ascii_lowercase()]) {
        let bytes = plain.as_bytes();
        out.push(("as it is", bytes.to_vec()));
        out.push(("in Latin-1", plain.chars().map(|c| u8::try_from(c as u32).unwrap_or(b'?')).collect()));
        out.push((
            "in JSON",
            plain.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", c as u32) }).collect::<String>().into_bytes(),
        ));
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            out.push(("in UTF-16", plain.encode_utf16().flat_map(order).collect()));
        }
        let hex = |of: &[u8]| of.iter().map(|b| format!("{b:02x}")).collect::<String>();
        out.push(("in hexadecimal digits", hex(bytes).into_bytes()));
        let percent =
            |keeps: &dyn Fn(u8) -> bool| -> String { bytes.iter().map(|b| if keeps(*b) { char::from(*b).to_string() } else { format!("%{b:02X}") }).collect() };
        for encoded in [
            percent(&|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)),
            percent(&|b| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b)),
            percent(&|_| false),
        ] {
            out.push(("in percent encoding", encoded.to_lowercase().into_bytes()));
            out.push(("in percent encoding", encoded.into_bytes()));
        }
        for before in 0..3 {
            let encoded = base64(&[&[0; 3][..before], bytes].concat());
            // The characters at both ends depend on the neighbours.
            let kept = encoded.trim_end_matches('=');
            let kept = &kept[[0, 2, 3][before]..];
            let cut = usize::from((before + bytes.len()) % 3 != 0);
            let kept = &kept[..kept.len() - cut];
            out.push(("in base 64", kept.as_bytes().to_vec()));
            out.push(("in base 64 for addresses", kept.replace('+', "-").replace('/', "_").into_bytes()));
        }
    }
    out
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base 64 as it is written in pages and envelopes.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |n, i| n << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            out.push(if i <= group.len() { char::from(DIGITS[(number >> (18 - 6 * i)) as usize & 63]) } else { '=' });
        }
    }
    out
}

fn decoded(digits: &[u8]) -> Vec<u8> {
    let value = |digit: &u8| DIGITS.iter().position(|d| d == digit).unwrap() as u32;
    let group = |four: &[u8]| {
        let number = four.iter().fold(0u32, |n, d| n << 6 | value(d)) << (6 * (4 - four.len()));
        number.to_be_bytes()[1..four.len()].to_vec()
    };
    digits.chunks(4).filter(|four| four.len() > 1).flat_map(group).collect()
}

/// Pictures and documents within some bytes. A stream that could not be looked into fails the test.
fn within(bytes: &[u8]) -> Vec<Vec<u8>> {
    assert!(!bytes.starts_with(&[0x1f, 0x8b]) && !bytes.starts_with(b"PK\x03\x04"), "a compressed file, which this test cannot look into");
    let mut out = vec![];
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        for kind in [b"zTXt", b"iCCP"] {
            assert!(!bytes.windows(4).any(|w| w == kind), "a compressed text, which this test cannot look into");
        }
        out.push(image::load_from_memory(bytes).expect("a picture").into_bytes());
    }
    // Long runs of digits of base 64 are documents: pictures in pages, payloads of envelopes.
    let is_digit = |b: &u8| DIGITS.contains(b);
    for run in bytes.split(|b| !is_digit(b)).filter(|run| run.len() >= 200) {
        let inner = decoded(run);
        let is_document = inner.starts_with(b"\x89PNG") || inner.starts_with(b"{\"") || inner.starts_with(b"<svg") || inner.starts_with(b"<?xml");
        if is_document {
            out.push(inner);
        }
    }
    // Pictures in archives and packs.
    let starts = bytes.windows(8).enumerate().skip(1).filter(|(_, w)| *w == b"\x89PNG\r\n\x1a\n").map(|(at, _)| at);
    out.extend(starts.filter_map(|at| {
        let end = bytes[at..].windows(8).position(|w| w == b"IEND\xae\x42\x60\x82")?;
        Some(bytes[at..at + end + 8].to_vec())
    }));
    out
}

/// All files below a directory.
pub(super) fn below(top: &Path) -> Vec<PathBuf> {
    let (mut out, mut left) = (vec![], vec![top.to_owned()]);
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                left.push(entry.path())
            } else if kind.is_file() {
                out.push(entry.path())
            }
        }
    }
    out
}
