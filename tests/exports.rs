//! `hilum export`: what is in an export, what is not, and what keeps one from being written. Programs of others read them in
//! `tests/oracle/exports.py`.

mod dicom;
mod pages;

use crate::space::{Said, Space, root};
use hilum::export::EXPORTS;
use hilum_cache::evidence::{Envelope, PublicKey, Signed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Exports the newest run, which must succeed; gives the files by their paths.
fn export(space: &Space, format: &str, to: &str, more: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let said = space.hilum(&[&["export", format, "-o", to], more].concat());
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{format}: {}", said.err);
    assert!(said.err.contains("all read again and found as described"), "{}", said.err);
    let mut found = BTreeMap::new();
    below(&space.path(to), "", &mut found);
    found
}

fn below(top: &Path, directory: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(top.join(directory)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        if entry.path().is_dir() {
            below(top, &path, found);
        } else {
            found.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

fn parsed(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

/// The entities of a crate by their ids.
fn entities(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Value> {
    let document = parsed(files, "ro-crate-metadata.json");
    document["@graph"].as_array().unwrap().iter().map(|e| (e["@id"].as_str().unwrap().to_owned(), e.clone())).collect()
}

/// Ids that a property names.
fn ids(entity: &Value, property: &str) -> Vec<String> {
    let values = match &entity[property] {
        Value::Array(all) => all.clone(),
        Value::Null => vec![],
        one => vec![one.clone()],
    };
    values.iter().map(|v| v["@id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_provenancesays_of_every_stage_what_trace_says() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "ro-crate", "crate", &[]);
    let entities = entities(&files);
    let actions: Vec<&Value> = entities.values().filter(|e| e["@type"] == "CreateAction" && e["@id"] != "#run").collect();
    assert_eq!(actions.len(), 18);
    for action in actions {
        let stage = action["name"].as_str().unwrap();
        let trace: Value = serde_json::from_str(&space.hilum(&["trace", stage, "--json"]).out).unwrap();
        let digests = |property: &str| -> BTreeSet<String> {
            let named = ids(action, property).into_iter().map(|id| &entities[&id]).filter(|e| e["@type"] != "PropertyValue");
            named.map(|e| e["sha256"].as_str().unwrap().to_owned()).collect()
        };
        let text = |v: &Value| v["sha256"].as_str().unwrap().to_owned();
        let made: BTreeSet<String> = trace[0]["outputs"].as_object().unwrap().values().map(text).collect();
        assert_eq!(digests("result"), made, "{stage}");
        let inputs = trace[0]["inputs"].as_array().unwrap();
        assert_eq!(digests("object").is_empty(), inputs.is_empty(), "{stage}");
        assert_eq!(action["identifier"], trace[0]["key"], "{stage}");
    }
    let control = &entities["#control/classifier/arm=real+synthetic/repeat=1"];
    assert_eq!(ids(control, "object"), ["#action/classifier/arm=real+synthetic/repeat=1"]);
    let generator = &entities["#action/generator"];
    assert_eq!(ids(generator, "instrument"), ["#kind/train-gan/8"]);
    assert_eq!(entities["#parameter/generator/steps"]["value"], "20");
    assert_eq!(entities["#parameter/generator/seed"]["value"], "7");
    assert_eq!(ids(&entities["./"], "license"), ["#licence-not-stated"]);
}

#[test]
fn a_provenancehas_numbers_drawings_and_sampled_images_and_nothing_else() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "ro-crate", "crate", &["--license", "CC-BY-4.0"]);
    let names: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    for name in [
        "README.md",
        "run.json",
        "study.yaml",
        "results/comparison/table.csv",
        "results/embedding/figure/umap.svg",
        "results/generator/history.csv",
        "results/scores/arm=real+synthetic/repeat=0/metrics.csv",
        "results/synthetic/samples/images/00003.png",
    ] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    // Tables of images or patients, images that are not synthetic, networks, packs, pictures of anything.
    for name in names.iter().filter(|name| name.starts_with("results/")) {
        let is_fine = name.ends_with(".csv") || name.ends_with(".svg") || name.starts_with("results/synthetic/samples/images/");
        assert!(is_fine && !name.ends_with("samples.csv") && !name.ends_with("predictions.csv") && !name.ends_with("embedding.csv"), "{name}");
        assert!(!files[*name].windows(8).any(|w| w.starts_with(b"b3:") && w[3..].iter().all(u8::is_ascii_hexdigit)) || name.ends_with(".png"), "{name}");
    }
    let left_out = parsed(&files, "run.json")["left_out"].as_array().unwrap().clone();
    let reasons: BTreeSet<&str> = left_out.iter().map(|l| l["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(left_out.iter().any(|l| l["output"] == "split.train" && l["reason"] == "names images or patients, by digests or tokens"));
    assert_eq!(entities(&files)["https://spdx.org/licenses/CC-BY-4.0"]["name"], "CC-BY-4.0");
}

#[test]
fn two_exports_of_a_run_have_the_same_bytes_and_machines_and_people_are_in_none() {
    let space = Space::tiny();
    space.executed();
    for export_format in EXPORTS {
        let first = export(&space, export_format.name, &format!("{}-1", export_format.name), &[]);
        let second = export(&space, export_format.name, &format!("{}-2", export_format.name), &[]);
        assert!(first == second, "{}", export_format.name);
        assert!(first.contains_key(export_format.document));
        let here = space.path("").canonicalize().unwrap().display().to_string();
        for (name, bytes) in &first {
            for secret in [here.trim_end_matches('/'), root().to_str().unwrap()] {
                assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{name} holds `{secret}`");
            }
        }
    }
    assert_eq!(fs::read_dir(space.path("")).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".hilum-export")).count(), 0);
}

#[test]
fn the_synthetic_set_is_a_table_and_an_archive_with_its_limits() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "croissant", "set", &[]);
    let archive = files.keys().find(|name| name.starts_with("synthetic-") && name.ends_with(".tar")).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["croissant.json", archive, "synthetic.csv"]);
    let table = String::from_utf8(files["synthetic.csv"].clone()).unwrap();
    assert!(table.starts_with("file,number,label,width,height,translated,generator,sha256\n00000.png,0,covid,32,32,False,b3:"), "{table}");
    assert_eq!(table.lines().count(), 25);
    let image = fs::read(space.path("results/tiny/synthetic/samples/images/00000.png")).unwrap();
    assert_eq!(files[archive][512..512 + image.len()], image);
    let document = parsed(&files, "croissant.json");
    assert_eq!(document["license"].as_str().unwrap().split('.').next(), Some("No licence was stated when this was exported"));
    let said = |field: &str| document[field].to_string();
    assert!(
        said("rai:dataCollection").contains("seed 7")
            && said("rai:dataCollection").contains("trained on 16 images (16 `covid`) of 13 patients from the 32 of `balanced.samples` (sha256 "),
        "{}",
        said("rai:dataCollection")
    );
    assert!(said("rai:dataLimitations").contains("phantoms") && said("rai:dataLimitations").contains("was not measured in this run"));
    assert!(said("rai:personalSensitiveInformation").contains("drawing by a program"));
}

#[test]
fn the_bill_of_materials_has_every_network_with_data_and_metrics() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "cyclonedx", "bom", &[]);
    let document = parsed(&files, "bom.cdx.json");
    let components = document["components"].as_array().unwrap();
    let models: Vec<&Value> = components.iter().filter(|c| c["type"] == "machine-learning-model").collect();
    assert_eq!(models.len(), 5);
    let classifier = models.iter().find(|m| m["name"] == "classifier.weights/arm=real/repeat=0").unwrap();
    let card = &classifier["modelCard"];
    assert_eq!(card["modelParameters"]["architectureFamily"], "smallcnn64");
    assert_eq!(card["modelParameters"]["datasets"], serde_json::json!([{ "ref": "data:training-set.samples/arm=real" }]));
    let metrics = card["quantitativeAnalysis"]["performanceMetrics"].as_array().unwrap();
    let auroc = metrics.iter().find(|m| m["type"] == "auroc").unwrap();
    let digest = |output: &str| components.iter().find(|c| c["name"] == output).unwrap()["hashes"][0]["content"].as_str().unwrap().to_owned();
    let slice = auroc["slice"].as_str().unwrap();
    assert!(slice.contains(&digest("scores.metrics/arm=real/repeat=0")) && slice.contains("samples: `split.test`, sha256 "), "{slice}");
    let weights = hilum_cache::Sha256::of(&fs::read(space.path("results/tiny/classifier/arm=real/repeat=0/weights/weights.safetensors")).unwrap());
    assert_eq!(classifier["hashes"][0]["content"], weights.hex());
}

#[test]
fn what_was_removed_is_named_and_said() {
    let space = Space::tiny();
    space.executed();
    let runs = || -> Vec<String> {
        let all: Value = serde_json::from_str(&space.hilum(&["ls", "--json"]).out).unwrap();
        all["runs"].as_array().unwrap().iter().map(|r| r["run"].as_str().unwrap().to_owned()).collect()
    };
    space.edit("steps: 20", "steps: 21");
    space.executed();
    assert_eq!(space.hilum(&["gc", "--keep-runs", "1"]).code, 0);
    let first = &runs()[0];
    let files = export(&space, "ro-crate", "crate", &[first]);
    let left_out = parsed(&files, "run.json")["left_out"].as_array().unwrap().clone();
    let removed = left_out.iter().filter(|l| l["reason"] == "removed from the store by `hilum gc`, or erased with a patient").count();
    assert!(removed > 3, "{removed}");
    let root = &entities(&files)["./"];
    assert!(root["description"].as_str().unwrap().contains(&format!("Removed from the store before the export: {removed} files and outputs.")), "{root}");
    let said = space.hilum(&["export", "croissant", "-o", "set", first]);
    assert_eq!((said.code, space.path("set").exists()), (2, false));
    assert!(said.err.contains("`hilum gc` removed its synthetic images"), "{}", said.err);
    // What is gone without having been removed is a damage.
    fs::remove_dir_all(space.path(".hilum/objects")).unwrap();
    let said = space.hilum(&["export", "ro-crate", "-o", "damaged"]);
    assert_eq!((said.code, space.path("damaged").exists()), (3, false), "{}", said.err);
}

#[test]
fn an_altered_journal_is_not_passed_on() {
    let space = Space::tiny();
    space.executed();
    let run = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let journal = format!(".hilum/runs/{run}/journal.jsonl");
    space.write(&journal, space.read(&journal).replacen("\"steps\":20", "\"steps\":99", 1));
    for format in EXPORTS {
        let said = space.hilum(&["export", format.name, "-o", "out"]);
        assert_eq!((said.code, space.path("out").exists()), (3, false), "{}", said.err);
        assert!(said.err.contains("was altered at line"), "{}", said.err);
    }
}

#[test]
fn a_study_that_names_this_machine_is_not_exported() {
    let space = Space::tiny();
    let here = space.path("").canonicalize().unwrap().display().to_string();
    space.edit("description: The shape of a study in seconds", &format!("description: Kept in {}", here.trim_end_matches('/')));
    space.executed();
    for format in EXPORTS {
        let Said { code, err, .. } = space.hilum(&["export", format.name, "-o", format.name]);
        // What is about images or stages alone has no description of the study.
        if ["croissant", "in-toto", "dicom"].contains(&format.name) {
            continue;
        }
        assert_eq!((code, space.path(format.name).exists()), (1, false), "{}: {err}", format.name);
        assert!(err.contains("nothing was exported: `") && err.contains("a directory of this machine") && err.contains("change the text there"), "{err}");
    }
    assert!(fs::read_dir(space.path("")).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().starts_with(".hilum-export")));
}

