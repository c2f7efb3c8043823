//! Broken studies, one file per fault. Each says itself, in comments above the line that they are about, what `plan` must say of it:
//!
//! ```yaml
//! # error: 14:23 E0104 stage kind `prepare` has no parameter `sise`
//! # label: unknown parameter
//! # help: a parameter with a similar name exists: `size`
//! ```
//!
//! Lines and columns are those of the file with its comments. All must be there and no others; [`RENEW`] writes
//! them. A file that needs arguments names them in a line `# arguments: `. How a diagnostic looks in a terminal, with its excerpt of the
//! file, is a snapshot for a few of them.

use crate::space::{RENEW, Space, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// Shown as a terminal shows them: two places, notes, several faults, wide characters, tabs and long lines.
const SHOWN: [&str; 11] = [
    "accents",
    "axis-restricted-wrongly",
    "key-twice",
    "many-faults",
    "output-not-made",
    "parameter-twice",
    "path-into-results",
    "too-deep",
    "unknown-parameter",
    "value-of-an-axis",
    "yaml-tab",
];

fn studies() -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(root().join("tests/faults")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut all: Vec<_> = names.map(|name| (name.clone(), fs::read(root().join("tests/faults").join(name)).unwrap())).collect();
    all.sort();
    all
}

/// True for a line that expects something.
fn expects(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    ["# error: ", "# warning: ", "# label: ", "# note: ", "# help: "].iter().any(|start| text.starts_with(start.as_bytes()))
}

/// The lines that expect a diagnostic, which is at `line` of the file.
fn expectation(d: &Value, place: Option<(&str, usize)>) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let place = match place {
        Some(("", line)) => format!("{line}:{} ", d["column"]),
        Some((file, line)) => format!("{file}:{line}:{} ", d["column"]),
        None => String::new(),
    };
    let first = format!("# {}: {place}{} {}", text(&d["severity"]), text(&d["code"]), text(&d["message"]));
    let label = d["label"].as_str().map(|l| format!("# label: {l}"));
    let notes = d["notes"].as_array().unwrap().iter().map(|n| format!("# note: {}", text(n)));
    let help = d["help"].as_str().map(|h| format!("# help: {h}"));
    [first].into_iter().chain(label).chain(notes).chain(help).inspect(|l| assert!(!l.contains('\n'), "an expectation is one line: {l}")).collect()
}

/// The file with the comments that these diagnostics ask for. Numbers of lines in `diagnostics` are those of `file`.
fn annotated(name: &str, file: &[u8], diagnostics: &[Value]) -> Vec<u8> {
    let mut out: Vec<Vec<u8>> = vec![];
    for (at, line) in file.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !expects(line)) {
        let indent = " ".repeat(line.len() - line.trim_ascii_start().len());
        // What is about no line, or about an argument, comes first.
        let is_here = |d: &&Value| if d["file"] == name { d["line"] == at + 1 } else { out.is_empty() };
        let here: Vec<&Value> = diagnostics.iter().filter(is_here).collect();
        let lines = |line| {
            here.iter().map(move |d| expectation(d, d["file"].as_str().map(|f| if f == name { ("", line) } else { (f, d["line"].as_u64().unwrap() as usize) })))
        };
        let above: usize = lines(0).map(|l| l.len()).sum();
        let number = out.len() + above + 1;
        out.extend(lines(number).flatten().map(|l| format!("{indent}{l}").into_bytes()));
        out.push(line.to_vec());
    }
    out.join(&b'\n')
}

/// The lines that `of` expects and `from` does not.
fn missing(from: &[u8], of: &[u8]) -> String {
    let lines =
        |text: &[u8]| -> Vec<String> { text.split(|b| *b == b'\n').filter(|l| expects(l)).map(|l| String::from_utf8_lossy(l).trim().to_owned()).collect() };
    let there = lines(from);
    lines(of).into_iter().filter(|l| !there.contains(l)).map(|l| format!("\n  {l}")).collect()
}

