//! The paths that a file names, in `use` trees and in the code, and the modules in which they end. Macros, derives and methods
//! are not expanded. Knows no rule.

use super::source::group;
use super::tokens::{Sort, Token, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A path by its segments.
pub type Way = Vec<String>;

/// A name that a `use` brings into a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub path: Way,
    /// None for a `*`.
    pub name: Option<String>,
}

/// What a module says of itself.
#[derive(Debug, Default)]
pub struct Module {
    imports: Vec<Import>,
    /// Names that it defines.
    items: BTreeSet<String>,
    /// Paths of two segments or more in its code.
    paths: BTreeSet<Way>,
    /// All words in it.
    words: BTreeSet<String>,
}

/// The modules of a crate, those in braces, too, by their paths below its root.
#[derive(Debug, Default)]
pub struct Crate(BTreeMap<Way, Module>);

/// The paths that a text names, of imports and in the code, as they are written: `std::fs` for `use std::{fs, io}`.
pub fn named(code: &str) -> BTreeSet<String> {
    let mut found = Crate::default();
    found.read(&[], code);
    let written = |module: Module| module.imports.into_iter().map(|i| i.path).chain(module.paths).collect::<Vec<Way>>();
    found.0.into_values().flat_map(written).map(|path| path.join("::")).collect()
}

/// True if a text names an item below one of these paths.
pub fn names_below(code: &str, places: &[&str]) -> Option<String> {
    named(code).into_iter().find(|path| places.iter().any(|place| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))))
}

impl Crate {
    /// A crate of these files: their paths below its directory, and their code without tests.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a Path, &'a str)>) -> Crate {
        let mut all = Crate::default();
        for (path, code) in files {
            let mut module: Way = path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if ["lib", "main"].contains(&module.last().unwrap().as_str()) {
                module.pop();
            }
            all.read(&module, code);
        }
        all
    }

    fn read(&mut self, module: &[String], code: &str) {
        let all = tokens(code);
        let all: Vec<&Token> = all.iter().filter(|t| t.sort != Sort::Comment).collect();
        self.scan(module, &all);
    }

    fn scan(&mut self, module: &[String], all: &[&Token]) {
        self.0.entry(module.to_vec()).or_default();
        let is = |n: usize, text: &str| all.get(n).is_some_and(|t| t.is(text));
        let word = |n: usize| all.get(n).filter(|t| t.sort == Sort::Word).map(|t| t.text.to_owned());
        let (mut at, mut is_exported) = (0, false);
        while at < all.len() {
            let own = self.0.get_mut(module).expect("made above");
            if is(at, "use") && !is(at + 1, "<") {
                at += 1 + tree(&all[at + 1..], &[], &mut own.imports);
                continue;
            }
            is_exported |= is(at, "macro_export");
            if is(at, "mod") && is(at + 2, "{") {
                let length = group(&all[at + 2..]);
                let below = [module, &[word(at + 1).unwrap()]].concat();
                self.scan(&below, &all[at + 3..at + 1 + length]);
                at += 2 + length;
                continue;
            }
            if is(at, "macro_rules") && is(at + 1, "!") {
                let name = word(at + 2).unwrap();
                own.items.insert(name.clone());
                if std::mem::take(&mut is_exported) {
                    let path = [&["crate".to_owned()], module, std::slice::from_ref(&name)].concat();
                    self.0.entry(vec![]).or_default().imports.push(Import { path, name: Some(name) });
                }
                at += 3;
                continue;
            }
            let Some(first) = word(at) else {
                at += 1;
                continue;
            };
            own.words.insert(first.clone());
            if ["fn", "struct", "enum", "trait", "const", "static", "type", "union"].contains(&first.as_str()) {
                let skipped = usize::from(is(at + 1, "mut") || is(at + 1, "fn"));
                own.items.extend(word(at + 1 + skipped));
            }
            let mut path = vec![first];
            while is(at + 1, ":") && is(at + 2, ":") {
                let Some(next) = word(at + 3) else { break };
                own.words.insert(next.clone());
                path.push(next);
                at += 3;
            }
            if path.len() > 1 {
                own.paths.insert(path);
            }
            at += 1;
        }
    }

    /// The module in which a path that is written in a module ends, or none if it leads out of the crate.
    fn end(&self, from: &[String], path: &[String], depth: usize) -> Option<Way> {
        let (first, mut rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => vec![],
            "self" => from.to_vec(),
            "super" => from.split_last()?.1.to_vec(),
            name => {
                rest = path;
                // A module below, or one that an import names; otherwise another crate, or something local.
                (self.is_module(from, name) || self.import(from, name).is_some_and(|i| i.path != path)).then(|| from.to_vec())?
            }
        };
        while let Some((next, after)) = rest.split_first() {
            rest = after;
            if next == "super" {
                place.pop()?;
            } else if self.is_module(&place, next) {
                place.push(next.clone());
            } else if let Some(import) = self.import(&place, next).filter(|_| depth > 0) {
                let whole = [&import.path[..], after].concat();
                return self.end(&place, &whole, depth - 1);
            } else if let Some(found) = self.through_globs(&place, next, depth) {
                return Some(found);
            } else {
                return Some(place);
            }
        }
        Some(place)
    }

    fn is_module(&self, place: &[String], name: &str) -> bool {
        self.0.contains_key(&[place, &[name.to_owned()]].concat())
    }

    fn import(&self, place: &[String], name: &str) -> Option<&Import> {
        let own = self.0.get(place)?;
        own.imports.iter().find(|i| i.name.as_deref() == Some(name)).filter(|_| !own.items.contains(name))
    }

    /// Where a name is defined that a module has by a `*`.
    fn through_globs(&self, place: &[String], name: &str, depth: usize) -> Option<Way> {
        let own = self.0.get(place).filter(|m| depth > 0 && !m.items.contains(name))?;
        own.imports.iter().filter(|i| i.name.is_none()).find_map(|glob| {
            let target = self.end(place, &glob.path, depth - 1)?;
            let has = self.0.get(&target)?.items.contains(name) || self.import(&target, name).is_some();
            has.then(|| self.end(&target, &["self".to_owned(), name.to_owned()], depth - 1))?
        })
    }

    /// The modules of whose items each module makes use, itself aside.
    pub fn uses(&self) -> Vec<(&Way, BTreeSet<Way>)> {
        let of = |(module, own): (&'_ Way, &Module)| {
            let mut out: BTreeSet<Way> = BTreeSet::new();
            for path in own.imports.iter().map(|i| &i.path).chain(&own.paths) {
                out.extend(self.end(module, path, 20));
            }
            // What is written without a path because a `*` brings it.
            for glob in own.imports.iter().filter(|i| i.name.is_none()) {
                let Some(target) = self.end(module, &glob.path, 20) else { continue };
                let names = self.0[&target].imports.iter().filter_map(|i| i.name.as_ref()).filter(|n| own.words.contains(*n));
                out.extend(names.filter_map(|n| self.end(&target, &["self".to_owned(), n.clone()], 20)));
            }
            out.remove(module);
            out
        };
        self.0.iter().map(|(module, own)| (module, of((module, own)))).collect()
    }
}

