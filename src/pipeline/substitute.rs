//! `$name`: axes and variables inside parameters. A whole scalar or key keeps its type; inside text it is text.

use super::node::{Key, Node, Yaml};
use super::origin::Origin;
use super::parse::{MERGE, add_missing};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use serde_json::Value;
use std::collections::BTreeMap;

/// What names stand for.
pub(super) struct Names<'a> {
    /// Axes of the cell, with the places of their values.
    pub(super) axes: BTreeMap<&'a str, (&'a Value, Span)>,
    /// Variables, with the places of their names.
    pub(super) vars: BTreeMap<&'a str, (Span, &'a Node)>,
}

impl Names<'_> {
    /// The value of a name, and where it stands.
    fn get(&self, name: &str) -> Option<(Yaml, Span)> {
        let axis = self.axes.get(name).map(|(v, at)| match v {
            Value::String(s) => match self.vars.get(s.as_str()) {
                // An axis lists names of variables where its values are maps or lists.
                Some((at, var)) if !matches!(var.value, Yaml::Scalar(..)) => (var.value.clone(), *at),
                _ => (Yaml::Scalar(s.clone(), true), *at),
            },
            other => (Yaml::Scalar(hilum_cache::canonical::to_string(other), false), *at),
        });
        axis.or_else(|| self.vars.get(name).map(|(at, n)| (n.value.clone(), *at)))
    }
}

/// Replaces names in a tree; locations stay those of the file, and each node knows where the values of its names stand.
pub(super) fn substitute(node: &Node, names: &Names, diagnostics: &mut Vec<Diagnostic>) -> Node {
    let mut origins = node.origins.clone();
    let value = match &node.value {
        Yaml::Scalar(text, quoted) => scalar(text, *quoted, names, node, &mut origins, diagnostics),
        Yaml::List(items) => Yaml::List(items.iter().map(|n| substitute(n, names, diagnostics)).collect()),
        Yaml::Map(entries) => {
            let mut entries: Vec<(Key, Node)> = entries
                .iter()
                .map(|(key, below)| {
                    let here = Node::new(key.span, Yaml::Scalar(key.text.clone(), true));
                    let mut named = vec![];
                    let text = match scalar(&key.text, true, names, &here, &mut named, diagnostics) {
                        Yaml::Scalar(text, _) => text,
                        _ => {
                            diagnostics.push(
                                Diagnostic::new("E0007", format!("`{}` stands for a map or a list, but a key must be a word", key.text))
                                    .at(key.span, "used as a key"),
                            );
                            key.text.clone()
                        }
                    };
                    origins.extend(named.iter().filter_map(|o| if let Origin::Name(_, at) = o { Some(Origin::Key(text.clone(), *at)) } else { None }));
                    (Key { span: key.span, text }, substitute(below, names, diagnostics))
                })
                .collect();
            if let Some(at) = entries.iter().position(|e| e.0.text == MERGE) {
                let (_, merged) = entries.remove(at);
                match merged.value {
                    Yaml::Map(others) => add_missing(&mut entries, others),
                    _ => diagnostics.push(Diagnostic::new("E0007", format!("`<<` merges a map, found {}", merged.what())).at(merged.span, "expected a map")),
                }
            }
            Yaml::Map(entries)
        }
    };
    Node { span: node.span, value, origins }
}

