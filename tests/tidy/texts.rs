//! How files look: their length and names, unfinished and unsafe code, words, and the pages of `docs`.

use super::never::Never;
use super::source::{Source, below, code, files};
use super::tokens::{Sort, tokens};
use crate::space::{RENEW, root};
use hilum::diagnostic::codes;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All Rust that people wrote, with tests.
fn all_files() -> Vec<(PathBuf, String)> {
    ["src", "cache", "stages", "tests", "benches", "build"].iter().flat_map(|place| files(place, "rs")).collect()
}

/// What is wrong with a file, by its path and text.
fn fault_of(path: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let name = path.file_stem().unwrap().to_str().unwrap();
    if lines > 400 {
        return Some(format!("it has {lines} lines"));
    }
    if !text.starts_with("//!") {
        return Some("it does not begin with `//!` and what the file is".into());
    }
    ["util", "utils", "helper", "helpers", "common", "misc", "manager"].contains(&name).then(|| "call the file by what it contains".into())
}

#[test]
fn no_file_is_long_and_every_file_says_what_it_is() {
    for (path, text) in all_files() {
        assert_eq!(fault_of(&path, &text), None, "{}", path.display());
    }
    assert!(fault_of(Path::new("a.rs"), &format!("//! A.\n{}", "\n".repeat(400))).is_some());
    assert!(fault_of(Path::new("a.rs"), "// A.").is_some() && fault_of(Path::new("utils.rs"), "//! A.").is_some());
}

#[test]
fn nothing_is_unfinished() {
    Never { words: &["todo!(", "unimplemented!("], paths: &[], why: "no stub" }.in_files(
        code().iter().collect::<Vec<_>>().as_slice(),
        &["fn f() { todo!() }", "unimplemented!(\"later\")"],
        &["mastodo(1)"],
    );
    let ignored = |text: &str| tokens(text).windows(3).any(|w| w[0].is("#") && w[1].is("[") && w[2].is("ignore"));
    for (path, text) in all_files() {
        assert!(!ignored(&text), "{} ignores a test", path.display());
    }
    assert!(ignored("#[test]\n#[ignore = \"slow\"]") && !ignored("// #[ignore]"));
}

/// Where unsafe code may be.
const UNSAFE: [&str; 20] = [
    "stages/ops/src/allocator.rs",
    "stages/ops/src/cpu/columns.rs",
    "stages/ops/src/cpu/convolution.rs",
    "stages/ops/src/cpu/elementwise.rs",
    "stages/ops/src/cpu/grid.rs",
    "stages/ops/src/cpu/outer.rs",
    "stages/ops/src/cpu/packed.rs",
    "stages/ops/src/cpu/product/block.rs",
    "stages/ops/src/cpu/product/doubles.rs",
    "stages/ops/src/cpu/product/micro.rs",
    "stages/ops/src/cpu/product/simd.rs",
    "stages/ops/src/cpu/product/table.rs",
    "stages/ops/src/cpu/slices.rs",
    "stages/ops/src/cpu/widest.rs",
    "stages/ops/src/cuda/convolution.rs",
    "stages/ops/src/cuda/gpu.rs",
    "stages/ops/src/cuda/machine.rs",
    "stages/ops/src/cuda/pool.rs",
    "stages/src/data/grey.rs",
    "stages/src/data/pack.rs",
];

/// Whether a text has unsafe code, and whether each block of it has a comment `SAFETY` not far above: one may speak
/// for the functions of an `impl`.
fn unsafety(text: &str) -> (bool, bool) {
    let all = tokens(text);
    let lines: Vec<&str> = text.lines().collect();
    let code: Vec<_> = all.iter().filter(|t| t.sort != Sort::Comment).collect();
    let is_said = |at: usize| {
        let line = text[..at].matches('\n').count();
        lines[line.saturating_sub(40)..=line].iter().any(|l| l.contains("SAFETY"))
    };
    let blocks = code.windows(2).filter(|w| w[0].is("unsafe") && w[1].is("{"));
    (code.iter().any(|t| t.is("unsafe")), blocks.into_iter().all(|w| is_said(w[0].at)))
}

#[test]
fn unsafe_code_stays_in_its_places() {
    for Source { path, text, .. } in code() {
        let (has, is_said) = unsafety(text);
        let is_place = UNSAFE.contains(&path.to_str().unwrap());
        assert!(has == is_place, "{}: has unsafe code: {has}; is listed as a place for it: {is_place}", path.display());
        assert!(is_said, "{} has unsafe code without a comment `// SAFETY`", path.display());
    }
    assert_eq!(unsafety(&format!("// SAFETY: it is.\nunsafe {{ f() }}\n{}unsafe {{ g() }}", "\n".repeat(40))), (true, false));
    assert_eq!(unsafety("// SAFETY: it is.\nunsafe { f() }"), (true, true));
    assert_eq!(unsafety("#![deny(unsafe_code)] // unsafe { }"), (false, true));
}