/// Reads a tree of a `use`, up to what ends it; gives its length.
fn tree(all: &[&Token], above: &[String], out: &mut Vec<Import>) -> usize {
    let (mut path, mut at) = (above.to_vec(), 0);
    loop {
        match all.get(at).map(|t| t.text) {
            Some(":" | "$") => at += 1,
            Some("*") => {
                out.push(Import { path, name: None });
                return at + 1;
            }
            Some("{") => {
                let length = group(&all[at..]);
                let mut inside = at + 1;
                while inside < at + length - 1 {
                    inside += tree(&all[inside..at + length - 1], &path, out);
                    inside += usize::from(all.get(inside).is_some_and(|t| t.is(",")));
                }
                return at + length;
            }
            Some("self") if !above.is_empty() && path.len() == above.len() => at += 1,
            Some("as") => {
                out.push(Import { path, name: Some(all[at + 1].text.to_owned()) });
                return at + 2;
            }
            Some(word) if all[at].sort == Sort::Word => {
                path.push(word.to_owned());
                at += 1;
            }
            _ => {
                let name = path.last().cloned();
                out.push(Import { path, name });
                return at;
            }
        }
    }
}

#[test]
fn paths_are_read_from_trees_and_from_code() {
    let all = |code: &str| named(code).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(all("use a::{b::{c, d as e}, self, f::*}; pub(crate) use g;"), "a a::b::c a::b::d a::f g");
    assert_eq!(all("fn f() -> impl Fn() + use<'a> { x(super::y::z(), $crate::m::n!()) }"), "crate::m::n super::y::z");
    for open in ["use std::net;", "use std::{io, net::{self, TcpStream}};", "let s = std::net::TcpStream::connect(a);", "use ::std::net as n;"] {
        assert!(names_below(open, &["std::net"]).is_some(), "{open}");
    }
    assert!(names_below("use std::network; use other::std::net; let x = \"std::net\";", &["std::net"]).is_none());
}

#[test]
fn paths_end_in_the_module_that_defines_them() {
    let files = [
        ("lib.rs", "pub mod a; mod b; pub use b::deep::Thing; #[macro_export] macro_rules! nothing { () => {} }"),
        ("a.rs", "mod inner { use super::super::b::deep; } mod c; use crate::{Thing, b::{self as other, deep::{work}}}; fn f() { c::run() }"),
        ("a/c.rs", "use super::*; fn run() { work(); std::fs::read(); Local::new(); crate::made!() }"),
        ("b.rs", "pub mod deep; pub use deep::*; #[macro_export] macro_rules! made { () => {} }"),
        ("b/deep.rs", "pub struct Thing; pub fn work() { super::super::a::f(); self::work() }"),
        ("d.rs", "use crate::b::Thing; use crate::a::f as g; fn h() { g() }"),
    ];
    let all = Crate::of(files.iter().map(|(path, code)| (Path::new(*path), *code)));
    let of = |module: &str| {
        let found = all.uses().into_iter().find(|(name, _)| name.join("::") == module).unwrap().1;
        found.iter().map(|way| way.join("::")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((of("a").as_str(), of("a::inner").as_str()), ("a::c b b::deep", "b::deep"));
    assert_eq!((of("a::c").as_str(), of("b::deep").as_str(), of("d").as_str()), ("a b b::deep", "a", "a b::deep"));
}
