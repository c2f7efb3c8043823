//! How far trainings of one arm differ.

use super::comparison::COMPARISON;
use super::{Chapter, Material};
use crate::report::arms::arm_of;
use crate::report::artifacts::Subject;
use crate::report::drawing::drawing;
use crate::report::reach::digests;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use hilum_stages::records::{Compared, MetricRow, Record, Table};
use maud::{Markup, html};
use std::collections::HashSet;

const METRICS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<MetricRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "spread", title: "Spread over trainings", about: &[METRICS, COMPARISON], render };

/// Stages that evaluate something else have a figure each; tables that cannot be read are said where metrics are shown.
fn render(m: &Material) -> Result<Option<Markup>> {
    let mut all: Vec<Evaluated> = vec![];
    for found in m.of(METRICS) {
        if let Ok(table) = found.record::<Table<MetricRow>>(m.store)? {
            let stage = found.stage().split('/').next().unwrap_or_default();
            let at = all.iter().position(|one| one.stage == stage).unwrap_or_else(|| {
                all.push(Evaluated { stage, ..Evaluated::default() });
                all.len() - 1
            });
            all[at].evaluations.push((arm_of(found.stage()), table));
            all[at].outputs.extend(found.receipt.outputs.values().map(|output| output.digest));
        }
    }
    let mut comparisons: Vec<(HashSet<Digest>, Table<Compared>)> = vec![];
    for found in m.of(COMPARISON) {
        if let Ok(table) = found.record::<Table<Compared>>(m.store)? {
            comparisons.push((found.receipt.recipe.inputs.values().flat_map(digests).collect(), table));
        }
    }
    let mut out = vec![];
    for Evaluated { stage, evaluations, outputs } in &all {
        // By what they compare: arms have the same names in the comparisons of several test sets.
        let compared = comparisons.iter().filter(|(inputs, _)| !inputs.is_disjoint(outputs));
        let table = Table { rows: compared.flat_map(|(_, table)| &table.rows).filter(|row| is_of(row, stage)).cloned().collect() };
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

/// The evaluations of a stage, cell by cell.
#[derive(Default)]
struct Evaluated<'a> {
    stage: &'a str,
    /// Each with the arm that it is of.
    evaluations: Vec<(String, Table<MetricRow>)>,
    /// What a comparison of them takes.
    outputs: HashSet<Digest>,
}

/// A comparison of one test set does not name it.
fn is_of(row: &Compared, stage: &str) -> bool {
    row.set.is_empty() || row.set == stage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::{Made, made, output};
    use hilum_cache::WritableStore;
    use serde_json::{Value, json};

    #[test]
    fn a_mean_is_of_the_comparison_of_these_evaluations_and_not_of_another_test_set_with_the_same_arms() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let scores = |cell: &str, value: f64| {
            let csv = format!("metric,class,value,low,high\nauroc,,{value},,\n");
            made(&store, cell, ("table", "metrics.csv"), csv.as_bytes(), Value::Null)
        };
        let comparison = |stage: &str, value: f64, of: &[Made]| {
            let inputs: Vec<Digest> = of.iter().map(output).collect();
            let row = Compared { arm: "arm=real".into(), metric: "auroc".into(), value: Some(value), shown: Some(true), ..Compared::default() };
            let csv = Table { rows: vec![row] }.to_csv().unwrap();
            made(&store, stage, ("table", "comparison.csv"), &csv, json!({ "inputs": { "scores": inputs } }))
        };
        let [here, there] = [("here", 0.5), ("there", 0.875)]
            .map(|(stage, value)| [0, 1].map(|repeat| scores(&format!("{stage}/arm=real/repeat={repeat}"), value + f64::from(repeat) / 64.0)));
        let comparisons = [comparison("first", 0.515, &here), comparison("second", 0.885, &there)];
        let stages = comparisons.into_iter().chain(there).chain(here).collect();
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        let drawn: Vec<String> = page.split("data:image/svg+xml;base64,").skip(1).map(|rest| decoded(rest.split_once('"').unwrap().0)).collect();
        assert!(page.find("<h4>there</h4>") < page.find("<h4>here</h4>"), "in the order of the study: {page}");
        assert!(drawn[0].contains(">0.885") && !drawn[0].contains(">0.515") && drawn[1].contains(">0.515"), "{drawn:?}");
    }

    fn decoded(text: &str) -> String {
        String::from_utf8(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()).unwrap()
    }

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
