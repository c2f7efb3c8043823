//! Whether a patient of a test is among those whom what was tested had been trained on: counted anew from the tables of the run, and
//! said also where there is none.

use super::{Chapter, Material};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::wide::table;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Receipt, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::Origin;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

const SCORES: Subject = Subject { artifact: ArtifactType::Scores, name: "scores" };
const WEIGHTS: Subject = Subject { artifact: ArtifactType::Weights, name: "weights" };
const GENERATOR: Subject = Subject { artifact: ArtifactType::Generator, name: "weights" };

pub(super) const CHAPTER: Chapter =
    Chapter { id: "parts", title: "Patients of training and test", about: &[SCORES, WEIGHTS, GENERATOR, Subject::SAMPLES], render };

/// Whom a table of samples is of.
#[derive(Default)]
struct People {
    patients: BTreeSet<String>,
    /// Real images that are of no known patient.
    without: usize,
    images: BTreeSet<Digest>,
    /// Files of the generators of its synthetic images.
    generators: BTreeSet<Digest>,
}

/// An evaluation beside what was trained for it.
#[derive(Debug, PartialEq)]
struct Compared {
    evaluation: String,
    test_patients: usize,
    /// Images of no known patient, on both sides.
    unknown: usize,
    training_patients: usize,
    generator_patients: usize,
    shared_patients: usize,
    shared_images: usize,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let tables: BTreeMap<Digest, &ReportArtifact> = m.of(Subject::SAMPLES).map(|found| (found.digest, found)).collect();
    let models: BTreeMap<Digest, &ReportArtifact> = m.of(WEIGHTS).map(|found| (found.digest, found)).collect();
    // Rows name a generator by the file of its weights.
    let generators: BTreeMap<Digest, &ReportArtifact> = m.of(GENERATOR).flat_map(|found| found.ending("").map(move |file| (file.digest, found))).collect();
    let mut known: BTreeMap<Digest, People> = BTreeMap::new();
    let (mut compared, mut not_compared) = (vec![], 0);
    for found in m.of(SCORES) {
        let test = input(&found.receipt, "samples").filter(|d| tables.contains_key(d));
        let model = input(&found.receipt, "weights").and_then(|d| models.get(&d));
        let training = model.and_then(|model| input(&model.receipt, "samples")).filter(|d| tables.contains_key(d));
        let (Some(test), Some(training)) = (test, training) else {
            not_compared += 1;
            continue;
        };
        for digest in [test, training] {
            read(m, &tables, digest, &mut known)?;
        }
        let behind: Vec<Digest> = known[&training].generators.iter().filter_map(|g| input(&generators.get(g)?.receipt, "samples")).collect();
        for digest in behind.iter().filter(|d| tables.contains_key(d)) {
            read(m, &tables, *digest, &mut known)?;
        }
        let of_generators: Vec<&People> = behind.iter().filter_map(|d| known.get(d)).collect();
        compared.push(compare(found.stage(), &known[&test], &known[&training], &of_generators));
    }
    Ok((!compared.is_empty() || not_compared > 0).then(|| page(m, &compared, not_compared)))
}

/// The artifact that came in at a port, if it is one.
fn input(receipt: &Receipt, port: &str) -> Option<Digest> {
    match receipt.recipe.inputs.get(port)? {
        Input::One(digest) => Some(*digest),
        _ => None,
    }
}

fn read(m: &Material, tables: &BTreeMap<Digest, &ReportArtifact>, digest: Digest, known: &mut BTreeMap<Digest, People>) -> Result<()> {
    if known.contains_key(&digest) {
        return Ok(());
    }
    let mut people = People::default();
    for row in m.samples(tables[&digest])?.iter() {
        people.generators.extend(row.generator);
        // A synthetic image that was translated from that of a patient has the patient's token.
        if !row.patient.is_empty() {
            people.patients.insert(row.patient.clone());
        } else if row.origin == Origin::Real {
            people.without += 1;
        }
        people.images.insert(row.image);
    }
    known.insert(digest, people);
    Ok(())
}

fn compare(evaluation: &str, test: &People, training: &People, generators: &[&People]) -> Compared {
    let behind: BTreeSet<&String> = generators.iter().flat_map(|g| &g.patients).collect();
    let reached = |patient: &&String| training.patients.contains(*patient) || behind.contains(*patient);
    let seen = |image: &&Digest| training.images.contains(image) || generators.iter().any(|g| g.images.contains(image));
    Compared {
        evaluation: evaluation.to_owned(),
        test_patients: test.patients.len(),
        unknown: test.without + training.without + generators.iter().map(|g| g.without).sum::<usize>(),
        training_patients: training.patients.len(),
        generator_patients: behind.len(),
        shared_patients: test.patients.iter().filter(reached).count(),
        shared_images: test.images.iter().filter(seen).count(),
    }
}

