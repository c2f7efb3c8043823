//! A reason for running again points at the location of the value that changed.

use crate::space::Space;
use serde_json::Value;

const STUDY: &str = "study: blame\nseed: 1\nvars:\n  size: 16\n  count: 4\nstages:\n  images:\n    stage: phantoms\n    with:\n      size: $size\n      contrast: 0.5\n      classes: { normal: { images: $count }, covid: { images: 4 } }\n";

fn space() -> Space {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    space.executed();
    space
}

/// Paths and places of the reasons for which the only stage would run.
fn reasons(space: &Space, args: &[&str]) -> Vec<(String, String)> {
    let said = space.hilum(&[&["plan", "--json"], args].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let plan: Value = serde_json::from_str(&said.out).unwrap();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let reason = |r: &Value| (if r["code"] == "parameter" { text(&r["path"]) } else { text(&r["code"]) }, text(&r["at"]));
    plan["stages"][0]["reasons"].as_array().unwrap().iter().map(reason).collect()
}

fn one(path: &str, at: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), at.to_owned())]
}

#[test]
fn a_variable_is_blamed_where_it_was_changed() {
    let space = space();
    assert_eq!(reasons(&space, &["study.yaml", "--set", "vars.size=32"]), one("size", "--set vars.size=32"));
    let why = space.hilum(&["why", "study.yaml", "images", "--set", "vars.size=32"]).out;
    assert!(why.contains("size 16 → 32 (--set vars.size=32)"), "{why}");
    assert_eq!(reasons(&space, &["study.yaml", "--set", "vars.count=5"]), one("classes.normal.images", "--set vars.count=5"));
    space.edit("  size: 16\n", "  size: 32\n");
    assert_eq!(reasons(&space, &["study.yaml"]), one("size", "study.yaml:4:3"));
}

#[test]
fn what_the_command_line_says_is_blamed_on_it_and_nothing_else_is() {
    let space = space();
    assert_eq!(reasons(&space, &["study.yaml", "--set", "seed=9"]), one("seed", "--set seed=9"));
    assert_eq!(reasons(&space, &["study.yaml", "--set", "stages.images.seed=9"]), one("seed", "--set stages.images.seed=9"));
    assert_eq!(reasons(&space, &["study.yaml", "--set", "stages.images.with.contrast=0.6"]), one("contrast", "--set stages.images.with.contrast=0.6"));
    assert_eq!(reasons(&space, &["study.yaml", "--set", "stages.images.with.contrast=null"]), one("contrast", "--set stages.images.with.contrast=null"));
    // Something else was edited in the file meanwhile: a parameter that stands nowhere any more is not the argument's doing.
    space.edit("      contrast: 0.5\n", "");
    let both = reasons(&space, &["study.yaml", "--set", "vars.size=32"]);
    assert_eq!(both, [("contrast".to_owned(), "study.yaml:10:7".to_owned()), ("size".to_owned(), "--set vars.size=32".to_owned())]);
}

#[test]
fn a_value_of_a_file_that_is_extended_is_blamed_on_that_file() {
    let space = space();
    space.write("child.yaml", "extends: study.yaml\nvars: { count: 5 }\n");
    assert_eq!(reasons(&space, &["child.yaml"]), one("classes.normal.images", "child.yaml:2:9"));
    space.edit("  size: 16\n", "  size: 32\n");
    let both = reasons(&space, &["child.yaml"]);
    assert_eq!(both, [("classes.normal.images".to_owned(), "child.yaml:2:9".to_owned()), ("size".to_owned(), "study.yaml:4:3".to_owned())]);
    space.write("child.yaml", "extends: study.yaml\nstages: { images: { with: { contrast: null, size: 16 } } }\n");
    assert_eq!(reasons(&space, &["child.yaml"]), one("contrast", "child.yaml:2:29"));
}

#[test]
fn a_value_of_an_axis_is_blamed_on_the_axis() {
    let space = Space::new();
    let study = |size: &str| {
        format!(
            "study: axis\nseed: 1\nstages:\n  images:\n    stage: phantoms\n    matrix:\n      side: [16, 32]\n    with: {{ size: {size}, classes: {{ normal: {{ images: 4 }} }} }}\n"
        )
    };
    space.write("study.yaml", study("48"));
    space.executed();
    space.write("study.yaml", study("$side"));
    assert_eq!(reasons(&space, &["study.yaml"]), one("size", "study.yaml:7:14"));
}

#[test]
fn another_kind_is_blamed_on_its_own_line() {
    let space = Space::new();
    let study = "study: kind\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 16, classes: { normal: { images: 4 }, covid: { images: 6 } } } }\n  few:\n    in: { samples: images }\n    stage: undersample\n";
    space.write("study.yaml", study);
    space.executed();
    space.write(
        "study.yaml",
        study.replace("    in: { samples: images }\n    stage: undersample\n", "    in: { samples: images }\n    stage: prepare\n    with: { size: 16 }\n"),
    );
    let why = space.hilum(&["why", "study.yaml", "few"]).out;
    assert!(why.contains("kind undersample → prepare (study.yaml:7)"), "{why}");
}