fn scalar(text: &str, quoted: bool, names: &Names, node: &Node, origins: &mut Vec<Origin>, diagnostics: &mut Vec<Diagnostic>) -> Yaml {
    if !text.contains('$') {
        return Yaml::Scalar(text.to_owned(), quoted);
    }
    let unknown = |name: &str| {
        let known = names.axes.keys().chain(names.vars.keys()).copied();
        let help = did_you_mean(name, known, "name").unwrap_or_else(|| "declare it in `matrix` or in `vars`; write `$$` for a dollar sign".into());
        Diagnostic::new("E0108", format!("unknown name `${name}`")).at(node.span, "unknown name").help(help)
    };
    if let Some(name) = text.strip_prefix('$').filter(|n| is_word(n)) {
        let Some((value, at)) = names.get(name) else {
            diagnostics.push(unknown(name));
            return Yaml::Scalar(text.to_owned(), quoted);
        };
        let length = if let Yaml::Scalar(text, _) = &value { text.len() } else { 0 };
        origins.push(Origin::Name(0..length, at));
        return value;
    }
    // `$name.key` is a value of a map; of anything else it is text that goes on with a dot, such as an output of a stage.
    if let Some((name, key)) = text.strip_prefix('$').and_then(|n| n.split_once('.')).filter(|(name, key)| is_word(name) && is_word(key))
        && let Some((Yaml::Map(entries), _)) = names.get(name)
    {
        let Some((_, found)) = entries.iter().find(|e| e.0.text == key) else {
            let known = entries.iter().map(|e| e.0.text.as_str());
            let fault = Diagnostic::new("E0108", format!("`${name}` has no key `{key}`")).at(node.span, "unknown key");
            diagnostics
                .push(fault.help(did_you_mean(key, known.clone(), "key").unwrap_or_else(|| format!("its keys are: {}", known.collect::<Vec<_>>().join(", ")))));
            return Yaml::Scalar(text.to_owned(), quoted);
        };
        let length = if let Yaml::Scalar(text, _) = &found.value { text.len() } else { 0 };
        origins.push(Origin::Name(0..length, found.span));
        return found.value.clone();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        // Names may contain hyphens, and text may go on with one: the longest name that is known is meant.
        let whole = &rest[..length];
        let ends = std::iter::once(length).chain(whole.rmatch_indices('-').map(|(at, _)| at));
        let length = ends.into_iter().find(|at| names.get(&whole[..*at]).is_some()).unwrap_or(length);
        let (name, after) = rest.split_at(length);
        match names.get(name) {
            Some((Yaml::Scalar(value, _), at)) => {
                origins.push(Origin::Name(out.len()..out.len() + value.len(), at));
                out.push_str(&value);
            }
            Some(_) => diagnostics
                .push(Diagnostic::new("E0007", format!("`${name}` stands for a map or a list, which cannot be part of a text")).at(node.span, "in this text")),
            None => diagnostics.push(unknown(name)),
        }
        rest = after;
    }
    out.push_str(rest);
    Yaml::Scalar(out, true)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::parse;
    use serde_json::json;

    #[test]
    fn whole_scalars_keep_their_type_and_keys_are_replaced() {
        let parse = |t: &str| parse::parse(t, 0, &mut vec![]).unwrap();
        let (three, var) = (json!(3), parse("{lr: 0.1}"));
        let names = Names { axes: [("fold", (&three, Span::default()))].into(), vars: [("slow", (Span::default(), &var))].into() };
        let mut faults = vec![];
        let out = substitute(&parse("{fold: $fold, text: a-$fold-$$, map: $slow, k$fold: {$fold: {}}}"), &names, &mut faults);
        assert_eq!(out.to_json(), json!({"fold": 3, "text": "a-3-$", "map": {"lr": 0.1}, "k3": {"3": {}}}));
        let below = substitute(&parse("{lr: $slow.lr, port: $fold.train}"), &names, &mut faults);
        assert_eq!(below.to_json(), json!({"lr": 0.1, "port": "3.train"}));
        let merged = substitute(&parse("{map: {<<: $slow, other: 1}}"), &names, &mut faults);
        assert_eq!(merged.to_json(), json!({"map": {"lr": 0.1, "other": 1}}));
        assert!(faults.is_empty());
        substitute(&parse("{a: $fol}"), &names, &mut faults);
        assert_eq!(faults[0].help.as_deref(), Some("a name with a similar name exists: `fold`"));
    }
}
