//! The rows of a table with its header, from CSV in any dialect or a JSON list of mappings. Independent of what columns mean.

use super::text;
use crate::contract::prelude::*;
use csv::StringRecord;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A table: its header, and its rows one by one.
pub(super) struct Grid<'a> {
    /// What messages call it.
    what: &'static str,
    pub(super) header: StringRecord,
    rows: Rows<'a>,
}

enum Rows<'a> {
    Csv(csv::StringRecordsIntoIter<&'a [u8]>),
    Json(std::iter::Enumerate<std::vec::IntoIter<StringRecord>>),
}

impl<'a> Grid<'a> {
    /// Reads the header. `columns` are some that it must have, to tell the delimiter by.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn of(text: &'a str, what: &'static str, columns: &[&str]) -> Result<Grid<'a>> {
        if text::is_list(text) {
            let (header, rows) = of_json(text, what)?;
            return Ok(Grid { what, header, rows: Rows::Json(rows.into_iter().enumerate()) });
        }
        let (text, told) = text::without_separator_line(text);
        let delimiter = told.unwrap_or_else(|| text::delimiter(text, columns));
        text::check_quotes(text, delimiter)?;
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| unreadable(what, &e))?.clone();
        Ok(Grid { what, header, rows: Rows::Csv(reader.into_records()) })
    }

    /// The index of a column.
    ///
    /// # Errors
    /// Where there is none of this name, or several.
    pub(super) fn column(&self, name: &str) -> Result<usize> {
        text::column(&self.header, name, self.what)
    }
}

impl Iterator for Grid<'_> {
    /// The number of the line, or of the mapping in a list, and the cells.
    type Item = Result<(u64, StringRecord)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, record) = match &mut self.rows {
                Rows::Json(rows) => rows.next().map(|(at, record)| (at as u64 + 1, record))?,
                Rows::Csv(rows) => match rows.next()? {
                    Ok(record) => (record.position().map_or(0, csv::Position::line), record),
                    Err(e) => return Some(Err(unreadable(self.what, &e))),
                },
            };
            if record == self.header {
                let why = format!("line {line} of {} repeats its header", self.what);
                return Some(Err(Error::helped(why, "keep only one header when joining tables")));
            }
            if !record.iter().all(str::is_empty) {
                return Some(Ok((line, record)));
            }
        }
    }
}

fn of_json(text: &str, what: &str) -> Result<(StringRecord, Vec<StringRecord>)> {
    // The parser's own words repeat values, which may identify a patient.
    let list: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|e| {
        Error::helped(format!("{what} begins as JSON but is not a list of mappings, at line {}, column {}", e.line(), e.column()), "save it as CSV")
    })?;
    let names: BTreeSet<&String> = list.iter().flat_map(Map::keys).collect();
    let record = |(at, row): (usize, &Map<String, Value>)| {
        let cells: std::result::Result<Vec<String>, &str> = names.iter().map(|name| row.get(*name).map_or(Ok(String::new()), cell)).collect();
        cells.map(StringRecord::from).map_err(|why| Error::helped(format!("mapping {} of {what} has {why}", at + 1), "save the table as CSV"))
    };
    let rows = list.iter().enumerate().map(record).collect::<Result<_>>()?;
    Ok((names.into_iter().map(String::as_str).collect(), rows))
}

/// Whole numbers above this have neighbours that a parser takes for them: two identifiers would become one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value as a cell of a table; the values of a list between bars.
///
/// # Errors
/// Says what cannot be a cell.
fn cell(value: &Value) -> std::result::Result<String, &'static str> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) if number.is_f64() && number.as_f64().is_none_or(|n| n.abs() >= EXACT) => Err("a number that is too long to be told from others"),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(list) => list.iter().map(cell).collect::<std::result::Result<Vec<_>, _>>().map(|cells| cells.join("|")),
        Value::Object(_) => Err("a mapping in it"),
    }
}

fn unreadable(what: &str, e: &csv::Error) -> Error {
    let line = e.position().map(|p| format!(" at line {}", p.line())).unwrap_or_default();
    match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => Error::data(format!("{what} cannot be read{line}: {len} cells, expected {expected_len}")),
        csv::ErrorKind::Utf8 { .. } => Error::helped(format!("{what} cannot be read{line}: it is not UTF-8"), "save it as UTF-8"),
        _ => Error::data(format!("{what} cannot be read{line}: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>> {
        let grid = Grid::of(text, "the table", &[])?;
        let header = grid.header.iter().map(str::to_owned).collect();
        let rows = grid.map(|row| Ok(row?.1.iter().map(str::to_owned).collect())).collect::<Result<Vec<_>>>()?;
        Ok([vec![header], rows].concat())
    }

    #[test]
    fn a_json_list_of_mappings_is_a_table() {
        let text = r#" [ {"b": " x ", "a": 1, "list": ["p", "q"]}, {"a": null, "b": true}, {} ]"#;
        assert_eq!(read(text).unwrap(), [["a", "b", "list"], ["1", "x", "p|q"], ["", "true", ""]], "a row without cells is none");
        let why = |text: &str| read(text).unwrap_err().to_string();
        assert!(why(r#"[{"a": {"b": 1}}]"#).contains("mapping 1 of the table has a mapping in it"));
        assert!(why(r#"[{"a": 1}, "DOE JOHN"]"#).contains("is not a list of mappings, at line 1, column "));
        assert!(!why(r#"[{"a": 1}, "DOE JOHN"]"#).contains("DOE"), "a value may be a name");
        assert!(why(r#"[{"a": 12345678901234567890123}]"#).contains("mapping 1 of the table has a number that is too long"));
        assert_eq!(read(r#"[{"a": 18446744073709551615}, {"a": 0.25}]"#).unwrap(), [["a"], ["18446744073709551615"], ["0.25"]]);
        assert_eq!(read("[a],b\n1,2\n").unwrap(), [["[a]", "b"], ["1", "2"]], "a column may have brackets");
    }
}
