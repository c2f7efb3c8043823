//! The shape of a study: its keys and those of its stages, still as text with locations.

use super::node::{Key, Node, Yaml};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use hilum_stages::words;
use std::borrow::Cow;

/// A study as it is written.
#[derive(Debug)]
pub struct RawStudy<'a> {
    /// `study`.
    pub name: String,
    /// `description`.
    pub description: String,
    /// `scale`, or that of the command line.
    pub scale: Option<String>,
    /// `seed`.
    pub seed: Option<&'a Node>,
    /// `vars`.
    pub vars: &'a [(Key, Node)],
    /// `stages`, in written order.
    pub stages: Vec<RawStage<'a>>,
    /// `checks.allow`.
    pub allow: Vec<Allowed>,
    /// The `stages` key, for faults of the whole.
    pub span: Span,
}

/// A stage as it is written.
#[derive(Debug)]
pub struct RawStage<'a> {
    /// Its name.
    pub name: &'a Key,
    /// `stage`.
    pub kind: Key,
    /// `description`.
    pub description: String,
    /// `in`: ports with bindings, one or a list.
    pub inputs: Vec<(&'a Key, Vec<Key>, bool)>,
    /// `with`.
    pub with: Cow<'a, Node>,
    /// `matrix`.
    pub matrix: &'a [(Key, Node)],
    /// `seed`.
    pub seed: Option<&'a Node>,
    /// Where its seed is given.
    pub seed_place: Option<Span>,
    /// `expect`.
    pub expect: &'a [(Key, Node)],
    /// `resources`.
    pub resources: Option<&'a Node>,
    /// `retry`.
    pub retry: Option<&'a Node>,
}

/// A finding that the study allows.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// The check.
    pub id: Key,
    /// Why.
    pub reason: String,
}

pub(super) const FILE_KEYS: [&str; 10] = ["study", "description", "seed", "extends", "scale", "scales", "vars", "stages", "checks", "report"];
pub(super) const STAGE_KEYS: [&str; 9] = ["stage", "description", "in", "with", "matrix", "seed", "expect", "resources", "retry"];

/// Names become directories, several of which make a path.
const MAX_NAME: usize = 100;
/// Characters of a bad name that are shown.
const SHOWN: usize = 40;
/// What a name is made of.
pub(super) const NAME: &str = "expected at most 100 lower-case letters, digits and hyphens, starting with a letter";

/// What to do about a study without stages.
const NO_STAGES: &str = "add `stages: { NAME: { stage: KIND } }`; `hilum stages` lists the kinds, and `hilum init` writes a study to start from";

/// The fault of a name.
pub(super) fn bad_name(name: &str, of: &str) -> Diagnostic {
    let message = match words::cut(name, SHOWN) {
        shown if shown.is_empty() => format!("the name of {of} is empty"),
        shown => format!("`{shown}` is not a valid name for {of}"),
    };
    Diagnostic::new("E0107", message)
}

/// Reads the shape of a study.
pub fn read<'a>(root: &'a Node, checks: &[&str], diagnostics: &mut Vec<Diagnostic>) -> Option<RawStudy<'a>> {
    let mut r = Reader { checks, diagnostics };
    let entries = r.map(root, "a study")?;
    r.known(entries, &FILE_KEYS, "E0101", "key");
    let name = match root.get("study") {
        Some(n) => {
            let name = r.text(n, "`study`");
            if let Some(bad) = name.as_ref().filter(|name| !is_name(name)) {
                r.diagnostics.push(bad_name(bad, "a study").at(n.span, NAME));
            }
            name.unwrap_or_default()
        }
        None => {
            r.diagnostics
                .push(Diagnostic::new("E0103", "the study has no name").at(first_line(root), "`study:` is missing").help("add `study: NAME` at the top"));
            String::new()
        }
    };
    let mut stages = vec![];
    let mut span = first_line(root);
    match root.entry("stages") {
        None => r.diagnostics.push(Diagnostic::new("E0103", "the study has no stages").at(span, "`stages:` is missing").help(NO_STAGES)),
        Some((key, node)) => {
            span = key.span;
            if matches!(&node.value, Yaml::Map(entries) if entries.is_empty()) {
                r.diagnostics.push(Diagnostic::new("E0103", "the study has no stages").at(span, "no stage is here").help(NO_STAGES));
            }
            for (name, node) in r.map(node, "`stages`").unwrap_or_default() {
                if !is_name(&name.text) {
                    r.diagnostics.push(bad_name(&name.text, "a stage").at(name.span, NAME));
                }
                stages.extend(r.stage(name, node));
            }
        }
    }
    let vars = root.get("vars").and_then(|n| r.map(n, "`vars`")).unwrap_or_default();
    let description = root.get("description").and_then(|n| r.text(n, "`description`")).unwrap_or_default();
    let allow = root.get("checks").map(|n| r.allow(n)).unwrap_or_default();
    let scale = root.get("scale").filter(|n| !n.is_null()).and_then(|n| n.text()).map(str::to_owned);
    Some(RawStudy { name, description, scale, seed: root.get("seed"), vars, stages, allow, span })
}

