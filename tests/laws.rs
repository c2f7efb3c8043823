//! Laws that hold for every study.

use crate::space::Space;

#[test]
fn jobs_and_threads_change_no_byte() {
    let digests = |jobs: &str, threads: &str| {
        let space = Space::tiny();
        let out = space.command(&["run", "study.yaml", "--jobs", jobs]).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(out.status.success());
        space.digests()
    };
    let one = digests("1", "1");
    assert_eq!(one.len(), 44, "all artifacts of the tiny study must be compared");
    assert_eq!(digests("2", "2"), one);
    assert_eq!(digests("8", "3"), one);
}

#[test]
fn another_directory_and_another_name_change_no_key() {
    let keys = |space: &Space| -> Vec<String> {
        space.executed();
        let plan = space.hilum(&["plan", "study.yaml", "--json"]).out;
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        let mut keys: Vec<String> = plan["stages"].as_array().unwrap().iter().map(|s| s["key"].as_str().unwrap().to_owned()).collect();
        keys.sort();
        keys
    };
    let (here, there) = (Space::tiny(), Space::tiny());
    there.edit("balanced", "evened-out");
    there.edit("# A phantom study", "# Another comment on a phantom study");
    assert_eq!(keys(&here), keys(&there));
}

#[test]
fn a_variant_states_only_what_differs() {
    let space = Space::tiny();
    space.executed();
    space.write("variant.yaml", "extends: study.yaml\nstudy: variant\nstages:\n  classifier: { with: { epochs: 1 } }\n  embedding: null\n");
    let said = space.hilum(&["run", "variant.yaml", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let executed = crate::space::done(&said.out);
    assert!(executed.iter().all(|s| ["classifier", "scores", "comparison"].iter().any(|p| s.starts_with(p))), "{executed:?}");
    assert!(space.path("results/variant/comparison/table.csv").exists() && !space.path("results/variant/embedding").exists());
}

#[test]
fn folds_are_an_axis() {
    let space = Space::tiny();
    space.edit("with: { by: patient, train: 0.7, test: 0.3 }", "matrix: { fold: [0, 1, 2] }\n    with: { by: patient, folds: 3, fold: $fold }");
    space.edit("scores: scores/*", "scores: scores/arm=*/repeat=*");
    space.edit("weights: classifier/arm=real/repeat=0", "weights: classifier/arm=real/repeat=0/fold=0");
    space.edit(
        "samples: [split.train, synthetic], images: [pixels, synthetic.images]",
        "samples: [split.train/fold=0, synthetic/fold=0], images: [pixels, synthetic.images/fold=0]",
    );
    let plan = space.plan();
    assert!(plan.iter().any(|p| p.0 == "comparison/fold=2"), "{plan:?}");
    assert_eq!(plan.iter().filter(|p| p.0.starts_with("scores/")).count(), 12);
    space.executed();
    // Every image is tested exactly once.
    let rows = |fold: u32| space.read(&format!("results/tiny/split/fold={fold}/test.csv")).lines().count() - 1;
    assert_eq!(rows(0) + rows(1) + rows(2), 72);
}
