//! `vars`: names in the values of variables, which stand for other variables, in any order. Knows no axes, as every stage has
//! others.

use super::model;
use super::node::{Key, Node};
use super::substitute::{Names, Unresolved, Vars, substitute, used};
use crate::diagnostic::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// The variables with all names replaced. One with an error is broken, and so is one that needs it.
pub(super) fn resolve(written: &[(Key, Node)], diagnostics: &mut Vec<Diagnostic>) -> Vars {
    let number: BTreeMap<&str, usize> = written.iter().enumerate().map(|(i, v)| (v.0.text.as_str(), i)).collect();
    let mut vars = Vars::default();
    let needs = |vars: &Vars| -> Vec<(usize, usize)> {
        let of = |(i, (_, node)): (usize, &(Key, Node))| {
            let mut names = BTreeSet::new();
            used(node, &|name| number.contains_key(name), &mut names);
            names.into_iter().filter(|n| !vars.broken.contains(*n)).filter_map(|n| Some((i, *number.get(n)?))).collect::<Vec<_>>()
        };
        written.iter().enumerate().filter(|v| !vars.broken.contains(&v.1.0.text)).flat_map(of).collect()
    };
    let order = loop {
        match model::sort(written.len(), &needs(&vars)) {
            Ok(order) => break order,
            Err(cycle) => {
                let names: Vec<String> = cycle.iter().chain(cycle.first()).map(|i| format!("`{}`", written[*i].0.text)).collect();
                diagnostics.push(
                    Diagnostic::new("E0110", format!("variables stand for each other in a cycle: {}", names.join(" → ")))
                        .at(written[cycle[0]].0.span, "part of the cycle")
                        .help("give one of them a value of its own"),
                );
                vars.broken.extend(cycle.iter().map(|i| written[*i].0.text.clone()));
            }
        }
    };
    for (key, node) in order.into_iter().map(|i| &written[i]) {
        if vars.broken.contains(&key.text) {
            continue;
        }
        let mut out = Unresolved::default();
        let value = substitute(node, &Names { axes: BTreeMap::new(), vars: &vars, open: false }, &mut out);
        diagnostics.append(&mut out.diagnostics);
        if out.places.is_empty() {
            vars.known.insert(key.text.clone(), (key.span, value));
        } else {
            vars.broken.insert(key.text.clone());
        }
    }
    vars
}

#[cfg(test)]
mod tests {
    use super::super::node::Yaml;
    use super::super::parse::parse;
    use super::*;
    use serde_json::json;

    fn resolved(text: &str) -> (Vars, Vec<String>) {
        let mut faults = vec![];
        let Yaml::Map(entries) = parse(text, 0, &mut faults).unwrap().value else { panic!() };
        let vars = resolve(&entries, &mut faults);
        (vars, faults.into_iter().map(|f| format!("{} {}", f.code, f.message)).collect())
    }

    #[test]
    fn names_are_replaced_in_any_order_and_once() {
        let (vars, faults) = resolved(
            "{ gan: { network: { dcgan: { size: $side } }, <<: $usual }, usual: { batch: $sizes.small, text: a-$side-$$side }, side: 32, sizes: { small: 4 }, none: null }",
        );
        assert_eq!(faults, Vec::<String>::new());
        let usual = json!({ "batch": 4, "text": "a-32-$side" });
        assert_eq!(vars.known["usual"].1.to_json(), usual);
        assert_eq!(vars.known["gan"].1.to_json(), json!({ "network": { "dcgan": { "size": 32 } }, "batch": 4, "text": "a-32-$side" }));
        assert!(vars.known["none"].1.is_null());
    }

    #[test]
    fn a_cycle_and_an_unknown_name_are_said_once_and_break_what_needs_them() {
        let (vars, faults) = resolved("{ a: $b, b: { x: $c }, c: [$a], d: $a, itself: $itself, e: $nothing, f: { y: $e }, fine: 1 }");
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults.iter().any(|f| f.starts_with("E0110 variables stand for each other in a cycle: `") && f.matches(" → ").count() == 3), "{faults:?}");
        assert!(faults.iter().any(|f| f == "E0110 variables stand for each other in a cycle: `itself` → `itself`"), "{faults:?}");
        assert!(faults.iter().any(|f| f == "E0108 unknown name `$nothing`"), "{faults:?}");
        assert_eq!(vars.known.keys().collect::<Vec<_>>(), ["fine"]);
        assert_eq!(vars.broken.len(), 7);
    }
}
