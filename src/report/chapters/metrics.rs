//! Evaluations one by one: a row each, with the metrics that are shown everywhere. All metrics are in their tables.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use hilum_cache::Result;
use hilum_stages::evaluation::metric::{self, Shown};
use hilum_stages::records::{MetricRow, Record, TABLE, Table};
use maud::{Markup, html};

const METRICS: Subject = Subject { kind: TABLE, name: Table::<MetricRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "metrics", title: Some("Metrics"), about: &[METRICS], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut rows, mut faults) = (vec![], vec![]);
    for found in m.of(METRICS) {
        match found.record::<Table<MetricRow>>(m.store)? {
            Ok(table) => rows.push((found.stage(), shown(table))),
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let mut columns: Vec<(&str, &str)> = vec![];
    for row in rows.iter().flat_map(|(_, rows)| rows) {
        let column = (row.metric.as_str(), row.class.as_str());
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(Some(html! {
        p { "Each evaluation by itself. Intervals hold 95 % of a bootstrap over patients." }
        div.scroll { table {
            thead { tr { th { "evaluation" } @for (metric, class) in &columns { th { (metric) @if !class.is_empty() { br; small { (class) } } } } } }
            tbody { @for (stage, rows) in &rows { tr {
                td { (stage) }
                @for column in &columns {
                    td.num { @if let Some(row) = rows.iter().find(|r| (r.metric.as_str(), r.class.as_str()) == *column) { (cell(row)) } }
                }
            } } }
        } }
        @for fault in &faults { (fault) }
    }))
}

/// The rows of metrics that are shown everywhere.
fn shown(table: Table<MetricRow>) -> Vec<MetricRow> {
    let is_shown = |r: &MetricRow| metric::find(&r.metric, !r.class.is_empty()).is_some_and(|m| m.shown == Shown::Everywhere);
    table.rows.into_iter().filter(is_shown).collect()
}

fn cell(row: &MetricRow) -> Markup {
    let short = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
    html! { (short(row.value)) br; small { "[" (short(row.low)) ", " (short(row.high)) "]" } }
}
