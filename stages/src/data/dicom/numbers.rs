//! Numbers and words in the values of elements (PS3.5, 6.2). Which element they belong to is not known here.

use super::elements::Encoding;

/// The bytes of a text without what fills it up.
pub(super) fn trimmed(value: &[u8]) -> &[u8] {
    let is_filling = |b: &u8| matches!(b, b' ' | 0);
    let start = value.iter().position(|b| !is_filling(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_filling(b)).map_or(start, |at| at + 1);
    &value[start..end]
}

/// Whole numbers of 16 bits.
pub(super) fn words(value: &[u8], encoding: Encoding) -> Vec<u16> {
    value.as_chunks::<2>().0.iter().map(|pair| encoding.u16(*pair)).collect()
}

/// The first of several decimal numbers; none if there is no value.
///
/// # Errors
/// Where it is not a finite number.
pub(super) fn decimal(value: &[u8]) -> Result<Option<f64>, ()> {
    let first = trimmed(value.split(|b| *b == b'\\').next().unwrap_or_default());
    if trimmed(value).is_empty() {
        return Ok(None);
    }
    // Rust reads `inf` and `nan`, too.
    let text = std::str::from_utf8(first).map_err(drop)?;
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Some).ok_or(())
}

/// A code string: upper case letters, digits, blanks and underscores, at most 16; none if it is anything else. What a
/// program wrote there by mistake, such as a name in lower case, goes nowhere.
pub(super) fn code(value: &[u8]) -> Option<&str> {
    let first = trimmed(value.split(|b| *b == b'\\').next().unwrap_or_default());
    let is_code = (1..=16).contains(&first.len()) && first.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b' ' | b'_'));
    std::str::from_utf8(first).ok().filter(|_| is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_files_write_them() {
        let cases: [(&[u8], Result<Option<f64>, ()>); 9] = [
            (b"", Ok(None)),
            (b"  \0", Ok(None)),
            (b"40\\80", Ok(Some(40.0))),
            (b" +1.5e+01 ", Ok(Some(15.0))),
            (b"-0", Ok(Some(0.0))),
            (b"nan", Err(())),
            (b"inf", Err(())),
            (b"1,5", Err(())),
            (b"\\80", Err(())),
        ];
        for (value, number) in cases {
            assert_eq!(decimal(value), number, "{value:?}");
        }
        assert_eq!((code(b"PA "), code(b"LL\\RL"), code(b"Doe^John"), code(b" \0")), (Some("PA"), Some("LL"), None, None));
        assert_eq!(words(&[1, 2, 3, 4, 5], Encoding::EXPLICIT), [0x0201, 0x0403]);
    }
}
