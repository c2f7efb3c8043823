//! `hilum trace`: origins as the run's own graph says them, and the forms in which one asks.

use crate::space::{Said, Space};
use serde_json::Value;

fn trace(space: &Space, args: &[&str]) -> String {
    let said = space.hilum(&[&["trace"], args].concat());
    assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    said.out
}

fn json(space: &Space, args: &[&str]) -> Value {
    serde_json::from_str(&trace(space, &[args, &["--json"]].concat())).unwrap()
}

/// `port stage.output` of all inputs of a tree's first stage.
fn inputs(tree: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    tree["inputs"].as_array().unwrap().iter().map(|i| format!("{} {}.{}", text(&i["port"]), text(&i["from"]["stage"]), text(&i["output"]))).collect()
}

/// The tree of a stage somewhere in another one.
fn find<'a>(tree: &'a Value, stage: &str) -> Option<&'a Value> {
    if tree["stage"] == stage && tree["see_above"].is_null() {
        return Some(tree);
    }
    tree["inputs"].as_array()?.iter().find_map(|i| find(&i["from"], stage))
}

fn wrong(space: &Space, what: &str) -> String {
    let Said { code, out, err } = space.hilum(&["trace", what]);
    assert_eq!((code, out.as_str()), (2, ""), "{what}: {err}");
    err
}

#[test]
fn equal_bytes_lead_to_the_stage_that_was_bound_and_pixels_are_a_part_of_it() {
    let space = Space::tiny();
    space.executed();
    let digests = space.digests();
    assert_eq!(digests["split train"], digests["training-set/arm=real samples"], "this test needs two outputs with equal bytes");

    assert_eq!(inputs(&json(&space, &["balanced"])[0]), ["samples split.train"]);
    let both = &json(&space, &["training-set/arm=real+synthetic"])[0];
    assert_eq!(inputs(both), ["real split.train", "synthetic synthetic.samples"]);
    assert_eq!(inputs(find(both, "generator").unwrap()), ["images pixels.images", "samples balanced.samples"]);
    assert_eq!(inputs(&json(&space, &["training-set/arm=real"])[0]), ["real split.train"]);

    // A classifier of real images needs none of the generator's, although both packs are bound.
    let real = &json(&space, &["classifier/arm=real/repeat=0"])[0];
    assert_eq!(inputs(real), ["images pixels.images", "samples training-set/arm=real.samples"]);
    assert_eq!(real["unused"], serde_json::json!([{ "port": "images", "stage": "synthetic", "output": "images" }]));
    let mixed = &json(&space, &["classifier/arm=real+synthetic/repeat=0"])[0];
    assert_eq!(inputs(mixed)[..2], ["images pixels.images", "images synthetic.images"]);
    let table = space.read("results/tiny/training-set/arm=real+synthetic/samples.csv");
    let (made, real): (Vec<&str>, Vec<&str>) = table.lines().skip(1).partition(|row| row.contains("synthetic"));
    assert_eq!([0, 1].map(|n| mixed["inputs"][n]["images"].as_u64().unwrap() as usize), [real.len(), made.len()]);

    // Each score comes from its own arm.
    let comparison = &json(&space, &["comparison"])[0];
    for input in comparison["inputs"].as_array().unwrap() {
        let cell = input["cell"].as_str().unwrap();
        assert_eq!(input["from"]["stage"], format!("scores/{cell}"));
        let from = inputs(&input["from"]);
        assert_eq!(from, ["images pixels.images".to_owned(), "samples split.test".into(), format!("weights classifier/{cell}.weights")]);
    }
    assert_eq!(comparison["inputs"].as_array().unwrap().len(), 4);
}

