//! No modules beside each other that need each other, at any depth: a module may use what is below it, and what is below it
//! may use the module, but its parts build on each other in one direction.

use super::paths::{Crate, Way};
use super::source::{CRATES, code};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each cycle among modules of one parent, as it is to be printed.
fn cycles(all: &Crate) -> BTreeSet<String> {
    // Modules beside each other that use each other, themselves or by what is below them, by their parents.
    let mut needs: BTreeMap<Way, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    for (from, used) in all.uses() {
        for to in used {
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if let (Some(one), Some(other)) = (from.get(shared), to.get(shared)) {
                let edges = needs.entry(from[..shared].to_vec()).or_default().entry(one.clone()).or_default();
                edges.entry(other.clone()).or_insert_with(|| format!("{} uses {}", from.join("::"), to.join("::")));
            }
        }
    }
    let mut found = BTreeSet::new();
    for edges in needs.values() {
        for start in edges.keys() {
            let (mut seen, mut queue) = (BTreeSet::new(), vec![(start, vec![])]);
            while let Some((at, way)) = queue.pop() {
                for (next, why) in edges.get(at).into_iter().flatten() {
                    let mut way = way.clone();
                    way.push(why.as_str());
                    if next == start {
                        // Of its turns, the one that begins with the first name.
                        let first = (0..way.len()).min_by_key(|n| way[*n]).unwrap();
                        way.rotate_left(first);
                        found.insert(way.join(", "));
                    } else if seen.insert(next) {
                        queue.push((next, way));
                    }
                }
            }
        }
    }
    found
}

#[test]
fn modules_do_not_depend_on_each_other_in_a_cycle() {
    let of = |krate: &str| {
        let files = code().iter().filter_map(|s| Some((s.path.strip_prefix(krate).ok()?, s.code.as_str())));
        cycles(&Crate::of(files)).into_iter().map(|cycle| format!("\n{krate}: {cycle}")).collect::<String>()
    };
    let found: String = CRATES.iter().map(|krate| of(krate)).collect();
    assert!(found.is_empty(), "modules beside each other need each other: move what both need below one of them, or into a third{found}");
}

#[test]
fn cycles_are_found_at_every_depth_and_through_every_spelling() {
    let of = |files: &[(&str, &str)]| cycles(&Crate::of(files.iter().map(|(path, code)| (Path::new(*path), *code))));
    let pair = |a: &str, b: &str| of(&[("lib.rs", "mod a; mod b; pub use a::Alpha;"), ("a.rs", a), ("a/deep.rs", ""), ("b.rs", b)]);
    let a = "mod deep; pub struct Alpha; use crate::b::Beta;";
    for b in [
        "use crate::a::Alpha;",
        "use crate::{x::{y, z}, a::{deep::{self}}};",
        "use super::a;",
        "use crate::Alpha;",
        "fn f() { super::a::deep::g() }",
        "use super::*; fn f(_: Alpha) {}",
    ] {
        assert_eq!(pair(a, b).len(), 1, "{b}");
        assert_eq!(pair("mod deep; pub struct Alpha;", b).len(), 0, "{b}");
    }
    assert_eq!(pair(a, "fn a() { a::f() }").len(), 0, "a name of another crate, or of something local");
    let below = |c: &str| {
        of(&[("lib.rs", "mod m;"), ("m.rs", "mod a; mod b; mod c; use a::X;"), ("m/a.rs", "use super::b;"), ("m/b.rs", "use super::c::d;"), ("m/c.rs", c)])
    };
    assert_eq!(below("use crate::m::a::X;"), ["m::a uses m::b, m::b uses m::c, m::c uses m::a".to_owned()].into());
    assert_eq!((below("use super::X;").len(), below("use super::Y;").len()), (1, 0), "through the parent, or the parent itself");
}