/// Names of a private vocabulary, and what they are called in the field: `docs/glossary.md`.
const NOT_OUR_WORDS: [&str; 24] = [
    "Course",
    "Onlooker",
    "Gallery",
    "Shipment",
    "Waiter",
    "Flight",
    "Berth",
    "Parcel",
    "Luck",
    "Film",
    "Films",
    "hold_still",
    "truths",
    "onlooker",
    "strangers",
    "seers",
    "ToWinners",
    "extents",
    "Pairwise",
    "Fate",
    "PendingStage",
    "heed_cancel",
    "meet_again",
    "stood_on",
];
/// Phrases that read like a translation.
const NOT_OUR_PHRASES: [&str; 17] = [
    "their ways back",
    "it has not run in this study",
    "does not read as",
    "is no name for",
    "is no value of",
    "is no study",
    "in a circle",
    "of nobody;",
    "images of nobody",
    "key of pseudonyms",
    "gnorant of",
    "radient by ",
    "decided about again",
    "from the program;",
    "receipt stands",
    "may be absent)",
    "artefact",
];

fn not_our_word(text: &str) -> Option<&'static str> {
    let words: BTreeSet<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    NOT_OUR_WORDS.into_iter().find(|word| words.contains(word)).or_else(|| NOT_OUR_PHRASES.into_iter().find(|phrase| text.contains(phrase)))
}

#[test]
fn the_code_speaks_the_words_of_the_field() {
    for Source { path, text, .. } in code() {
        let found = not_our_word(text);
        assert!(found.is_none(), "{}: `{}` has another name in the field: see docs/glossary.md", path.display(), found.unwrap());
    }
    for (path, text) in pages() {
        let found = NOT_OUR_PHRASES.into_iter().find(|phrase| text.contains(phrase));
        assert!(found.is_none(), "{}: write otherwise: `{}`", path.display(), found.unwrap());
    }
    assert!(not_our_word("/// A Film.").is_some() && not_our_word("in a circle").is_some() && not_our_word("Filming").is_none());
}

/// Documents that the program makes, with a line for each item.
const MADE: [&str; 4] = ["docs/stages", "docs/errors.md", "docs/metrics.md", "docs/worked-study.md"];

/// Pages that people wrote.
fn pages() -> Vec<(PathBuf, String)> {
    let at_root = fs::read_dir(root()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "md"));
    let at_root = at_root.map(|p| (p.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&p).unwrap()));
    files("docs", "md").into_iter().filter(|(path, _)| !MADE.iter().any(|made| path.starts_with(made))).chain(at_root).collect()
}

/// The first line that is too long.
fn long_line(text: &str) -> Option<usize> {
    let mut is_code = false;
    let long = text.lines().enumerate().find(|(_, line)| {
        is_code ^= line.trim_start().starts_with("```");
        // Rows of tables and addresses cannot be broken.
        let can_break = !is_code && !line.trim_start().starts_with('|') && !line.contains("]: http");
        can_break && line.chars().count() > 120
    });
    long.map(|(n, _)| n + 1)
}

#[test]
fn pages_are_wrapped_at_120_characters() {
    for (path, text) in files("docs", "md").into_iter().filter(|(path, _)| !MADE.iter().any(|made| path.starts_with(made))) {
        assert_eq!(long_line(&text), None, "{}: a line of more than 120 characters", path.display());
    }
    let long = "x".repeat(121);
    assert_eq!((long_line(&format!("a\n{long}")), long_line(&format!("```\n{long}\n```\n   | {long}"))), (Some(2), None));
}

/// Modules of a crate's sources that the table of a page does not name.
fn unnamed(page: &str, modules: &BTreeSet<String>) -> Vec<String> {
    modules.iter().filter(|module| !page.contains(&format!("`{module}`"))).cloned().collect()
}

#[test]
fn the_architecture_names_every_module() {
    let modules = |place: &str| {
        let names = fs::read_dir(root().join(place)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names = names.map(|name| name.trim_end_matches(".rs").to_owned()).filter(|name| !["lib", "main"].contains(&name.as_str()));
        names.map(|name| format!("{place}/{name}")).collect::<BTreeSet<String>>()
    };
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    assert_eq!(unnamed(&page, &["src", "stages/src"].into_iter().flat_map(modules).collect()), Vec::<String>::new());
    assert_eq!(unnamed("| `src/a` |", &["src/a", "src/b"].map(str::to_owned).into()), ["src/b"]);
}

/// Codes that a page names and that do not exist, and codes that it names by a range, which the next code would make false.
fn wrong_codes(text: &str) -> Vec<String> {
    let is_code = |word: &&str| word.len() == 5 && word.starts_with(['E', 'W', 'L']) && word[1..].bytes().all(|b| b.is_ascii_digit());
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || ['–', '-', '…'].contains(&c))).filter(|w| !w.is_empty()).collect();
    let missing = words.iter().filter(|w| is_code(w) && codes::find(w).is_none()).map(|w| format!("there is no {w}"));
    let is_range = |w: &&[&str]| is_code(&w[0]) && ["to", "through", "–", "-", "…"].contains(&w[1]) && is_code(&w[2]);
    let ranges = words.windows(3).filter(is_range).map(|w| format!("name each code, or none: {}", w.join(" ")));
    let dashes = words
        .iter()
        .filter(|w| w.split_once(['–', '-', '…']).is_some_and(|(a, b)| is_code(&a) && is_code(&b)))
        .map(|w| format!("name each code, or none: {w}"));
    missing.chain(ranges).chain(dashes).collect()
}

