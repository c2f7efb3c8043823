//! Images per class of the sets that classifiers were trained on. Trainings of the same sets, as of several networks, are shown once.

use super::comparison::{self, COMPARISON};
use super::{Chapter, Material};
use crate::report::arms::groups;
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::drawing;
use crate::report::wide::table;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::ClassCount;
use hilum_stages::figures;
use maud::{Markup, html};
use std::collections::BTreeMap;

const WEIGHTS: Subject = Subject { artifact: ArtifactType::Weights, name: "weights" };

pub(super) const CHAPTER: Chapter = Chapter { id: "training-sets", title: "Training sets", about: &[WEIGHTS, Subject::SAMPLES, COMPARISON], render };

/// What a group of trainings was trained on: a set for each training, with the name of its arm.
struct Sets {
    trainings: Vec<String>,
    sets: Vec<(String, Vec<ClassCount>)>,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let trained: Vec<(&ReportArtifact, Digest)> = m.of(WEIGHTS).filter_map(|found| Some((found, table_of(found)?))).collect();
    let tables: BTreeMap<Digest, &ReportArtifact> = m.of(Subject::SAMPLES).map(|found| (found.digest, found)).collect();
    let mut counts: BTreeMap<Digest, Vec<ClassCount>> = BTreeMap::new();
    for digest in trained.iter().map(|t| t.1) {
        if let (false, Some(table)) = (counts.contains_key(&digest), tables.get(&digest)) {
            counts.insert(digest, table.class_counts(m.store)?);
        }
    }
    let stages: Vec<&str> = trained.iter().map(|(found, _)| found.stage()).collect();
    let mut all: Vec<Sets> = vec![];
    for group in groups(&stages, &comparison::arms(m)?) {
        let cells = group.arms.iter().flat_map(|arm| arm.trainings.iter().flat_map(|t| &t.cells).map(|cell| (arm.name.clone(), trained[*cell].1)));
        let sets: Vec<_> = cells.filter_map(|(arm, table)| Some((arm, counts.get(&table)?.clone()))).collect();
        match all.iter_mut().find(|known| known.sets == sets) {
            Some(known) => known.trainings.push(group.name),
            None => all.push(Sets { trainings: vec![group.name], sets }),
        }
    }
    all.retain(|group| group.sets.iter().any(|(_, set)| !set.is_empty()));
    Ok((!all.is_empty()).then(|| {
        html! {
            p { "Images of each class that classifiers were trained on, repeated ones counted as often as they are there." }
            @for group in &all {
                @for figure in figures::of_training_sets(&group.sets, &group.trainings.join("; ")) { (drawing(figure.figure.name, &figure.drawing)) }
                (counts_of(group))
            }
        }
    }))
}

/// The table of samples that a classifier was trained on.
fn table_of(found: &ReportArtifact) -> Option<Digest> {
    match found.receipt.recipe.inputs.get("samples")? {
        Input::One(digest) => Some(*digest),
        _ => None,
    }
}

/// The numbers, with their range over repeats and folds.
fn counts_of(group: &Sets) -> Markup {
    let mut rows: Vec<((&str, &str), Vec<&ClassCount>)> = vec![];
    for (arm, count) in group.sets.iter().flat_map(|(arm, set)| set.iter().map(move |count| (arm, count))) {
        let row = (arm.as_str(), count.class.as_str());
        match rows.iter_mut().find(|known| known.0 == row) {
            Some(known) => known.1.push(count),
            None => rows.push((row, vec![count])),
        }
    }
    let range = |counts: &[&ClassCount], of: fn(&ClassCount) -> u64| {
        let (low, high) = counts.iter().fold((u64::MAX, 0), |(low, high), c| (low.min(of(c)), high.max(of(c))));
        if low == high { low.to_string() } else { format!("{low} to {high}") }
    };
    let row = |((arm, class), counts): &((&str, &str), Vec<&ClassCount>)| {
        html! { td { code { (arm) } } td { (class) } td.num { (range(counts, |c| c.real)) } td.num { (range(counts, |c| c.synthetic)) } }
    };
    let rows: Vec<Markup> = rows.iter().map(row).collect();
    html! {
        details {
            summary { "Images of " (group.trainings.join("; ")) }
            (table("Images of training sets", &["arm", "class", "real images", "synthetic images"], &rows, ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::{made, output};
    use hilum_cache::WritableStore;
    use serde_json::json;

    #[test]
    fn networks_trained_on_the_same_sets_share_a_figure_and_folds_have_a_range() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let samples = |label: &str, rows: &[(&str, &str)]| {
            let csv = rows.iter().fold("label,origin\n".to_owned(), |csv, (class, origin)| csv + class + "," + origin + "\n");
            made(&store, label, ("samples", "samples.csv"), csv.as_bytes(), json!({}))
        };
        let two = samples("sets/arm=real/fold=0", &[("covid", "real"), ("<normal>", "real")]);
        let three = samples("sets/arm=real/fold=1", &[("covid", "real"), ("<normal>", "real"), ("<normal>", "real")]);
        let mixed = samples("mixed", &[("covid", "real"), ("covid", "synthetic"), ("<normal>", "real")]);
        let trained = |cell: &str, table: Digest| {
            made(&store, &format!("classifier/{cell}"), ("weights", "weights.safetensors"), cell.as_bytes(), json!({ "inputs": { "samples": table } }))
        };
        let cells = ["a", "b"].iter().flat_map(|network| {
            let of = |arm: &str, table| trained(&format!("{arm}/network={network}"), table);
            [of("arm=real/fold=0", output(&two)), of("arm=real/fold=1", output(&three)), of("arm=mixed/fold=0", output(&mixed))]
        });
        let mut stages: Vec<_> = cells.collect();
        // Trained on a table that the run has no more.
        stages.push(trained("arm=lost", Digest::of(b"gone")));
        stages.extend([two, three, mixed]);
        let facts = Facts { stages, ..Facts::default() };
        let page = CHAPTER.of(&facts, &store.into_store()).unwrap().into_string();
        assert_eq!(page.matches("<figure>").count(), 1, "{page}");
        assert!(page.contains("<summary>Images of classifier, network=a; classifier, network=b</summary>"), "{page}");
        let row = |arm: &str, class: &str, real: &str, synthetic: &str| {
            format!("<tr><td><code>{arm}</code></td><td>{class}</td><td class=\"num\">{real}</td><td class=\"num\">{synthetic}</td></tr>")
        };
        assert!(page.contains(&row("real", "&lt;normal&gt;", "1 to 2", "0")) && page.contains(&row("mixed", "covid", "1", "1")), "{page}");
        assert!(!page.contains("<code>lost"), "{page}");
    }
}
