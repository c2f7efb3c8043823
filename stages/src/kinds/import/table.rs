//! Rows of a CSV table, by the columns that the study names. Every cell is text: `0012` is a patient, not twelve.

use super::columns::{Columns, Reader};
use super::labels;
use super::left_out::Omitted;
use super::only::{self, Filter, Only};
use super::row::{Row, Said, Whose};
use super::text;
use crate::contract::prelude::*;
use hilum_cache::names;
use unicode_normalization::UnicodeNormalization;

pub(super) fn rows(text: &str, columns: &Columns, only: &Only, omitted: &mut Omitted, cx: &Context) -> Result<Vec<Row>> {
    let (text, told) = text::without_separator_line(text);
    let delimiter = told.unwrap_or_else(|| text::delimiter(text, &columns.required()));
    text::check_quotes(text, delimiter)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(unreadable)?.clone();
    let find = |name: &str| at(&header, name);
    let read = |column: Option<&super::columns::Column>| column.map(|c| Reader::new(find(&c.column)?, c.pattern.as_deref())).transpose();
    let (patient, file) = (read(columns.patient.as_deref())?, read(Some(&columns.file))?.expect("BUG: required"));
    let (source, age) = (read(columns.source.as_deref())?, read(columns.age.as_deref())?);
    let (sex, view) = (read(columns.sex.as_deref())?, read(columns.view.as_deref())?);
    let label = columns.label.as_deref();
    let one_label = label.and_then(|l| Some((l.column.as_deref()?, l))).map(|(c, l)| Reader::new(find(c)?, l.pattern.as_deref())).transpose()?;
    let per_label = label.into_iter().flat_map(|l| &l.columns).map(|c| Ok((c.as_str(), find(c)?))).collect::<Result<Vec<_>>>()?;
    let filter = Filter::new(only, find)?;
    let mut out = vec![];
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = || record.position().map_or(0, csv::Position::line);
        if record == header {
            return Err(Error::helped(format!("line {} of the table repeats its header", line()), "keep only one header when joining tables"));
        }
        if record.iter().all(str::is_empty) {
            continue;
        }
        if !filter.pass(|at| record.get(at).unwrap_or_default()) {
            let label = one_label.as_ref().map(|l| l.read(&record)).unwrap_or_default();
            only::leave_out(omitted, &file.read(&record), &label);
            continue;
        }
        let maybe = |r: &Option<Reader>| r.as_ref().map(|r| r.read(&record)).filter(|cell| !text::is_nothing(cell)).unwrap_or_default();
        let said = match (label, &one_label) {
            (Some(rule), Some(reader)) => labels::in_cell(&reader.read(&record), rule),
            (Some(rule), None) => {
                let cells = per_label.iter().map(|(name, at)| (*name, record.get(*at).unwrap_or_default()));
                labels::in_cells(cells, rule).map_err(|why| Error::data(format!("line {} of the table cannot be read: {why}", line())))?
            }
            (None, _) => Said::default(),
        };
        out.push(Row {
            patient: patient.as_ref().map_or(Whose::Unknown, |p| Whose::in_cell(&p.read(&record))),
            file: file.read(&record),
            said,
            source: maybe(&source),
            age: maybe(&age),
            sex: text::sex(&maybe(&sex)),
            view: maybe(&view),
            ..Row::default()
        });
    }
    filter.remark(cx);
    if out.is_empty() {
        return Err(Error::data(if only.is_empty() { "the table has no rows" } else { "`only` selects no row of the table" }));
    }
    if let Some(column) = columns.patient.as_deref()
        && out.iter().all(|r| !matches!(r.patient, Whose::Named(_)))
    {
        return Err(Error::helped(
            format!("the column `{}` is empty: there would be no patients", column.column),
            "name the column that contains the patients' identifiers",
        ));
    }
    Ok(out)
}

/// The index of a column.
fn at(header: &csv::StringRecord, name: &str) -> Result<usize> {
    if header.iter().filter(|h| *h == name).count() > 1 {
        return Err(Error::helped(format!("the table has several columns `{name}`"), "give each column a name of its own"));
    }
    // Programs encode é in two ways; a header and a study may differ in that.
    let plain = |text: &str| text.nfc().filter(|c| names::is_shown(*c)).collect::<String>();
    header.iter().position(|h| h == name || plain(h) == plain(name)).ok_or_else(|| {
        let known: Vec<&str> = header.iter().collect();
        Error::helped(format!("the table has no column `{name}`"), format!("it has these columns: {}", known.join(", ")))
    })
}

fn unreadable(e: csv::Error) -> Error {
    let line = e.position().map(|p| format!(" at line {}", p.line())).unwrap_or_default();
    match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Error::data(format!("the table cannot be read{line}: {len} cells, expected {expected_len}"))
        }
        csv::ErrorKind::Utf8 { .. } => Error::helped(format!("the table cannot be read{line}: it is not UTF-8"), "save it as UTF-8"),
        _ => Error::data(format!("the table cannot be read{line}: {e}")),
    }
}
