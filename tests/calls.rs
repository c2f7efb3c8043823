//! Invalid calls, damaged stores, refused studies: the message and exit code of each subcommand.

use crate::space::{Said, Space};
use serde_json::Value;
use std::fs;

/// Calls that are wrong in a directory with an executed study, and a few words of what is said.
const WRONG: &[(&[&str], &str)] = &[
    (&["nonsense"], "unrecognized subcommand"),
    (&["check", "missing.yaml"], "there is no file `missing.yaml`"),
    (&["plan", "missing.yaml"], "there is no file `missing.yaml`"),
    (&["run", "missing.yaml"], "there is no file `missing.yaml`"),
    (&["why", "missing.yaml", "split"], "there is no file `missing.yaml`"),
    (&["graph", "missing.yaml"], "there is no file `missing.yaml`"),
    (&["why", "study.yaml", "spilt"], "a stage with a similar name exists: `split`"),
    (&["why", "study.yaml", "classifier/arm=none"], "there is no stage `classifier/arm=none`"),
    (&["run", "study.yaml", "--only", "classifier/arm=none/repeat=0"], "there is no stage `classifier/arm=none/repeat=0`"),
    (&["run", "study.yaml", "--force", "spilt"], "`split`"),
    (&["run", "study.yaml", "--jobs", "0"], "--jobs"),
    (&["run", "study.yaml", "--device", "gpu"], "cuda:N"),
    (&["check", "study.yaml", "--set", "nonsense"], "error[E0009]"),
    (&["plan", "study.yaml", "--set", "stages.clasifier.with.steps=5"], "there is no key `stages.clasifier`"),
    (&["run", "study.yaml", "--set", "stags.classifier.with.steps=5"], "there is no key `stags`"),
    (&["check", "study.yaml", "--data", "x=missing"], "there is no directory `missing`"),
    (&["graph", "study.yaml", "--format", "dot", "--json"], "cannot be used with"),
    (&["plan", "study.yaml", "--counts", "--resolved"], "`--resolved` and `--counts`"),
    (&["plan", "study.yaml", "--store", "study.yaml"], "--store: `study.yaml` is not a directory"),
    (&["run", "study.yaml", "--results", "study.yaml"], "--results: `study.yaml` is not a directory"),
    (&["ls", "--store", "missing"], "there is no store at `missing`"),
    (&["verify", "--store", "study.yaml"], "there is no store at `study.yaml`"),
    (&["gc", "--store", "missing"], "there is no store at `missing`"),
    (&["gc", "--max-size", "lots"], "`lots` is not a size"),
    (&["gc", "--keep-runs", "-1"], "-1"),
    (&["show", "b3:00000000"], "there is no run or artifact `b3:00000000`"),
    (&["show", "../study.yaml"], "there is no run or artifact"),
    (&["report", "2020-01-01-000000-000000"], "there is no run `2020-01-01-000000-000000`"),
    (&["report", "-o", "no/such/report.html"], "there is no directory `no/such`"),
    (&["export", "ro-crat", "-o", "x"], "ro-crate"),
    (&["export", "ro-crate"], "--output <DIR>"),
    (&["export", "ro-crate", "-o", "x", "2020-01-01-000000-000000"], "there is no run `2020-01-01-000000-000000`"),
    (&["export", "ro-crate", "-o", "."], "`.` is not empty"),
    (&["export", "ro-crate", "-o", "study.yaml"], "`study.yaml` is a file"),
    (&["export", "ro-crate", "-o", "no/such/crate"], "there is no directory `no/such`"),
    (&["export", "ro-crate", "-o", ".hilum/crate"], "where hilum keeps what it needs"),
    (&["diff", "2020-01-01-000000-000000", "2020-01-01-000000-000001"], "there is no run `2020-01-01-000000-000000`"),
    (&["trace", "nothing"], "nothing in the store is called `nothing`"),
    (&["image", "xyz"], "is not a digest"),
    (&["image", "0123456789"], "error: "),
    (&["image", "0123456789", "--study", "no/study.yaml"], "there is no `.hilum-private`"),
    (&["key", "adopt", "missing.yaml"], "there is no file `missing.yaml`"),
    (&["key", "adopt", "study.yaml"], "there is no `.hilum-private/study.key`"),
    (&["stages", "splitt"], "a kind with a similar name exists: `split`"),
    (&["explain", "E0140"], "a code with a similar name exists: `E0104`"),
    (&["explain", "leakage.duplicates"], "a code with a similar name exists: `leakage.duplicate`"),
    (&["init", "."], "`.` is not empty"),
    (&["init", "study.yaml"], "`study.yaml` is a file"),
    (&["man", "study.yaml"], "`study.yaml` is a file"),
    (&["completions", "tcsh"], "tcsh"),
];

/// Subcommands that print no data, or share their errors with others.
const WITHOUT_JSON: [&str; 6] = ["nonsense", "why", "trace", "init", "completions", "man"];

