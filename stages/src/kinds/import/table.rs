//! Rows of a table, by the columns that the study names. Every cell is text: `0012` is a patient, not twelve.

use super::columns::{Column, Columns, Reader};
use super::grid::Grid;
use super::join::{self, Join, Joined};
use super::labels;
use super::left_out::{self, Omitted};
use super::only::{self, Filter, Only};
use super::row::{Row, Said, Whose};
use super::text;
use crate::contract::prelude::*;

/// What messages call it.
const FIRST: &str = "the table";

/// Where in a row everything is that the columns contain.
struct Places<'a> {
    patient: Option<Reader>,
    file: Reader,
    source: Option<Reader>,
    age: Option<Reader>,
    sex: Option<Reader>,
    view: Option<Reader>,
    one_label: Option<Reader>,
    per_label: Vec<(&'a str, usize)>,
    filter: Filter<'a>,
}

impl<'a> Places<'a> {
    fn of(header: &csv::StringRecord, columns: &'a Columns, only: &'a Only) -> Result<Places<'a>> {
        let find = |name: &str| text::column(header, name, FIRST);
        let read = |column: Option<&Column>| column.map(|c| Reader::new(find(&c.column)?, c.pattern.as_deref())).transpose();
        let label = columns.label.as_deref();
        Ok(Places {
            patient: read(columns.patient.as_deref())?,
            file: read(Some(&columns.file))?.expect("BUG: required"),
            source: read(columns.source.as_deref())?,
            age: read(columns.age.as_deref())?,
            sex: read(columns.sex.as_deref())?,
            view: read(columns.view.as_deref())?,
            one_label: label.and_then(|l| Some((l.column.as_deref()?, l))).map(|(c, l)| Reader::new(find(c)?, l.pattern.as_deref())).transpose()?,
            per_label: label.into_iter().flat_map(|l| &l.columns).map(|c| Ok((c.as_str(), find(c)?))).collect::<Result<_>>()?,
            filter: Filter::new(only, find)?,
        })
    }
}

/// A table with the one that is joined to it, and where in its rows everything is.
fn open<'a>(text: &'a str, columns: &'a Columns, only: &'a Only, second: Option<(&Join, &str)>) -> Result<(Grid<'a>, Option<Joined>, Places<'a>)> {
    // Which of the other columns are in the first of two tables is not known.
    let grid = Grid::of(text, FIRST, &second.map_or_else(|| columns.required(), |(join, _)| join.columns()))?;
    let joined = second.map(|(join, text)| Joined::of(join, text, &grid)).transpose()?;
    let places = match &joined {
        Some(joined) => Places::of(&joined.header(&grid.header, &join::used(columns.all(), only))?, columns, only)?,
        None => Places::of(&grid.header, columns, only)?,
    };
    Ok((grid, joined, places))
}

/// Finds columns that are named and that a table lacks, by the beginnings of the tables.
///
/// # Errors
/// As [`rows`] would give for them, with the parameter that names them.
pub(super) fn check_columns(text: &str, columns: &Columns, only: &Only, second: Option<(&Join, &str)>) -> std::result::Result<(), (&'static str, Error)> {
    let (first, second) = (text::heading(text), second.map(|(join, text)| (join, text::heading(text))));
    if let Some((join, text)) = second {
        Grid::of(first, FIRST, &join.columns()).and_then(|grid| Joined::of(join, text, &grid)).map_err(|why| ("join.on", why))?;
    }
    open(first, columns, &Only::new(), second).map_err(|why| ("columns", why))?;
    open(first, columns, only, second).map_err(|why| ("only", why)).map(drop)
}

/// The rows of a table; `second` is the one that is joined to it, with its text.
pub(super) fn rows(text: &str, columns: &Columns, only: &Only, second: Option<(&Join, &str)>, omitted: &mut Omitted, cx: &Context) -> Result<Vec<Row>> {
    let (grid, mut joined, places) = open(text, columns, only, second)?;
    let Places { patient, file, source, age, sex, view, one_label, per_label, filter } = places;
    let label = columns.label.as_deref();
    let mut out = vec![];
    let mut alone = 0;
    for row in grid {
        let (line, mut record) = row?;
        let has_partner = joined.as_mut().is_none_or(|joined| joined.extend(&mut record));
        if !filter.pass(|at| record.get(at).unwrap_or_default()) {
            let label = one_label.as_ref().map(|l| l.read(&record)).unwrap_or_default();
            only::leave_out(omitted, &file.read(&record), &label);
            continue;
        }
        if !has_partner {
            alone += 1;
            omitted.add(&file.read(&record), "", left_out::ALONE);
            continue;
        }
        let maybe = |r: &Option<Reader>| r.as_ref().map(|r| r.read(&record)).filter(|cell| !text::is_nothing(cell)).unwrap_or_default();
        let said = match (label, &one_label) {
            (Some(rule), Some(reader)) => labels::in_cell(&reader.read(&record), rule),
            (Some(rule), None) => {
                let cells = per_label.iter().map(|(name, at)| (*name, record.get(*at).unwrap_or_default()));
                labels::in_cells(cells, rule).map_err(|why| Error::data(format!("line {line} of the table cannot be read: {why}")))?
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
    if let Some(joined) = &joined {
        joined.remark(cx);
    }
    if out.is_empty() && alone > 0 {
        let help = "compare the columns that `join.on` names: their cells must be spelled alike in both tables";
        return Err(Error::helped("no row of the table is in the table of `join`", help));
    }
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
