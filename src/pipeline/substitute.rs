//! `$name`: axes and variables inside parameters. A whole scalar or key keeps its type; inside text it is text.

use super::matrix::Coordinate;
use super::node::{Key, Node, Origin, Yaml};
use super::parse::{MERGE, add_missing};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The entries of `vars`.
#[derive(Debug, Default)]
pub(super) struct Vars {
    /// Values with the places of their names.
    pub(super) known: BTreeMap<String, (Span, Node)>,
    /// Those whose own values have an error, which was reported there.
    pub(super) broken: BTreeSet<String>,
}

/// What names stand for.
pub(super) struct Names<'a> {
    /// Axes of the cell.
    pub(super) axes: BTreeMap<&'a str, Coordinate<'a>>,
    /// Variables.
    pub(super) vars: &'a Vars,
    /// True where an error elsewhere may hide other axes: then no name is unknown.
    pub(super) open: bool,
}

/// What could not be replaced.
#[derive(Debug, Default)]
pub(super) struct Unresolved {
    /// Errors, each where it is to be mended.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Values and keys that keep the text of a name: what else is wrong with them is not known.
    pub(super) places: Vec<Span>,
    /// True if a mapping lacks keys of another that could not be merged.
    pub(super) lacks_keys: bool,
}

impl Unresolved {
    fn fault(&mut self, place: Span, fault: Diagnostic) {
        self.places.push(place);
        self.diagnostics.push(fault);
    }
}

/// What was found for a name.
enum NameValue {
    /// Its value, where that stands, and what was laid over what in it.
    Value(Yaml, Span, Vec<Origin>),
    /// An error that was reported elsewhere.
    Hidden,
    /// Nothing.
    Unknown,
}

/// Which of its keys a value has from which file: a choice replaces another one, whoever names it.
fn layers(node: &Node) -> Vec<Origin> {
    node.origins.iter().filter(|o| matches!(o, Origin::Layer(_))).cloned().collect()
}

impl Names<'_> {
    fn get(&self, name: &str) -> NameValue {
        if let Some(axis) = self.axes.get(name) {
            return match axis.value() {
                Value::String(s) if self.vars.broken.contains(s) => NameValue::Hidden,
                Value::String(s) => match self.vars.known.get(s) {
                    // An axis lists names of variables where its values are maps or lists.
                    Some((at, var)) if !matches!(var.value, Yaml::Scalar(..)) => NameValue::Value(var.value.clone(), *at, layers(var)),
                    _ => NameValue::Value(Yaml::Scalar(s.clone(), true), axis.place(), vec![]),
                },
                other => NameValue::Value(Yaml::Scalar(hilum_cache::canonical::to_string(other), false), axis.place(), vec![]),
            };
        }
        match self.vars.known.get(name) {
            Some((at, node)) => NameValue::Value(node.value.clone(), *at, layers(node)),
            None if self.open || self.vars.broken.contains(name) => NameValue::Hidden,
            None => NameValue::Unknown,
        }
    }
    fn is_known(&self, name: &str) -> bool {
        self.axes.contains_key(name) || self.vars.known.contains_key(name) || self.vars.broken.contains(name)
    }
    fn unknown(&self, name: &str, place: Span) -> Diagnostic {
        let known = self.axes.keys().copied().chain(self.vars.known.keys().map(String::as_str));
        let help = did_you_mean(name, known, "name").unwrap_or_else(|| "declare it in `matrix` or in `vars`; write `$$` for a dollar sign".into());
        Diagnostic::new("E0108", format!("unknown name `${name}`")).at(place, "unknown name").help(help)
    }
    /// True for an axis of which some values are names of mappings in `vars`.
    fn lists_variants(&self, axis: &str) -> bool {
        let is_map = |value: &str| self.vars.known.get(value).is_some_and(|v| matches!(v.1.value, Yaml::Map(_)));
        self.axes.get(axis).is_some_and(|a| a.all().any(is_map))
    }
    /// The error of a value of an axis, where it should have been the name of a mapping in `vars`.
    pub(super) fn not_in_vars(&self, axis: &str) -> Option<Diagnostic> {
        let coordinate = self.axes.get(axis)?;
        let Value::String(value) = coordinate.value() else { return None };
        let maps = self.vars.known.iter().filter(|v| matches!(v.1.1.value, Yaml::Map(_))).map(|v| v.0.as_str());
        let is_missing = !self.vars.known.contains_key(value);
        is_missing.then(|| {
            Diagnostic::new("E0108", format!("`{value}` of the axis `{axis}` is not in `vars`"))
                .at(coordinate.place(), "no such variable")
                .help(did_you_mean(value, maps, "variable").unwrap_or_else(|| format!("declare `{value}` in `vars`")))
        })
    }
}