#[test]
fn every_stage_is_shown_once_on_lines_that_fit() {
    let space = Space::tiny();
    space.executed();
    let told = trace(&space, &["comparison", "embedding"]);
    for stage in ["images (phantoms)", "pixels (prepare)", "split (split)", "synthetic (synthesize)", "classifier/arm=real/repeat=0 (train-classifier)"] {
        let lines: Vec<&str> = told.lines().filter(|l| l.contains(stage)).collect();
        assert!(lines.len() > 1, "{stage}: {told}");
        assert_eq!(lines.iter().filter(|l| !l.ends_with("(see above)")).count(), 1, "{stage}: {told}");
        assert!(
            lines[0].contains("took ") && lines[1..].iter().all(|l| l.ends_with("(see above)")),
            "a stage is explained where it comes first, and referred to afterwards: {told}"
        );
    }
    for part in [
        "comparison\n   study tiny, run 2",
        "\n└─ comparison (compare)  took ",
        "\n   ├─ scores/arm=real",
        "│  ├─ split (split)  output test",
        "   └─ ",
        ", seed 7",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains("synthetic.images: connected but unused"), "{told}");
    let long: Vec<&str> = told.lines().filter(|l| l.chars().count() > 80 && !l.contains("/arm=")).collect();
    assert!(long.is_empty(), "{long:#?}");
    // As JSON, a stage that was shown above is only named.
    let text = trace(&space, &["comparison", "embedding", "--json"]);
    assert_eq!(text.matches("\"kind\":\"phantoms\"").count(), 1);
    let document: Value = serde_json::from_str(&text).unwrap();
    let run = &document[0]["run"];
    let again = &document[1]["inputs"].as_array().unwrap().iter().find(|i| i["port"] == "weights").unwrap()["from"];
    assert_eq!(again, &serde_json::json!({ "run": run, "study": "tiny", "stage": "classifier/arm=real/repeat=0", "see_above": true }));
}

