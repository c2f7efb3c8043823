//! How far trainings of one arm differ.

use super::comparison::COMPARISON;
use super::{Chapter, Material};
use crate::report::arms::arm_of;
use crate::report::artifacts::Subject;
use crate::report::drawing::drawing;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use hilum_stages::records::{Compared, MetricRow, Record, Table};
use maud::{Markup, html};
use std::collections::BTreeMap;

const METRICS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<MetricRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "spread", title: "Spread over trainings", about: &[METRICS, COMPARISON], render };

/// Stages that evaluate something else have a figure each; tables that cannot be read are said where metrics are shown.
fn render(m: &Material) -> Result<Option<Markup>> {
    let mut all: BTreeMap<&str, Vec<(String, Table<MetricRow>)>> = BTreeMap::new();
    for found in m.of(METRICS) {
        if let Ok(table) = found.record::<Table<MetricRow>>(m.store)? {
            let evaluated = found.stage().split('/').next().unwrap_or_default();
            all.entry(evaluated).or_default().push((arm_of(found.stage()), table));
        }
    }
    let comparisons = m.of(COMPARISON).map(|found| found.record::<Table<Compared>>(m.store)).collect::<Result<Vec<_>>>()?;
    let comparisons: Vec<Table<Compared>> = comparisons.into_iter().filter_map(Result::ok).collect();
    let mut out = vec![];
    for (stage, evaluations) in &all {
        let names = |table: &&Table<Compared>| evaluations.iter().any(|(arm, _)| table.rows.iter().any(|row| row.arm == *arm && is_of(row, stage)));
        let mut table = comparisons.iter().find(names).cloned().unwrap_or_default();
        table.rows.retain(|row| is_of(row, stage));
        let drawn = figures::of_evaluations(evaluations, &table);
        if !drawn.is_empty() {
            out.push(html! { h4 { (stage) } @for figure in &drawn { (drawing(figure.figure.name, &figure.drawing)) } });
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "Each training by itself. Trainings of one arm differ in their random numbers, and folds in their patients, too; a difference between arms that is smaller than this spread may be chance." }
            @for o in &out { (o) }
        }
    }))
}

/// A comparison of one test set does not name it.
fn is_of(row: &Compared, stage: &str) -> bool {
    row.set.is_empty() || row.set == stage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn repeats_have_a_figure_and_single_trainings_none() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let page = |cells: &[&str]| {
            let csv = b"metric,class,value,low,high\nauroc,,0.75,,\n";
            let stages = cells.iter().map(|cell| made(&store, cell, ("table", "metrics.csv"), csv, Value::Null)).collect();
            let facts = Facts { stages, ..Facts::default() };
            CHAPTER.of(&facts, &hilum_cache::Store::open(&held.path().join("store")).unwrap()).unwrap().into_string()
        };
        let shown = page(&["scores/arm=real/repeat=0", "scores/arm=real/repeat=1", "other/arm=real"]);
        assert!(shown.contains("<h4>scores</h4>") && !shown.contains("<h4>other</h4>") && shown.contains("download=\"spread.csv\""), "{shown}");
        assert_eq!(page(&["scores/arm=real", "scores/arm=gan"]), "");
    }
}
