//! Examples in documents are studies and commands that the program takes.

use crate::space::root;
use std::fs;

/// Every stage in `docs/importing.md` is one that `hilum check` finds nothing wrong with.
#[test]
fn recipes_of_imports_check() {
    let text = fs::read_to_string(root().join("docs/importing.md")).unwrap();
    let stages: Vec<&str> = text.split("```yaml\n").skip(1).map(|f| f.split("```").next().unwrap()).collect();
    assert!(stages.len() >= 8);
    let body: String = stages.iter().flat_map(|f| f.lines()).map(|l| format!("  {l}\n")).collect();
    let space = crate::space::Space::new();
    space.write("study.yaml", format!("study: imports\nseed: 1\nstages:\n{body}"));
    let said = space.hilum(&["check", "study.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

/// Every fragment of a study in `docs/training.md` is one that `hilum check` finds nothing wrong with.
#[test]
fn fragments_of_studies_check() {
    let text = fs::read_to_string(root().join("docs/training.md")).unwrap();
    let fragments: Vec<&str> = text.split("```yaml\n").skip(1).map(|f| f.split("```").next().unwrap()).collect();
    assert!(fragments.len() >= 8);
    for fragment in fragments {
        let body: String = fragment.lines().map(|l| format!("  {l}\n")).collect();
        // Each is meant for images of the size that its paper uses.
        let check = |size: u32| {
            let space = crate::space::Space::new();
            let head = format!(
                "study: fragments\nseed: 1\nstages:\n  images: {{ stage: phantoms, with: {{ size: 64, classes: {{ normal: {{ images: 9 }}, covid: {{ images: 9 }} }} }} }}\n  \
                 pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: {size} }} }}\n  \
                 split: {{ stage: split, in: {{ samples: images }}, with: {{ by: patient, train: 0.6, validation: 0.2, test: 0.2 }} }}\n  \
                 balanced: {{ stage: undersample, in: {{ samples: split.train }} }}\n"
            );
            let body = body.replace("  balanced: { stage: undersample, in: { samples: split.train } }\n", "");
            space.write("study.yaml", format!("{head}{body}"));
            let said = space.hilum(&["check", "study.yaml"]);
            (said.code != 0).then_some(said.err)
        };
        let faults: Vec<String> = [64, 224, 256].into_iter().map_while(check).collect();
        assert!(faults.len() < 3, "{fragment}\n{}", faults.join("\n"));
    }
}

/// Checks every example of a page: files by the name in their first line, and fragments below the stages that the page names.
/// Commands are run where the files lie.
fn examples_check(page: &str, files_expected: usize, fragments_expected: usize) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = |kind: &str| text.split(&format!("```{kind}\n")).skip(1).map(|f| f.split("```").next().unwrap().to_owned()).collect::<Vec<_>>();
    let space = crate::space::Space::new();
    let (files, fragments): (Vec<String>, Vec<String>) = blocks("yaml").into_iter().partition(|b| b.starts_with("# "));
    assert!(files.len() >= files_expected && fragments.len() >= fragments_expected, "{page}: {} and {}", files.len(), fragments.len());
    let name = |file: &str| file.lines().next().unwrap().trim_start_matches("# ").to_owned();
    files.iter().for_each(|f| space.write(&name(f), f));
    let body: String = fragments.iter().flat_map(|f| f.lines()).map(|l| format!("  {l}\n")).collect();
    space.write("fragments.yaml", format!("extends: study.yaml\nstages:\n{body}"));
    let of_fragments = (!fragments.is_empty()).then(|| "fragments.yaml".to_owned());
    for file in files.iter().map(|f| name(f)).chain(of_fragments) {
        let said = space.hilum(&["check", &file]);
        assert_eq!(said.code, 0, "{page}: {file}: {}", said.err);
    }
    for line in blocks("sh").join("\n").lines().filter(|l| !l.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], "hilum");
        let said = space.hilum(&words[1..]);
        assert_eq!(said.code, 0, "{page}: {line}: {}", said.err);
    }
}

#[test]
fn examples_of_the_language_and_of_the_cookbook_check() {
    examples_check("docs/language.md", 5, 6);
    examples_check("docs/cookbook.md", 10, 0);
}
