//! Stores and results that come from somebody else: what is in them is looked at, never followed, and never shown as this program's
//! own words.

use crate::space::{Said, Space, said};
use hilum_cache::{Sha256, canonical};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const STUDY: &str = "study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { a: { images: 6 }, b: { images: 6 } } } }\n  split: { stage: split, in: { samples: images }, with: { by: patient, train: 0.5, test: 0.5 } }\n";

/// A study that ran once.
fn ran() -> Space {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    assert_eq!(space.hilum(&["run", "study.yaml"]).code, 0);
    space
}

fn verified(space: &Space, due: &[&str]) -> Said {
    let said = space.hilum(&["verify"]);
    assert_eq!(said.code, 3, "{due:?}: {}{}", said.out, said.err);
    due.iter().for_each(|part| assert!(said.out.contains(part), "{part}: {}", said.out));
    said
}

fn tables(space: &Space) -> Vec<PathBuf> {
    fn below(directory: &Path, out: &mut Vec<PathBuf>) {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { below(&path, out) } else { out.push(path) }
        }
    }
    let mut out = vec![];
    below(&space.path("results/s"), &mut out);
    out.retain(|path| path.extension().is_some_and(|e| e == "csv"));
    out.sort();
    out
}

#[test]
fn results_that_are_not_the_files_that_were_written_are_said() {
    let space = ran();
    let whole = space.hilum(&["verify"]);
    assert!(whole.code == 0 && whole.out.contains(" as written\n"), "{}", whole.out);
    let elsewhere = space.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let table = &tables(&space)[0];
    let kept = elsewhere.join("kept");
    // Gone; a link to a doctored file; a link to the right one; a directory.
    fs::rename(table, &kept).unwrap();
    verified(&space, &["MISSING  ", "1 fault\n"]);
    let doctored = elsewhere.join("doctored.csv");
    fs::write(&doctored, fs::read_to_string(&kept).unwrap().replace(",a,", ",b,")).unwrap();
    for target in [&doctored, &kept] {
        symlink(target, table).unwrap();
        verified(&space, &["NO FILE  ", "1 fault\n"]);
        fs::remove_file(table).unwrap();
    }
    fs::create_dir(table).unwrap();
    verified(&space, &["NO FILE  "]);
    fs::remove_dir(table).unwrap();
    fs::copy(&kept, table).unwrap();
    assert_eq!(space.hilum(&["verify"]).code, 0);
    // A directory on the way that is a link, and that of the study itself.
    for directory in [table.parent().unwrap(), &space.path("results/s")] {
        let moved = elsewhere.join("moved");
        fs::rename(directory, &moved).unwrap();
        symlink(&moved, directory).unwrap();
        verified(&space, &["NO FILE  "]);
        fs::remove_file(directory).unwrap();
        fs::rename(&moved, directory).unwrap();
    }
    // A file that no run wrote is nobody's word.
    fs::write(space.path("results/s/comparison.csv"), "arm,value\n").unwrap();
    let planted = space.hilum(&["verify"]);
    assert!(planted.code == 0 && planted.out.contains("1 file is there that no run wrote"), "{}", planted.out);
    let nowhere = space.hilum(&["verify", "--results", "study.yaml"]);
    assert!(nowhere.code == 2 && nowhere.err.contains("there is no directory `study.yaml`"), "{}", nowhere.err);
    let empty = space.hilum(&["verify", "--results", "elsewhere"]);
    assert!(empty.code == 0 && empty.out.contains("no results of s are in elsewhere"), "{}", empty.out);
}

/// Writes the journal of the only run anew, with all links as they should be, and takes its checkpoint away.
fn rewritten(space: &Space, change: impl Fn(&mut Value)) {
    let run = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().path();
    let journal = run.join("journal.jsonl");
    let (mut prev, mut out) = (Sha256::of(b""), String::new());
    for line in fs::read_to_string(&journal).unwrap().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        change(&mut line);
        line["prev"] = prev.hex().into();
        let text = canonical::to_string(&line);
        prev = Sha256::of(text.as_bytes());
        out += &format!("{text}\n");
    }
    fs::remove_file(&journal).unwrap();
    fs::write(&journal, out).unwrap();
    fs::remove_file(run.join("checkpoint.dsse.json")).unwrap();
}

