//! Whether tables have the columns that an import names, by their beginnings, before anything runs. Independent of what is in rows.

use super::{Import, table, text};
use crate::contract::prelude::*;
use crate::contract::source::SourceFiles;
use encoding_rs::Encoding;

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
    found.map_err(|why| BadSource { parameter: "columns".into(), why })
}

/// The beginning of a table as text; none where it is not enough to know the header.
fn beginning(parameter: &str, encoding: Option<&'static Encoding>, files: &dyn SourceFiles) -> std::result::Result<Option<String>, BadSource> {
    let Some((mut bytes, size)) = files.beginning(parameter, BEGINNING) else { return Ok(None) };
    let is_whole = bytes.len() as u64 == size;
    if !is_whole {
        // A character that is cut is no damage.
        let whole_lines = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.truncate(whole_lines);
    }
    match text::decoded(&bytes, encoding) {
        // A list of mappings has no header.
        Ok(text) if is_whole || !text.is_empty() && !text.trim_start().starts_with('[') => Ok(Some(text.into_owned())),
        Err(why) if is_whole => Err(BadSource { parameter: parameter.into(), why }),
        _ => Ok(None),
    }
}