#[test]
fn pages_name_codes_that_exist_one_by_one() {
    for (path, text) in pages().into_iter().filter(|(path, _)| path != Path::new("CHANGELOG.md")) {
        assert_eq!(wrong_codes(&text), [""; 0], "{}", path.display());
    }
    assert_eq!(wrong_codes("L0001 or L0002, `E0404` and W… are codes").len(), 0);
    for wrong in ["E9999", "`L0001` to `L0004`", "L0001–L0004", "(L0001 through L0002)"] {
        assert_eq!(wrong_codes(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn one_command_renews_what_tests_compare_with() {
    let variable = RENEW.split(' ').next().unwrap();
    let others = |text: &str| {
        // A line may be broken where the command has a blank.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.match_indices(&format!("{variable} cargo"))
            .filter(|(at, _)| !text[*at..].starts_with(RENEW))
            .map(|(at, _)| text[at..].chars().take(80).collect())
            .collect::<Vec<String>>()
    };
    for (path, text) in pages().into_iter().chain(files("tests", "rs")) {
        assert_eq!(others(&text), [""; 0], "{}: the command is `{RENEW}`", path.display());
    }
    assert!(pages().iter().any(|(path, text)| path == Path::new("CONTRIBUTING.md") && text.contains(RENEW)));
    assert_eq!((others(&format!("`{variable} cargo test`")).len(), others(&RENEW.replace("test ", "test\n   ")).len()), (1, 0));
}

#[test]
fn architecture_speaks_of_every_directory() {
    let architecture = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    for directory in [
        "cache",
        "stages",
        "stages/ops",
        "stages/src/evaluation",
        "stages/src/records",
        "stages/src/figures",
        "stages/src/models",
        "stages/src/networks",
        "src/pipeline",
        "src/plan",
        "src/run",
        "src/lineage",
        "src/provenance",
        "src/progress",
        "src/report",
        "src/cli",
    ] {
        assert!(architecture.contains(directory), "docs/architecture.md does not speak of {directory}");
    }
    assert!(!below(&["src/run"]).is_empty());
}

/// The rules of a page, and which of them name no test that there is.
fn without_test(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let list = page.split("\n## Never\n").nth(1).unwrap_or_default();
    let mut rules: Vec<String> = vec![];
    for line in list.lines() {
        let number = line.split_once(". ").is_some_and(|(n, _)| n.parse::<u32>().is_ok());
        if number {
            rules.push(line.to_owned());
        } else if let Some(rule) = rules.last_mut().filter(|_| line.starts_with("   ")) {
            *rule += line;
        }
    }
    assert!(!rules.is_empty(), "there are no rules");
    // A name that looks like that of a test must be one.
    let named = |rule: &str| rule.split('`').skip(1).step_by(2).filter(|n| n.matches('_').count() > 2).map(str::to_owned).collect::<Vec<_>>();
    rules.into_iter().filter(|rule| named(rule).is_empty() || named(rule).iter().any(|name| !tests.contains(name))).collect()
}

#[test]
fn every_rule_of_what_must_never_be_names_the_test_that_holds_it() {
    let mut tests = BTreeSet::new();
    for (_, text) in all_files() {
        let all: Vec<_> = tokens(&text).into_iter().filter(|t| t.sort != Sort::Comment).collect();
        let heads = all.windows(6).filter(|w| w[0].is("#") && w[1].is("[") && w[2].is("test") && w[3].is("]") && w[4].is("fn"));
        tests.extend(heads.map(|w| w[5].text.to_owned()));
    }
    let architecture = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    assert_eq!(without_test(&architecture, &tests), [""; 0], "docs/architecture.md: name below a rule the test that holds it");
    let tests = ["one_of_the_tests".to_owned()].into();
    let page = "\n## Never\n\n1. No `a`.\n   `one_of_the_tests`\n2. No `b`.\n3. No `c`: `one_of_the_tests`, `none_of_the_tests`\n";
    assert_eq!(without_test(page, &tests), ["2. No `b`.", "3. No `c`: `one_of_the_tests`, `none_of_the_tests`"]);
    let names: Vec<&str> = hilum_stages::KINDS.iter().map(|k| k.name).collect();
    assert!(names.is_sorted(), "{names:?}");
}
