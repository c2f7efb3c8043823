//! Look-up tables (PS3.3 C.11.1.1 and C.11.2.1.1): a list of entries for consecutive values. What the values are is not
//! known here.

use super::elements::{Elements, Encoding};
use super::numbers::words;

/// A look-up table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lut {
    /// The value of the first entry as it is written; smaller ones have its entry, too.
    first: u16,
    /// True if that is a number with a sign.
    is_signed: bool,
    /// Bits of an entry.
    bits: u32,
    entries: Vec<u16>,
}

impl Lut {
    /// The entry of a value, which is rounded down as whole numbers are; `lowest` is the lowest value that there may be.
    pub(super) fn entry(&self, value: f64, lowest: f64) -> u16 {
        // Where values may be below zero, so may the first; some writers say it as a number without a sign all the same.
        let first = if self.is_signed || lowest < 0.0 { f64::from(self.first.cast_signed()) } else { f64::from(self.first) };
        let at = (value - first).floor().clamp(0.0, (self.entries.len() - 1) as f64);
        self.entries[at as usize]
    }
    /// The largest value that an entry may have.
    pub(super) fn largest(&self) -> f64 {
        f64::from((1u32 << self.bits) - 1)
    }
}

/// Reads an item of a sequence of tables.
///
/// # Errors
/// Where it is no table.
pub(super) fn read(item: &[u8], encoding: Encoding, is_signed: bool) -> Result<Lut, String> {
    let (mut descriptor, mut data) = (None, None);
    let mut elements = Elements::of(item, encoding);
    while let Some(element) = elements.next()? {
        match element.tag {
            (0x0028, 0x3002) => descriptor = Some(element),
            (0x0028, 0x3006) => data = Some(element),
            _ => {}
        }
    }
    let (Some(descriptor), Some(data)) = (descriptor, data) else {
        return Err("the DICOM file has a look-up table without entries".into());
    };
    let &[count, first, bits] = words(descriptor.value, encoding).as_slice() else {
        return Err("the DICOM file has a look-up table without its three numbers".into());
    };
    if !(8..=16).contains(&bits) {
        return Err(format!("the DICOM file has a look-up table with entries of {bits} bits"));
    }
    // 65,536 does not fit into 16 bits, and is written as 0.
    let count = if count == 0 { 1 << 16 } else { usize::from(count) };
    let entries: Vec<u16> = if data.value.len() == 2 * count {
        words(data.value, encoding)
    } else if bits == 8 && data.value.len() == count + count % 2 {
        // Entries of 8 bits, two in a word.
        let bytes: Vec<u8> = if encoding.is_big && data.vr == Some(*b"OW") {
            data.value.as_chunks::<2>().0.iter().flat_map(|[a, b]| [*b, *a]).collect()
        } else {
            data.value.to_vec()
        };
        bytes.into_iter().take(count).map(u16::from).collect()
    } else {
        return Err("the DICOM file has a look-up table with more or fewer entries than it says".into());
    };
    if entries.iter().any(|entry| u32::from(*entry) >> bits > 0) {
        return Err("the DICOM file has a look-up table with larger entries than it says".into());
    }
    let is_signed = match descriptor.vr.as_ref() {
        Some(b"SS") => true,
        _ => is_signed,
    };
    Ok(Lut { first, is_signed, bits: bits.into(), entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An item with a descriptor and entries, without representations.
    fn item(descriptor: [u16; 3], data: &[u8]) -> Vec<u8> {
        let mut out = vec![0x28, 0, 0x02, 0x30, 6, 0, 0, 0];
        out.extend(descriptor.iter().flat_map(|w| w.to_le_bytes()));
        out.extend([0x28, 0, 0x06, 0x30]);
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out
    }
    fn made(descriptor: [u16; 3], data: &[u8]) -> Result<Lut, String> {
        read(&item(descriptor, data), Encoding::IMPLICIT, false)
    }

    #[test]
    fn entries_are_words_or_bytes() {
        let words = made([3, 10, 12], &[1, 0, 2, 0, 0xff, 0x0f]).unwrap();
        let bytes = made([3, 10, 8], &[1, 2, 255, 0]).unwrap();
        let of = |lut: &Lut| [9.0, 10.0, 11.9, 12.0, 99.0].map(|v| lut.entry(v, 0.0));
        assert_eq!((of(&words), words.largest()), ([1, 1, 2, 4095, 4095], 4095.0));
        assert_eq!((of(&bytes), bytes.largest()), ([1, 1, 2, 255, 255], 255.0));
        assert_eq!(made([0, 0, 16], &[7; 1 << 17]).unwrap().entries.len(), 1 << 16, "0 means 65,536");
        let below = made([2, 65_534, 16], &[1, 0, 2, 0]).unwrap();
        assert_eq!((below.entry(-1.0, -5.0), below.entry(-1.0, 0.0)), (2, 1), "the first value has a sign where values may");
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let cases: [([u16; 3], &[u8], &str); 4] = [
            ([3, 0, 16], &[1, 0, 2, 0], "more or fewer entries"),
            ([2, 0, 8], &[1, 0, 0, 1], "larger entries"),
            ([2, 0, 7], &[1, 0, 2, 0], "entries of 7 bits"),
            ([2, 0, 17], &[1, 0, 2, 0], "entries of 17 bits"),
        ];
        for (descriptor, data, why) in cases {
            assert!(made(descriptor, data).unwrap_err().contains(why), "{why}");
        }
        assert!(read(&[], Encoding::IMPLICIT, false).unwrap_err().contains("without entries"));
    }
}
