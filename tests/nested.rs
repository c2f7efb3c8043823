//! Nested cross-validation: the example of the cookbook runs, pools inner and outer folds, and is refused where a fold is missing or an
//! outer test part reaches what is tuned or generated inside.

use crate::space::{Space, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn nested() -> Space {
    let page = fs::read_to_string(root().join("docs/cookbook.md")).unwrap();
    let example = page.split("```yaml\n").find(|block| block.starts_with("# nested.yaml")).unwrap().split("```").next().unwrap();
    let space = Space::new();
    space.write("study.yaml", example);
    space
}

/// The codes of errors and warnings of `hilum check` in the edited example.
fn codes(from: &str, to: &str) -> BTreeSet<String> {
    let space = nested();
    space.edit(from, to);
    let said = space.hilum(&["check", "study.yaml", "--json"]);
    let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{to}: {}", said.err));
    found["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn folds_are_pooled_inside_and_outside() {
    let space = nested();
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let tested = |stage: &str| {
        let table = fs::read_to_string(space.path(&format!("results/nested/{stage}/table.csv"))).unwrap();
        let at = table.lines().next().unwrap().split(',').position(|column| column == "arm").unwrap();
        table.lines().skip(1).map(|row| row.split(',').nth(at).unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let arms = |all: &[&str]| all.iter().map(|arm| (*arm).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(tested("comparison"), arms(&["arm=real", "arm=real+synthetic"]));
    for fold in 0..3 {
        assert_eq!(tested(&format!("choice/fold={fold}")), arms(&["width=1", "width=2"]), "inner folds are pooled");
    }
    assert!(said.out.contains("of covid") && said.out.contains(", 43 patients with covid"), "every patient is tested once: {}", said.out);
}

#[test]
fn what_an_outer_fold_tests_is_used_for_nothing_else() {
    let errors = |from: &str, to: &str| codes(from, to).into_iter().filter(|code| code.starts_with('L') || code.starts_with('E')).collect::<Vec<_>>();
    assert_eq!(errors("study: nested", "study: nested"), Vec::<String>::new());
    // The generator, a threshold and early stopping.
    assert_eq!(errors("in: { samples: outer.train, images: pixels }", "in: { samples: images, images: pixels }"), ["L0001"]);
    assert_eq!(errors("validation: outer.validation, images: pixels", "validation: outer.test, images: pixels"), ["L0006"]);
    assert_eq!(errors("validation: outer.validation, images: [", "validation: outer.test, images: ["), ["L0006"]);
}

#[test]
fn a_missing_fold_is_refused_before_anything_runs() {
    for (from, to) in [("folds: 2, fold: $inner-fold", "folds: 3, fold: $inner-fold"), ("fold: [0, 1, 2]", "fold: [0, 1]")] {
        let space = nested();
        space.edit(from, to);
        let said = space.hilum(&["check", "study.yaml"]);
        assert!(said.code == 2 && said.err.contains("lacks fold"), "{to}: {} {}", said.code, said.err);
    }
}
