//! Studies whose test patients reach training are refused, and their sound twins pass.

use crate::space::Space;

#[test]
fn a_split_by_image_is_refused_before_anything_is_trained() {
    let space = Space::tiny();
    space.edit("by: patient", "by: image");
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("error[L0002]: `classifier` would be tested on patients whose images it was trained on"), "{}", said.err);
    assert!(said.err.contains("study.yaml:") && said.err.contains("`classifier/arm=real/repeat=0` (study.yaml:50)"), "{}", said.err);
    let executed = crate::space::done(&said.out);
    assert!(executed.iter().all(|s| !s.starts_with("classifier") && !s.starts_with("generator")), "{executed:?}");
}

#[test]
fn a_generator_trained_on_the_test_part_is_refused() {
    let space = Space::tiny();
    space.edit("in: { samples: balanced, images: pixels }", "in: { samples: split.test, images: pixels }");
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("error[L0001]"), "{}", said.err);
    let path = "path: `classifier/arm=real+synthetic/repeat=0` (study.yaml:50) ← `training-set/arm=real+synthetic` (study.yaml:44) ← `synthetic` (study.yaml:39) ← `generator` (study.yaml:30)";
    assert!(said.err.contains(path), "{}", said.err);
    assert!(said.err.contains("help: train the generator on other patients, or allow `leakage.generator_trained_on_eval` with a reason"));
}

#[test]
fn an_allowed_finding_runs_and_the_report_says_so() {
    let space = Space::tiny();
    space.edit("by: patient", "by: image");
    space.edit("seed: 7\n", "seed: 7\nchecks: { allow: [{ id: leakage.patient_overlap, reason: as published by them }, { id: leakage.generator_trained_on_eval, reason: they did }] }\n");
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    space.hilum(&["report", "-o", "r.html"]);
    assert!(space.read("r.html").contains("Allowed: as published by them"));
    // Everything is cached, and yet the study is refused once the finding is no longer allowed.
    space.edit(
        "checks: { allow: [{ id: leakage.patient_overlap, reason: as published by them }, { id: leakage.generator_trained_on_eval, reason: they did }] }\n",
        "",
    );
    assert_eq!(space.hilum(&["run", "study.yaml"]).code, 4);
}

#[test]
fn a_leak_is_still_found_when_everything_is_cached_and_unused_allowances_are_reported() {
    let space = Space::tiny();
    let allow = "checks: { allow: [{ id: leakage.generator_trained_on_eval, reason: they did }, { id: leakage.duplicate, reason: no need }] }\n";
    space.edit("in: { samples: balanced, images: pixels }", "in: { samples: split.test, images: pixels }");
    space.edit("seed: 7\n", &format!("seed: 7\n{allow}"));
    for verb in ["run", "run", "plan"] {
        let said = space.hilum(&[verb, "study.yaml"]);
        assert!(said.code == 0 && said.err.contains("warning[L0001]") && said.err.contains("allowed: they did"), "{}", said.err);
        assert!(said.err.contains("warning[W0001]: `leakage.duplicate` is allowed"), "{verb}: {}", said.err);
    }
    space.edit(allow, "");
    for verb in ["plan", "run"] {
        let said = space.hilum(&[verb, "study.yaml"]);
        assert!(said.code == 4 && said.err.contains("error[L0001]"), "{}", said.err);
    }
    // A test of synthetic images is one only if they are in place of real ones.
    space.edit("with: { resamples: 200 }", "with: { resamples: 200, purpose: synthetic-quality }");
    let said = space.hilum(&["plan", "study.yaml"]);
    assert!(said.code == 4 && said.err.contains("error[L0001]"), "{}", said.err);
}

#[test]
fn no_patient_is_in_two_parts() {
    let space = Space::tiny();
    space.executed();
    let patients = |part: &str| -> std::collections::BTreeSet<String> {
        space.read(&format!("results/tiny/split/{part}.csv")).lines().skip(1).map(|l| l.split(',').nth(1).unwrap().to_owned()).collect()
    };
    assert!(patients("train").is_disjoint(&patients("test")) && !patients("test").is_empty());
}
