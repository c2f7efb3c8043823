//! A synthetic image as a Secondary Capture image (PS3.3, A.8.1): every attribute that the standard requires, and those that say what
//! it is. No attribute comes from a patient, and no source image is named, since there is none.

use super::elements::{Element, encoded};
use super::uid;
use hilum_cache::receipt::Environment;

/// Secondary Capture Image Storage.
const CLASS: &str = "1.2.840.10008.5.1.4.1.1.7";
/// Explicit VR Little Endian.
const SYNTAX: &str = "1.2.840.10008.1.2.1";

/// What an image is called.
pub(super) struct Names {
    pub(super) study: String,
    pub(super) series: String,
    pub(super) series_number: usize,
    /// Whom it is of: nobody, by a name that says so.
    pub(super) patient: String,
}

/// An image.
pub(super) struct Instance<'a> {
    pub(super) uid: &'a str,
    pub(super) number: usize,
    pub(super) rows: u16,
    pub(super) columns: u16,
    /// Grey values of 8 bits, from the top.
    pub(super) pixels: &'a [u8],
    /// The class that it was generated for.
    pub(super) label: &'a str,
    /// The output that it is of.
    pub(super) set: &'a str,
    /// When the run ended (RFC 3339, UTC).
    pub(super) ended: &'a str,
    /// The program that made it.
    pub(super) environment: &'a Environment,
}

/// The file of an image.
pub(super) fn file(image: &Instance, names: &Names) -> Vec<u8> {
    let meta = encoded(vec![
        Element::bytes((0x0002, 0x0001), &[0, 1]),
        Element::text((0x0002, 0x0002), "UI", CLASS),
        Element::text((0x0002, 0x0003), "UI", image.uid),
        Element::text((0x0002, 0x0010), "UI", SYNTAX),
        Element::text((0x0002, 0x0012), "UI", &uid::of(&["implementation"])),
        Element::text((0x0002, 0x0013), "SH", "HILUM"),
    ]);
    let length = (meta.len() as u32).to_le_bytes();
    [&[0; 128][..], b"DICM", b"\x02\x00\x00\x00UL\x04\x00", &length, &meta, &encoded(elements(image, names))].concat()
}

fn elements(image: &Instance, names: &Names) -> Vec<Element> {
    let text = Element::text;
    let (date, time) = (digits(image.ended, 0..10), digits(image.ended, 11..19));
    let environment = image.environment;
    let version = format!("{} {}{}", environment.program, environment.commit, if environment.dirty { " changed" } else { "" });
    let equipment = || [text((0x0008, 0x0070), "LO", "hilum"), text((0x0008, 0x1090), "LO", "hilum synthesize"), text((0x0018, 0x1020), "LO", &version)];
    let purpose = vec![text((0x0008, 0x0100), "SH", "109100"), text((0x0008, 0x0102), "SH", "DCM"), text((0x0008, 0x0104), "LO", "Synthesizing Equipment")];
    let mut contributing: Vec<Element> = equipment().into();
    contributing.push(text((0x0018, 0xa003), "ST", "The image was generated from noise by a network that was trained on other images."));
    contributing.push(Element::item((0x0040, 0xa170), purpose));
    let mut out: Vec<Element> = equipment().into();
    out.extend([
        // SOP Common.
        text((0x0008, 0x0005), "CS", "ISO_IR 192"),
        text((0x0008, 0x0016), "UI", CLASS),
        text((0x0008, 0x0018), "UI", image.uid),
        text((0x0008, 0x001c), "CS", "YES"),
        text((0x0008, 0x0201), "SH", "+0000"),
        Element::item((0x0018, 0xa001), contributing),
        // Patient. Nobody has a date of birth, or a sex.
        text((0x0010, 0x0010), "PN", "SYNTHETIC^NO PATIENT"),
        text((0x0010, 0x0020), "LO", &names.patient),
        text((0x0010, 0x0030), "DA", ""),
        text((0x0010, 0x0040), "CS", ""),
        // General Study.
        text((0x0020, 0x000d), "UI", &names.study),
        text((0x0008, 0x0020), "DA", &date),
        text((0x0008, 0x0030), "TM", &time),
        text((0x0008, 0x0090), "PN", ""),
        text((0x0020, 0x0010), "SH", "SYNTHETIC"),
        text((0x0008, 0x0050), "SH", ""),
        text((0x0008, 0x1030), "LO", "Synthetic images, not for diagnosis"),
        // General Series. No device acquired anything (C.8.6.1), and what is no image of a DX device is not DX: "other". Laterality is
        // that of a paired part of the body, which a chest is not, and must not be there without a value.
        text((0x0008, 0x0060), "CS", "OT"),
        text((0x0020, 0x000e), "UI", &names.series),
        text((0x0020, 0x0011), "IS", &names.series_number.to_string()),
        text((0x0008, 0x103e), "LO", &format!("Synthetic: {}", image.set)),
        text((0x0018, 0x0015), "CS", "CHEST"),
        // SC Equipment: a synthetic image.
        text((0x0008, 0x0064), "CS", "SYN"),
        // General Image.
        Element::words((0x0008, 0x0008), &["DERIVED", "SECONDARY"]),
        text((0x0020, 0x0013), "IS", &image.number.to_string()),
        text((0x0020, 0x0020), "CS", ""),
        text((0x0008, 0x0023), "DA", &date),
        text((0x0008, 0x0033), "TM", &time),
        text((0x0008, 0x2111), "ST", "Synthetic: generated from noise by a trained network. Not an image of a patient, and not for diagnosis."),
        text((0x0020, 0x4000), "LT", &format!("SYNTHETIC, not for diagnosis. Generated for the class: {}", image.label)),
        text((0x0028, 0x0301), "CS", "NO"),
        text((0x0028, 0x0302), "CS", "NO"),
        text((0x0028, 0x2110), "CS", "00"),
        // Image Pixel.
        Element::number((0x0028, 0x0002), 1),
        text((0x0028, 0x0004), "CS", "MONOCHROME2"),
        Element::number((0x0028, 0x0010), image.rows),
        Element::number((0x0028, 0x0011), image.columns),
        Element::number((0x0028, 0x0100), 8),
        Element::number((0x0028, 0x0101), 8),
        Element::number((0x0028, 0x0102), 7),
        Element::number((0x0028, 0x0103), 0),
        Element::bytes((0x7fe0, 0x0010), image.pixels),
    ]);
    out
}

/// The digits of a part of a time.
fn digits(time: &str, part: std::ops::Range<usize>) -> String {
    time.get(part).unwrap_or_default().chars().filter(char::is_ascii_digit).collect()
}
