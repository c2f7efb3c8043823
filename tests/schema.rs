//! The schema for editors, held against an independent validator: what `check` accepts is valid, and faults that one file
//! shows by itself are not.

use crate::space::{Space, root};
use hilum::pipeline::{parse, schema};
use serde_json::Value;
use std::fs;

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema::schema(&hilum::language::language())).unwrap()
}

fn json(text: &str) -> Value {
    parse::parse(text, 0, &mut vec![]).unwrap().to_json()
}

fn faults(validator: &jsonschema::Validator, text: &str) -> Vec<String> {
    validator.iter_errors(&json(text)).map(|e| format!("{e} at {}", e.instance_path())).collect()
}

/// Editors show the names of definitions.
#[test]
fn definitions_are_called_by_kind_and_parameter() {
    let schema = schema::schema(&hilum::language::language());
    let names: Vec<&String> = schema["$defs"].as_object().unwrap().keys().collect();
    // As types of one name are told apart by whoever makes schemas.
    let is_numbered =
        |name: &str| name.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase) && last.ends_with(|c: char| c.is_ascii_digit()));
    for name in &names {
        assert!(!name.contains("Config") && !is_numbered(name), "{name}");
    }
    assert!(is_numbered("train-gan.Schedule2"));
    for expected in ["train-classifier.network.resnet18", "train-gan.network.dcgan", "import.columns"] {
        assert!(names.iter().any(|n| *n == expected), "{expected} is not among {names:?}");
    }
}

#[test]
fn what_check_accepts_is_valid() {
    let validator = validator();
    let mut studies: Vec<String> = fs::read_dir(root().join("pipelines"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
        .map(|p| fs::read_to_string(p).unwrap())
        .collect();
    assert!(studies.len() >= 3);
    let space = Space::new();
    assert_eq!(space.hilum(&["init", "made"]).code, 0);
    studies.push(space.read("made/study.yaml"));
    // What people write in several ways.
    let base = "study: ways\nseed: 1\nvars: { usual: { network: smallcnn64, steps: 5 }, width: 8, label: covid }\nstages:\n  \
        images: { stage: phantoms, with: { size: 32, classes: { normal: { images: 9 }, $label: { images: 9 } } } }\n  \
        pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n";
    let classifier = |with: &str| format!("{base}  c: {{ stage: train-classifier, in: {{ samples: images, images: [pixels] }}, with: {with} }}\n");
    for with in [
        "$usual",
        "{ <<: $usual, batch: 4 }",
        "{ network: resnet18, epochs: 1, optimiser: adam }",
        "{ network: { resnet50: }, steps: 1e2, normalise: { none: } }",
        "{ network: { smallcnn64: { width: $width } }, steps: 1, early_stop: null }",
        "{ network: { vgg16: {} }, epochs: 1, phases: [] }",
    ] {
        studies.push(classifier(with));
    }
    studies.push(classifier("$usual").replace("samples: images, images", "samples: $s, images").replace(
        "stage: train-classifier,",
        "stage: train-classifier, matrix: { s: [images], repeat: [0, 1], exclude: [{ repeat: 1 }] }, retry:, expect:, seed: 3, resources: { memory: 4G },",
    ));
    studies.push(format!("{base}checks: {{ allow: [{{ id: patients.unknown, reason: why }}] }}\nreport: {{}}\n"));
    studies.push(format!("{base}checks: {{ allow: {{ patients.unknown: why }} }}\n"));
    for study in &studies {
        space.write("study.yaml", study);
        let said = space.hilum(&["check", "study.yaml"]);
        assert_eq!(said.code, 0, "{study}\n{}", said.err);
        assert_eq!(faults(&validator, study), [""; 0], "{study}");
    }
    // A file that is laid over another need not be whole.
    space.write("base.yaml", classifier("$usual"));
    for over in [
        "stages: { c: null }",
        "stages: { pixels: { with: { size: 64 }, retry: null } }",
        "stages: { n: { stage: undersample, in: { samples: images } } }",
        "seed: 3",
    ] {
        let over = format!("extends: base.yaml\n{over}\n");
        space.write("study.yaml", &over);
        let said = space.hilum(&["check", "study.yaml"]);
        assert_eq!(said.code, 0, "{over}\n{}", said.err);
        assert_eq!(faults(&validator, &over), [""; 0], "{over}");
    }
}

#[test]
fn faults_that_a_file_shows_are_invalid() {
    let validator = validator();
    let seen = ["E0101", "E0102", "E0104", "E0105", "E0107"];
    let mut found = 0;
    for entry in fs::read_dir(root().join("tests/faults")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        // What is wrong stands in the file: tests/faults.rs.
        let said = |code: &&str| text.lines().any(|l| l.trim_start().starts_with("# error: ") && l.contains(&format!(" {code} ")));
        let (Some(tree), true) = (parse::parse(&text, 0, &mut vec![]), seen.iter().any(said)) else { continue };
        // Only the program follows names.
        if text.contains("is not a valid name for an axis") {
            continue;
        }
        assert!(!validator.is_valid(&tree.to_json()), "{name} passes the schema");
        found += 1;
    }
    assert!(found >= 10, "{found}");
    for wrong in ["unknown-network", "wrong-type", "wrong-choice"] {
        let text = fs::read_to_string(root().join(format!("tests/faults/{wrong}.yaml"))).unwrap();
        assert!(!validator.is_valid(&json(&text)), "{wrong} passes the schema");
    }
}
