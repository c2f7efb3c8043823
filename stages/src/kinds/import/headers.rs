//! Whether tables have the columns that an import names, by their beginnings, before anything runs. Independent of what is in rows.

use super::{Import, table, text};
use crate::contract::prelude::*;
use crate::contract::source::SourceFiles;
use encoding_rs::{Encoding, UTF_16LE};

/// Bytes of a table that are looked at.
const BEGINNING: u64 = 1 << 20;

/// Finds a table that lacks a column or that is no table. Nothing is said of a table that is not there.
///
/// # Errors
/// Where there is one.
pub(super) fn check(import: &Import, files: &dyn SourceFiles) -> std::result::Result<(), BadSource> {
    let Some(columns) = &import.columns else { return Ok(()) };
    let encoding = import.encoding.as_deref().and_then(text::encoding);
    let Some(first) = beginning("table", encoding, files)? else { return Ok(()) };
    let second = match &import.join {
        None => None,
        Some(join) => match beginning("join.table", encoding, files)? {
            Some(text) => Some((join, text)),
            None => return Ok(()),
        },
    };
    let found = table::check_columns(&first, columns, &import.only, second.as_ref().map(|(join, text)| (*join, text.as_str())));
    found.map_err(|(parameter, why)| BadSource { parameter: parameter.into(), why })
}

/// The beginning of a table as text; none where it is not enough to know the header.
fn beginning(parameter: &str, encoding: Option<&'static Encoding>, files: &dyn SourceFiles) -> std::result::Result<Option<String>, BadSource> {
    let Some((mut bytes, size)) = files.beginning(parameter, BEGINNING) else { return Ok(None) };
    let is_whole = bytes.len() as u64 == size;
    if !is_whole {
        // A character that is cut is no damage.
        let is_little = encoding == Some(UTF_16LE) || bytes.starts_with(&[0xff, 0xfe]);
        bytes.truncate(whole_lines(&bytes, is_little));
    }
    match text::decoded(&bytes, encoding) {
        // A list of mappings has no header.
        Ok(text) if is_whole || !text.is_empty() && !text::is_list(&text) => Ok(Some(text.into_owned())),
        Err(why) if is_whole => Err(BadSource { parameter: parameter.into(), why }),
        _ => Ok(None),
    }
}

/// Bytes up to the last line break, which is in the first byte of two in UTF-16 with the lesser byte first.
fn whole_lines(bytes: &[u8], is_little: bool) -> usize {
    let is_whole = |at: usize| !is_little || at.is_multiple_of(2) && at + 1 < bytes.len();
    let last = bytes.iter().enumerate().rposition(|(at, byte)| *byte == b'\n' && is_whole(at));
    last.map_or(0, |at| at + 1 + usize::from(is_little))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::path::PathBuf;

    /// A table and one that is joined to it, of which a part is seen.
    struct Seen(Vec<u8>, Vec<u8>, usize);

    impl SourceFiles for Seen {
        fn path(&self, _: &str) -> Option<PathBuf> {
            None
        }
        fn sha256(&self, _: &str) -> Option<String> {
            None
        }
        fn beginning(&self, parameter: &str, _: u64) -> Option<(Vec<u8>, u64)> {
            let bytes = if parameter == "table" { &self.0 } else { &self.1 };
            Some((bytes[..self.2.min(bytes.len())].to_vec(), bytes.len() as u64))
        }
    }

    /// The parameter that does not fit, and why.
    fn found(more: Value, table: impl Into<Vec<u8>>, second: &str, seen: usize) -> Option<(String, String)> {
        let mut with = json!({ "images": "i", "table": "t.csv", "columns": { "patient": "who", "file": "file", "label": "label" } });
        with.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let import: Import = serde_json::from_value(with).unwrap();
        check(&import, &Seen(table.into(), second.into(), seen)).err().map(|bad| (bad.parameter, bad.why.to_string()))
    }

    fn wide(text: &str, is_little: bool) -> Vec<u8> {
        let unit = |u: u16| if is_little { u.to_le_bytes() } else { u.to_be_bytes() };
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
    }

    #[test]
    fn what_is_missing_is_placed_where_it_is_named() {
        let fine = "who,file,label,x\n1,2,3,4\n";
        assert_eq!(found(json!({}), fine, "", 99), None);
        assert_eq!(found(json!({ "only": { "x": ["4"] } }), fine, "", 99), None);
        let of = |more: Value, table: &str, second: &str| found(more, table, second, 99).unwrap().0;
        assert_eq!(of(json!({}), "who,file\n", ""), "columns");
        assert_eq!(of(json!({}), "PK\u{3}\u{4}", ""), "table");
        assert_eq!(of(json!({ "only": { "y": ["4"] } }), fine, ""), "only");
        let join = || json!({ "join": { "table": "s.csv", "on": "x" } });
        assert_eq!(found(join(), "who,file,x\n1,2,3\n", "x;label\n3;b\n3;c\n", 99), None, "rows are not looked at");
        assert_eq!(of(join(), "who,file,x\n", "label\n"), "join.on");
        assert_eq!(of(join(), "who,file\n", "x,label\n"), "join.on");
        assert_eq!(of(join(), "who,file,x\n", "x,y\n"), "columns");
        assert_eq!(found(json!({}), r#"[{"who": 1, "file": 2, "label": 3}]"#, "", 99), None);
        assert_eq!(of(json!({}), r#"[{"who": 1, "file": 2}]"#, ""), "columns");
    }

    #[test]
    fn a_beginning_says_nothing_but_what_is_in_its_header() {
        let table = |header: &str| format!("{header}\n1,é\"é,3\n2,é,3\n");
        for (header, is_fine) in [("who,file,label", true), ("who,file,lab", false), ("[who],file,label", false)] {
            let whole = [table(header).into_bytes(), wide(&table(header), true), wide(&table(header), false)];
            for bytes in whole {
                for seen in bytes.len() * 2 / 3..bytes.len() {
                    assert_eq!(found(json!({}), bytes.clone(), "", seen).is_none(), is_fine, "{header} {seen} of {bytes:?}");
                }
            }
        }
        assert_eq!(found(json!({}), table("who,file"), "", 5), None, "no whole line");
        assert_eq!(found(json!({}), r#"[{"a": 1},"#, "", 7), None, "a list that is cut");
        assert_eq!(found(json!({ "encoding": "latin1" }), b"who,file,label\n\xe9,\xe9,\xe9\n".to_vec(), "", 17), None);
    }
}