/// `[a-z][a-z0-9-]*`
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The start of the file, for keys that are missing.
fn first_line(root: &Node) -> Span {
    Span { end: root.span.start + 1, ..root.span }
}

struct Reader<'a> {
    /// The checks that may be allowed.
    checks: &'a [&'a str],
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn shape(&mut self, node: &Node, whose: &str, expected: &str) {
        self.diagnostics
            .push(Diagnostic::new("E0007", format!("{whose} must be {expected}, found {}", node.what())).at(node.span, format!("expected {expected}")));
    }

    fn map<'n>(&mut self, node: &'n Node, whose: &str) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Yaml::Map(entries) => Some(entries),
            _ if node.is_null() => Some(&[]),
            _ => {
                self.shape(node, whose, "a mapping");
                None
            }
        }
    }

    fn text(&mut self, node: &Node, whose: &str) -> Option<String> {
        match node.text() {
            Some(t) if !node.is_null() => Some(t.to_owned()),
            _ => {
                self.shape(node, whose, "text");
                None
            }
        }
    }

    fn known(&mut self, entries: &[(Key, Node)], known: &[&str], code: &'static str, what: &str) {
        for (key, _) in entries.iter().filter(|(k, _)| !known.contains(&k.text.as_str())) {
            let help = did_you_mean(&key.text, known.iter().copied(), what).unwrap_or_else(|| format!("the keys are: {}", known.join(", ")));
            self.diagnostics.push(Diagnostic::new(code, format!("there is no key `{}` here", key.text)).at(key.span, "unknown key").help(help));
        }
    }

    fn stage<'n>(&mut self, name: &'n Key, node: &'n Node) -> Option<RawStage<'n>> {
        let whose = || format!("the stage `{}`", name.text);
        let entries = match &node.value {
            Yaml::Map(entries) => entries.as_slice(),
            _ => self.map(node, &whose())?,
        };
        self.known(entries, &STAGE_KEYS, "E0101", "key");
        let Some(kind) = node.get("stage") else {
            self.diagnostics.push(
                Diagnostic::new("E0103", format!("{} has no kind", whose()))
                    .at(name.span, "`stage:` is missing")
                    .help("add `stage: KIND`; `hilum stages` lists the kinds"),
            );
            return None;
        };
        let kind = Key { span: kind.span, text: self.text(kind, "`stage`")? };
        let written = node.get("in").and_then(|n| self.map(n, "`in`")).unwrap_or_default();
        let mut inputs = Vec::with_capacity(written.len());
        for (port, value) in written {
            let (items, is_list) = match &value.value {
                Yaml::List(items) => (items.as_slice(), true),
                _ => (std::slice::from_ref(value), false),
            };
            let mut bindings = Vec::with_capacity(items.len());
            bindings.extend(items.iter().filter_map(|i| Some(Key { span: i.span, text: self.text(i, "a binding")? })));
            if items.is_empty() {
                self.shape(value, "a binding", "the name of a stage");
            }
            inputs.push((port, bindings, is_list));
        }
        let none = |span| Cow::Owned(Node::new(span, Yaml::Map(vec![])));
        let with = node.get("with").map_or(none(name.span), |with| if with.is_null() { none(with.span) } else { Cow::Borrowed(with) });
        // A name stands for a mapping once names are replaced.
        if !matches!(&with.value, Yaml::Map(_)) && !with.text().is_some_and(|t| t.starts_with('$')) {
            self.shape(&with, "`with`", "a mapping");
            return None;
        }
        let mut section = |key: &str| node.get(key).and_then(|n| self.map(n, &format!("`{key}`"))).unwrap_or_default();
        let (matrix, expect) = (section("matrix"), section("expect"));
        let description = node.get("description").and_then(|n| self.text(n, "`description`")).unwrap_or_default();
        let optional = |key: &str| node.get(key).filter(|n| !n.is_null());
        Some(RawStage {
            name,
            kind,
            description,
            inputs,
            with,
            matrix,
            seed: optional("seed"),
            seed_place: node.get("seed").map(|n| n.span).or_else(|| node.removed("seed")),
            expect,
            resources: optional("resources"),
            retry: optional("retry"),
        })
    }

    /// By id, so that a layer can allow more, or a list.
    fn allow(&mut self, checks: &Node) -> Vec<Allowed> {
        let entries = self.map(checks, "`checks`").unwrap_or_default();
        self.known(entries, &["allow"], "E0101", "key");
        let Some(allow) = checks.get("allow") else { return vec![] };
        match &allow.value {
            Yaml::Map(entries) => entries.iter().filter_map(|(id, reason)| self.allowed(Some((&id.text, id.span)), Some(reason), id.span)).collect(),
            Yaml::List(items) => items.iter().filter_map(|item| self.listed(item)).collect(),
            _ => {
                self.shape(allow, "`checks.allow`", "a mapping of ids and reasons");
                vec![]
            }
        }
    }

    fn listed(&mut self, item: &Node) -> Option<Allowed> {
        let entries = self.map(item, "an allowed finding").unwrap_or_default();
        self.known(entries, &["id", "reason"], "E0101", "key");
        self.allowed(item.get("id").and_then(|id| Some((id.text()?, id.span))), item.get("reason"), item.span)
    }

    fn allowed(&mut self, id: Option<(&str, Span)>, reason: Option<&Node>, place: Span) -> Option<Allowed> {
        let said = |text: &str| Some(text.trim()).filter(|t| !t.is_empty()).map(str::to_owned);
        let id = id.and_then(|(id, span)| Some(Key { span, text: said(id)? }));
        let reason = reason.filter(|r| !r.is_null()).and_then(|r| said(r.text()?));
        let (Some(id), Some(reason)) = (id, reason) else {
            self.diagnostics.push(
                Diagnostic::new("E0105", "an allowed finding needs an id and a reason")
                    .at(place, "one of them is missing or empty")
                    .help("write `leakage.patient_overlap: \"why\"`"),
            );
            return None;
        };
        let known = self.checks;
        if !known.contains(&id.text.as_str()) {
            self.diagnostics.push(
                Diagnostic::new("E0106", format!("there is no check `{}`", id.text))
                    .at(id.span, "unknown check")
                    .maybe_help(did_you_mean(&id.text, known.iter().copied(), "check").or(Some(format!("the checks are: {}", known.join(", "))))),
            );
        }
        Some(Allowed { id, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{parse, scale};

    /// The findings that a study allows, and what is said of it.
    fn allowed(checks: &str) -> (Vec<(String, String)>, Vec<String>) {
        let mut faults = vec![];
        let text = format!("{{ study: s, seed: 1, stages: {{ a: {{ stage: split }} }}, {checks} }}");
        let root = scale::scaled(parse::parse(&text, 0, &mut faults).unwrap(), None, &mut faults).unwrap();
        let study = read(&root, &["a.one", "a.two"], &mut faults).unwrap();
        let said = faults.into_iter().map(|f| format!("{} {} {}", f.code, f.message, f.help.unwrap_or_default())).collect();
        (study.allow.into_iter().map(|a| (a.id.text, a.reason)).collect(), said)
    }

    #[test]
    fn a_scale_allows_more_and_takes_back_by_id() {
        let pair = |id: &str, why: &str| (id.to_owned(), why.to_owned());
        let study = "checks: { allow: { a.one: why } }, scale: ci, scales: { ci: { checks: { allow: LAYER } } }";
        let of = |layer: &str| allowed(&study.replace("LAYER", layer));
        assert_eq!(of("{ a.two: as well }"), (vec![pair("a.one", "why"), pair("a.two", "as well")], vec![]));
        assert_eq!(of("{ a.one: null }"), (vec![], vec![]));
        assert_eq!(of("[{ id: a.two, reason: alone }]"), (vec![pair("a.two", "alone")], vec![]), "a list replaces");
    }

    #[test]
    fn an_allowed_finding_without_a_reason_or_a_check_is_said() {
        for (checks, expected) in [
            ("{ a.one: ' ' }", "E0105 an allowed finding needs an id and a reason"),
            ("{ a.one: { reason: why } }", "E0105 "),
            ("{ a.one: }", "E0105 "),
            ("[{ id: a.one }]", "E0105 "),
            ("{ a.tow: why }", "E0106 there is no check `a.tow` a check with a similar name exists: `a.two`"),
            ("why", "E0007 `checks.allow` must be a mapping of ids and reasons"),
        ] {
            let (_, faults) = allowed(&format!("checks: {{ allow: {checks} }}"));
            assert!(faults.len() == 1 && faults[0].starts_with(expected), "{checks}: {faults:?}");
        }
    }
}
