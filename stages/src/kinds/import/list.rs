//! Rows of a COVIDx list: `patient file label source` a line, separated by spaces. Version 3 lists have no source.

use super::samples::{Row, Whose};
use super::text;
use crate::contract::prelude::*;

pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>> {
    let text = text::decoded(bytes)?;
    let mut out = vec![];
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // File names may hold spaces; patient, label and source may not.
        let (patient, file, label, source) = match words.as_slice() {
            [patient, file, label] => (*patient, (*file).to_owned(), *label, ""),
            [patient, file @ .., label, source] if !file.is_empty() => (*patient, file.join(" "), *label, *source),
            _ => return Err(Error::data(format!("line {} of the list has {} words; `patient file label source` are due", n + 1, words.len()))),
        };
        out.push(Row { patient: Whose::named(patient), file, label: label.into(), source: source.into(), ..Row::default() });
    }
    if out.is_empty() { Err(Error::data("the list is empty")) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_read() {
        let rows = rows(b"0012 a b.png positive cohen\n3 c.jpg negative\n").unwrap();
        assert_eq!((&rows[0].patient, rows[0].file.as_str(), rows[0].source.as_str()), (&Whose::Named("0012".into()), "a b.png", "cohen"));
        assert_eq!((rows[1].label.as_str(), rows[1].source.as_str()), ("negative", ""));
        assert!(super::rows(b"one two\n").is_err());
    }
}