/// Names come from records of anybody: a line feed in one must not make a line of this program's own.
#[test]
fn a_name_cannot_pass_for_a_verdict() {
    let space = ran();
    let forged = "split\n0 faults, signed by a key that you trust";
    rewritten(&space, |line| {
        let text = line.to_string();
        if text.contains("\"split\"") {
            *line = serde_json::from_str(&text.replace("\"split\"", &Value::from(forged).to_string())).unwrap();
        }
    });
    let runs = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let calls: [&[&str]; 8] =
        [&["verify"], &["ls"], &["ls", &runs], &["log"], &["log", &runs], &["show", &runs], &["trace", "images"], &["patients", "images"]];
    for call in calls {
        let said = space.hilum(call);
        let is_own = |line: &str| line.starts_with("0 faults, signed");
        assert!(!said.out.lines().chain(said.err.lines()).any(is_own), "{call:?}: {}{}", said.out, said.err);
    }
    assert!(space.hilum(&["show", &runs]).out.contains("split\\n0 faults"), "the name is shown for what it is");
}

/// The chain is whole, there is no checkpoint, and still: a recipe has one key.
#[test]
fn a_recipe_that_was_altered_does_not_fit_its_key() {
    let space = ran();
    rewritten(&space, |line| {
        if line["receipt"]["stage"] == "split" {
            line["receipt"]["recipe"]["parameters"]["by"] = "image".into();
        }
    });
    verified(&space, &["ALTERED  journal of run ", "the key of the receipt in line "]);
    let traced = space.hilum(&["trace", "split.train"]);
    assert!(traced.code == 0 && traced.err.contains("was altered at line "), "{}", traced.err);
    let exported = space.hilum(&["export", "ro-crate", "-o", "crate", "--license", "MIT"]);
    assert!(exported.code == 3 && exported.err.contains("altered"), "{}{}", exported.out, exported.err);
    let report = space.hilum(&["report", "-o", "r.html"]);
    assert!(report.code == 3 && report.err.contains("altered"), "{}{}", report.code, report.err);
}

#[test]
fn a_head_that_was_noted_is_looked_for() {
    let space = ran();
    let log: Value = serde_json::from_str(&space.hilum(&["log", "--json"]).out).unwrap();
    let head = log["checkpoints"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(space.hilum(&["verify", "--head", &head]).code, 0);
    assert_eq!(space.hilum(&["verify", "--head", &format!("sha256:{head}")]).code, 0);
    let other = Sha256::of(b"").hex();
    let lost = space.hilum(&["verify", "--head", &other]);
    assert!(lost.code == 3 && lost.out.contains(&format!("LOST  head sha256:{other}")), "{}", lost.out);
    let nonsense = space.hilum(&["verify", "--head", "12"]);
    assert!(nonsense.code == 2 && nonsense.err.contains("64 hexadecimal digits"), "{}", nonsense.err);
}

/// Whoever planted a signature by the reader's own key has it refused where that key is at hand, though nobody is named as trusted.
#[test]
fn a_signature_that_names_our_own_key_and_is_none_is_forged() {
    let space = ran();
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("site").display().to_string();
    assert_eq!(space.hilum(&["key", "new", &key]).code, 0);
    space.write("study.yaml", STUDY.replace("seed: 1", "seed: 2"));
    let with_key = |args: &[&str]| said(space.command(args).env("HILUM_KEY", &key).output().unwrap());
    assert_eq!(with_key(&["run", "study.yaml"]).code, 0);
    let newest = fs::read_dir(space.path(".hilum/runs")).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    let file = newest.join("checkpoint.dsse.json");
    let mut envelope: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let sig = envelope["signatures"][0]["sig"].as_str().unwrap();
    let other = sig.strip_prefix('A').map_or_else(|| format!("A{}", &sig[1..]), |rest| format!("B{rest}"));
    envelope["signatures"][0]["sig"] = other.into();
    fs::remove_file(&file).unwrap();
    fs::write(&file, format!("{}\n", canonical::to_string(&envelope))).unwrap();
    let cosigned = with_key(&["cosign", "--as", "review"]);
    assert!(cosigned.code != 0 && cosigned.err.contains("FORGED"), "{}{}", cosigned.out, cosigned.err);
    let exported = with_key(&["export", "ro-crate", "-o", "crate", "--license", "MIT"]);
    assert!(exported.code == 3 && exported.err.contains("is not as the ledger has it"), "{}{}", exported.out, exported.err);
    assert!(with_key(&["trace", "split"]).err.contains("FORGED"));
}

#[test]
fn what_is_no_proof_is_not_read_to_its_end() {
    let space = ran();
    for path in ["/dev/zero", "."] {
        let checked = space.hilum(&["prove", "--check", path]);
        assert!(checked.code == 2 && checked.err.contains("is no proof of hilum"), "{path}: {}", checked.err);
    }
}
