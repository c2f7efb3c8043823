//! What the name of a class may be: the same wherever a label enters, by a parameter or in a table. Independent of which stage asks.

use super::bad_parameter::{BadParameter, Fault};
use hilum_cache::names;

/// Why a text is no name of a class; none if it is one. Tables write an empty name for all classes, and nobody could tell two names apart
/// that differ in what is not shown.
pub fn fault(label: &str) -> Option<&'static str> {
    if label.trim().is_empty() {
        Some("the name of a class must not be empty: tables write that for all classes")
    } else if !label.chars().all(|c| c == '\\' || names::is_shown(c)) {
        Some("the name of a class must be one line, without control characters and invisible characters")
    } else if label.trim() != label {
        Some("the name of a class must not begin or end with a blank")
    } else {
        None
    }
}

/// The faults of labels that parameters give, each with its path.
pub fn check<'a>(labels: impl IntoIterator<Item = (Vec<String>, &'a str)>) -> Vec<BadParameter> {
    let bad = |(path, label): (Vec<String>, &str)| Some(BadParameter { path, what: Fault::Value(fault(label)?.into()) });
    labels.into_iter().filter_map(bad).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_what_is_shown() {
        for fine in ["covid", "No Finding", "a|b", "C:\\x", "$x$", "all", "é", "0012", "肺炎"] {
            assert_eq!(fault(fine), None, "{fine}");
        }
        for (bad, why) in [
            ("", "empty"),
            (" ", "empty"),
            ("\n", "empty"),
            ("a\nb", "one line"),
            ("a\tb", "one line"),
            ("a\0", "one line"),
            ("\u{1b}[31m", "one line"),
            ("a\u{200b}", "one line"),
            ("a\u{202e}b", "one line"),
            (" a", "blank"),
            ("a ", "blank"),
        ] {
            assert!(fault(bad).is_some_and(|found| found.contains(why)), "{bad:?}: {:?}", fault(bad));
        }
    }
}
