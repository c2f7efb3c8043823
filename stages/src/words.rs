//! English for messages, and texts of anybody that are shown.

use std::borrow::Cow;

/// A count with its words: `1 patient has`, `3 patients have`.
pub fn counted(n: impl TryInto<u64>, one: &str, several: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{n} {}", if n == 1 { one } else { several })
}

/// A count as the end of a sentence that says of what: `there is 1`, `there are 3`.
pub fn there_are(n: impl TryInto<u64>) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("there {} {n}", if n == 1 { "is" } else { "are" })
}

/// A number of any size for a message: in scientific notation where its digits would be lost among zeros.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() || (1e-4..1e9).contains(&size) { value.to_string() } else { format!("{value:e}") }
}

/// A difference with its sign, to three digits; one that is none to so many has no sign.
pub fn change(difference: f64) -> String {
    let text = format!("{difference:+.3}");
    let is_none = difference.is_finite() && text.bytes().all(|b| matches!(b, b'+' | b'-' | b'0' | b'.'));
    if is_none { "0.000".to_owned() } else { text }
}

/// A text without what neither XML nor HTML can hold: control characters and noncharacters, each replaced by a blank. Tabs and ends of
/// lines stay.
pub fn without_controls(text: &str) -> Cow<'_, str> {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.chars().any(is_odd) { Cow::Owned(text.replace(is_odd, " ")) } else { Cow::Borrowed(text) }
}

/// A text in at most this many characters; where some are missing, an ellipsis says so.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(most.saturating_sub(1)).chain(['…']).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_that_is_none_has_no_sign() {
        assert_eq!([0.0, -0.0004, 0.0004, -0.0006, 1.5].map(change), ["0.000", "0.000", "0.000", "-0.001", "+1.500"]);
        assert_eq!(change(f64::NAN), format!("{:+.3}", f64::NAN));
    }

    #[test]
    fn one_is_one_and_numbers_are_short() {
        assert_eq!([counted(1, "image", "images"), counted(0, "image", "images")], ["1 image", "0 images"]);
        assert_eq!([there_are(0), there_are(1), there_are(2)], ["there are 0", "there is 1", "there are 2"]);
        let shown = [0.0, 1e-300, 2e-5, 2e-4, -0.125, 1e3, 5e8, 1e9, -1.5e40, f64::INFINITY].map(number);
        assert_eq!(shown, ["0", "1e-300", "2e-5", "0.0002", "-0.125", "1000", "500000000", "1e9", "-1.5e40", "inf"]);
    }

    #[test]
    fn what_no_page_can_hold_becomes_a_blank() {
        assert_eq!(without_controls("a\0b\u{1b}[31m\u{7}\u{85}\u{7f}\u{fffe}\u{ffff} é\t\n"), "a b [31m      é\t\n");
        assert!(matches!(without_controls("a <b> é"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_cut_shows_it() {
        assert_eq!(["", "éé", "ééé", "éééé"].map(|text| cut(text, 3).into_owned()), ["", "éé", "ééé", "éé…"]);
    }
}
