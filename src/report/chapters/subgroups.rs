//! Metrics by subgroup of patients, and the gaps between subgroups.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::wide::{interval, prose, short, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::evaluation::metric::{self, Shown};
use hilum_stages::records::{Record, SubgroupRow, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const SUBGROUPS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<SubgroupRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "subgroups", title: "Subgroups", about: &[SUBGROUPS], render };

/// Evaluations whose subgroups are shown.
const SHOWN: usize = 8;

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(SUBGROUPS).take(SHOWN) {
        let rows = found.record::<Table<SubgroupRow>>(m.store)?;
        out.push(html! {
            h4 { (found.stage()) }
            @match rows {
                Ok(rows) => (table(&format!("Subgroups of {}", found.stage()), &HEADS, &shown(&rows), &m.path(found))),
                Err(why) => (unreadable(found, &why)),
            }
        });
    }
    let further = m.of(SUBGROUPS).count() - out.len();
    Ok(Some(html! {
        p {
            "Each subgroup by itself, with 95 % intervals over patients; a gap is the difference between the subgroups with the highest and the lowest value. The gap is the largest of several, so that some gap is \
             expected by chance, and small groups have wide intervals."
        }
        @for o in &out { (o) }
        @if further > 0 { p.more { "and " (counted(further, "more evaluation", "more evaluations")) " in " (prose(&m.elsewhere("`subgroups.csv`"))) } }
    }))
}

const HEADS: [&str; 7] = ["by", "group", "images", "patients", "metric", "class", "value"];

/// The metrics that people look at; all of them where none of those is there.
fn shown(rows: &Table<SubgroupRow>) -> Vec<Markup> {
    let is_shown = |row: &&SubgroupRow| metric::find(&row.metric, !row.class.is_empty()).is_some_and(|m| m.shown == Shown::Everywhere);
    let some: Vec<&SubgroupRow> = rows.rows.iter().filter(is_shown).collect();
    let all = if some.is_empty() { rows.rows.iter().collect() } else { some };
    let row = |row: &SubgroupRow| {
        html! {
            td { (row.by) } th scope="row" { (row.group) } td.num { (row.images) } td.num { (row.patients) } td { (row.metric) } td { (row.class) }
            td.num { (short(row.value)) " " small {
                @match interval(row.low, row.high) { Some(limits) => (limits), None => (row.interval) }
                @if !row.count.is_empty() { " " (row.count) }
            } }
        }
    };
    all.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn groups_and_gaps_stand_with_their_numbers_and_why_there_is_no_interval() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row = |group: &str, metric: &str, low: Option<f64>| SubgroupRow {
            by: "sex".into(),
            group: group.into(),
            images: 20,
            patients: 12,
            metric: metric.into(),
            class: "covid".into(),
            value: Some(0.75),
            low,
            high: Some(0.875),
            count: "15/20".into(),
            interval: "too few <patients>".into(),
        };
        let rows = vec![row("F", "sensitivity", Some(0.5)), row("F - M", "sensitivity", None), row("F", "log-loss", None)];
        let csv = Table { rows }.to_csv().unwrap();
        let stages = vec![made(&store, "scores", ("table", "subgroups.csv"), &csv, Value::Null)];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(page.contains("<th scope=\"row\">F</th><td class=\"num\">20</td><td class=\"num\">12</td>"), "{page}");
        assert!(page.contains("0.750 <small>[0.500, 0.875] 15/20</small>") && page.contains("0.750 <small>too few &lt;patients&gt; 15/20"), "{page}");
        assert!(!page.contains("log-loss"), "only what people look at: {page}");
    }
}
