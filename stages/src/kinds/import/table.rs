//! Rows of a CSV table, by the columns that the study names. Every cell is text: `0012` is a patient, not twelve.

use super::Columns;
use super::samples::{Row, Whose};
use super::text;
use crate::contract::prelude::*;
use std::collections::BTreeMap;

pub(super) fn rows(bytes: &[u8], columns: &Columns, only: &BTreeMap<String, Vec<String>>) -> Result<Vec<Row>> {
    let text = text::decoded(bytes)?;
    let named = [columns.patient.as_deref(), Some(&*columns.file), Some(&*columns.label)];
    let delimiter = text::delimiter(&text, &named.into_iter().flatten().collect::<Vec<_>>());
    text::check_quotes(&text, delimiter)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(unreadable)?.clone();
    let column = |name: &str| {
        if header.iter().filter(|h| *h == name).count() > 1 {
            return Err(Error::helped(format!("the table has several columns `{name}`"), "name each column once: nobody knows which is meant"));
        }
        header.iter().position(|h| h == name).ok_or_else(|| {
            let known: Vec<&str> = header.iter().collect();
            Error::helped(format!("the table has no column `{name}`"), format!("it has these columns: {}", known.join(", ")))
        })
    };
    let optional = |name: &Option<String>| name.as_deref().map(column).transpose();
    let (patient, file, label) = (optional(&columns.patient)?, column(&columns.file)?, column(&columns.label)?);
    let (source, age, sex, view) = (optional(&columns.source)?, optional(&columns.age)?, optional(&columns.sex)?, optional(&columns.view)?);
    let filters = only.iter().map(|(name, values)| Ok((column(name)?, values))).collect::<Result<Vec<_>>>()?;
    let mut out = vec![];
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        if record == header {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(Error::helped(format!("line {line} of the table is its header again"), "tables that were joined keep one header"));
        }
        let cell = |i: usize| record.get(i).unwrap_or_default().to_owned();
        let maybe = |i: Option<usize>| i.map(cell).unwrap_or_default();
        if filters.iter().all(|(i, values)| values.contains(&cell(*i))) {
            out.push(Row {
                patient: patient.map_or(Whose::Unknown, |i| Whose::named(&cell(i))),
                file: cell(file),
                label: cell(label),
                source: maybe(source),
                age: maybe(age),
                sex: maybe(sex),
                view: maybe(view),
            });
        }
    }
    if out.is_empty() {
        return Err(Error::data("the table has no row that passes"));
    }
    if let Some(column) = &columns.patient
        && out.iter().all(|r| !matches!(r.patient, Whose::Named(_)))
    {
        return Err(Error::helped(
            format!("the column `{column}` is empty: nobody would be a patient"),
            "name the column that holds the patients' identifiers",
        ));
    }
    Ok(out)
}

fn unreadable(e: csv::Error) -> Error {
    let line = e.position().map(|p| format!(" at line {}", p.line())).unwrap_or_default();
    match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Error::data(format!("the table does not read{line}: {len} cells where {expected_len} are due"))
        }
        csv::ErrorKind::Utf8 { .. } => Error::helped(format!("the table does not read{line}: it is not UTF-8"), "save it as UTF-8"),
        _ => Error::data(format!("the table does not read{line}: {e}")),
    }
}