/// Replaces names in a tree; locations stay those of the file, and each node knows where the values of its names stand.
pub(super) fn substitute(node: &Node, names: &Names, out: &mut Unresolved) -> Node {
    let mut origins = node.origins.clone();
    let value = match &node.value {
        Yaml::Scalar(text, quoted) => scalar(text, *quoted, names, node.span, &mut origins, out),
        Yaml::List(items) => Yaml::List(items.iter().map(|n| substitute(n, names, out)).collect()),
        Yaml::Map(written) => {
            let mut entries: Vec<(Key, Node)> = written
                .iter()
                .map(|(key, below)| {
                    let mut named = vec![];
                    let text = match scalar(&key.text, true, names, key.span, &mut named, out) {
                        Yaml::Scalar(text, _) => text,
                        _ => {
                            let message = format!("`{}` stands for a mapping or a list, but a key must be a word", key.text);
                            out.fault(
                                key.span,
                                Diagnostic::new("E0007", message).at(key.span, "used as a key").help("give the variable one word, or write the key itself"),
                            );
                            key.text.clone()
                        }
                    };
                    origins.extend(named.iter().filter_map(|o| if let Origin::Name(_, at) = o { Some(Origin::Key(text.clone(), *at)) } else { None }));
                    (Key { span: key.span, text }, substitute(below, names, out))
                })
                .collect();
            if let Some(at) = entries.iter().position(|e| e.0.text == MERGE) {
                let (_, merged) = entries.remove(at);
                match merged.value {
                    Yaml::Map(others) => add_missing(&mut entries, others),
                    _ => {
                        out.lacks_keys = true;
                        let axis = written[at].1.text().and_then(|t| t.strip_prefix('$'));
                        if !out.places.contains(&merged.span) {
                            let other =
                                || Diagnostic::new("E0007", format!("`<<` merges a mapping, found {}", merged.what())).at(merged.span, "expected a mapping");
                            out.fault(merged.span, axis.and_then(|axis| names.not_in_vars(axis)).unwrap_or_else(other));
                        }
                    }
                }
            }
            for (n, (key, _)) in entries.iter().enumerate() {
                if let Some((first, _)) = entries[..n].iter().find(|e| e.0.text == key.text) {
                    let fault = Diagnostic::new("E0003", format!("duplicate key `{}`", key.text)).at(key.span, "defined again here").help("keep one of them");
                    out.fault(key.span, fault.context(first.span, "first defined here"));
                }
            }
            Yaml::Map(entries)
        }
    };
    Node { span: node.span, value, origins }
}

fn scalar(text: &str, quoted: bool, names: &Names, place: Span, origins: &mut Vec<Origin>, out: &mut Unresolved) -> Yaml {
    let as_written = || Yaml::Scalar(text.to_owned(), quoted);
    if !text.contains('$') {
        return as_written();
    }
    let length_of = |value: &Yaml| if let Yaml::Scalar(text, _) = value { text.len() } else { 0 };
    if let Some(name) = whole(text) {
        match names.get(name) {
            NameValue::Value(value, at, layers) => {
                origins.extend(layers);
                origins.push(Origin::Name(0..length_of(&value), at));
                return value;
            }
            NameValue::Hidden => out.places.push(place),
            NameValue::Unknown => out.fault(place, names.unknown(name, place)),
        }
        return as_written();
    }
    // `$name.key` is a value of a mapping; of anything else it is text that goes on with a dot, such as an output of a stage.
    if let Some((name, key)) = text.strip_prefix('$').and_then(|n| n.split_once('.')).filter(|(name, key)| is_word(name) && is_word(key)) {
        match names.get(name) {
            NameValue::Value(Yaml::Map(entries), ..) => {
                let Some((_, found)) = entries.iter().find(|e| e.0.text == key) else {
                    let known = entries.iter().map(|e| e.0.text.as_str());
                    let all = || format!("its keys are: {}", known.clone().collect::<Vec<_>>().join(", "));
                    let fault = Diagnostic::new("E0108", format!("`${name}` has no key `{key}`")).at(place, "unknown key");
                    out.fault(place, fault.help(did_you_mean(key, known.clone(), "key").unwrap_or_else(all)));
                    return as_written();
                };
                origins.extend(layers(found));
                origins.push(Origin::Name(0..length_of(&found.value), found.span));
                return found.value.clone();
            }
            NameValue::Value(..) if names.lists_variants(name) => {
                if let Some(fault) = names.not_in_vars(name) {
                    out.fault(place, fault);
                    return as_written();
                }
            }
            NameValue::Hidden => {
                out.places.push(place);
                return as_written();
            }
            _ => {}
        }
    }
    let mut filled = String::new();
    for part in parts(text, &|name| names.is_known(name)) {
        let name = match part {
            Part::Text(text) => {
                filled.push_str(text);
                continue;
            }
            Part::Name(name) => name,
        };
        match names.get(name) {
            NameValue::Value(Yaml::Scalar(value, _), at, _) => {
                origins.push(Origin::Name(filled.len()..filled.len() + value.len(), at));
                filled.push_str(&value);
            }
            NameValue::Value(..) => {
                let message = format!("`${name}` stands for a mapping or a list, which cannot be part of a text");
                out.fault(
                    place,
                    Diagnostic::new("E0007", message)
                        .at(place, "in this text")
                        .help("name a key of the mapping, such as `$name.key`; write `$$` for a dollar sign"),
                );
            }
            NameValue::Hidden => out.places.push(place),
            NameValue::Unknown => out.fault(place, names.unknown(name, place)),
        }
    }
    Yaml::Scalar(filled, true)
}

