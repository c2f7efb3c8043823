//! Files of every transfer syntax, and what pydicom makes of them (`tests/oracle/dicom.py`).

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file of the fixture.
#[derive(Deserialize)]
struct Case {
    file: String,
    frame: Option<FrameChoice>,
    /// What is said of it, in part; it is not read.
    why: Option<String>,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    /// Grey values from 0 to 65535, not rounded; float32.
    #[serde(default)]
    grey: String,
    #[serde(default)]
    steps: String,
    /// By how much grey values may be wrong besides rounding: two decoders of JPEG round differently.
    #[serde(default)]
    off: f32,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.file).unwrap()
    }
    fn grey(&self) -> Vec<f32> {
        STANDARD.decode(&self.grey).unwrap().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    }
}

fn cases() -> BTreeMap<String, Case> {
    serde_json::from_str(include_str!("../../../tests/oracle/dicom.json")).unwrap()
}

/// The bytes of a file of the fixture.
pub(crate) fn bytes_of(name: &str) -> Vec<u8> {
    cases()[name].bytes()
}

/// Decodes as `prepare` does.
fn decoded(bytes: &[u8], frame: Option<FrameChoice>) -> Result<crate::data::grey::Decoded, String> {
    crate::data::grey::decode_frame(bytes, frame)
}

#[test]
fn grey_values_and_steps_are_those_of_pydicom() {
    let mut seen = 0;
    for (name, case) in cases().iter().filter(|(_, case)| case.why.is_none()) {
        let found = decoded(&case.bytes(), case.frame).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!((found.grey.width, found.grey.height), (case.width, case.height), "{name}");
        let steps = Applied::new(hilum_cache::Digest::of(b""), &found.dicom.unwrap()).steps;
        assert_eq!(steps, case.steps, "{name}");
        let reference = case.grey();
        assert_eq!(reference.len(), found.grey.pixels.len(), "{name}");
        for (at, (ours, theirs)) in found.grey.pixels.iter().zip(&reference).enumerate() {
            let off = (f32::from(*ours) - theirs).abs();
            // What is rounded is off by up to a half; the reference has 24 bits.
            assert!(off <= 0.51 + case.off, "{name}: pixel {at} is {ours}, and {theirs} in pydicom");
        }
        seen += 1;
    }
    assert!(seen > 60, "{seen} files");
}

#[test]
fn what_is_broken_or_not_read_is_said() {
    let mut seen = 0;
    for (name, case) in cases() {
        let Some(why) = &case.why else { continue };
        let said = decoded(&case.bytes(), case.frame).err().unwrap_or_else(|| panic!("{name} is read"));
        assert!(said.contains(why.as_str()), "{name}: {said}");
        assert_eq!(crate::data::inspect::is_other(&said), why.contains("not read"), "{name}: {said}");
        seen += 1;
    }
    assert!(seen > 30, "{seen} files");
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let cases = cases();
    for name in ["explicit 16", "deflated 8", "rle 12", "lossless jpeg predictor 4", "jpeg", "jpeg 2000 12", "voi lut"] {
        let bytes = cases[name].bytes();
        for kept in (140..bytes.len()).step_by(7) {
            assert!(decoded(&bytes[..kept], None).is_err(), "{name}: {kept} of {} bytes are read", bytes.len());
        }
    }
}

#[test]
fn rubbish_is_refused_or_read_without_a_crash() {
    let cases = cases();
    for name in ["explicit 16", "implicit 16", "big-endian 16", "deflated 8", "rle signed 16", "lossless jpeg restarts", "both tables"] {
        let bytes = cases[name].bytes();
        // Long tables and pixels are alike throughout.
        for at in (132..bytes.len()).step_by(1 + bytes.len() / 300) {
            for change in [0xff, 1] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                let _ = decoded(&damaged, None);
            }
        }
    }
}

