//! A published table beside the values of a study: which cell belongs to which arm and metric, and whether it lies in the interval.
//! Independent of how intervals come about.

use super::measures;
use super::test_set::TestSet;
use crate::contract::prelude::*;
use crate::contract::source::SourcePath;
use crate::evaluation::metric::{self, Measure};
use crate::published::{Paper, PublishedTable, Unit};
use crate::records::{Compared, ReferenceRow};
use crate::words::counted;
use std::collections::{BTreeMap, BTreeSet};

/// A published table whose numbers stand beside those of the study.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The file with the paper's tables, in the format of docs/published-tables.md.
    pub paper: SourcePath,
    /// The table, such as `Table 2`.
    pub table: String,
    /// The table's column of each metric: `{ sensitivity/covid: SEN }`, or `{ auroc: { column: AUC, unit: fraction } }`.
    #[serde(default)]
    pub columns: BTreeMap<String, Column>,
    /// The table's row of each arm, by the arm's coordinates: `{ arm=real/network=vgg16: VGG-16 }`. Where a table has a column
    /// for each arm: `{ arm=real/network=vgg16: { row: VGG-16, columns: { sensitivity/covid: real } } }`.
    pub rows: BTreeMap<String, RowOf>,
}

/// A row of the table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RowOf {
    /// Its name; columns are those of the reference.
    Named(String),
    /// With columns of its own.
    With(RowWith),
}

/// A row with columns of its own, in place of or besides those of the reference.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowWith {
    /// Its name.
    pub row: String,
    /// The column of each metric.
    pub columns: BTreeMap<String, Column>,
}

impl RowOf {
    fn name(&self) -> &String {
        match self {
            RowOf::Named(name) | RowOf::With(RowWith { row: name, .. }) => name,
        }
    }
    fn columns(&self) -> Option<&BTreeMap<String, Column>> {
        if let RowOf::With(with) = self { Some(&with.columns) } else { None }
    }
}

/// A column of the table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Column {
    /// Its name; numbers are in the unit of the table.
    Named(String),
    /// With a unit of its own.
    In(ColumnIn),
}

/// A column whose numbers are in another unit than those of its table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnIn {
    /// Its name.
    pub column: String,
    /// Its unit.
    pub unit: Unit,
}

impl Column {
    fn name(&self) -> &String {
        match self {
            Column::Named(name) | Column::In(ColumnIn { column: name, .. }) => name,
        }
    }
    fn unit(&self, table: Unit) -> Unit {
        if let Column::In(own) = self { own.unit } else { table }
    }
}

impl Reference {
    /// The parameter of the file.
    pub(super) const PAPER: &str = "reference.paper";

    /// The table in its file.
    ///
    /// # Errors
    /// If the file does not read, or has no such table, row or column.
    pub(super) fn open(&self, cx: &Context) -> Result<PublishedTable> {
        self.in_paper(&cx.read_source(Self::PAPER)?).map_err(|bad| bad.why)
    }

    /// The table in the bytes of its file.
    ///
    /// # Errors
    /// As [`Reference::open`], with the parameter that does not fit.
    pub(super) fn in_paper(&self, bytes: &[u8]) -> Result<PublishedTable, BadSource> {
        let bad = |parameter: &str| {
            let parameter = parameter.to_owned();
            move |why| BadSource { parameter, why }
        };
        let paper = Paper::read(bytes).map_err(bad(Self::PAPER))?;
        let tables: Vec<String> = paper.tables.iter().map(|t| t.table.clone()).collect();
        let table = paper.tables.into_iter().find(|t| t.table == self.table).ok_or_else(|| missing("table", &self.table, &tables));
        let table = table.map_err(bad("reference.table"))?;
        let rows: Vec<String> = table.rows.names().map(str::to_owned).collect();
        let unknown = |wanted: Vec<&String>, what: &str, known: &[String]| {
            wanted.into_iter().find(|name| !known.contains(name)).map_or(Ok(()), |name| Err(missing(what, name, known)))
        };
        unknown(self.rows.values().map(RowOf::name).collect(), "row", &rows).map_err(bad("reference.rows"))?;
        unknown(self.columns.values().map(Column::name).collect(), "column", &table.columns).map_err(bad("reference.columns"))?;
        let own = self.rows.values().filter_map(RowOf::columns).flat_map(BTreeMap::values).map(Column::name).collect();
        unknown(own, "column", &table.columns).map_err(bad("reference.rows"))?;
        Ok(table)
    }

