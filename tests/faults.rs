//! One broken study per fault: the message is a snapshot, the exit code is 2, nothing is written.

use crate::space::{Space, root};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_broken_study_says_what_is_wrong() {
    let mut names: Vec<String> = fs::read_dir(root().join("tests/faults")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 30);
    let mut codes = BTreeSet::new();
    for name in names {
        let space = Space::new();
        let text = fs::read(root().join("tests/faults").join(&name)).unwrap();
        space.write(&name, text);
        let said = space.hilum(&["plan", &name]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}: {}", said.err);
        assert_eq!(fs::read_dir(space.path("")).unwrap().count(), 1, "{name}: something was written");
        codes.extend(said.err.split("error[").skip(1).map(|rest| rest[..5].to_owned()));
        // Long lines of hostile files are no part of what is promised.
        let shown: String = said.err.lines().map(|l| if l.chars().count() > 200 { "<long line>".to_owned() } else { l.to_owned() } + "\n").collect();
        insta::assert_snapshot!(name.trim_end_matches(".yaml"), shown);
    }
    // Codes that need more than a file are tested beside what they need.
    for code in hilum::diagnostic::codes::CODES.iter().map(|c| c.code).filter(|c| c.starts_with('E') && !["E0001", "E0009", "E0010", "E0501"].contains(c)) {
        assert!(codes.contains(code), "no broken study shows {code}");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let space = Space::new();
    let missing = space.hilum(&["check", "nowhere.yaml"]);
    assert_eq!((missing.code, missing.err.trim()), (2, "error[E0001]: there is no file `nowhere.yaml`"));
    space.write("latin.yaml", b"study: gr\xfc\xdfe\n");
    assert!(space.hilum(&["check", "latin.yaml"]).err.contains("is not UTF-8"));
    space.write("large.yaml", vec![b'#'; 50 << 20]);
    let large = space.hilum(&["check", "large.yaml"]);
    assert_eq!(large.code, 2);
    assert!(large.err.contains("error[E0004]: `large.yaml` has 50 MiB, more than 16 MiB"), "{}", large.err);
    space.write("empty.yaml", "");
    assert!(space.hilum(&["check", "empty.yaml"]).err.contains("`empty.yaml` is empty"));
}

#[test]
fn set_is_checked_like_the_file() {
    let space = Space::tiny();
    let said = space.hilum(&["check", "study.yaml", "--set", "stages.classifier.with.epoch=5"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--set:1:") && said.err.contains("a parameter with a similar name exists: `epochs`"), "{}", said.err);
    assert!(space.hilum(&["check", "study.yaml", "--set", "nonsense"]).err.contains("error[E0009]"));
    let lost = space.hilum(&["check", "study.yaml", "--set", "stages.clasifier.with.steps=5"]);
    assert!(lost.err.starts_with("error[E0010]: `--set`: there is no key `stages.clasifier`") && !lost.err.contains("E0103"), "{}", lost.err);
    assert!(lost.err.contains("a stage with a similar name exists: `classifier`"), "{}", lost.err);
    assert_eq!(space.hilum(&["check", "study.yaml", "--set", "stages.classifier.with.epochs=5"]).code, 0);
}

#[test]
fn identifiers_stay_text() {
    let space = Space::new();
    let study = "study: labels\nseed: 1\nstages:\n  images:\n    stage: phantoms\n    with: { classes: { 0012: { images: 3 }, no: { images: 3 }, 1e5: { images: 3 } } }\n";
    space.write("study.yaml", study);
    space.executed();
    let counts = space.hilum(&["plan", "study.yaml", "--counts"]).out;
    assert!(counts.contains("images.samples   9 images: 0012 3, 1e5 3, no 3"), "{counts}");
}
