//! Whether a patient of a test is among those who reached what was tested: counted anew from the tables of the run, and said also where
//! there is none. That nobody is, is said only where everything that could say otherwise is known.

use super::{Chapter, Material};
use crate::report::artifacts::Subject;
use crate::report::evidence;
use crate::report::reach::{Contents, Reach, Run, TESTED};
use crate::report::verdicts::{Grade, verdicts};
use crate::report::wide::{prose, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

const SCORES: Subject = Subject { artifact: ArtifactType::Scores, name: "scores" };

pub(super) const CHAPTER: Chapter = Chapter { id: "parts", title: "Patients of training and test", about: &[], render };

/// An evaluation beside what reached the model that it tests.
#[derive(Debug, PartialEq)]
struct Compared {
    evaluation: String,
    /// Patients of the test, of the training, of the validation, and of the generators.
    patients: [u64; 4],
    /// Rows of synthetic images in the test.
    synthetic: usize,
    /// Real images of no known patient, on all sides.
    unknown: u64,
    shared_patients: u64,
    shared_images: u64,
    /// What else is not known.
    open: BTreeSet<&'static str>,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut run = Run::of(m)?;
    let (mut compared, mut not_compared) = (vec![], 0);
    for scores in m.facts.known(m.store)?.iter().filter(|known| known.is(SCORES)) {
        let receipt = m.facts.maker(scores);
        let tests = run.tables_of(&receipt, |port| port == TESTED);
        let models = run.networks_of(&receipt);
        let ([(_, test)], false) = (tests.as_slice(), models.is_empty()) else {
            not_compared += 1;
            continue;
        };
        let (test, mut reach) = (run.contents(*test, &receipt, TESTED)?, Reach::default());
        for model in models {
            let of_model = run.of_model(model)?;
            reach.join(&of_model);
        }
        run.add_chosen(&mut reach, &receipt)?;
        compared.push(Compared::of(&receipt.stage, &test, &reach));
    }
    if compared.is_empty() && not_compared == 0 {
        return Ok(None);
    }
    Ok(Some(page(m, &compared, &reasons(m, &compared, not_compared)?)))
}

impl Compared {
    fn of(evaluation: &str, test: &Contents, reach: &Reach) -> Compared {
        let all = reach.all();
        Compared {
            evaluation: evaluation.to_owned(),
            patients: [&test.all, &reach.trained, &reach.chosen, &reach.generators].map(|side| side.patients.len()),
            synthetic: test.synthetic,
            unknown: (&test.unknown | &reach.unknown).len(),
            shared_patients: test.all.patients.intersection_len(&all.patients),
            shared_images: test.all.images.intersection_len(&all.images),
            open: &test.open | &reach.open,
        }
    }

    fn is_shared(&self) -> bool {
        self.shared_patients + self.shared_images > 0
    }
}

/// Why it cannot be said of everybody that nobody is on both sides; empty where it can.
fn reasons(m: &Material, compared: &[Compared], not_compared: usize) -> Result<Vec<String>> {
    let evaluations = |n: usize| counted(n, "evaluation", "evaluations");
    let mut out = vec![];
    if let Some(unknown) = compared.iter().map(|c| c.unknown).max().filter(|n| *n > 0) {
        out.push(format!("{} of no known patient, and nothing can be said of whose they are.", counted(unknown, "real image is", "real images are")));
    }
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    compared.iter().flat_map(|c| &c.open).for_each(|why| *open.entry(*why).or_default() += 1);
    out.extend(open.into_iter().map(|(why, n)| format!("In {}, {why}: of whose images is not known here.", evaluations(n))));
    let synthetic = compared.iter().filter(|c| c.synthetic > 0).count();
    if synthetic > 0 {
        out.push(format!("In {}, synthetic images are tested, which are of no patient themselves.", evaluations(synthetic)));
    }
    let unread = &m.facts.people(m.store)?.unread;
    if !unread.is_empty() {
        out.push(format!("The patients of `{}` cannot be read.", unread.join("`, `")));
    }
    if not_compared > 0 {
        out.push(format!("{} could not be compared, since the model or the table of the test is not of this run.", evaluations(not_compared)));
    }
    out.extend(of_checks(m));
    Ok(out)
}

/// What the checks say otherwise: they know near-duplicates, and ways through other studies.
fn of_checks(m: &Material) -> Vec<String> {
    let is_about_it = |id: &str| ["leakage.", "patients."].iter().any(|group| id.starts_with(group)) || ["generator.unknown", "weights.unknown"].contains(&id);
    let all = verdicts(m.facts);
    let (open, found): (Vec<_>, Vec<_>) = all.iter().filter(|v| is_about_it(v.id) && v.grade != Grade::Passed).partition(|v| v.grade == Grade::Open);
    let named: Vec<String> = found.iter().map(|v| format!("`{}` ({})", v.id, v.grade.word())).collect();
    let found =
        (!named.is_empty()).then(|| format!("Checks found something: {}. They know more than the tables below; see the list of checks.", named.join(", ")));
    let open = (!open.is_empty()).then(|| format!("{} of patients and images not known yet.", counted(open.len(), "check is", "checks are")));
    found.into_iter().chain(open).collect()
}

/// How many there are in the evaluations, with their words.
fn range(compared: &[Compared], of: fn(&Compared) -> u64, one: &str, several: &str) -> String {
    let (low, high) = compared.iter().map(of).fold((u64::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    if low == high { counted(low, one, several) } else { format!("{low} to {high} {several}") }
}

/// Whom the patients of the tests were compared with.
fn sides(compared: &[Compared]) -> String {
    let mut sides = vec![range(compared, |c| c.patients[1], "training patient", "training patients")];
    if compared.iter().any(|c| c.patients[2] > 0) {
        sides.push(range(compared, |c| c.patients[2], "validation patient", "validation patients"));
    }
    if compared.iter().any(|c| c.patients[3] > 0) {
        sides.push(range(compared, |c| c.patients[3], "patient of generators", "patients of generators"));
    }
    match sides.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => sides.concat(),
    }
}

fn page(m: &Material, compared: &[Compared], reasons: &[String]) -> Markup {
    let (shared, all) = (compared.iter().filter(|c| c.is_shared()).count(), counted(compared.len(), "evaluation", "evaluations"));
    let tested = || range(compared, |c| c.patients[0], "test patient", "test patients");
    let number = |n: u64| html! { td.num { @if n > 0 { b { (n) } } @else { "0" } } };
    let row = |c: &Compared| html! { th scope="row" { (evidence::stage(m.facts, &c.evaluation)) } @for n in c.patients { td.num { (n) } } (number(c.shared_patients)) (number(c.shared_images)) };
    let heads = ["evaluation", "test patients", "training patients", "validation patients", "patients of generators", "patients in both", "images in both"];
    html! {
        @if shared > 0 { p.bad { "In " (shared) " of " (all) ", patients or images of the test were in the training, chose the model, or trained its generators." } }
        @else if !compared.is_empty() && reasons.is_empty() {
            p.good { "No test patient is in the training data: " (tested()) " compared with " (sides(compared)) ", in " (all) ". No test image is in it either." }
        }
        @else if !compared.is_empty() {
            p { "Of " (tested()) ", none was found among " (sides(compared)) ", in " (all) ". That there is none at all cannot be said:" }
        }
        @for reason in reasons { p.warn { (prose(reason)) } }
        p { small { "Patients are compared by the pseudonyms that imports list, where they list them, and images by their bytes. Near-duplicates and ways through other studies are for the checks." } }
        @if !compared.is_empty() { (table("Patients of training and test", &heads, &compared.iter().map(row).collect::<Vec<_>>(), &m.elsewhere("the tables of images"))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::{Facts, StageResult};
    use crate::report::tests::{Made, made, output};
    use hilum_cache::journal::{Finding, Severity};
    use hilum_cache::{Digest, WritableStore};
    use serde_json::{Value, json};
    use std::rc::Rc;

    const HEAD: &str = "image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n";

    /// A study of one evaluation: a generator, a training set of real and synthetic images, and a test set.
    struct Study {
        _held: tempfile::TempDir,
        store: WritableStore,
        stages: Vec<Made>,
        findings: Vec<Finding>,
        is_finished: bool,
    }

    impl Study {
        fn new() -> Study {
            let held = tempfile::tempdir().unwrap();
            let store = WritableStore::create(&held.path().join("store")).unwrap();
            Study { _held: held, store, stages: vec![], findings: vec![], is_finished: true }
        }

        /// A stage that made something of inputs; gives the digest of it.
        fn stage(&mut self, stage: &str, what: (&str, &str), bytes: &[u8], inputs: Value) -> Digest {
            self.stages.push(made(&self.store, stage, what, bytes, json!({ "inputs": inputs })));
            output(&self.stages[self.stages.len() - 1])
        }

        /// A table of real images, one of each of these patients, and of synthetic ones of a generator; images differ from table to
        /// table.
        fn table(&mut self, stage: &str, patients: &[&str], generator: Option<Digest>) -> Digest {
            let line = |patient: &str, origin: &str, generator: &str| {
                format!("{},{patient},0,covid,s,{origin},{generator},,,,,64,64\n", Digest::of(format!("{stage} {patient} {origin}").as_bytes()))
            };
            let real: String = patients.iter().map(|p| line(p, "real", "")).collect();
            let synthetic = generator.map_or(String::new(), |g| line("", "synthetic", &g.to_string()));
            self.stage(stage, ("samples", "samples.csv"), (HEAD.to_owned() + &real + &synthetic).as_bytes(), json!({}))
        }

        /// An import of images with these tokens, and the pseudonyms that it lists.
        fn import(&mut self, stage: &str, parameters: Value, tokens: &[&str], pseudonyms: &[(&str, &str)]) {
            self.table(stage, tokens, None);
            let csv: String = pseudonyms.iter().map(|(token, pseudonym)| format!("{token},{pseudonym}\n")).collect();
            let listed = made(&self.store, "listed", ("patients", "patients.csv"), format!("patient,pseudonym\n{csv}").as_bytes(), Value::Null);
            let receipt = |at: &mut Made, change: &dyn Fn(&mut Value)| {
                let mut value = json!(*at.1.as_ref().unwrap().0.receipt(stage));
                change(&mut value);
                at.1.as_mut().unwrap().0 = StageResult::Held(Rc::new(serde_json::from_value(value).unwrap()));
            };
            let patients = json!(listed.1.unwrap().0.receipt("").outputs.get("out").unwrap());
            let at = self.stages.len() - 1;
            receipt(&mut self.stages[at], &|value| {
                value["recipe"]["kind"] = "import".into();
                value["recipe"]["parameters"] = parameters.clone();
                value["outputs"]["patients"] = patients.clone();
            });
        }

        /// The model of a training set, with other inputs, and its evaluation on a test set.
        fn tested(mut self, set: Digest, others: Value, test: Digest) -> String {
            let mut inputs = json!({ "samples": set });
            others.as_object().into_iter().flatten().for_each(|(port, digest)| inputs[port] = digest.clone());
            let model = self.stage("classifier", ("weights", "weights.safetensors"), b"model", inputs);
            self.stage("scores", ("scores", "scores.json"), b"{}", json!({ "samples": test, "weights": model }));
            let with = |made: &Made| (made.0.clone(), json!({ "with": made.1.as_ref().unwrap().0.receipt("").recipe.parameters }));
            let resolved = json!({ "stages": self.stages.iter().map(with).collect::<BTreeMap<_, _>>() });
            let Study { stages, findings, is_finished, store, _held } = self;
            CHAPTER.of(&Facts { stages, findings, is_finished, resolved, ..Facts::default() }, &store.into_store()).unwrap().into_string()
        }
    }

    /// The chapter of one evaluation, where the generator's patients are these.
    fn told(of_generator: &[&str], training: &[&str], change: impl Fn(&mut Study)) -> String {
        let mut study = Study::new();
        let few = study.table("few", of_generator, None);
        let gan = study.stage("gan", ("generator", "weights.safetensors"), b"gan", json!({ "samples": few }));
        let set = study.table("set", training, Some(gan));
        let test = study.table("test", &["t1", "t2"], None);
        change(&mut study);
        study.tested(set, Value::Null, test)
    }

    fn is_good(page: &str) -> bool {
        page.contains("<p class=\"good\">")
    }

    /// The same table trains generators of single labels: those of other labels did not reach them.
    #[test]
    fn a_generator_of_one_label_was_reached_by_the_patients_of_that_label_alone() {
        let with = |parameters: Value| {
            let mut study = Study::new();
            let line = |patient: &str, label: &str| format!("{},{patient},0,{label},s,real,,,,,,64,64\n", Digest::of(patient.as_bytes()));
            let csv = HEAD.to_owned() + &[("a", "covid"), ("b", "normal"), ("t1", "pneumonia")].map(|(patient, label)| line(patient, label)).concat();
            let all = study.stage("all", ("samples", "samples.csv"), csv.as_bytes(), json!({}));
            let recipe = json!({ "kind": "train-gan", "parameters": parameters, "inputs": { "samples": all } });
            study.stages.push(made(&study.store, "gan", ("generator", "weights.safetensors"), b"gan", recipe));
            let gan = output(&study.stages[study.stages.len() - 1]);
            let (set, test) = (study.table("set", &["c"], Some(gan)), study.table("test", &["t1"], None));
            study.tested(set, Value::Null, test)
        };
        let of_label = with(json!({ "network": { "dcgan": {} }, "epochs": 1, "label": "covid" }));
        assert!(is_good(&of_label) && of_label.contains("1 training patient and 1 patient of generators, in 1 evaluation"), "{of_label}");
        let translating = with(json!({ "network": { "cyclegan": { "from": "normal", "to": "covid" } }, "epochs": 1 }));
        assert!(is_good(&translating) && translating.contains("and 2 patients of generators"), "{translating}");
        for whole in [json!({ "network": { "dcgan": {} }, "epochs": 1 }), json!({ "of": "tomorrow" })] {
            assert!(with(whole).contains("class=\"bad\""), "all labels reached it, as far as can be told");
        }
    }

    #[test]
    fn images_that_were_left_out_as_damaged_reached_nothing() {
        let mut study = Study::new();
        let (set, test) = (study.table("set", &["a", "t1"], None), study.table("test", &["t1"], None));
        let list = format!("{} {}\n", Digest::of(b"set t1 real").hex(), hilum_stages::data::pack::Packed::left_out().hex());
        let list = study.store.put(list.as_bytes()).unwrap().digest;
        let page = study.tested(set, json!({ "images": { "lookup": list, "images": 2 } }), test);
        assert!(is_good(&page) && page.contains("1 test patient compared with 1 training patient, in 1 evaluation"), "{page}");
    }

    #[test]
    fn that_no_patient_is_in_both_is_said_with_how_many_were_compared() {
        let page = told(&["a"], &["a", "b"], |_| {});
        assert!(page.contains("2 test patients compared with 2 training patients and 1 patient of generators, in 1 evaluation. No test image"), "{page}");
        assert!(is_good(&page) && !page.contains("class=\"bad\"") && !page.contains("class=\"warn\""), "{page}");
    }

    #[test]
    fn a_patient_who_came_by_way_of_the_generator_is_found() {
        let page = told(&["a", "t1"], &["a", "b"], |_| {});
        assert!(page.contains("<p class=\"bad\">In 1 of 1 evaluation") && !is_good(&page), "{page}");
        assert!(page.contains("<td class=\"num\"><b>1</b></td><td class=\"num\">0</td>"), "{page}");
        let direct = told(&["a"], &["a", "t1", "t2"], |_| {});
        assert!(direct.contains("<td class=\"num\"><b>2</b></td><td class=\"num\">0</td>"), "{direct}");
        let unknown = told(&["a"], &["b", ""], |_| {});
        assert!(unknown.contains("1 real image is of no known patient") && !is_good(&unknown), "{unknown}");
    }

    /// Tables bear a token for each image where an import does not know the patient: it is no name.
    #[test]
    fn a_token_that_no_import_has_a_pseudonym_for_is_of_nobody_known() {
        let tokens = ["a", "b", "t1", "t2"];
        let of_import =
            |parameters: Value, pseudonyms: &[(&str, &str)]| told(&["a"], &["a", "b"], |s| s.import("images", parameters.clone(), &tokens, pseudonyms));
        let nobody = of_import(json!({ "images": "x" }), &[]);
        assert!(!is_good(&nobody) && nobody.contains("5 real images are of no known patient") && nobody.contains("Of 0 test patients"), "{nobody}");
        let one_unknown = of_import(json!({ "images": "x" }), &[("a", "1"), ("b", "2"), ("t1", "3")]);
        assert!(!is_good(&one_unknown) && one_unknown.contains("1 real image is of no known patient"), "{one_unknown}");
        let named = [("a", "1"), ("b", "2"), ("t1", "3"), ("t2", "4")];
        assert!(is_good(&of_import(json!({ "images": "x" }), &named)));
        assert!(is_good(&of_import(json!({ "images": "x", "patients": "one-per-image" }), &[])), "the study says so");
    }

    /// A token follows from the images of an import: a person who is in two imports may have two.
    #[test]
    fn a_person_with_two_tokens_is_one() {
        let both = |first: Value, second: Value| {
            told(&["a"], &["a", "b"], |s| {
                s.import("one", first.clone(), &["a", "b"], &[("a", "1"), ("b", "2")]);
                s.import("two", second.clone(), &["t1", "t2"], &[("t1", "2"), ("t2", "3")]);
            })
        };
        let of = |images: &str, patients: Option<&str>| patients.map_or(json!({ "images": images }), |p| json!({ "images": images, "patients": p }));
        let same = both(of("x", Some("registry")), of("y", Some("registry")));
        assert!(same.contains("<p class=\"bad\">In 1 of 1 evaluation") && same.contains("<td class=\"num\"><b>1</b></td>"), "{same}");
        assert!(both(of("x", None), of("x", None)).contains("class=\"bad\""), "one directory numbers the same people");
        assert!(is_good(&both(of("x", Some("a")), of("y", Some("b")))), "two hospitals that both number from 1");
    }

    #[test]
    fn who_chose_the_model_is_looked_at_as_well() {
        let of_validation = |patients: &[&str]| {
            let mut study = Study::new();
            let (set, validation, test) = (study.table("set", &["a"], None), study.table("held", patients, None), study.table("test", &["t1"], None));
            study.tested(set, json!({ "validation": validation }), test)
        };
        let apart = of_validation(&["v"]);
        assert!(is_good(&apart) && apart.contains("1 training patient and 1 validation patient, in 1 evaluation"), "{apart}");
        assert!(of_validation(&["v", "t1"]).contains("class=\"bad\""));
    }

    #[test]
    fn nothing_good_is_said_against_a_check_or_before_it_is_decided() {
        let found = |id: &str, allowed: Option<&str>| Finding {
            id: id.into(),
            code: String::new(),
            stage: "scores".into(),
            message: None,
            severity: Severity::Error,
            notes: vec![],
            path: vec![],
            allowed: allowed.map(str::to_owned),
            counts: BTreeMap::new(),
        };
        let with = |id: &str| told(&["a"], &["a", "b"], |s| s.findings.push(found(id, Some("as published"))));
        let page = with("leakage.patient_overlap");
        assert!(!is_good(&page) && page.contains("Checks found something: <code>leakage.patient_overlap</code> (allowed)."), "{page}");
        assert!(is_good(&with("eval.small_n")), "it is about something else");
        let early = told(&["a"], &["a", "b"], |s| s.is_finished = false);
        assert!(!is_good(&early) && early.contains("of patients and images not known yet."), "{early}");
    }

    #[test]
    fn a_generator_of_elsewhere_or_of_a_file_leaves_it_open_and_one_beyond_the_first_hundreds_does_not() {
        let unknown = |generator: Option<Digest>| {
            let mut study = Study::new();
            let (set, test) = (study.table("set", &["a"], generator), study.table("test", &["t1"], None));
            study.tested(set, Value::Null, test)
        };
        let elsewhere = unknown(Some(Digest::of(b"of another store")));
        assert!(!is_good(&elsewhere) && elsewhere.contains("In 1 evaluation, a generator or other weights are not of this run"), "{elsewhere}");
        let mut study = Study::new();
        for n in 0..520 {
            study.stage(&format!("other/n={n}"), ("generator", "weights.safetensors"), &[n as u8, (n >> 8) as u8], json!({}));
        }
        let few = study.table("few", &["t1"], None);
        let gan = study.stage("gan", ("generator", "weights.safetensors"), b"gan", json!({ "samples": few }));
        let (set, test) = (study.table("set", &["a"], Some(gan)), study.table("test", &["t1"], None));
        let page = study.tested(set, Value::Null, test);
        assert!(page.contains("class=\"bad\"") && page.contains("<td class=\"num\"><b>1</b></td>"), "{page}");
    }
}
