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
