//! Sealed plans from outside: before the first look, what is seen of later changes, and what is refused.

use crate::space::{Space, finished, said};
use serde_json::Value;
use std::fs;

fn run(space: &Space) -> String {
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    finished(&said.out)["run"].as_str().unwrap().to_owned()
}

/// What the report says of the newest run.
fn report(space: &Space) -> String {
    let said = space.hilum(&["report", "-o", "r.html", "--without-images"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let page = space.read("r.html");
    let at = page.find("id=\"sealed\"").unwrap_or_else(|| panic!("the report says nothing of a seal"));
    page[at..].chars().take(6000).collect()
}

fn plan(space: &Space) -> (String, Value) {
    let [text, json] = [&["plan", "study.yaml"][..], &["plan", "study.yaml", "--json"]].map(|args| space.hilum(args));
    (text.out, serde_json::from_str::<Value>(&json.out).unwrap()["seal"].clone())
}

#[test]
fn a_plan_is_sealed_before_the_first_look_and_later_changes_are_seen() {
    let space = Space::tiny();
    assert_eq!(plan(&space).1, Value::Null);
    let sealed = space.hilum(&["plan", "study.yaml", "--seal"]);
    assert_eq!(sealed.code, 0, "{}{}", sealed.out, sealed.err);
    assert!(sealed.out.starts_with("sealed comparison on split.test, with ") && sealed.err.contains("the seal is not signed"), "{}{}", sealed.out, sealed.err);
    let again = space.hilum(&["plan", "study.yaml", "--seal"]);
    assert!(again.code == 0 && again.err.contains("sealed already; nothing was written"), "{}{}", again.out, again.err);
    let (text, found) = plan(&space);
    assert!(text.contains("not signed: the study is as sealed\n"), "{text}");
    assert_eq!((&found["deviations"], &found["tests"][0], &found["earlier"]), (&serde_json::json!([]), &"split.test".into(), &0.into()), "{found}");
    let first = run(&space);
    let page = report(&space);
    assert!(page.contains("The comparison is as sealed.") && page.contains("before the first evaluation on this test"), "{page}");
    // Another metric, another training; only the first is of the analysis.
    space.edit("against: { arm: real }, resamples: 200", "against: { arm: real }, metric: sensitivity/covid, resamples: 200");
    let (text, found) = plan(&space);
    assert!(text.contains("the study is not as sealed, 1 difference:\n  comparison   metric: auroc → sensitivity/covid\n"), "{text}");
    let d = &found["deviations"][0];
    assert_eq!([&d["stage"], &d["role"], &d["path"], &d["sealed"], &d["now"]], ["comparison", "comparison", "metric", "auroc", "sensitivity/covid"], "{found}");
    run(&space);
    let page = report(&space);
    for part in ["The comparison is not as sealed: 1 thing is another.", "<code>metric</code>", "auroc", "sensitivity/covid", "before the first evaluation"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    space.edit("metric: sensitivity/covid, ", "");
    space.edit("epochs: 2", "epochs: 1");
    run(&space);
    assert!(report(&space).contains("The analysis is as sealed; of how the arms are made, 4 things are others."), "{}", report(&space));
    // Now it is too late.
    let late = space.hilum(&["plan", "study.yaml", "--seal"]);
    let expected = format!("models were evaluated on `split.test` before, in run {first} (`scores/arm=real+synthetic/repeat=0` and 3 other stages)");
    assert!(late.code == 4 && late.err.contains(&expected), "{}", late.err);
    // The seal is in the ledger.
    assert_eq!(space.hilum(&["verify"]).code, 0);
    let seal = found["run"].as_str().unwrap();
    let path = space.path(&format!(".hilum/runs/{seal}/journal.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"metric\":\"auroc\""), "{text}");
    fs::write(&path, text.replace("\"metric\":\"auroc\"", "\"metric\":\"brier\"")).unwrap();
    let verified = space.hilum(&["verify"]);
    assert!(verified.code == 3 && verified.out.contains(&format!("journal of run {seal}: line")), "{}", verified.out);
    assert!(plan(&space).0.contains("its record was altered, and what it says cannot be relied on"), "{}", plan(&space).0);
    assert!(report(&space).contains("The record of the sealed plan was altered"));
}

#[test]
fn a_seal_that_comes_after_a_look_at_another_test_counts_for_its_own_only() {
    let space = Space::tiny();
    let looked = run(&space);
    space.edit("train: 0.7, test: 0.3", "train: 0.6, test: 0.4");
    assert_eq!(space.hilum(&["plan", "study.yaml", "--seal"]).code, 0, "nobody looked at these");
    run(&space);
    assert!(report(&space).contains("The comparison is as sealed."));
    space.edit("train: 0.6, test: 0.4", "train: 0.7, test: 0.3");
    space.edit("resamples: 200 }\n\n  embedding", "resamples: 201 }\n\n  embedding");
    run(&space);
    let page = report(&space);
    assert!(page.contains("The comparison is not as sealed") && page.contains(&format!("had been evaluated on this test in 1 run: {looked}")), "{page}");
    let (text, _) = plan(&space);
    assert!(text.contains("split (test)   ") && text.contains(&format!("the test had been evaluated before that, in run {looked}")), "{text}");
}

#[test]
fn a_seal_is_signed_by_the_key_of_the_environment_and_needs_a_comparison() {
    let (space, keys) = (Space::tiny(), tempfile::tempdir().unwrap());
    let key = keys.path().join("k").display().to_string();
    assert_eq!(space.hilum(&["key", "new", &key]).code, 0);
    let sealed = said(space.command(&["plan", "study.yaml", "--seal"]).env("HILUM_KEY", &key).output().unwrap());
    assert!(sealed.code == 0 && sealed.out.contains("by the key ") && !sealed.err.contains("not signed"), "{}{}", sealed.out, sealed.err);
    let verified = space.hilum(&["verify", &format!("--trusted-key={key}.pub")]);
    assert!(verified.code == 0 && verified.out.contains("1 checkpoint: 1 signed by a key that you trust"), "{}{}", verified.out, verified.err);
    let log = space.hilum(&["log"]);
    assert!(log.out.contains("tiny: sealed plan"), "{}", log.out);
    space.write("study.yaml", "study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { a: { images: 6 } } } }\n");
    let nothing = space.hilum(&["plan", "study.yaml", "--seal"]);
    assert!(nothing.code == 2 && nothing.err.contains("the study compares nothing"), "{}", nothing.err);
}
