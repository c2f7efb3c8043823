//! What runs again after a change, and what does not; the plan had said so, and `why` names the line.

use crate::space::Space;
use serde_json::json;

fn ran(space: &Space) -> Vec<String> {
    let plan = space.plan();
    let executed = space.executed();
    // What the plan reuses was not executed; what it said will run was.
    for (stage, decision, _) in &plan {
        assert!(decision != "reuse" || !executed.contains(stage), "{stage} was planned to be reused");
        assert!(decision != "execute" || executed.contains(stage), "{stage} was planned to run");
    }
    assert_eq!(space.executed(), Vec::<String>::new(), "a second run executes nothing");
    executed
}

fn without_cells(stages: &[String]) -> Vec<&str> {
    let mut out: Vec<&str> = stages.iter().map(|s| s.split('/').next().unwrap()).collect();
    out.dedup();
    out
}

#[test]
fn who_comes_back_to_an_earlier_study_has_its_run_as_the_newest() {
    let space = Space::tiny();
    let newest = |space: &Space| {
        let runs = serde_json::from_str::<serde_json::Value>(&space.hilum(&["ls", "--json"]).out).unwrap()["runs"].as_array().unwrap().clone();
        (runs.len(), runs.last().unwrap().clone())
    };
    space.executed();
    space.hilum(&["run", "study.yaml", "--set", "stages.classifier.with.epochs=1"]);
    assert_eq!(newest(&space).0, 2);
    // Nothing has to run, and yet the results are others than those of the newest run.
    for _ in 0..2 {
        assert_eq!(space.executed(), Vec::<String>::new());
        let (runs, newest) = newest(&space);
        assert_eq!((runs, &newest["executed"], &newest["reused"]), (3, &json!(0), &json!(18)), "it is recorded once");
    }
    assert_eq!(space.hilum(&["report", "-o", "r.html"]).code, 0);
    assert!(space.read("r.html").contains("epochs: 2") || !space.read("r.html").contains("epochs: 1"));
    assert_eq!(space.hilum(&["gc", "--keep-runs", "1"]).code, 0);
    assert_eq!(space.executed(), Vec::<String>::new(), "what the newest run needs is kept");
}

#[test]
fn only_what_changed_runs_again() {
    let space = Space::tiny();
    assert_eq!(space.executed().len(), 18);

    space.edit("epochs: 2", "epochs: 3");
    let plan = space.plan();
    let reasons = &plan.iter().find(|p| p.0 == "classifier/arm=real/repeat=0").unwrap().2;
    assert_eq!(reasons, &json!([{ "code": "parameter", "path": "epochs", "old": 2, "new": 3, "at": "study.yaml:56:7" }]));
    let why = space.hilum(&["why", "study.yaml", "scores/arm=real/repeat=0"]).out;
    assert!(why.contains("epochs 2 → 3 (study.yaml:56)"), "{why}");
    assert_eq!(without_cells(&ran(&space)), ["classifier", "comparison", "embedding", "scores"]);

    space.edit("study: tiny", "# a comment\nstudy: tiny");
    assert!(ran(&space).is_empty(), "a comment computes nothing");
    space.edit("with: { by: patient, train: 0.7, test: 0.3 }", "with: { test: 0.3, train: 0.7, by: patient }");
    assert!(ran(&space).is_empty(), "key order computes nothing");
    space.edit("balanced", "even");
    assert!(ran(&space).is_empty(), "a renamed stage computes nothing");
    assert!(!space.path("results/tiny/balanced").exists() && space.path("results/tiny/even").exists());
}

#[test]
fn a_change_of_the_gan_leaves_the_real_arm_alone() {
    let space = Space::tiny();
    space.executed();
    space.edit("steps: 20", "steps: 22");
    let executed = ran(&space);
    assert!(executed.iter().all(|s| !s.contains("arm=real/") && !s.ends_with("arm=real")), "{executed:?}");
    assert_eq!(without_cells(&executed), ["classifier", "comparison", "embedding", "generator", "scores", "synthetic", "training-set"]);
}

#[test]
fn equal_tables_cut_everything_below_off() {
    let space = Space::tiny();
    space.executed();
    space.edit("train: 0.7,", "train: 0.7001,");
    assert_eq!(ran(&space), ["split"]);
}

#[test]
fn a_seed_of_one_stage_and_a_further_repeat() {
    let space = Space::tiny();
    space.executed();
    space.edit("    stage: synthesize\n", "    stage: synthesize\n    seed: 9\n");
    assert_eq!(without_cells(&ran(&space)), ["classifier", "comparison", "embedding", "scores", "synthetic", "training-set"]);
    space.edit("repeat: [0, 1]", "repeat: [0, 1, 2]");
    let executed = ran(&space);
    assert!(executed.iter().filter(|s| s.contains('/')).all(|s| s.ends_with("repeat=2")), "{executed:?}");
    assert_eq!(executed.len(), 5);
}

#[test]
fn swapped_and_removed_parameters_are_noticed() {
    let space = Space::new();
    let study = "study: swap\nseed: 1\nstages:\n  images:\n    stage: phantoms\n    with: { size: 32, contrast: 0.5, images_per_patient: 1.5, classes: { a: { images: 6 } } }\n";
    space.write("study.yaml", study);
    assert_eq!(space.executed(), ["images"]);
    space.edit("contrast: 0.5, images_per_patient: 1.5", "contrast: 1.5, images_per_patient: 1.0");
    assert_eq!(space.executed(), ["images"]);
    space.edit("contrast: 1.5, ", "");
    assert_eq!(space.executed(), ["images"]);
    space.edit("images_per_patient: 1.0, ", "contrast: 0.8, images_per_patient: 1.0, ");
    assert!(space.executed().is_empty(), "a default that is written out changes nothing");
}

#[test]
fn an_edited_result_is_set_aside_and_restored() {
    let space = Space::tiny();
    space.executed();
    let path = space.path("results/tiny/comparison/table.csv");
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "better numbers").unwrap();
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.err.contains("`comparison/table.csv` was modified; moved it to `table.csv.edited-1`"), "{}", said.err);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    assert_eq!(space.read("results/tiny/comparison/table.csv.edited-1"), "better numbers");
}

#[test]
fn only_and_force() {
    let space = Space::tiny();
    let said = space.hilum(&["run", "study.yaml", "--only", "balanced", "--json"]);
    assert_eq!(crate::space::done(&said.out), ["balanced", "images", "split"]);
    let said = space.hilum(&["run", "study.yaml", "--only", "split", "--force", "split", "--json"]);
    assert_eq!(crate::space::done(&said.out), ["split"]);
    let wrong = space.hilum(&["run", "study.yaml", "--only", "blanced"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("a stage with a similar name exists: `balanced`"));
}

#[test]
fn a_preset_and_its_parameters_written_out_have_one_result() {
    let space = Space::new();
    for (name, grey) in [("a", 60), ("b", 90)] {
        space.write(&format!("train/{name}.png"), hilum_stages::data::png::encode(&[grey; 64], 8, 8, &[]).unwrap());
    }
    space.write("train.txt", "1 a.png positive cohen\n2 b.png negative cohen\n");
    let study = |with: &str| format!("study: presets\nseed: 1\nstages:\n  images: {{ stage: import, with: {{ {with}, images: train, list: train.txt }} }}\n");
    space.write("study.yaml", study("preset: covidx-train"));
    assert_eq!(space.executed(), ["images"]);
    space.write("study.yaml", study("patients: covidx"));
    assert_eq!(space.executed(), Vec::<String>::new());
}
