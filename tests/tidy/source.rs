//! The files of the repository, and what remains of one without its tests and comments. Knows no rule.

use super::tokens::{Sort, Token, tokens};
use crate::space::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where product code is.
pub const CRATES: [&str; 4] = ["src", "cache/src", "stages/src", "stages/ops/src"];

/// A file of Rust.
pub struct Source {
    /// Its path in the repository.
    pub path: PathBuf,
    pub text: String,
    /// Without tests and comments, whose places are blank; nothing in a file of tests.
    pub code: String,
}

impl Source {
    pub fn is_below(&self, place: &str) -> bool {
        is_below(&self.path, place)
    }
}

/// True for the file of a module and for all files of its directory: `src/plan.rs` and `src/plan/…` are below `src/plan`.
pub fn is_below(path: &Path, place: &str) -> bool {
    path.starts_with(place) || path.starts_with(format!("{place}.rs"))
}

/// The files with this extension, by their paths in the repository.
pub fn files(below: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let (mut out, mut left) = (vec![], vec![root().join(below), root().join(format!("{below}.{extension}"))]);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == extension) && path.is_file() {
            out.push((path.strip_prefix(root()).unwrap().to_path_buf(), fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!out.is_empty(), "there is no .{extension} below {below}: a rule about nothing holds always");
    out.sort();
    out
}

/// All product code.
pub fn code() -> &'static [Source] {
    static ALL: OnceLock<Vec<Source>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all: Vec<_> = CRATES.iter().flat_map(|place| files(place, "rs")).collect();
        let mut of_tests = BTreeSet::new();
        for (path, text) in &all {
            let name = path.file_stem().unwrap();
            let directory = if ["lib", "main"].iter().any(|n| name == *n) { path.parent().unwrap().to_owned() } else { path.with_extension("") };
            of_tests.extend(test_parts(&tokens(text)).1.into_iter().map(|module| directory.join(module)));
        }
        let is_of_tests = |path: &Path| path.with_extension("").ancestors().any(|a| of_tests.contains(a));
        let source = |(path, text): (PathBuf, String)| Source { code: if is_of_tests(&path) { String::new() } else { without_tests(&text) }, path, text };
        all.into_iter().map(source).collect()
    })
}

/// Product code of modules, with the files beside their directories.
pub fn below(places: &[&str]) -> Vec<&'static Source> {
    for place in places {
        assert!(code().iter().any(|s| s.is_below(place)), "there is no {place}: a rule about nothing holds always");
    }
    code().iter().filter(|s| places.iter().any(|place| s.is_below(place))).collect()
}

/// All product code but that of some modules.
pub fn outside(places: &[&str]) -> Vec<&'static Source> {
    below(places);
    code().iter().filter(|s| !places.iter().any(|place| s.is_below(place))).collect()
}

/// A text without the items that are compiled for tests alone, and without comments.
pub fn without_tests(text: &str) -> String {
    let all = tokens(text);
    without(text, &all, test_parts(&all).0)
}

pub fn without_comments(text: &str) -> String {
    without(text, &tokens(text), vec![])
}

fn without(text: &str, all: &[Token], mut holes: Vec<(usize, usize)>) -> String {
    holes.extend(all.iter().filter(|t| t.sort == Sort::Comment).map(|t| (t.at, t.end())));
    holes.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in holes {
        if start >= at {
            out += &text[at..start];
            out.push(' ');
        }
        at = at.max(end);
    }
    out + &text[at..]
}

/// Items under `#[test]` or `#[cfg(test)]` as ranges of bytes, and the names of modules among them that are files.
fn test_parts(all: &[Token]) -> (Vec<(usize, usize)>, Vec<String>) {
    let all: Vec<&Token> = all.iter().filter(|t| t.sort != Sort::Comment).collect();
    let (mut ranges, mut modules, mut at) = (vec![], vec![], 0);
    while at < all.len() {
        let Some(end) = attribute(&all[at..]).filter(|n| is_for_tests(&all[at..at + n])) else {
            at += 1;
            continue;
        };
        let mut from = at + end;
        while let Some(more) = attribute(&all[from..]) {
            from += more;
        }
        let item = &all[from..];
        let length = item_length(item);
        if let Some(name) = item[..length].windows(3).find(|w| w[0].is("mod") && w[2].is(";")) {
            modules.push(name[1].text.to_owned());
        }
        ranges.push((all[at].at, item[..length].last().map_or(all[from - 1].end(), |t| t.end())));
        at = from + length;
    }
    (ranges, modules)
}

/// How many tokens an attribute is long, if one starts here.
fn attribute(all: &[&Token]) -> Option<usize> {
    (all.first()?.is("#") && all.get(1)?.is("[")).then(|| 1 + group(&all[1..]))
}

/// True for `#[test]`, `#[cfg(test)]` and `#[cfg(all(…, test, …))]`.
fn is_for_tests(attribute: &[&Token]) -> bool {
    let text: String = attribute.iter().map(|t| t.text).collect();
    let all = text.strip_prefix("#[cfg(all(").and_then(|t| t.strip_suffix("))]"));
    text == "#[test]" || text == "#[cfg(test)]" || all.is_some_and(|list| list.split(',').any(|one| one == "test"))
}

