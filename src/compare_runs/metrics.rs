//! Values of metrics in the tables of two runs.

use hilum_cache::{Error, Receipt, Result, Store};
use hilum_stages::data::table::Table;
use std::collections::BTreeMap;

/// Where kinds write metrics: a table with a row per metric and its value in a column `value`.
const TABLES: [(&str, &str); 2] = [("evaluate", "metrics"), ("compare", "table")];
/// The columns that say what a value is of.
const NAMES: [&str; 3] = ["arm", "metric", "class"];

/// A value that is another one in the second run; none where a table has no such row, or the row no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The stage.
    pub stage: String,
    /// The arm, in comparisons.
    pub arm: String,
    /// The metric.
    pub metric: String,
    /// The class, where it is of one.
    pub class: String,
    /// Before.
    pub old: Option<f64>,
    /// After.
    pub new: Option<f64>,
}

/// The values that differ, in the order of the tables.
pub(super) fn compare(store: &Store, ran: &BTreeMap<&str, (&Receipt, &Receipt)>) -> Result<Vec<Metric>> {
    let mut out = vec![];
    for (stage, (before, after)) in ran {
        for (_, port) in TABLES.iter().filter(|(kind, _)| before.recipe.kind == *kind && after.recipe.kind == *kind) {
            let digest = |r: &Receipt| r.outputs.get(port).map(|a| a.digest);
            if digest(before) == digest(after) {
                continue;
            }
            // A table whose bytes were cleaned away tells nothing, and hides nothing of the rest.
            let (Some(old), Some(new)) = (values(store, before, port)?, values(store, after, port)?) else { continue };
            let rows = new.iter().map(|r| &r.0).chain(old.iter().map(|r| &r.0).filter(|names| !new.iter().any(|r| r.0 == **names)));
            for names in rows {
                let of = |table: &[Row]| table.iter().find(|r| r.0 == *names).and_then(|r| r.1);
                let (old, new) = (of(&old), of(&new));
                if old != new {
                    let [arm, metric, class] = names.clone();
                    out.push(Metric { stage: (*stage).to_owned(), arm, metric, class, old, new });
                }
            }
        }
    }
    Ok(out)
}

/// Arm, metric and class, and the value.
type Row = ([String; 3], Option<f64>);

fn values(store: &Store, receipt: &Receipt, port: &str) -> Result<Option<Vec<Row>>> {
    let Some(artifact) = receipt.outputs.get(port) else { return Ok(None) };
    let bytes = match store.files(artifact).and_then(|files| files.first().map(|f| store.read(&f.digest)).transpose()) {
        Err(Error::Missing(_)) => return Ok(None),
        bytes => bytes?.unwrap_or_default(),
    };
    let mut table = Table::default();
    // What does not read has no rows: the file itself is damaged only where its digest says so.
    table.read_csv(&bytes).unwrap_or_default();
    let column = |name: &str| table.header.iter().position(|h| h == name);
    let (names, value) = (NAMES.map(column), column("value"));
    let cell = |row: &[String], at: Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or_default();
    Ok(Some(table.rows.iter().map(|row| (names.map(|at| cell(row, at)), cell(row, value).parse().ok())).collect()))
}