#[test]
fn every_broken_study_says_what_is_wrong() {
    let mut wrong = String::new();
    let mut codes = BTreeSet::new();
    let studies = studies();
    for (name, file) in &studies {
        let space = Space::new();
        space.write(name, file);
        let text = String::from_utf8_lossy(file);
        let arguments = text.lines().filter_map(|l| l.strip_prefix("# arguments: ")).flat_map(str::split_whitespace);
        let said = space.hilum(&["plan", name, "--json"].into_iter().chain(arguments).collect::<Vec<_>>());
        assert_eq!(said.code, 2, "{name} must be refused: {}{}", said.out, said.err);
        assert_eq!(fs::read_dir(space.path("")).unwrap().count(), 1, "{name}: `plan` wrote something");
        let document: Value = serde_json::from_str(&said.out).unwrap();
        let diagnostics = document["diagnostics"].as_array().unwrap();
        codes.extend(diagnostics.iter().map(|d| d["code"].as_str().unwrap().to_owned()));
        let wanted = annotated(name, file, diagnostics);
        if wanted != *file && std::env::var_os("HILUM_UPDATE").is_some() {
            fs::write(root().join("tests/faults").join(name), wanted).unwrap();
        } else if wanted != *file {
            let (unexpected, unsaid) = (missing(file, &wanted), missing(&wanted, file));
            let place = if unexpected.is_empty() && unsaid.is_empty() { "\n  a comment is not above the line that it is about" } else { "" };
            wrong += &format!("tests/faults/{name}: said, but not expected:{unexpected}\nexpected, but not said:{unsaid}{place}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}`{RENEW}` writes what is said into the files");
    // Counts are compared when the stage has run.
    for code in hilum::diagnostic::codes::CODES.iter().map(|c| c.code).filter(|c| c.starts_with('E') && *c != "E0501") {
        assert!(codes.contains(code), "no study in tests/faults shows {code}, which `plan` can say: add one");
    }
}

#[test]
fn a_terminal_shows_the_line_and_what_is_wrong_with_it() {
    for (name, file) in studies().into_iter().filter(|(name, _)| SHOWN.contains(&name.trim_end_matches(".yaml"))) {
        let space = Space::new();
        space.write(&name, file);
        let said = space.hilum(&["plan", &name]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}: {}", said.err);
        assert_eq!(fs::read_dir(space.path("")).unwrap().count(), 1, "{name}: `plan` wrote something");
        // Long lines of hostile files are no part of what is promised.
        let shown: String = said.err.lines().map(|l| if l.chars().count() > 200 { "<long line>".to_owned() } else { l.to_owned() } + "\n").collect();
        insta::assert_snapshot!(name.trim_end_matches(".yaml"), shown);
    }
}

#[test]
fn comments_are_put_above_the_line_they_are_about_and_replaced_by_others() {
    let fault = |line: usize, help: Option<&str>| serde_json::json!({ "code": "E0104", "severity": "error", "message": "no", "file": "a.yaml", "line": line, "column": 3, "label": "here", "notes": [], "help": help });
    let file = b"a: 1\n# error: 2:2 E0002 of before\n  b: 2\nc: 3\n";
    let first = annotated("a.yaml", file, &[fault(3, Some("do")), fault(4, None)]);
    let wanted = "a: 1\n  # error: 5:3 E0104 no\n  # label: here\n  # help: do\n  b: 2\n# error: 8:3 E0104 no\n# label: here\nc: 3\n";
    assert_eq!(String::from_utf8(first.clone()).unwrap(), wanted);
    // As the program sees the file now.
    assert_eq!(annotated("a.yaml", &first, &[fault(5, Some("do")), fault(8, None)]), first);
    assert_ne!(annotated("a.yaml", &first, &[fault(5, Some("do"))]), first);
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
    assert!(counts.contains("images.samples   9 images: 0012 3 of 2 patients, 1e5 3 of 1 patient, no 3 of 3 patients"), "{counts}");
}