#[test]
fn a_result_of_another_study_is_in_this_graph_and_names_its_run() {
    let space = Space::tiny();
    space.executed();
    let first = json(&space, &["images"])[0]["run"].clone();
    let other = "study: other\nseed: 7\nstages:\n  cohort: { stage: phantoms, with: { size: 32, contrast: 1.5, classes: { normal: { images: 48 }, covid: { images: 24, finding: peripheral } } } }\n  split: { stage: split, in: { samples: cohort }, with: { by: patient, train: 0.7, test: 0.3 } }\n  few: { stage: undersample, in: { samples: split.test } }\n";
    space.write("study.yaml", other);
    assert_eq!(space.executed(), ["few"]);
    let few = &json(&space, &["few"])[0];
    assert_eq!(inputs(few), ["samples split.test"]);
    let cohort = find(few, "cohort").unwrap();
    assert_eq!((&cohort["study"], &cohort["run"]), (&"other".into(), &few["run"]));
    assert_eq!(cohort["computed"], serde_json::json!({ "run": first, "study": "tiny", "stage": "images" }));
    let told = trace(&space, &["few"]);
    assert!(told.contains(&format!("cohort (phantoms)  run {} as `images` of `tiny`, took ", first.as_str().unwrap())), "{told}");
    assert!(told.contains(&format!("split (split)  output test, run {} as `split` of `tiny`, took ", first.as_str().unwrap())), "{told}");

    // Both studies have a stage of this name, and both made these bytes; a file under results is of the study that it lies in.
    let studies = |of: &Value| of.as_array().unwrap().iter().map(|o| o["study"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(studies(&json(&space, &["split"])), ["other", "tiny"]);
    let digest = &space.digests()["images samples"];
    assert_eq!(studies(&json(&space, &[digest])), ["other", "tiny"]);
    std::fs::copy(space.path("results/tiny/images/samples/samples.csv"), space.path("copy.csv")).unwrap();
    assert_eq!(studies(&json(&space, &["copy.csv"])), ["other", "tiny"]);
    assert_eq!(studies(&json(&space, &["results/tiny/images/samples/samples.csv"])), ["tiny"]);
    assert_eq!(json(&space, &["results/other/cohort/samples/samples.csv"])[0]["stage"], "cohort");
}

#[test]
fn files_directories_cells_outputs_and_digests_are_asked_for_together() {
    let space = Space::tiny();
    space.executed();
    let stages = |args: &[&str]| json(&space, args).as_array().unwrap().iter().map(|o| o["stage"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let four = ["arm=real+synthetic/repeat=0", "arm=real+synthetic/repeat=1", "arm=real/repeat=0", "arm=real/repeat=1"];
    let sorted = |args: &[&str]| {
        let mut stages = stages(args);
        stages.sort();
        stages
    };
    assert_eq!(sorted(&["classifier"]), four.map(|c| format!("classifier/{c}")));
    assert_eq!(sorted(&["results/tiny/classifier"]), four.map(|c| format!("classifier/{c}")));
    assert_eq!(stages(&["classifier/repeat=1/arm=real"]), ["classifier/arm=real/repeat=1"]);
    assert_eq!(sorted(&["scores/repeat=1"]), ["scores/arm=real+synthetic/repeat=1", "scores/arm=real/repeat=1"]);
    assert_eq!(stages(&["balanced", "results/tiny/balanced", "images"]), ["balanced", "images"], "each stage once");
    let absolute = space.path("results/tiny/training-set/arm=real").canonicalize().unwrap();
    assert_eq!(stages(&[absolute.to_str().unwrap()]), ["training-set/arm=real"]);
    assert_eq!(stages(&["results/tiny/../tiny/comparison/"]), ["comparison"]);
    assert_eq!(sorted(&["results/tiny"]), ["comparison", "embedding"], "of a directory, the results that nothing else is made of");

    let file = absolute.join("samples.csv");
    let found = &json(&space, &[file.to_str().unwrap()])[0];
    assert_eq!(
        (&found["stage"], &found["part"]["file"]),
        (&"training-set/arm=real".into(), &"samples.csv".into()),
        "the file belongs to this stage, not to another with equal bytes"
    );
    let sha256 = found["part"]["sha256"].as_str().unwrap();
    for digest in [space.digests()["split train"].as_str(), &space.digests()["split train"][..12], &format!("sha256:{sha256}"), sha256] {
        assert_eq!(sorted(&[digest]), ["split", "training-set/arm=real"], "{digest}");
    }
    let train = &json(&space, &["split.train"])[0];
    assert_eq!((&train["part"]["port"], &train["part"]["sha256"]), (&"train".into(), &sha256.into()));
    assert!(trace(&space, &["results/tiny/synthetic/samples/images"]).starts_with("synthetic.samples   sha256:"));
    assert!(trace(&space, &["results/tiny/synthetic/samples/images"]).contains("SYNTHETIC, not for diagnosis"));
}

#[test]
fn results_that_were_changed_back_are_of_the_run_that_computed_them() {
    let space = Space::tiny();
    space.executed();
    let first = json(&space, &["comparison"])[0]["run"].clone();
    space.edit("epochs: 2", "epochs: 1");
    space.executed();
    let second = json(&space, &["comparison"])[0]["run"].clone();
    assert_ne!(first, second);
    assert_eq!(json(&space, &["results/tiny/comparison"])[0]["run"], second);
    space.edit("epochs: 1", "epochs: 2");
    assert!(space.executed().is_empty(), "it is recorded as a run that computed nothing");
    for what in ["results/tiny/comparison", "results/tiny/comparison/table.csv"] {
        let found = &json(&space, &[what])[0];
        assert_eq!(found["computed"]["run"], first, "{what}");
        assert!(found["run"] != first && found["run"] != second, "{what}");
    }
    // A modified file is not a result.
    let table = space.path("results/tiny/comparison/table.csv");
    std::fs::remove_file(&table).unwrap();
    std::fs::write(&table, "mine").unwrap();
    for what in ["results/tiny/comparison/table.csv", "results/tiny/comparison"] {
        assert!(wrong(&space, what).contains("comparison/table.csv` was modified after it was written"), "{what}");
    }
}

#[test]
fn a_wrong_argument_is_answered_with_what_may_be_meant() {
    let space = Space::tiny();
    space.executed();
    for (what, help) in [
        ("clasifier", "help: a stage with a similar name exists: `classifier`"),
        ("clasifier/arm=real", "help: a stage with a similar name exists: `classifier`"),
        ("classifier/arm=reel", "help: a coordinate with a similar name exists: `arm=real`"),
        ("classifier/amr=real", "help: a coordinate with a similar name exists: `arm=real`"),
        ("split.trian", "help: an output with a similar name exists: `train`"),
        ("results/tiny/comparisn", "help: a path with a similar name exists: `results/tiny/comparison`"),
        ("results/tiny/comparison/tabel.csv", "help: a path with a similar name exists: `results/tiny/comparison/table.csv`"),
        ("b3:ffffffffffff", "help: name a file or directory under results, a stage, or at least 4 digits"),
        ("b3:f", "help: name a file or directory under results, a stage, or at least 4 digits"),
        ("study.yaml", "error: no run in this store made `study.yaml`"),
        ("results", "error: `results` contains no results of a run in this store"),
    ] {
        let err = wrong(&space, what);
        assert!(err.contains(help), "{what}: {err}");
    }
    let said = space.hilum(&["trace", "balanced", "clasifier", "zebra", "--json"]);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let faults = document["diagnostics"].as_array().unwrap().len();
    assert_eq!((said.code, faults, said.err.matches("error: ").count()), (2, 2, 2), "both wrong names must be reported at once");
    assert_eq!(space.hilum(&["trace"]).code, 2);
}

#[test]
fn a_run_whose_graph_is_not_recorded_leaves_origins_open() {
    let space = Space::tiny();
    space.executed();
    let run = json(&space, &["balanced"])[0]["run"].as_str().unwrap().to_owned();
    let journal = format!(".hilum/runs/{run}/journal.jsonl");
    let text = space.read(&journal);
    space.write(&journal, text.replacen("\"resolved\":", "\"resulved\":", 1));
    let balanced = &json(&space, &["balanced"])[0];
    assert_eq!((&balanced["study"], &balanced["inputs"][0]["port"], &balanced["inputs"][0]["from"]), (&"tiny".into(), &"samples".into(), &Value::Null));
    let told = trace(&space, &["balanced"]);
    assert!(told.contains("└─ balanced (undersample)") && told.contains("└─ where its samples came from was not recorded"), "{told}");
    assert!(!told.contains("split"), "an origin that was not recorded must not be guessed: {told}");
}

#[test]
fn a_single_number_is_traced_to_the_evaluations_that_it_is_of() {
    let space = Space::tiny();
    space.executed();
    let table = "results/tiny/comparison/table.csv";
    let text = trace(&space, &[table, "--cell", "arm=real", "--column", "accuracy"]);
    assert!(text.starts_with("arm=real  accuracy  value: 0."), "{text}");
    assert!(text.contains("scores/arm=real/repeat=1") && !text.contains("scores/arm=real+synthetic"), "{text}");
    let value =
        space.read(table).lines().find(|row| row.starts_with(",arm=real,") && row.contains(",accuracy,")).unwrap().split(',').nth(5).unwrap().to_owned();
    let document: Value = serde_json::from_str(&trace(&space, &[table, "--cell", "arm=real+synthetic", "--column", "difference", "--json"])).unwrap();
    assert_eq!(document["column"], "difference");
    let of = |arm: &str| inputs(&document["trace"][0]).iter().any(|input| input.contains(&format!("scores/arm={arm}/repeat=0")));
    assert!(of("real") && of("real+synthetic"), "a difference is of both: {:?}", inputs(&document["trace"][0]));
    assert!(text.contains(&value), "{value}: {text}");
    for (args, why) in [
        (vec!["trace", table, "--cell", "arm=rela"], "the table has no row with `arm=rela`"),
        (vec!["trace", table, "--column", "acuracy"], "the table has no column `acuracy`"),
        (vec!["trace", "comparison", "--column", "value"], "--cell and --column are of one table"),
    ] {
        let said = space.hilum(&args);
        assert!(said.code == 2 && said.err.contains(why), "{args:?}: {} {}", said.code, said.err);
    }
}
