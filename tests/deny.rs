//! Dependencies are what `deny.toml` allows: their licences, their sources, no banned crate, and no crate twice but those that are listed
//! with a reason. Knows of no vulnerabilities, and opens no connection: licences are read from the manifests that cargo has here.

use crate::space::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// An entry of a list: a text, below the key `""`, or `{ key = "text", … }`.
type Entry = BTreeMap<String, String>;

/// The lists of `deny.toml` by `section.key`, as they are written there: one entry on each line.
fn lists() -> BTreeMap<String, Vec<Entry>> {
    let text = fs::read_to_string(root().join("deny.toml")).unwrap();
    let (mut lists, mut section, mut list) = (BTreeMap::<String, Vec<Entry>>::new(), "", None::<String>);
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        match (&list, line) {
            (Some(_), "]") => list = None,
            (Some(name), _) => lists.get_mut(name).unwrap().push(entry(line)),
            (None, _) if line.starts_with('[') => section = line.trim_matches(['[', ']']),
            (None, _) => match line.split_once(" = ") {
                Some((key, "[")) => {
                    let name = format!("{section}.{key}");
                    assert!(lists.insert(name.clone(), vec![]).is_none(), "deny.toml has {name} twice");
                    list = Some(name);
                }
                Some((_, value)) => assert!(!value.starts_with(['[', '{']), "deny.toml: `{line}`: write one entry of a list on each line"),
                None => panic!("deny.toml: `{line}` is not `key = value`"),
            },
        }
    }
    lists
}

fn entry(line: &str) -> Entry {
    // Every second part is between quotation marks.
    let parts: Vec<&str> = line.split('"').collect();
    let texts = parts.chunks_exact(2).map(|pair| (pair[0].trim_matches([' ', ',', '{', '=']).to_owned(), pair[1].to_owned())).collect();
    assert!(parts.len() % 2 == 1 && parts.len() > 1, "deny.toml: `{line}` is no entry of a list");
    texts
}

/// A package of `Cargo.lock`.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Default)]
struct Package {
    name: String,
    version: String,
    /// None for a crate of this workspace.
    source: Option<String>,
}

fn locked() -> Vec<Package> {
    let text = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let package = |block: &str| {
        let value = |key: &str| block.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(" = ")).map(|v| v.trim_matches('"').to_owned());
        Package { name: value("name").unwrap(), version: value("version").unwrap(), source: value("source") }
    };
    let all: Vec<Package> = text.split("[[package]]").skip(1).map(package).collect();
    assert!(all.len() > 100, "Cargo.lock lists {} packages: is its format another?", all.len());
    all
}

