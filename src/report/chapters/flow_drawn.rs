//! Images and patients from import to the parts of a split. Names and counts only, which are those of the table below it.

use super::Material;
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::drawing;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::note::Note;
use hilum_stages::figures::{self, FlowStep};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// Tables that are looked at: a study may have one for each cell.
const TABLES: usize = 200;

/// A table of real images.
struct Known {
    /// Its digest, and those of tables of the same images.
    digests: Vec<Digest>,
    stage: String,
    /// Its images with their patients.
    images: BTreeMap<Digest, String>,
}

/// The figure; nothing where no table was made of another.
pub(super) fn drawn(m: &Material) -> Result<Option<Markup>> {
    let (mut steps, mut known): (Vec<FlowStep>, Vec<Known>) = (vec![], vec![]);
    for found in m.of(Subject::SAMPLES).take(TABLES) {
        let Some(from) = made_of(found, &known) else { continue };
        // Training sets with repeated or synthetic images are shown where training sets are.
        let counts = m.summary(found)?;
        if counts.rows == 0 || counts.synthetic() > 0 {
            continue;
        }
        let images: BTreeMap<Digest, String> = m.samples_by_patient(found)?.iter().map(|row| (row.image, row.patient.clone())).collect();
        if images.len() < counts.rows {
            continue;
        }
        if let Some(same) = known.iter_mut().find(|k| k.images.keys().eq(images.keys())) {
            same.digests.push(found.digest);
            continue;
        }
        let notes = if from.is_none() { found.receipt.notes.iter().map(|note| Note::read(note).text).collect() } else { vec![] };
        steps.push(FlowStep {
            name: named(found),
            from,
            images: counts.real() as u64,
            patients: counts.patients as u64,
            classes: counts.labels.iter().map(|(class, of)| (class.clone(), of.real as u64)).collect(),
            left_out: None,
            notes,
        });
        known.push(Known { digests: vec![found.digest], stage: found.stage().to_owned(), images });
    }
    count_left_out(&mut steps, &known);
    let drawn = figures::of_flow(&steps);
    Ok((!drawn.is_empty() && steps.len() > 1).then(|| {
        html! {
            p { "Tables of real images, each beneath the one that it was made of. What import leaves out is in its notes." }
            @for figure in &drawn { (drawing(figure.figure.name, &figure.drawing)) }
        }
    }))
}

/// The step that a table was made of: none of an import; nothing at all for one that took something else, such as a network.
fn made_of(found: &ReportArtifact, known: &[Known]) -> Option<Option<usize>> {
    let mut from = None;
    for input in found.receipt.recipe.inputs.values() {
        let digests: Vec<Digest> = match input {
            Input::One(digest) => vec![*digest],
            Input::List(digests) => digests.clone(),
            Input::Gathered(cells) => cells.iter().map(|cell| cell.digest).collect(),
            Input::Lookup { .. } => return None,
        };
        for digest in digests {
            let at = known.iter().position(|k| k.digests.contains(&digest))?;
            from = from.or(Some(at));
        }
    }
    Some(from)
}

/// The stage, with the port where it made several tables.
fn named(found: &ReportArtifact) -> String {
    let tables: Vec<&String> = found.receipt.outputs.iter().filter(|(_, a)| ArtifactType::Samples.is(a)).map(|(port, _)| port).collect();
    let own = found.receipt.outputs.iter().find(|(_, artifact)| artifact.digest == found.digest).map(|(port, _)| port);
    own.filter(|_| tables.len() > 1).map_or_else(|| found.stage().to_owned(), |port| format!("{}, {port}", found.stage()))
}

/// What a stage left out of a table is what is in none of its own.
fn count_left_out(steps: &mut [FlowStep], known: &[Known]) {
    for at in 0..steps.len() {
        let Some(from) = steps[at].from else { continue };
        let same = |n: &usize| steps[*n].from == Some(from) && known[*n].stage == known[at].stage;
        let own: Vec<usize> = (0..steps.len()).filter(same).collect();
        if own.first() != Some(&at) {
            continue;
        }
        let (before, kept): (_, BTreeSet<&Digest>) = (&known[from].images, own.iter().flat_map(|n| known[*n].images.keys()).collect());
        let kept_patients: BTreeSet<&String> = kept.iter().filter_map(|image| before.get(image)).collect();
        let gone: Vec<&String> = before.iter().filter(|(image, _)| !kept.contains(image)).map(|(_, patient)| patient).collect();
        let patients: BTreeSet<&&String> = gone.iter().filter(|patient| !patient.is_empty() && !kept_patients.contains(*patient)).collect();
        steps[at].left_out = Some((gone.len() as u64, patients.len() as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chapters::Chapter;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::json;

    #[test]
    fn what_a_stage_left_out_is_counted_and_what_took_a_network_is_no_step() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let table = |rows: std::ops::Range<u8>, origin: &str| {
            let row = |n: u8| format!("{},p{},{n},covid,s,{origin},,,,,,8,8\n", Digest::of(&[n]), n / 2);
            rows.map(row).fold("image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n".to_owned(), |all, row| all + &row)
        };
        let stage =
            |name: &str, csv: &str, inputs: serde_json::Value| made(&store, name, ("samples", "samples.csv"), csv.as_bytes(), json!({ "inputs": inputs }));
        let digest = |csv: &str| Digest::of(csv.as_bytes());
        let (all, few) = (table(0..10, "real"), table(0..5, "real"));
        let stages = vec![
            stage("cxr", &all, json!({})),
            stage("adults", &few, json!({ "samples": digest(&all) })),
            stage("again", &few.replace(",s,", ",t,"), json!({ "samples": digest(&all) })),
            stage("made", &table(20..25, "synthetic"), json!({ "generator": Digest::of(b"g") })),
        ];
        let facts = Facts { stages, ..Facts::default() };
        let chapter = Chapter { id: "drawn", title: "Drawn", about: &[Subject::SAMPLES], render: drawn };
        let page = chapter.of(&facts, &store.into_store()).unwrap().into_string();
        let csv = page.split_once("data:text/csv;base64,").unwrap().1.split_once('"').unwrap().0;
        let csv = String::from_utf8(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, csv).unwrap()).unwrap();
        // Patient 2 has an image of each half, and is left out of neither.
        assert_eq!(csv, "table,from,images,patients,left-out-images,left-out-patients\ncxr,,10,5,,\nadults,cxr,5,3,5,2\n");
    }
}