#[test]
fn a_wrong_call_exits_with_2_and_says_why() {
    let space = Space::tiny();
    space.executed();
    for (call, words) in WRONG {
        let said = space.hilum(call);
        assert!(
            said.code == 2 && said.err.contains(words) && (said.out.is_empty() || call.contains(&"--json")),
            "{call:?}: {} {}\n{}",
            said.code,
            said.out,
            said.err
        );
        if WITHOUT_JSON.contains(&call[0]) {
            continue;
        }
        let call = if call.contains(&"--json") { call.to_vec() } else { [call, &["--json"][..]].concat() };
        if call.contains(&"--counts") {
            continue;
        }
        let said = space.hilum(&call);
        let faults = diagnostics(&said);
        assert!(said.code == 2 && faults.iter().any(|f| f["severity"] == "error" && f["message"] != ""), "{call:?}: {} {}", said.code, said.out);
    }
}

/// The faults in the one document that was printed.
fn diagnostics(said: &Said) -> Vec<Value> {
    let document: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {}\n{}", said.out, said.err));
    document["diagnostics"].as_array().unwrap_or_else(|| panic!("{}", said.out)).clone()
}

#[test]
fn a_damaged_store_exits_with_3() {
    let space = Space::tiny();
    space.executed();
    let digest = space.digests()["comparison table"].clone();
    let hex = digest.strip_prefix("b3:").unwrap();
    let object = find(&space.path(".hilum/objects"), &hex[hex.len() - 20..]).expect("the object lies somewhere");
    let mut permissions = fs::metadata(&object).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    fs::set_permissions(&object, permissions).unwrap();
    fs::write(&object, "other bytes").unwrap();
    for call in [&["report"][..], &["report", "--json"]] {
        let said = space.hilum(call);
        assert_eq!(said.code, 3, "{call:?}: {}", said.err);
    }
    let said = space.hilum(&["verify", "--json"]);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &found["faults"][0]["digest"]), (3, &Value::from(digest)), "{}", said.out);
}

/// The file below a directory whose name ends so.
fn find(directory: &std::path::Path, end: &str) -> Option<std::path::PathBuf> {
    fs::read_dir(directory).ok()?.map(|e| e.unwrap().path()).find_map(|p| match p.is_dir() {
        true => find(&p, end),
        false => p.to_string_lossy().ends_with(end).then_some(p),
    })
}

#[test]
fn a_refused_study_exits_with_4() {
    let space = Space::tiny();
    let leak = "stages.split.with.by=image";
    assert_eq!(space.hilum(&["check", "study.yaml", "--set", leak]).code, 4, "phantoms say how many images a patient has");
    for verb in ["run", "plan"] {
        let said = space.hilum(&[verb, "study.yaml", "--set", leak, "--json"]);
        assert_eq!(said.code, 4, "{verb}: {}", said.err);
        said.out.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
        assert!(said.out.contains("\"L000"), "{verb}: {}", said.out);
    }
}

#[test]
fn a_study_is_found_where_none_is_named() {
    let space = Space::tiny();
    assert_eq!(space.hilum(&["check"]).out, "tiny: 18 stages, no errors\n");
    assert!(space.hilum(&["why", "spilt"]).err.contains("`split`"), "`why` takes a single word for a stage of the study that is found");
    // What is not a study does not count.
    space.write("other.yaml", "name: no study\n");
    assert_eq!(space.hilum(&["check"]).code, 0);
    space.write("second.yml", "study: second\n");
    let several = space.hilum(&["check"]);
    assert!(several.code == 2 && several.err.contains("this directory has 2: `second.yml`, `study.yaml`"), "{}", several.err);
    assert_eq!(diagnostics(&space.hilum(&["run", "--json"])).len(), 1);
    space.write("hilum.yaml", space.read("study.yaml"));
    assert_eq!(space.hilum(&["plan"]).code, 0);
    let empty = Space::new().hilum(&["plan"]);
    assert!(empty.code == 2 && empty.err.contains("no study named, and none found in this directory"), "{}", empty.err);
}

#[test]
fn a_file_that_was_meant_is_named() {
    let space = Space::new();
    space.write("pipelines/tiny.yaml", "study: tiny\n");
    for wrong in ["pipelins/tiny.yml", "pipelines/tinny.yaml", "pipelines/tiny.yml"] {
        let said = space.hilum(&["run", wrong]);
        assert!(said.code == 2 && said.err.contains("a file with a similar name exists: `pipelines/tiny.yaml`"), "{wrong}: {}", said.err);
    }
    assert!(!space.hilum(&["run", "quite/another.yaml"]).err.contains("similar"));
}

#[test]
fn a_run_or_digest_that_was_meant_is_named() {
    let space = Space::tiny();
    space.executed();
    let runs: Value = serde_json::from_str(&space.hilum(&["ls", "--json"]).out).unwrap();
    let run = runs["runs"][0]["run"].as_str().unwrap();
    let typed = format!("{}x", &run[..run.len() - 1]);
    for verb in ["show", "report"] {
        let said = space.hilum(&[verb, &typed]);
        assert!(said.err.contains(&format!("a run with a similar name exists: `{run}`")), "{}", said.err);
    }
    let digest = &space.digests()["split train"];
    let typed = format!("{}zz", &digest[..13]);
    assert!(space.hilum(&["show", &typed]).err.contains(&format!("a digest with a similar name exists: `{}`", &digest[..15])));
}