fn page(m: &Material, compared: &[Compared], not_compared: usize) -> Markup {
    let range = |of: fn(&Compared) -> usize| {
        let (low, high) = compared.iter().map(of).fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
        if low == high { low.to_string() } else { format!("{low} to {high}") }
    };
    let shared = compared.iter().filter(|c| c.shared_patients + c.shared_images > 0).count();
    let unknown = compared.iter().map(|c| c.unknown).max().unwrap_or(0);
    let row = |c: &Compared| {
        html! {
            th scope="row" { (c.evaluation) } td.num { (c.test_patients) } td.num { (c.training_patients) } td.num { (c.generator_patients) }
            td.num { @if c.shared_patients > 0 { b { (c.shared_patients) } } @else { "0" } } td.num { @if c.shared_images > 0 { b { (c.shared_images) } } @else { "0" } }
        }
    };
    html! {
        @if !compared.is_empty() && shared == 0 {
            p.good { "No test patient is in the training data: " (range(|c| c.test_patients)) " test patients compared with "
                (range(|c| c.training_patients)) " training patients" @if compared.iter().any(|c| c.generator_patients > 0) { " and " (range(|c| c.generator_patients)) " patients of generators" }
                ", in " (counted(compared.len(), "evaluation", "evaluations")) ". No test image is in it either." }
        }
        @if shared > 0 { p.bad { "In " (shared) " of " (counted(compared.len(), "evaluation", "evaluations")) ", patients or images of the test were in the training." } }
        @if unknown > 0 { p.warn { (counted(unknown, "real image is", "real images are")) " of no known patient, and nothing can be said of whose they are." } }
        @if not_compared > 0 { p { (counted(not_compared, "evaluation", "evaluations")) " could not be compared, since tables of the training or the test are not in this run." } }
        p { small { "Patients are compared by the tokens in the tables, and images by their bytes. Pseudonyms behind the tokens, near-duplicates and ways through other studies are for the checks." } }
        @if !compared.is_empty() {
            (table("Patients of training and test", &["evaluation", "test patients", "training patients", "patients of generators", "patients in both", "images in both"],
                &compared.iter().map(row).collect::<Vec<_>>(), &m.elsewhere("the tables of images")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::{Made, made, output};
    use hilum_cache::WritableStore;
    use serde_json::json;

    const HEAD: &str = "image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n";

    /// The chapter of one evaluation, where the generator's patients are these.
    fn told(of_generator: &[&str], training: &[&str]) -> String {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let line = |patient: &&str, origin: &str, generator: &str| {
            format!("{},{patient},0,covid,s,{origin},{generator},,,,,64,64\n", Digest::of(format!("{patient} {origin}").as_bytes()))
        };
        let table = |stage: &str, patients: &[&str], more: &str| {
            let rows: String = patients.iter().map(|p| line(p, "real", "")).collect();
            made(&store, stage, ("samples", "samples.csv"), (HEAD.to_owned() + &rows + more).as_bytes(), json!({}))
        };
        let own = table("few", of_generator, "");
        let gan = made(&store, "gan", ("generator", "weights.safetensors"), b"gan", json!({ "inputs": { "samples": output(&own) } }));
        let set = table("set", training, &line(&"", "synthetic", &output(&gan).to_string()));
        let test = table("test", &["t1", "t2"], "");
        let model = made(&store, "classifier", ("weights", "weights.safetensors"), b"model", json!({ "inputs": { "samples": output(&set) } }));
        let scores = made(&store, "scores", ("scores", "scores.json"), b"{}", json!({ "inputs": { "samples": output(&test), "weights": output(&model) } }));
        let stages: Vec<Made> = vec![own, gan, set, test, model, scores];
        CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string()
    }

    #[test]
    fn that_no_patient_is_in_both_is_said_with_how_many_were_compared() {
        let page = told(&["a"], &["a", "b"]);
        assert!(page.contains("2 test patients compared with 2 training patients and 1 patients of generators, in 1 evaluation. No test image"), "{page}");
        assert!(page.contains("<p class=\"good\">") && !page.contains("<p class=\"bad\">"), "{page}");
    }

    #[test]
    fn a_patient_who_came_by_way_of_the_generator_is_found() {
        let page = told(&["a", "t1"], &["a", "b"]);
        assert!(page.contains("<p class=\"bad\">In 1 of 1 evaluation") && !page.contains("class=\"good\""), "{page}");
        assert!(page.contains("<td class=\"num\"><b>1</b></td><td class=\"num\"><b>1</b></td>"), "{page}");
        let direct = told(&["a"], &["a", "t1", "t2"]);
        assert!(direct.contains("<td class=\"num\"><b>2</b></td><td class=\"num\"><b>2</b></td>"), "{direct}");
        assert!(told(&["a"], &["b", ""]).contains("1 real image is of no known patient"));
    }
}
