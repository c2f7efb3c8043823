//! Evaluations one by one: a row each, with the metrics that are shown everywhere. All metrics are in their tables.

use super::comparison::{cell, name};
use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
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
    let columns = table.measures();
    Ok(Some(html! {
        p { "Each evaluation by itself, with 95 % intervals over patients." }
        div.scroll tabindex="0" role="group" aria-label="Metrics of each evaluation" { table {
            thead { tr { th { "evaluation" } @for (metric, class) in &columns { th { (metric) @if !class.is_empty() { br; small { (class) } } } } } }
            tbody { @for stage in table.arms() { tr {
                td { (name(stage)) }
                @for column in &columns { td.num { @if let Some(row) = table.of(stage, *column) { (cell(row)) } } }
            } } }
        } }
        @for fault in &faults { (fault) }
    }))
}
