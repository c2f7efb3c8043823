//! `hilum diff`: what differs between two runs, and nothing else.

use crate::space::Space;
use serde_json::{Value, json};

/// The run that the study makes now.
fn run(space: &Space) -> String {
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    crate::space::finished(&said.out)["run"].as_str().unwrap().to_owned()
}

fn differences(space: &Space, old: &str, new: &str) -> Value {
    let said = space.hilum(&["diff", old, new, "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn a_parameter_of_all_cells_is_listed_once_with_the_metrics_that_changed() {
    let space = Space::tiny();
    let old = run(&space);
    space.edit("epochs: 2", "epochs: 1");
    space.edit("seed: 7", "seed: 8");
    let new = run(&space);
    let found = differences(&space, &old, &new);
    let parameters = found["parameters"].as_array().unwrap();
    assert!(parameters.contains(&json!({ "stages": ["classifier"], "path": "epochs", "old": 2, "new": 1 })), "{parameters:?}");
    assert!(parameters.iter().any(|p| p["path"] == "seed" && p["stages"] == json!(["generator"])), "{parameters:?}");
    assert!(parameters.iter().all(|p| p["path"] == "epochs" || p["path"] == "seed"), "{parameters:?}");
    for part in ["removed", "added", "data", "code", "environment"] {
        assert_eq!(found[part], json!([]), "{part}");
    }
    let metrics = found["metrics"].as_array().unwrap();
    let of = |stage: &str, arm: &str| metrics.iter().find(|m| m["stage"].as_str().unwrap().starts_with(stage) && m["arm"] == arm);
    assert!(of("comparison", "arm=real").is_some() && of("scores/", "").is_some(), "{metrics:?}");
    assert!(metrics.iter().all(|m| m["old"] != m["new"]));
    let text = space.hilum(&["diff", &old, &new]).out;
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("`{words}` was not printed: {text}"));
    assert!(text.starts_with(&format!("{old} (tiny) → {new} (tiny)\n")), "{text}");
    assert!(at("\nparameters\n") < at("  classifier   epochs: 2 → 1\n") && at("  classifier   epochs: 2 → 1\n") < at("\nmetrics\n"));
}

#[test]
fn one_run_does_not_differ_from_itself() {
    let space = Space::tiny();
    let run = run(&space);
    assert_eq!(space.hilum(&["diff", &run, &run]).out, format!("{run} (tiny) → {run} (tiny)\nnothing differs\n"));
}

#[test]
fn a_parameter_of_one_cell_is_listed_for_that_cell_and_added_or_removed_stages_are_named() {
    let space = Space::tiny();
    let old = run(&space);
    space.edit("matrix: { repeat: [0, 1] }", "matrix: { repeat: [0, 2] }");
    space.edit("study: tiny", "study: other");
    let new = run(&space);
    let found = differences(&space, &old, &new);
    assert_eq!((&found["old"]["study"], &found["new"]["study"]), (&json!("tiny"), &json!("other")));
    let has = |part: &str, name: &str| found[part].as_array().unwrap().iter().any(|n| n == name);
    assert!(has("removed", "classifier/arm=real/repeat=1") && has("added", "classifier/arm=real/repeat=2"), "{found}");
    assert!(!has("removed", "classifier/arm=real/repeat=0"));
}

#[test]
fn changed_images_are_data() {
    let space = Space::new();
    let image = |seed: u32| {
        let grey: Vec<u8> = (0..400u32).map(|i| (i * seed % 251) as u8).collect();
        hilum_stages::data::png::encode(&grey, 20, 20, &[]).unwrap()
    };
    space.write("data/a/1.png", image(1));
    space.write("study.yaml", "study: s\nseed: 1\nstages:\n  images: { stage: import, with: { images: data } }\n");
    let old = run(&space);
    space.write("data/a/1.png", image(3));
    let new = run(&space);
    let found = differences(&space, &old, &new);
    assert_eq!(found["parameters"], json!([]));
    let data = &found["data"][0];
    assert_eq!((&data["stages"], &data["path"]), (&json!(["images"]), &json!("images")), "{found}");
    assert!(data["old"].as_str().unwrap().starts_with("b3:") && data["old"] != data["new"]);
}

#[test]
fn seeds_beyond_what_json_numbers_hold_are_told_apart() {
    let space = Space::new();
    space.write("study.yaml", "study: big\nseed: 9007199254740993\nstages:\n  images: { stage: phantoms, with: { classes: { covid: { images: 2 } } } }\n");
    let old = run(&space);
    space.edit("9007199254740993", "9007199254740992");
    let new = run(&space);
    let found = differences(&space, &old, &new);
    let seed = found["parameters"].as_array().unwrap().iter().find(|p| p["path"] == "seed").unwrap_or_else(|| panic!("{found}"));
    assert_eq!((seed["old"].to_string().trim_matches('"'), seed["new"].to_string().trim_matches('"')), ("9007199254740993", "9007199254740992"));
}

/// Results as recorded, with a metric's value changed and everything hashed anew: nothing that is recorded explains it.
#[test]
fn a_metric_follows_from_what_differs_above_it_and_from_nothing_else() {
    let space = Space::tiny();
    let old = run(&space);
    space.edit("with: { resamples: 200 }", "with: { resamples: 300 }");
    let new = run(&space);
    let found = differences(&space, &old, &new);
    let causes = found["causes"].as_array().unwrap();
    let why = |m: &Value| m["causes"].as_array().unwrap().iter().map(|at| causes[at.as_u64().unwrap() as usize].clone()).collect::<Vec<_>>();
    // Only what is evaluated differs, and with it what is compared; the trainings do not.
    for metric in found["metrics"].as_array().unwrap() {
        let stage = metric["stage"].as_str().unwrap();
        assert!(stage.starts_with("scores/") || stage == "comparison", "{metric}");
        let why = why(metric);
        assert!(!why.is_empty() && why.iter().all(|c| c["path"] == "resamples" && c["sort"] == "parameters"), "{metric}: {why:?}");
        assert_eq!(why.len(), if stage == "comparison" { 4 } else { 1 }, "{metric}: {why:?}");
        assert_eq!(metric["unexpected"], false);
    }
    space.edit("seed: 7", "seed: 8");
    space.edit("by: patient, train: 0.7, test: 0.3", "by: patient, train: 0.6, test: 0.4");
    let third = run(&space);
    let found = differences(&space, &new, &third);
    let table = found["samples"].as_array().unwrap().iter().find(|s| s["stage"] == "split" && s["port"] == "test").unwrap_or_else(|| panic!("{found}"));
    let number = |of: &Value| of.as_u64().unwrap();
    for what in ["images", "patients"] {
        let moved = &table[what];
        assert!(number(&moved["new"]) > number(&moved["old"]), "{table}");
        assert_eq!(number(&moved["old"]) + number(&moved["added"]) - number(&moved["removed"]), number(&moved["new"]), "{table}");
    }
    let classes = table["classes"].as_object().unwrap();
    assert_eq!(classes.values().map(|class| number(&class["images"]["new"])).sum::<u64>(), number(&table["images"]["new"]), "{table}");
    let text = space.hilum(&["diff", &new, &third]).out;
    for part in ["\nseeds\n", "\ndata\n", "  split.test   ", "  could follow from parameters: ", "train of split", "; seeds: "] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_metric_without_a_recorded_cause_is_unexpected() {
    let space = Space::tiny();
    let old = run(&space);
    // The second run is the first with another value in one table: the recipes are the same, and so is the program.
    let runs = space.path(".hilum/runs");
    let (from, to) = (runs.join(&old), runs.join("9999-copy"));
    std::fs::create_dir(&to).unwrap();
    let text = std::fs::read_to_string(from.join("journal.jsonl")).unwrap();
    let store = hilum_cache::WritableStore::open(&space.path(".hilum")).unwrap();
    let mut lines = vec![];
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line.get("number").is_some() {
            line["number"] = json!(99);
        }
        if line["type"] == "receipt" && line["receipt"]["stage"] == "comparison" {
            let table = &mut line["receipt"]["outputs"]["table"];
            let digest: hilum_cache::Digest = table["digest"].as_str().unwrap().parse().unwrap();
            let csv = String::from_utf8(store.read(&digest).unwrap()).unwrap();
            let at = csv.find("0.").unwrap();
            let blob = store.put(format!("{}0.9{}", &csv[..at], &csv[at + 3..]).as_bytes()).unwrap();
            (table["digest"], table["sha256"]) = (json!(blob.digest), json!(blob.sha256));
        }
        lines.push(String::from_utf8(hilum_cache::canonical::to_bytes(&line)).unwrap());
    }
    std::fs::write(to.join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
    let found = differences(&space, &old, "9999-copy");
    let metrics = found["metrics"].as_array().unwrap();
    assert!(!metrics.is_empty() && metrics.iter().all(|m| m["unexpected"] == true && m["causes"] == json!([])), "{found}");
    let text = space.hilum(&["diff", &old, "9999-copy"]).out;
    assert!(text.contains("\nmetrics\n  no recorded cause: unexpected\n    comparison   "), "{text}");
}

/// A study in which several values of a rate were tried goes on with one of them.
#[test]
fn when_an_axis_is_removed_the_cell_that_goes_on_is_compared_and_the_others_are_gone() {
    let space = Space::new();
    let study = |stages: &str| {
        format!(
            "study: s\nseed: 1\nstages:\n  images: {{ stage: phantoms, with: {{ size: 16, classes: {{ a: {{ images: 12 }}, b: {{ images: 12 }} }} }} }}\n{stages}"
        )
    };
    space.write(
        "study.yaml",
        study("  split: { stage: split, matrix: { share: [0.5, 0.75] }, in: { samples: images }, with: { by: patient, train: $share, test: 0.25 } }\n  fewer: { stage: undersample, in: { samples: split.train } }\n"),
    );
    let old = run(&space);
    let last = |space: &Space| hilum_cache::journal::run_names(&hilum_cache::Store::open(&space.path(".hilum")).unwrap()).unwrap().pop().unwrap();
    space.write(
        "study.yaml",
        study("  split: { stage: split, in: { samples: images }, with: { by: patient, train: 0.75, test: 0.25 } }\n  fewer: { stage: undersample, in: { samples: split.train } }\n"),
    );
    // The cell that goes on has its result already.
    assert_eq!(space.hilum(&["run", "study.yaml"]).code, 0);
    let new = last(&space);
    assert_ne!(old, new);
    let found = differences(&space, &old, &new);
    assert_eq!(found["moved"], json!(["fewer", "split"]), "{found}");
    assert_eq!((&found["removed"], &found["added"]), (&json!(["fewer/share=0.5", "split/share=0.5"]), &json!([])), "{found}");
    assert!(found["parameters"].as_array().unwrap().iter().all(|p| p["path"] == "seed"), "{found}");
}