    /// The rows beside those of a comparison, by measure and arm.
    ///
    /// # Errors
    /// If a metric is of no class that there is.
    pub(super) fn beside(&self, table: &PublishedTable, test: &TestSet, all: &[Measure], rows: &[Vec<Compared>]) -> Result<Vec<ReferenceRow>> {
        let mut out = vec![];
        let metrics: BTreeSet<&String> = self.all_columns().map(|(metric, _)| metric).collect();
        for metric in metrics {
            for row in measures::places(metric, all, &test.classes, test.positive)?.into_iter().flat_map(|at| &rows[at]) {
                let Some(of) = self.rows.get(&row.arm) else { continue };
                let own = of.columns().and_then(|columns| columns.get(metric));
                let Some(column) = own.or_else(|| self.columns.get(metric)) else { continue };
                let (name, Some(cell)) = (of.name(), table.cell(of.name(), column.name())) else { continue };
                let unit = column.unit(table.unit);
                let (low, high) = cell.bounds(unit, table.rounding);
                let published = cell.number(unit);
                out.push(ReferenceRow {
                    set: row.set.clone(),
                    arm: row.arm.clone(),
                    metric: row.metric.clone(),
                    class: row.class.clone(),
                    value: row.value,
                    low: row.low,
                    high: row.high,
                    printed: cell.to_string(),
                    published: Some(published),
                    difference: row.value.map(|v| v - published),
                    inside: row.low.zip(row.high).map(|limits| low <= limits.1 && limits.0 <= high),
                    table: table.table.clone(),
                    row: name.clone(),
                    column: column.name().clone(),
                });
            }
        }
        Ok(out)
    }

    /// The metrics with their columns, of all rows.
    pub(super) fn all_columns(&self) -> impl Iterator<Item = (&String, &Column)> {
        self.columns.iter().chain(self.rows.values().filter_map(RowOf::columns).flatten())
    }

    /// Arms that the study does not have.
    pub(super) fn unknown_arms<'a>(&self, arms: impl Iterator<Item = &'a str> + Clone) -> Option<BadInput> {
        // An arm has the axes that are gathered; before it runs, it is known with all.
        let is_part = |name: &str, arm: &str| name.split('/').all(|own| arm.split('/').any(|part| part == own));
        let unknown = self.rows.keys().find(|name| !arms.clone().any(|arm| is_part(name, arm)))?;
        let mut known: Vec<String> = arms.map(|a| format!("`{a}`")).collect();
        known.sort();
        known.dedup();
        let known = known.join(", ");
        Some(BadInput {
            port: "scores",
            why: format!("`reference.rows` names the arm `{unknown}`, which is not compared"),
            help: format!("the arms are: {known}"),
        })
    }
}

/// The arms of a comparison, where none is beside a published number.
pub(super) fn nothing_beside(rows: &[ReferenceRow], table: &[Compared]) -> Option<String> {
    let mut arms: Vec<String> = table.iter().map(|row| format!("`{}`", row.arm)).collect();
    arms.sort();
    arms.dedup();
    rows.is_empty().then(|| format!("`reference.rows` names no arm of this comparison: its arms are {}", arms.join(", ")))
}

/// Published numbers that the metric cannot have, such as an AUROC of 0.95 in a table of percent.
pub(super) fn impossible(rows: &[ReferenceRow]) -> Option<String> {
    let is_outside = |row: &&ReferenceRow| {
        let range = metric::find(&row.metric, !row.class.is_empty()).map_or((f64::NEG_INFINITY, f64::INFINITY), |m| m.range);
        row.published.is_some_and(|p| p < range.0 || p > range.1)
    };
    let row = rows.iter().find(is_outside)?;
    Some(format!("`reference`: {} of `{}`, column `{}`, cannot be a value of `{}`: is its `unit` right?", row.printed, row.row, row.column, row.metric))
}

/// How many published numbers lie in the intervals.
pub(super) fn note(rows: &[ReferenceRow]) -> Option<String> {
    let known: Vec<bool> = rows.iter().filter_map(|r| r.inside).collect();
    let inside = known.iter().filter(|i| **i).count();
    let all = counted(known.len(), "published number lies", "published numbers lie");
    let without = rows.len() - known.len();
    let others = if without > 0 { format!("; {} no interval here", counted(without, "has", "have")) } else { String::new() };
    (!known.is_empty()).then(|| format!("{inside} of {all} in the intervals of this study{others}"))
}

fn missing(what: &str, name: &str, known: &[String]) -> Error {
    Error::helped(format!("`reference`: there is no {what} `{name}`"), format!("there are: {}", known.join(", ")))
}
