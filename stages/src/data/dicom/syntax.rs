//! Transfer syntaxes (PS3.5, 10 and annex A): how a file writes its elements and codes its pixels.

use super::NOT_READ;
use super::elements::{DAMAGED, Elements, Encoding};
use super::numbers::trimmed;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use std::borrow::Cow;

/// The most bytes that a deflated file may have: as many as the largest picture takes, with 4 bytes for a pixel.
const MOST_BYTES: usize = 256_000_000 + (16 << 20);

/// How the pixels are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// One after the other.
    Native,
    /// Runs of bytes (annex G).
    Rle,
    /// JPEG with 8 bits.
    Jpeg,
    /// JPEG without loss.
    LosslessJpeg,
    /// JPEG 2000 with or without loss.
    Jpeg2000,
}

/// A transfer syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) encoding: Encoding,
    pub(super) coding: Coding,
}

const DEFLATED: &[u8] = b"1.2.840.10008.1.2.1.99";

/// What is read.
const READ: &[(&[u8], Encoding, Coding)] = &[
    (b"1.2.840.10008.1.2", Encoding::IMPLICIT, Coding::Native),
    (b"1.2.840.10008.1.2.1", Encoding::EXPLICIT, Coding::Native),
    (DEFLATED, Encoding::EXPLICIT, Coding::Native),
    (b"1.2.840.10008.1.2.2", Encoding { is_explicit: true, is_big: true }, Coding::Native),
    (b"1.2.840.10008.1.2.5", Encoding::EXPLICIT, Coding::Rle),
    (b"1.2.840.10008.1.2.4.50", Encoding::EXPLICIT, Coding::Jpeg),
    // With 8 bits, it is read; with 12, it is refused where the header is read.
    (b"1.2.840.10008.1.2.4.51", Encoding::EXPLICIT, Coding::Jpeg),
    (b"1.2.840.10008.1.2.4.57", Encoding::EXPLICIT, Coding::LosslessJpeg),
    (b"1.2.840.10008.1.2.4.70", Encoding::EXPLICIT, Coding::LosslessJpeg),
    (b"1.2.840.10008.1.2.4.90", Encoding::EXPLICIT, Coding::Jpeg2000),
    (b"1.2.840.10008.1.2.4.91", Encoding::EXPLICIT, Coding::Jpeg2000),
];

/// What is known by name alone; of several that fit, the first counts.
const NAMED: &[(&str, &str)] = &[
    ("1.2.840.10008.1.2.4.80", "JPEG-LS"),
    ("1.2.840.10008.1.2.4.81", "JPEG-LS"),
    ("1.2.840.10008.1.2.4.92", "JPEG 2000 of several components"),
    ("1.2.840.10008.1.2.4.93", "JPEG 2000 of several components"),
    ("1.2.840.10008.1.2.4.94", "JPIP, which refers to a server"),
    ("1.2.840.10008.1.2.4.95", "JPIP, which refers to a server"),
    ("1.2.840.10008.1.2.4.100", "MPEG video"),
    ("1.2.840.10008.1.2.4.101", "MPEG video"),
    ("1.2.840.10008.1.2.4.102", "MPEG video"),
    ("1.2.840.10008.1.2.4.103", "MPEG video"),
    ("1.2.840.10008.1.2.4.104", "MPEG video"),
    ("1.2.840.10008.1.2.4.105", "MPEG video"),
    ("1.2.840.10008.1.2.4.106", "MPEG video"),
    ("1.2.840.10008.1.2.4.107", "HEVC video"),
    ("1.2.840.10008.1.2.4.108", "HEVC video"),
    ("1.2.840.10008.1.2.4.110", "JPEG XL"),
    ("1.2.840.10008.1.2.4.111", "JPEG XL"),
    ("1.2.840.10008.1.2.4.112", "JPEG XL"),
    ("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000"),
    ("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000"),
    ("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000"),
    ("1.2.840.10008.1.2.8.1", "deflated frames"),
    ("1.2.840.10008.1.2.4.", "a retired form of JPEG"),
];

/// Reads the file's meta information, which stands behind the preamble: its transfer syntax and the data set.
///
/// # Errors
/// Where it names no transfer syntax, or one that is not read.
pub(super) fn open(bytes: &[u8]) -> Result<(Syntax, Cow<'_, [u8]>), String> {
    let mut meta = Elements::of(bytes, Encoding::EXPLICIT);
    let mut named = None;
    while meta.peek()?.is_some_and(|(group, _)| group == 2) {
        let Some(element) = meta.next()? else { break };
        if element.tag == (2, 0x10) {
            named = Some(trimmed(element.value));
        }
    }
    let named = named.ok_or("the DICOM file does not say its transfer syntax")?;
    let rest = &bytes[meta.at()..];
    let Some((_, encoding, coding)) = READ.iter().find(|(uid, ..)| *uid == named) else {
        let name = NAMED.iter().find(|(uid, _)| named == uid.as_bytes() || uid.ends_with('.') && named.starts_with(uid.as_bytes()));
        let name = name.map_or("a transfer syntax that is not known", |(_, name)| name);
        return Err(format!("DICOM in {name}{NOT_READ}"));
    };
    let data = match named == DEFLATED {
        true => Cow::Owned(inflated(rest)?),
        false => Cow::Borrowed(rest),
    };
    Ok((Syntax { encoding: *encoding, coding: *coding }, data))
}

/// What a data set inflates to.
fn inflated(bytes: &[u8]) -> Result<Vec<u8>, String> {
    use miniz_oxide::inflate::TINFLStatus::{FailedCannotMakeProgress, HasMoreOutput};
    decompress_to_vec_with_limit(bytes, MOST_BYTES).map_err(|e| match e.status {
        HasMoreOutput => "the DICOM file inflates to more than the largest picture takes".into(),
        FailedCannotMakeProgress => super::elements::TRUNCATED.into(),
        _ => DAMAGED.into(),
    })
}