#[test]
fn an_unfinished_run_is_exported_as_one() {
    let space = Space::tiny();
    // The test part becomes so small that there are too few synthetic images to fill the rarer class up.
    space.edit("with: { by: patient, train: 0.7, test: 0.3 }", "with: { by: patient, folds: 500, fold: 0 }");
    let said = space.hilum(&["run", "study.yaml", "--keep-going"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let files = export(&space, "ro-crate", "crate", &[]);
    let entities = entities(&files);
    let failed = &entities["#action/training-set/arm=real+synthetic"];
    assert_eq!((&failed["actionStatus"], &failed["result"]), (&"http://schema.org/FailedActionStatus".into(), &Value::Null), "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("synthetic images"), "{failed}");
    assert!(!entities.contains_key("#action/comparison") && entities["#run"]["actionStatus"] == failed["actionStatus"]);
    assert!(entities["./"]["description"].as_str().unwrap().contains("The run is not complete: 1 stage failed, and 5 stages without a result"));
    space.write("study.yaml", "study: drawn\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { a: { images: 2 } } } }\n");
    space.executed();
    let without =
        [("cyclonedx", "it has no trained network"), ("croissant", "no stage of it made synthetic images"), ("dicom", "no stage of it made synthetic images")];
    for (format, why) in without {
        let said = space.hilum(&["export", format, "-o", "none"]);
        assert!(said.code == 2 && said.err.contains(why) && !space.path("none").exists(), "{}", said.err);
    }
}

#[test]
fn the_page_has_a_row_for_each_export() {
    let page = fs::read_to_string(root().join("docs/exports.md")).unwrap();
    for export in EXPORTS {
        let row = format!("| [`{0}`](#{0}) | {1} | `{2}` |", export.name, export.about, export.document);
        assert!(page.contains(&row), "docs/exports.md has no row\n{row}");
    }
    let help = Space::new().hilum(&["export", "--help"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    for export in EXPORTS {
        assert!(help.contains(&format!("{}: {}", export.name, export.about)), "{help}");
    }
}

#[test]
fn statements_have_the_outputs_of_their_stages_as_subjects_and_are_signed_by_the_key_of_the_environment() {
    let (space, keys) = (Space::tiny(), tempfile::tempdir().unwrap());
    space.executed();
    let key = keys.path().join("k").display().to_string();
    space.hilum(&["key", "new", &key]);
    let files = export(&space, "in-toto", "unsigned", &[]);
    let index = parsed(&files, "index.json");
    assert!(index["key"].is_null() && files.len() == index["statements"].as_array().unwrap().len() + 1);
    let signed = space.command(&["export", "in-toto", "-o", "signed"]).env("HILUM_KEY", &key).output().unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let (mut found, trusted) = (BTreeMap::new(), [PublicKey::read(Path::new(&format!("{key}.pub"))).unwrap()]);
    below(&space.path("signed"), "", &mut found);
    let statement = |name: &str| -> Value {
        let envelope = Envelope::read(&found[name]).unwrap();
        assert_eq!(envelope.signed(&trusted), Signed::By(trusted[0].id()), "{name}");
        serde_json::from_slice(&envelope.payload("application/vnd.in-toto+json").unwrap()).unwrap()
    };
    let split = statement("stages/split.intoto.jsonl");
    let of = |list: &Value| list.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    assert!(of(&split["subject"]).contains("split.train/samples.csv"), "{split}");
    let definition = &split["predicate"]["buildDefinition"];
    assert!(of(&definition["resolvedDependencies"]).iter().all(|name| name.starts_with("images.samples/")), "{definition}");
    assert_eq!(definition["externalParameters"]["parameters"]["train"], 0.7);
    let summary = statement("verification-summary.intoto.jsonl");
    assert_eq!((&summary["predicate"]["verificationResult"], &summary["predicate"]["verifiedLevels"][0]), (&"PASSED".into(), &"SLSA_BUILD_LEVEL_1".into()));
    assert_eq!(summary["predicate"]["inputAttestations"].as_array().unwrap().len(), 1);
    // Who cosigned the run is said, and with which meaning.
    let cosigned = space.command(&["cosign", "--as", "review"]).env("HILUM_KEY", &key).output().unwrap();
    assert!(cosigned.status.success(), "{}", String::from_utf8_lossy(&cosigned.stderr));
    let index = parsed(&export(&space, "in-toto", "cosigned", &[]), "index.json");
    let cosignature = &index["checkpoint"]["cosignatures"][0];
    assert_eq!((&cosignature["meaning"], cosignature["key"].as_str()), (&"review".into(), Some(trusted[0].id().as_str())), "{index}");
    let provenance = export(&space, "ro-crate", "crate", &[]);
    let about = entities(&provenance)["./"]["description"].as_str().unwrap().to_owned();
    assert!(about.contains("the journal is not signed, and cosigned (review) at 20") && about.contains(&trusted[0].id()), "{about}");
    assert_eq!(parsed(&provenance, "run.json")["journal"]["checkpoint"]["cosignatures"][0], *cosignature);
    // Of a damaged object there is no summary.
    let digest = space.digests()["split train"].trim_start_matches("b3:").to_owned();
    let object = space.path(&format!(".hilum/objects/{}/{}", &digest[..2], &digest[2..]));
    let bytes = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    fs::write(&object, [&bytes[..], b"x"].concat()).unwrap();
    let said = space.hilum(&["export", "in-toto", "-o", "damaged"]);
    assert_eq!((said.code, space.path("damaged").exists()), (3, false), "{}", said.err);
    assert!(said.err.contains("`split.train/samples.csv` is not as it was recorded"), "{}", said.err);
}

#[test]
fn a_run_without_a_checkpoint_has_no_statements() {
    let space = Space::tiny();
    space.executed();
    let run = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    fs::remove_file(space.path(&format!(".hilum/runs/{run}/checkpoint.dsse.json"))).unwrap();
    let said = space.hilum(&["export", "in-toto", "-o", "out"]);
    assert_eq!((said.code, space.path("out").exists()), (1, false), "{}", said.err);
    assert!(said.err.contains("has no checkpoint: it goes on, was killed") && said.err.contains("help: wait until it ends"), "{}", said.err);
    // What was killed is exported as incomplete by the others.
    let journal = format!(".hilum/runs/{run}/journal.jsonl");
    let lines = space.read(&journal);
    let cut = lines.trim_end().rfind('\n').unwrap();
    space.write(&journal, &lines[..=cut]);
    let said = space.hilum(&["export", "cards", "-o", "cards"]);
    assert!(said.code == 0 && said.err.contains("note: the run is not complete: it was interrupted"), "{}", said.err);
}

#[test]
fn an_empty_licence_is_refused() {
    let said = Space::tiny().hilum(&["export", "ro-crate", "-o", "crate", "--license", " "]);
    assert_eq!(said.code, 2, "{}", said.err);
}