/// How many tokens lie between a bracket, with which the list starts, and the one that closes it, with both.
pub fn group(all: &[&Token]) -> usize {
    let mut depth = 0;
    for (n, token) in all.iter().enumerate().filter(|(_, t)| t.sort == Sort::Sign) {
        depth += i32::from("([{".contains(token.text)) - i32::from(")]}".contains(token.text));
        if depth == 0 {
            return n + 1;
        }
    }
    all.len()
}

/// How many tokens an item, a statement, a field or an arm is long.
fn item_length(all: &[&Token]) -> usize {
    let mut at = 0;
    if all.first().is_some_and(|t| t.is("pub")) {
        at = if all.get(1).is_some_and(|t| t.is("(")) { 1 + group(&all[1..]) } else { 1 };
    }
    let first = all.get(at).map_or("", |t| t.text);
    // What ends with a semicolon although it may hold braces.
    let ends_with_semicolon =
        ["use", "let", "static", "type"].contains(&first) || first == "const" && !all.get(at + 1).is_some_and(|t| t.is("fn") || t.is("unsafe"));
    let is_item = [
        "fn",
        "mod",
        "impl",
        "struct",
        "enum",
        "trait",
        "union",
        "unsafe",
        "async",
        "extern",
        "macro_rules",
        "const",
        "use",
        "let",
        "static",
        "type",
        "if",
        "for",
        "while",
        "loop",
        "match",
    ]
    .contains(&first);
    let is_field = !is_item && all.get(at + 1).is_some_and(|t| t.is(":"));
    let mut angles = 0;
    while at < all.len() {
        match all[at].text {
            ";" => return at + 1,
            "," if !is_item && angles == 0 => return at + 1,
            "<" if is_field => (angles, at) = (angles + 1, at + 1),
            ">" if is_field && !all[at - 1].is("-") => (angles, at) = (angles - 1, at + 1),
            // The end of what holds the last field or the last expression.
            ")" | "]" | "}" if all[at].sort == Sort::Sign => return at,
            "(" | "[" => at += group(&all[at..]),
            "{" => {
                at += group(&all[at..]);
                let goes_on = ends_with_semicolon || all.get(at).is_some_and(|t| t.is("else")) || !is_item && all.get(at).is_some_and(|t| t.is(","));
                if !goes_on {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

#[test]
fn exactly_the_test_items_are_cut() {
    let left = |text: &str| without_tests(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let after = "fn after() {}";
    for item in [
        "mod tests { fn f() { g(\"}\", '}') } }",
        "mod hostile;",
        "pub(crate) use a::{b, c::{d}};",
        "#[allow(dead_code)] // why }\n fn f<A, B>(a: [u8; 2]) -> Result<A, B> where A: X { let a = { 1 }; }",
        "impl Context<'static> { const A: u8 = 1; fn f() {} }",
        "macro_rules! hit { ($a:expr) => { b }; }",
        "let mut to = match x { A => 1, _ => 2 };",
        "if let Some(x) = f() { return } else { g() }",
        "static A: [u8; 2] = [1, 2];",
        "struct S;",
    ] {
        assert_eq!(left(&format!("a #[cfg(test)]\n{item}\n{after}")), format!("a {after}"), "{item}");
        assert_eq!(left(&format!("#[cfg(all(feature = \"x\", test))]\n{item}{after}")), after, "{item}");
        for kept in ["#[cfg(not(test))]", "#[cfg(any(test, unix))]"] {
            assert!(left(&format!("{kept} struct S; {after}")).starts_with(kept));
        }
    }
    assert_eq!(left("struct S { #[cfg(test)] a: Map<u8, Box<dyn Fn() -> u8>>, b: u8, #[cfg(test)] c: u8 }"), "struct S { b: u8, }");
    assert_eq!(left("match x { #[cfg(test)] A => { 1 }, B => 2 }"), "match x { B => 2 }");
    assert_eq!(left("#[test]\nfn t() {} // mod\n/* { */ let a = \"//\";"), "let a = \"//\";");
    assert_eq!(
        test_parts(&tokens("#[cfg(test)]\nmod one;\nmod two;\n#[cfg(test)] pub mod three;\n#[cfg(test)] mod four { mod five; }")).1,
        ["one", "three", "five"]
    );
}

#[test]
fn a_module_is_its_file_and_its_directory() {
    assert!(is_below(Path::new("src/plan.rs"), "src/plan") && is_below(Path::new("src/plan/a/b.rs"), "src/plan"));
    assert!(!is_below(Path::new("src/planner.rs"), "src/plan") && !is_below(Path::new("src/planner/a.rs"), "src/plan"));
    let plan: Vec<&Path> = below(&["src/plan"]).iter().map(|s| s.path.as_path()).collect();
    assert!(plan.contains(&Path::new("src/plan.rs")) && plan.contains(&Path::new("src/plan/current.rs")));
    let hostile = code().iter().find(|s| s.path == Path::new("cache/src/journal/hostile.rs")).unwrap();
    assert!(hostile.code.is_empty() && code().iter().find(|s| s.path == Path::new("cache/src/journal.rs")).unwrap().code.contains("impl Journal"));
}