/// The names that a tree uses.
pub(super) fn used<'a>(node: &'a Node, is_known: &dyn Fn(&str) -> bool, out: &mut BTreeSet<&'a str>) {
    let of_text = |text: &'a str, out: &mut BTreeSet<&'a str>| match whole(text) {
        Some(name) => drop(out.insert(name)),
        None => out.extend(parts(text, is_known).into_iter().filter_map(|p| if let Part::Name(name) = p { Some(name) } else { None })),
    };
    match &node.value {
        Yaml::Scalar(text, _) => of_text(text, out),
        Yaml::List(items) => items.iter().for_each(|item| used(item, is_known, out)),
        Yaml::Map(entries) => entries.iter().for_each(|(key, below)| {
            of_text(&key.text, out);
            used(below, is_known, out);
        }),
    }
}

/// The name that a text consists of.
fn whole(text: &str) -> Option<&str> {
    text.strip_prefix('$').filter(|name| is_word(name))
}

/// A part of a text.
enum Part<'a> {
    /// As it is.
    Text(&'a str),
    /// A name without its dollar sign.
    Name(&'a str),
}

fn parts<'a>(text: &'a str, is_known: &dyn Fn(&str) -> bool) -> Vec<Part<'a>> {
    let mut out = vec![];
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push(Part::Text(&rest[..at]));
        rest = &rest[at + 1..];
        if rest.starts_with('$') {
            out.push(Part::Text(&rest[..1]));
            rest = &rest[1..];
            continue;
        }
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        // Names may contain hyphens, and text may go on with one: the longest name that is known is meant.
        let longest = &rest[..length];
        let ends = std::iter::once(length).chain(longest.rmatch_indices('-').map(|(at, _)| at));
        let length = ends.into_iter().find(|at| is_known(&longest[..*at])).unwrap_or(length);
        out.push(Part::Name(&rest[..length]));
        rest = &rest[length..];
    }
    out.push(Part::Text(rest));
    out
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::matrix::Axis;
    use super::*;
    use crate::pipeline::parse;
    use serde_json::json;

    #[test]
    fn whole_scalars_keep_their_type_and_keys_are_replaced() {
        let parse = |t: &str| parse::parse(t, 0, &mut vec![]).unwrap();
        let fold = Axis { values: vec![("3".into(), json!(3))], places: vec![Span::default()] };
        let vars = Vars { known: [("slow".to_owned(), (Span::default(), parse("{lr: 0.1}")))].into(), broken: ["bad".to_owned()].into() };
        let names = Names { axes: [("fold", fold.coordinate("3").unwrap())].into(), vars: &vars, open: false };
        let mut out = Unresolved::default();
        let replaced = substitute(&parse("{fold: $fold, text: a-$fold-$$, map: $slow, k$fold: {$fold: {}}}"), &names, &mut out);
        assert_eq!(replaced.to_json(), json!({"fold": 3, "text": "a-3-$", "map": {"lr": 0.1}, "k3": {"3": {}}}));
        let below = substitute(&parse("{lr: $slow.lr, port: $fold.train}"), &names, &mut out);
        assert_eq!(below.to_json(), json!({"lr": 0.1, "port": "3.train"}));
        let merged = substitute(&parse("{map: {<<: $slow, other: 1}}"), &names, &mut out);
        assert_eq!(merged.to_json(), json!({"map": {"lr": 0.1, "other": 1}}));
        assert!(out.diagnostics.is_empty() && out.places.is_empty() && !out.lacks_keys);
        substitute(&parse("{a: $bad, b: $bad.x, c: x-$bad, d: {<<: $bad}}"), &names, &mut out);
        assert!(out.diagnostics.is_empty() && out.places.len() == 4 && out.lacks_keys, "what is broken was reported");
        substitute(&parse("{a: $fol}"), &names, &mut out);
        assert_eq!(out.diagnostics[0].help.as_deref(), Some("a name with a similar name exists: `fold`"));
        substitute(&parse("{a: $fol}"), &Names { open: true, ..names }, &mut out);
        assert_eq!((out.diagnostics.len(), out.places.len()), (1, 6));
    }
}