/// Each package's licence by its name and version. With all features and for all platforms if cargo has their manifests here; otherwise
/// what was compiled for these tests.
fn licences() -> BTreeMap<(String, String), String> {
    let metadata = |more: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        let out = cargo.args(["metadata", "--offline", "--locked", "--format-version", "1"]).args(more).current_dir(root()).output().unwrap();
        if out.status.success() { Ok(serde_json::from_slice::<Value>(&out.stdout).unwrap()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
    };
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(rustc.stdout).unwrap().lines().find_map(|l| l.strip_prefix("host: ").map(str::to_owned)).unwrap();
    let found = metadata(&["--all-features"]).or_else(|_| metadata(&["--filter-platform", &host])).unwrap_or_else(|e| panic!("cargo metadata: {e}"));
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    found["packages"].as_array().unwrap().iter().map(|p| ((text(&p["name"]), text(&p["version"])), text(&p["license"]))).collect()
}

/// True if a licence expression (SPDX, or the older form with `/`) can be met with these licences.
fn is_met(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any_of(&words, &mut at, allowed);
    met && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(words, at, allowed);
    }
    met
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut met = true;
    loop {
        let word = words.get(*at).copied().unwrap_or_default();
        *at += 1;
        if word == "(" {
            met &= any_of(words, at, allowed);
            *at += usize::from(words.get(*at) == Some(&")"));
        } else if words.get(*at) == Some(&"WITH") {
            met &= allowed.contains(format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&"")).as_str());
            *at += 2;
        } else {
            met &= allowed.contains(word);
        }
        if words.get(*at) != Some(&"AND") {
            return met;
        }
        *at += 1;
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "Zlib"]);
    for met in
        ["MIT", "Apache-2.0 OR MIT", "Apache-2.0/MIT", "(Apache-2.0 OR MIT) AND Zlib", "Apache-2.0 WITH LLVM-exception OR MIT", "MIT AND (GPL-3.0 OR Zlib)"]
    {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "MIT WITH some-exception", "GPL-3.0 OR MIT AND GPL-3.0", "MIT)"] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn every_licence_is_allowed() {
    let lists = lists();
    let allowed: BTreeSet<&str> = lists["licenses.allow"].iter().map(|e| e[""].as_str()).collect();
    let licences = licences();
    assert!(licences.len() > 100, "cargo metadata lists {} packages", licences.len());
    let others: Vec<String> = licences.iter().filter(|(_, l)| !is_met(l, &allowed)).map(|((name, version), l)| format!("{name} {version}: {l:?}")).collect();
    assert!(others.is_empty(), "licences that deny.toml does not allow: {others:#?}");
    // An allowed licence that nobody needs is an open door.
    let unused: Vec<&&str> = allowed.iter().filter(|l| !licences.values().any(|expression| expression.contains(**l))).collect();
    assert!(unused.is_empty() || licences.len() < locked().len(), "deny.toml allows licences that no dependency has: {unused:?}");
}

#[test]
fn no_crate_is_banned_or_there_twice_without_a_reason() {
    let (lists, locked) = (lists(), locked());
    for banned in &lists["bans.deny"] {
        assert!(!banned["reason"].is_empty(), "deny.toml bans `{}` without a reason", banned["crate"]);
        assert!(locked.iter().all(|p| p.name != banned["crate"]), "`{}` is banned: {}", banned["crate"], banned["reason"]);
    }
    let skipped: BTreeSet<&str> = lists["bans.skip"].iter().map(|e| e["crate"].as_str()).collect();
    assert!(lists["bans.skip"].iter().all(|e| !e["reason"].is_empty()), "deny.toml lists a duplicate without a reason");
    let count = |name: &str| locked.iter().filter(|p| p.name == name).count();
    let named: BTreeMap<String, &Package> = locked.iter().map(|p| (format!("{}@{}", p.name, p.version), p)).collect();
    for skip in &skipped {
        let is_needed = named.get(*skip).is_some_and(|p| count(&p.name) > 1);
        assert!(is_needed, "deny.toml skips `{skip}`, but Cargo.lock no longer has it beside another version: remove the line");
    }
    let mut left = BTreeMap::<&str, Vec<&str>>::new();
    for (_, package) in named.iter().filter(|(id, _)| !skipped.contains(id.as_str())) {
        left.entry(&package.name).or_default().push(&package.version);
    }
    left.retain(|_, versions| versions.len() > 1);
    assert!(left.is_empty(), "several versions are compiled of {left:?}: bring them to one, or list the older ones in deny.toml with a reason");
}

#[test]
fn every_dependency_comes_from_crates_io() {
    let lists = lists();
    let allowed: Vec<String> = lists["sources.allow-registry"].iter().map(|e| format!("registry+{}", e[""])).collect();
    let own: BTreeSet<&str> = ["hilum", "hilum-cache", "hilum-ops", "hilum-stages"].into();
    for package in locked() {
        match &package.source {
            Some(source) => assert!(allowed.contains(source), "{} {} comes from {source}", package.name, package.version),
            None => assert!(own.contains(package.name.as_str()), "{} is not a crate of this workspace, but comes from a directory", package.name),
        }
    }
}
