//! One recipe is executed once in a run, however many stages have it; and what decides an exit code is looked at
//! whether a stage runs or is cached.

use crate::space::{Said, Space, done, finished, said};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// Three cells with one recipe, a fourth with another one, and something below each.
const TWINS: &str = "study: twins\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 32, classes: { normal: { images: 8 }, covid: { images: 8 } } } }\n  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n  gan:\n    stage: train-gan\n    matrix: { arm: [a, b, c] }\n    in: { samples: images, images: pixels }\n    with: { network: { dcgan: { size: 32, width: 2, latent: 4 } }, label: covid, steps: 2, batch: 4 }\n  made: { stage: synthesize, in: { generator: gan }, with: { count: 3 } }\n";

fn space(study: &str) -> Space {
    let space = Space::new();
    space.write("study.yaml", study);
    space
}

fn events<'a>(said: &'a Said, kind: &'a str) -> impl Iterator<Item = Value> + 'a {
    said.out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).filter(move |e| e["event"] == kind)
}

fn stages_of(said: &Said, kind: &str) -> Vec<String> {
    let mut names: Vec<String> = events(said, kind).map(|e| e["stage"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// How many receipts each key has, and the keys of stages that were up to date.
fn receipts(space: &Space) -> (BTreeMap<String, usize>, BTreeMap<String, String>) {
    let (mut receipts, mut keys) = (BTreeMap::new(), BTreeMap::new());
    for run in fs::read_dir(space.path(".hilum/runs")).unwrap().map(Result::unwrap) {
        for line in fs::read_to_string(run.path().join("journal.jsonl")).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            match line["type"].as_str() {
                Some("receipt") => *receipts.entry(line["receipt"]["key"].as_str().unwrap().to_owned()).or_default() += 1,
                Some("reused") => keys.extend(line["stages"].as_object().unwrap().iter().map(|(s, k)| (s.clone(), k.as_str().unwrap().to_owned()))),
                _ => {}
            }
        }
    }
    (receipts, keys)
}

#[test]
fn stages_with_one_recipe_run_once_with_any_number_of_jobs() {
    for jobs in ["1", "2", "8"] {
        let space = space(TWINS);
        let plan = space.hilum(&["run", "study.yaml", "--only", "pixels"]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan = space.hilum(&["plan", "study.yaml"]).out;
        assert!(
            plan.contains("gan   2 of 3 cells share the result of `gan/arm=a`")
                && plan.contains("8 stages: 2 up to date, 1 will run, 3 pending, 2 share a result"),
            "{plan}"
        );
        let said = space.hilum(&["run", "study.yaml", "--json", "--jobs", jobs]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(done(&said.out), ["gan/arm=a", "made/arm=a"], "{jobs} jobs");
        assert_eq!(stages_of(&said, "cut-off"), ["gan/arm=b", "gan/arm=c", "made/arm=b", "made/arm=c"]);
        assert!(events(&said, "cut-off").all(|e| e["of"].as_str().unwrap().ends_with("arm=a")));
        assert_eq!((finished(&said.out)["executed"].clone(), finished(&said.out)["reused"].clone()), (2.into(), 6.into()));
        let (receipts, keys) = receipts(&space);
        assert!(receipts.len() == 4 && receipts.values().all(|n| *n == 1), "{receipts:?}");
        assert!(["gan/arm=b", "gan/arm=c", "made/arm=c"].iter().all(|s| receipts.contains_key(&keys[*s])), "{keys:?}");
    }
}

#[test]
fn a_stage_that_took_the_result_of_another_is_known_like_any_other() {
    let space = space(TWINS);
    space.executed();
    assert!(space.executed().is_empty());
    assert!(space.hilum(&["why", "study.yaml", "gan/arm=b"]).out.contains("gan/arm=b   up to date: from run "));
    let trace = space.hilum(&["trace", "gan/arm=c"]);
    assert!(trace.code == 0 && trace.out.contains("└─ gan/arm=c (train-gan)  result of `gan/arm=a`, took "), "{}{}", trace.out, trace.err);
    assert_eq!(space.hilum(&["report", "-o", "r.html"]).code, 0);
    let page = space.read("r.html");
    assert!(page.contains("gan/arm=b") && page.contains("made/arm=c") && !page.contains(" not run"), "a cell is missing from the report");
    // What the twins need stays; and the reasons for a change are those of their own last recipe.
    space.edit("count: 3", "count: 4");
    space.executed();
    assert_eq!(space.hilum(&["gc", "--keep-runs", "1"]).code, 0);
    assert!(space.executed().is_empty());
    space.edit("steps: 2", "steps: 3");
    let plan: BTreeMap<String, (String, Value)> = space.plan().into_iter().map(|(s, d, r)| (s, (d, r))).collect();
    assert_eq!((plan["gan/arm=a"].0.as_str(), plan["gan/arm=b"].0.as_str()), ("execute", "share"));
    space.edit("label: covid, steps: 3", "label: covid, steps: 2");
    space.edit("matrix: { arm: [a, b, c] }", "matrix: { arm: [b] }");
    assert!(space.executed().is_empty(), "a stage that shared a result must be up to date without the stage that computed it");
}

#[test]
fn a_forced_recipe_runs_once_and_serves_all_that_have_it() {
    let space = space(TWINS);
    space.executed();
    for forced in ["gan/arm=b", "gan/arm=c", "gan"] {
        let said = space.hilum(&["run", "study.yaml", "--json", "--force", forced]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(done(&said.out), ["gan/arm=a"], "--force {forced}");
        assert_eq!(stages_of(&said, "cut-off").iter().filter(|s| s.starts_with("gan")).count(), 2);
    }
}

#[test]
fn a_damaged_result_that_several_stages_share_is_recomputed_once() {
    let space = space(TWINS);
    space.executed();
    let digest = space.digests()["gan/arm=a generator"][3..].to_owned();
    fs::remove_file(space.path(".hilum/objects").join(&digest[..2]).join(&digest[2..])).unwrap();
    assert_eq!(space.executed(), ["gan/arm=a"]);
    // Found damaged on use: all that share it wait until it is there again.
    let tree: Value = serde_json::from_slice(&fs::read(space.path(".hilum/objects").join(&digest[..2]).join(&digest[2..])).unwrap()).unwrap();
    let weights = tree["files"].as_array().unwrap().iter().find(|f| f["name"] == "weights.safetensors").unwrap()["digest"].as_str().unwrap()[3..].to_owned();
    let path = space.path(".hilum/objects").join(&weights[..2]).join(&weights[2..]);
    let (mut bytes, times) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
    space.edit("count: 3", "count: 4");
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(done(&said.out), ["gan/arm=a", "made/arm=a"]);
    assert_eq!(space.hilum(&["verify"]).code, 0);
}

#[test]
fn a_failed_recipe_is_not_retried_by_another_stage() {
    let allowed = "checks: { allow: { metric.unknown_class: so that the stage fails } }\nstages:\n";
    let space = space(&TWINS.replace("label: covid", "label: nobody").replacen("stages:\n", allowed, 1));
    for (args, skipped) in [(vec!["run", "study.yaml", "--json"], 3), (vec!["run", "study.yaml", "--json", "--keep-going"], 3)] {
        let said = space.hilum(&args);
        assert_eq!(said.code, 1, "{}", said.err);
        assert_eq!(stages_of(&said, "failed"), ["gan/arm=a", "gan/arm=b", "gan/arm=c"], "{args:?}");
        assert_eq!(stages_of(&said, "stage-started").iter().filter(|s| s.starts_with("gan")).count(), 1);
        let messages: Vec<String> = events(&said, "failed").map(|e| e["message"].as_str().unwrap().to_owned()).collect();
        assert!(messages[1..].iter().all(|m| *m == format!("same recipe as `gan/arm=a`, which failed: {}", messages[0])), "{messages:?}");
        let end = finished(&said.out);
        assert_eq!((end["failed"].clone(), end["skipped"].clone()), (3.into(), skipped.into()));
    }
}

#[test]
fn concurrent_runs_execute_a_shared_recipe_once() {
    let space = space(TWINS);
    let start = || space.command(&["run", "study.yaml", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for run in [start(), start()].map(|c| said(c.wait_with_output().unwrap())) {
        assert_eq!(run.code, 0, "{}", run.err);
        let end = finished(&run.out);
        assert_eq!(end["executed"].as_u64().unwrap() + end["reused"].as_u64().unwrap(), 8);
    }
    let (receipts, _) = receipts(&space);
    assert!(receipts.len() == 4 && receipts.values().all(|n| *n == 1), "{receipts:?}");
}

#[test]
fn a_cancelled_run_leaves_the_twins_to_the_next_one() {
    let space = space(&TWINS.replace("steps: 2", "steps: 3000"));
    let mut child = space.command(&["run", "study.yaml", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|l| l.contains("\"progress\"") && l.contains("gan/arm=a")).unwrap();
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let end = finished(&rest.join("\n"));
    assert_eq!((end["failed"].clone(), end["skipped"].clone()), (0.into(), 6.into()), "{rest:?}");
    space.edit("steps: 3000", "steps: 2");
    assert_eq!(space.executed(), ["gan/arm=a", "made/arm=a"]);
}

const EXPECT: &str = "study: t\nstages:\n  images: { stage: phantoms, seed: 1, with: { size: 16, classes: { normal: { images: 14 }, covid: { images: 9 } } } }\n  few: { stage: undersample, seed: 1, in: { samples: images } }\n  pixels: { stage: prepare, in: { samples: few }, with: { size: 16 } }\n";

#[test]
fn expected_counts_are_checked_whether_a_stage_runs_or_is_cached() {
    let unmet = EXPECT.replace("few: { stage: undersample,", "few: { stage: undersample, expect: { normal: 12345 },");
    let message = "error[E0501]: `few` has 9 images of `normal`, but the study expects 12345";
    let fresh = space(&unmet);
    let said = fresh.hilum(&["run", "study.yaml"]);
    assert!(said.code == 4 && said.err.contains(message), "{}", said.err);
    let known = space(EXPECT);
    assert_eq!(known.executed().len(), 3);
    known.write("study.yaml", &unmet);
    for space in [&fresh, &known] {
        let plan = space.hilum(&["plan", "study.yaml"]);
        assert!(plan.code == 4 && plan.err.contains(message), "{}", plan.err);
        let json: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
        let finding = &json["findings"][0];
        assert_eq!([&finding["id"], &finding["code"], &finding["stage"]], ["counts.expect", "E0501", "few"]);
        for args in [&["run", "study.yaml", "--json"][..], &["run", "study.yaml", "--json", "--keep-going"]] {
            let said = space.hilum(args);
            assert_eq!((said.code, stages_of(&said, "stage-started")), (4, vec![]), "nothing is computed from it");
        }
    }
    // What was wrong is the expectation: nothing that was made is lost.
    fresh.edit("normal: 12345", "normal: 9");
    assert_eq!(fresh.executed(), ["pixels"]);
    known.edit("normal: 12345", "normal: 9, covid: 9");
    assert!(known.executed().is_empty());
    // Or other data are meant, and somebody says why.
    known.write("study.yaml", format!("{unmet}checks: {{ allow: [{{ id: counts.expect, reason: a smaller cohort }}] }}\n"));
    assert_eq!(known.hilum(&["run", "study.yaml"]).code, 0);
    assert_eq!(known.hilum(&["check", "study.yaml"]).code, 0);
}

#[test]
fn counts_that_cannot_be_are_found_before_anything_runs() {
    let space = space(&EXPECT.replace("few: { stage: undersample,", "few: { stage: undersample, expect: { normal: 8 },"));
    let said = space.hilum(&["check", "study.yaml"]);
    assert!(said.code == 4 && said.err.contains("`few` has 9 images of `normal`, but the study expects 8"), "{}", said.err);
    // Of images that nobody has counted, nothing is known.
    space.write("a/1.png", "");
    space.edit(
        "stage: phantoms, seed: 1, with: { size: 16, classes: { normal: { images: 14 }, covid: { images: 9 } } }",
        "stage: import, with: { images: a, label: normal }",
    );
    assert_eq!(space.hilum(&["check", "study.yaml"]).code, 0);
}

#[test]
fn a_twin_answers_for_its_own_expectation() {
    let two = EXPECT.replace("  pixels:", "  again: { stage: undersample, seed: 1, in: { samples: images }, expect: { normal: 8 } }\n  pixels:");
    let space = space(&two);
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    let end = finished(&said.out);
    assert_eq!((said.code, end["failed"].clone()), (4, 0.into()));
    assert!(said.err.contains("`again` has 9 images of `normal`, but the study expects 8") && !said.err.contains("`few` has"), "{}", said.err);
}
#[test]
fn a_plan_reports_what_a_run_refuses_at_once() {
    let space = Space::tiny();
    space.edit("by: patient", "by: image");
    assert_eq!(space.hilum(&["plan", "study.yaml"]).code, 0, "no table is known yet");
    let run = space.hilum(&["run", "study.yaml"]);
    assert_eq!(run.code, 4, "{}", run.err);
    let finding = &run.err[run.err.find("error[").unwrap()..];
    let plan = space.hilum(&["plan", "study.yaml"]);
    // A run has said its warnings by then.
    let errors = plan.err.split("warning[").next().unwrap();
    assert!(plan.code == 4 && finding.starts_with(errors.trim_end()), "{}", plan.err);
    assert!(plan.out.contains(" pending (waits for "), "{}", plan.out);
    let json = space.hilum(&["plan", "study.yaml", "--json"]);
    let found: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json.code, 4);
    assert!(found["findings"].as_array().unwrap().iter().any(|f| f["code"] == "L0002" && f["severity"] == "error"), "{}", json.out);
    assert_eq!(space.hilum(&["check", "study.yaml"]).code, 4, "on made-up tables of the same numbers");
    let allowed = "seed: 7\nchecks: { allow: [{ id: leakage.patient_overlap, reason: known }, { id: leakage.generator_trained_on_eval, reason: known }] }\n";
    space.edit("seed: 7\n", allowed);
    let plan = space.hilum(&["plan", "study.yaml"]);
    assert!(plan.code == 0 && plan.err.contains("allowed: known"), "{}", plan.err);
}
