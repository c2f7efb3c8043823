//! The attributes that are read of a header, as they are written; nothing else of it is kept. Whether they fit together
//! is not known here.

use super::elements::{Element, Elements, Encoding, PIXELS, first_item};
use super::numbers::{code, trimmed, words};
use encoding_rs::Encoding as Text;

/// What an import may take from a header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Patient ID (0010,0020) as it is written: an identifier, which goes nowhere but into a pseudonym.
    pub patient: Option<String>,
    /// Patient's Sex (0010,0040).
    pub sex: String,
    /// Patient's Age (0010,1010).
    pub age: String,
    /// View Position (0018,5101).
    pub view: String,
    /// Modality (0008,0060).
    pub modality: String,
    /// Number of Frames (0028,0008).
    pub frames: u32,
    /// Burned In Annotation (0028,0301); none where the header does not say.
    pub burned_in: Option<bool>,
    /// Synthetic Data (0008,001C): the image was made artificially.
    pub is_synthetic: bool,
}

/// Values by attribute, as far as they are needed before all of them are known.
#[derive(Default)]
pub(super) struct Values<'a> {
    pub(super) charset: &'a [u8],
    pub(super) patient: &'a [u8],
    pub(super) photometric: &'a [u8],
    pub(super) frames: &'a [u8],
    pub(super) slope: &'a [u8],
    pub(super) intercept: &'a [u8],
    pub(super) centre: &'a [u8],
    pub(super) width: &'a [u8],
    pub(super) function: &'a [u8],
    pub(super) padding: Option<u16>,
    pub(super) padding_limit: Option<u16>,
    pub(super) rows: Option<u16>,
    pub(super) columns: Option<u16>,
    pub(super) samples: Option<u16>,
    pub(super) planar: Option<u16>,
    pub(super) allocated: Option<u16>,
    pub(super) stored: Option<u16>,
    pub(super) high: Option<u16>,
    pub(super) sign: Option<u16>,
    pub(super) modality_lut: Option<&'a [u8]>,
    pub(super) voi_lut: Option<&'a [u8]>,
    pub(super) is_enhanced: bool,
    pub(super) is_float: bool,
    pub(super) pixels: Option<Element<'a>>,
    pub(super) about: About,
}

impl<'a> Values<'a> {
    /// Reads them up to the pixels.
    ///
    /// # Errors
    /// Where elements are damaged.
    pub(super) fn read(data: &'a [u8], encoding: Encoding) -> Result<Values<'a>, &'static str> {
        let mut values = Values::default();
        let mut elements = Elements::of(data, encoding);
        while let Some(element) = elements.next()? {
            let value = element.value;
            let word = || words(value, encoding).first().copied();
            let text = || code(value).unwrap_or_default().to_owned();
            match element.tag {
                (0x0008, 0x0005) => values.charset = trimmed(value),
                (0x0008, 0x001c) => values.about.is_synthetic = code(value) == Some("YES"),
                (0x0008, 0x0060) => values.about.modality = text(),
                (0x0010, 0x0020) => values.patient = trimmed(value),
                (0x0010, 0x0040) => values.about.sex = of(value, SEXES),
                (0x0010, 0x1010) => values.about.age = text(),
                (0x0018, 0x5101) => values.about.view = of(value, VIEWS),
                (0x0028, 0x0002) => values.samples = word(),
                (0x0028, 0x0004) => values.photometric = trimmed(value),
                (0x0028, 0x0006) => values.planar = word(),
                (0x0028, 0x0008) => values.frames = trimmed(value),
                (0x0028, 0x0010) => values.rows = word(),
                (0x0028, 0x0011) => values.columns = word(),
                (0x0028, 0x0100) => values.allocated = word(),
                (0x0028, 0x0101) => values.stored = word(),
                (0x0028, 0x0102) => values.high = word(),
                (0x0028, 0x0103) => values.sign = word(),
                (0x0028, 0x0120) => values.padding = word(),
                (0x0028, 0x0121) => values.padding_limit = word(),
                (0x0028, 0x0301) => values.about.burned_in = code(value).and_then(|said| Some(said == "YES").filter(|yes| *yes || said == "NO")),
                (0x0028, 0x1050) => values.centre = value,
                (0x0028, 0x1051) => values.width = value,
                (0x0028, 0x1052) => values.intercept = value,
                (0x0028, 0x1053) => values.slope = value,
                (0x0028, 0x1056) => values.function = trimmed(value),
                (0x0028, 0x3000) => values.modality_lut = first_item(value, encoding)?,
                (0x0028, 0x3010) => values.voi_lut = first_item(value, encoding)?,
                (0x5200, 0x9229 | 0x9230) => values.is_enhanced = true,
                (0x7fe0, 0x0008 | 0x0009) => values.is_float = true,
                PIXELS => {
                    values.pixels = Some(element);
                    break;
                }
                _ => {}
            }
        }
        Ok(values)
    }
}

/// Patient's Sex (PS3.3 C.7.1.1).
const SEXES: &[&str] = &["F", "M", "O"];

/// View Position: the terms of the standard (PS3.3 C.8.1.2, C.8.11.5) and those that are in use besides.
const VIEWS: &[&str] = &[
    "AP",
    "PA",
    "LL",
    "RL",
    "RLD",
    "LLD",
    "RLO",
    "LLO",
    "LATERAL",
    "LAT",
    "OBLIQUE",
    "OBL",
    "AXIAL",
    "LORDOTIC",
    "SUPINE",
    "ERECT",
    "AP SUPINE",
    "AP ERECT",
    "AP AXIAL",
    "PA LLD",
    "PA RLD",
    "DECUBITUS",
];

/// A value if it is one of these, and nothing otherwise: it is copied into tables, and a program may have written a name there.
fn of(value: &[u8], known: &[&str]) -> String {
    code(value).filter(|said| known.contains(said)).unwrap_or_default().to_owned()
}

/// Patient ID in the character set of the file (PS3.3 C.12.1.1.2); none if it is empty or cannot be read.
pub(super) fn identifier(value: &[u8], charset: &[u8]) -> Option<String> {
    if value.is_ascii() {
        return Some(String::from_utf8_lossy(value).into_owned()).filter(|id| !id.is_empty() && !id.contains('\u{1b}'));
    }
    let first = trimmed(charset.split(|b| *b == b'\\').next().unwrap_or_default());
    let name = std::str::from_utf8(first).ok()?.replace("ISO 2022 IR ", "ISO_IR ");
    let label = match name.as_str() {
        "ISO_IR 192" => "utf-8",
        "ISO_IR 100" => "iso-8859-1",
        "ISO_IR 101" => "iso-8859-2",
        "ISO_IR 109" => "iso-8859-3",
        "ISO_IR 110" => "iso-8859-4",
        "ISO_IR 144" => "iso-8859-5",
        "ISO_IR 127" => "iso-8859-6",
        "ISO_IR 126" => "iso-8859-7",
        "ISO_IR 138" => "iso-8859-8",
        "ISO_IR 148" => "iso-8859-9",
        "ISO_IR 203" => "iso-8859-15",
        "ISO_IR 13" => "shift_jis",
        "ISO_IR 166" => "tis-620",
        "GB18030" | "GBK" => "gb18030",
        _ => return None,
    };
    let (text, _, is_damaged) = Text::for_label(label.as_bytes())?.decode(value);
    (!is_damaged).then(|| text.into_owned())
}