/// A file with these elements in front of Modality.
pub(crate) fn with_elements(elements: &[(u16, u16, &[u8; 2], &[u8])]) -> Vec<u8> {
    let bytes = cases()["explicit 8"].bytes();
    let modality = bytes.windows(6).position(|w| w == b"\x08\0\x60\0CS").unwrap();
    let mut out = bytes[..modality].to_vec();
    for (group, element, vr, value) in elements {
        out.extend(group.to_le_bytes().iter().chain(&element.to_le_bytes()).chain(*vr).chain(&(value.len() as u16).to_le_bytes()));
        out.extend(*value);
    }
    out.extend(&bytes[modality..]);
    out
}

#[test]
fn an_import_learns_what_the_header_says() {
    let elements: [(u16, u16, &[u8; 2], &[u8]); 6] = [
        (0x0008, 0x0005, b"CS", b"ISO_IR 100"),
        (0x0010, 0x0020, b"LO", b" M\xfcller 7 "),
        (0x0010, 0x0040, b"CS", b"F "),
        (0x0010, 0x1010, b"AS", b"061Y"),
        (0x0018, 0x5101, b"CS", b"PA"),
        (0x0028, 0x0301, b"CS", b"YES "),
    ];
    let found = about(&with_elements(&elements)).unwrap();
    let expected = About {
        patient: Some("Müller 7".into()),
        sex: "F".into(),
        age: "061Y".into(),
        view: "PA".into(),
        modality: "DX".into(),
        frames: 1,
        burned_in: Some(true),
        is_synthetic: false,
    };
    assert_eq!(found, expected);
    let bare = about(&cases()["explicit 8"].bytes()).unwrap();
    assert_eq!((bare.patient, bare.burned_in, bare.view.as_str()), (None, None, ""));
    let odd = about(&with_elements(&[(0x0010, 0x0020, b"LO", b"\xfc1"), (0x0018, 0x5101, b"CS", b"Doe^Jane")])).unwrap();
    assert_eq!((odd.patient, odd.view.as_str()), (None, ""), "neither a name in the wrong place nor an identifier in an unknown character set");
    let named = about(&with_elements(&[(0x0010, 0x0040, b"CS", b"4711"), (0x0018, 0x5101, b"CS", b"DOE JOHN")])).unwrap();
    assert_eq!((named.sex.as_str(), named.view.as_str()), ("", ""), "only terms of the standard are copied");
}

#[test]
fn inspection_says_the_size_and_nothing_of_the_patient() {
    let bytes = with_elements(&[(0x0010, 0x0020, b"LO", b"SECRET"), (0x0018, 0x5101, b"CS", b"PA")]);
    let note = crate::data::inspect::note(&bytes);
    assert_eq!(note, "ok 7 5 dicom");
    let look = crate::data::inspect::read_note(&note).unwrap();
    assert!(look.is_dicom && (look.width, look.height, look.synthetic) == (7, 5, None));
    let made = crate::data::inspect::note(&with_elements(&[(0x0008, 0x001c, b"CS", b"YES ")]));
    assert_eq!(made, "ok 7 5 dicom synthetic");
    let look = crate::data::inspect::read_note(&made).unwrap();
    assert!(look.is_dicom && look.synthetic.is_some_and(|mark| mark.generator.is_none()));
}

#[test]
fn a_sequence_of_any_form_is_passed_over() {
    // A sequence and an item without lengths, within them an element of unknown representation that is a sequence itself.
    let inner = b"\xfe\xff\x00\xe0\xff\xff\xff\xff\x10\0\x20\0\x04\0\0\0ABCD\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";
    let sequence = [b"\x09\0\x01\x10UN\0\0\xff\xff\xff\xff".as_slice(), inner].concat();
    let outer =
        [b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff".as_slice(), &sequence, b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"]
            .concat();
    let bytes = cases()["explicit 8"].bytes();
    let modality = bytes.windows(6).position(|w| w == b"\x08\0\x60\0CS").unwrap();
    let with = [&bytes[..modality], &outer, &bytes[modality..]].concat();
    assert_eq!(about(&with).unwrap(), about(&bytes).unwrap(), "what is inside is of another thing: no patient");
    assert_eq!(decoded(&with, None).unwrap().grey.pixels, decoded(&bytes, None).unwrap().grey.pixels);
    assert_eq!(look(&[&bytes[..modality], &outer[..outer.len() - 9]].concat()), Err("the DICOM file is truncated".into()));
}
