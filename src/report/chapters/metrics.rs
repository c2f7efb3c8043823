//! Evaluations one by one: a row each, with the metrics that are shown everywhere. All metrics are in their tables.

use super::comparison::{cell, heads, name, reasons};
use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::wide::table as tabled;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{MetricRow, Record, Table};
use maud::{Markup, html};

const METRICS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<MetricRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "metrics", title: "Metrics", about: &[METRICS], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut rows, mut faults) = (vec![], vec![]);
    for found in m.of(METRICS) {
        match found.record::<Table<MetricRow>>(m.store)? {
            Ok(table) => rows.extend(table.rows.into_iter().map(|row| row.of_arm(found.stage()))),
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let table = Table { rows }.shown_everywhere();
    let (columns, reasons) = (table.measures(), reasons(&table.rows));
    let row = |stage: (&str, &str)| html! { td { (name(stage)) } @for column in &columns { td.num { @if let Some(row) = table.of(stage, *column) { (cell(row, &reasons)) } } } };
    Ok(Some(html! {
        p { "Each evaluation by itself, with 95 % intervals over patients." }
        (tabled("Metrics of each evaluation", &heads("evaluation", &columns), &table.arms().into_iter().map(row).collect::<Vec<_>>(), &m.elsewhere("`metrics.csv`")))
        (reasons.below())
        @for fault in &faults { (fault) }
    }))
}
