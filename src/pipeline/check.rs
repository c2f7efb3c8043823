//! The checks of a stage: parameters, seed, counts, resources. What arrives at its inputs is checked in `inputs`.

use super::binding::Binding;
use super::matrix::{Axes, Cell, REPEAT};
use super::model::{Expected, Resources};
use super::node::{Key, Node, Origin, Yaml};
use super::path;
use super::preset::PRESET;
use super::raw::RawStage;
use super::substitute::{Names, Unresolved, substitute};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::bad_parameter::{BadParameter, Fault};
use hilum_stages::contract::fit::Written;
use hilum_stages::contract::kind::{AnyStage, StageKind};
use hilum_stages::contract::port::{Arity, Port};
use hilum_stages::contract::seed::Seed;
use std::collections::BTreeMap;

/// Reads the parameters of a stage. Nothing more is said of those that keep the text of a name, which was reported.
pub(super) fn parameters(
    with: &Node,
    raw: &RawStage,
    kind: &StageKind,
    names: &Names,
    unresolved: &Unresolved,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Box<dyn AnyStage>> {
    let bad = match (kind.decode)(with.to_json(), with) {
        Ok(stage) => {
            sources(&*stage, with, diagnostics);
            return Some(stage).filter(|_| unresolved.places.is_empty());
        }
        Err(bad) => bad,
    };
    for b in bad.iter().filter(|b| !(unresolved.lacks_keys && matches!(b.what, Fault::Missing(_)))) {
        let fault = with_axis(report(b, with, raw, kind), b, with, names);
        let is_of_name = fault.at.as_ref().is_some_and(|at| unresolved.places.contains(&at.0));
        // What concerns several parameters may be due to the one whose value is not known.
        let is_of_all = b.path.is_empty() && matches!(b.what, Fault::Value(_)) && !unresolved.places.is_empty();
        if !is_of_name && !is_of_all && !diagnostics.contains(&fault) {
            diagnostics.push(fault);
        }
    }
    None
}

/// The paths that a stage reads must not lead out of their directories.
fn sources(stage: &dyn AnyStage, with: &Node, diagnostics: &mut Vec<Diagnostic>) {
    for source in stage.sources() {
        let fault = path::read(&source.path.0).outside(with.place_of_parameter(&source.parameter));
        diagnostics.extend(fault.filter(|f| !diagnostics.contains(f)));
    }
}

/// The error of a parameter whose value is that of an axis, with the place of that value.
fn with_axis(mut fault: Diagnostic, bad: &BadParameter, with: &Node, names: &Names) -> Diagnostic {
    let Some(node) = (0..=bad.path.len()).rev().find_map(|n| with.at(&bad.path[..n])) else { return fault };
    for at in node.origins.iter().filter_map(|o| if let Origin::Name(_, at) = o { Some(at) } else { None }) {
        for (axis, value) in names.axes.iter().filter(|(_, value)| value.place() == *at) {
            fault = fault.context(*at, format!("axis `{axis}` is `{}` here", value.spelling())).note(format!("in cells with `{axis}={}`", value.spelling()));
        }
    }
    fault
}

impl Written for Node {
    fn text(&self, path: &[String]) -> Option<String> {
        self.at(path).filter(|n| !n.is_null()).and_then(Node::text).map(str::to_owned)
    }
    fn last_layer(&self, path: &[String]) -> Option<Vec<String>> {
        self.at(path)?.origins.iter().find_map(|o| if let Origin::Layer(keys) = o { Some(keys.clone()) } else { None })
    }
}

fn manual(kind: &StageKind) -> String {
    format!("`hilum stages {}` explains it", kind.name)
}

fn report(bad: &BadParameter, with: &Node, raw: &RawStage, kind: &StageKind) -> Diagnostic {
    let name = bad.path.join(".");
    let missing_with = matches!(&with.value, Yaml::Map(m) if m.is_empty());
    let whole = if missing_with { raw.name.span } else { Span { end: with.span.start + 1, ..with.span } };
    match &bad.what {
        Fault::Unknown(_) if bad.path == [PRESET] && !kind.presets.is_empty() => Diagnostic::new("E0112", "`preset` cannot come from a variable")
            .at(with.place_of(&bad.path, false), "not in `with` itself")
            .help("presets are laid below a study before names are replaced: write `preset` in the `with` of the stage"),
        Fault::Unknown(known) => {
            let wanted = bad.path.last().map_or("", String::as_str);
            let all = if known.is_empty() { "it has no parameters".to_owned() } else { format!("the parameters are: {}", known.join(", ")) };
            let whose = if bad.path.len() > 1 { format!("`{}`", bad.path[..bad.path.len() - 1].join(".")) } else { format!("stage kind `{}`", kind.name) };
            Diagnostic::new("E0104", format!("{whose} has no parameter `{wanted}`"))
                .at(with.place_of(&bad.path, false), "unknown parameter")
                .help(renamed(wanted, known).or_else(|| did_you_mean(wanted, known.iter().map(String::as_str), "parameter")).unwrap_or(all))
        }
        Fault::Missing(field) => {
            let whose = if name.is_empty() { format!("`{}`", raw.name.text) } else { format!("`{name}` of `{}`", raw.name.text) };
            let at = if bad.path.is_empty() { raw.name.span } else { with.place_of(&bad.path, false) };
            Diagnostic::new("E0105", format!("{whose} needs the parameter `{field}`")).at(at, format!("`{field}` is missing")).help(manual(kind))
        }
        Fault::Choice { found, known } => {
            Diagnostic::new("E0106", format!("`{found}` is not a value of `{name}`")).at(with.place_of(&bad.path, true), "unknown value").help(
                renamed(found, known)
                    .or_else(|| did_you_mean(found, known.iter().map(String::as_str), "value"))
                    .unwrap_or(format!("the values are: {}", known.join(", "))),
            )
        }
        Fault::Several(found) => {
            Diagnostic::new("E0106", format!("`{name}` of `{}` names {} values where one is expected: {}", raw.name.text, found.len(), found.join(", ")))
                .at(with.place_of(&bad.path, false), "expected one")
                .help(format!("keep one, such as `{}: {{ {}: {{}} }}`", bad.path.last().map_or("", String::as_str), found[0]))
        }
        Fault::Value(why) if bad.path.is_empty() => {
            Diagnostic::new("E0106", format!("invalid parameters of `{}`: {why}", raw.name.text)).at(whole, found_in(why)).help(manual(kind))
        }
        Fault::Value(why) => {
            Diagnostic::new("E0106", format!("`{name}` of `{}`: {why}", raw.name.text)).at(with.place_of(&bad.path, true), found_in(why)).help(manual(kind))
        }
    }
}

/// The `found …` part of a message that also says what was expected.
fn found_in(why: &str) -> String {
    why.rsplit_once("found ").map_or(why.to_owned(), |(_, found)| format!("found {found}"))
}

/// Names of parameters and values that studies once used, and what they are called now. What a name became may depend on where it
/// is.
const RENAMED: [(&str, &str); 10] = [
    ("films", "images"),
    ("films_per_patient", "images_per_patient"),
    ("film", "image"),
    ("most", "max_per_label"),
    ("least", "min_lr"),
    ("least", "eta_min_factor"),
    ("rise", "pct_start"),
    ("average", "ema_decay"),
    ("average", "ema_kimg"),
    ("stretch", "contrast_stretch"),
];

/// What an old name is called now, if that name is known here.
fn renamed(old: &str, known: &[String]) -> Option<String> {
    let (_, new) = RENAMED.iter().find(|r| r.0 == old && known.iter().any(|k| k == r.1))?;
    Some(format!("`{old}` is called `{new}` now"))
}

/// How many artifacts a port takes.
pub(super) fn arity(port: &Port, is_list: bool, bindings: &[(bool, Span)], diagnostics: &mut Vec<Diagnostic>) {
    let Some(span) = bindings.iter().find(|b| b.0).or(bindings.first()).map(|b| b.1) else { return };
    let gathers = bindings.iter().any(|b| b.0);
    let fault = |message: String, help: &str| Diagnostic::new("E0206", message).at(span, "bound here").help(help);
    match port.arity {
        Arity::One | Arity::Optional if gathers => {
            let help = match port.artifact {
                ArtifactType::Samples => "select one cell, such as `stage/axis=value`, or put all in one table by a stage `combine`",
                _ => "select one cell, such as `stage/axis=value`",
            };
            diagnostics.push(fault(format!("input `{}` takes one artifact, but this gathers several", port.name), help));
        }
        Arity::One | Arity::Optional if is_list => diagnostics.push(fault(format!("input `{}` takes one artifact, not a list", port.name), "name one stage")),
        _ => {}
    }
}

/// Axes that a binding names must be there.
pub(super) fn axes_named(b: &Binding, text: &Key, axes: &Axes, diagnostics: &mut Vec<Diagnostic>) {
    for (name, value) in &b.axes {
        match (axes.get(name), value) {
            (None, _) => {
                let known: Vec<&str> = axes.keys().map(String::as_str).collect();
                let all = if known.is_empty() { format!("`{}` has no axes", b.stage) } else { format!("its axes are: {}", known.join(", ")) };
                diagnostics.push(
                    Diagnostic::new("E0301", format!("`{}` has no axis `{name}`", b.stage))
                        .at(text.span, "unknown axis")
                        .help(did_you_mean(name, known, "axis").unwrap_or(all)),
                );
            }
            (Some(axis), Some(value)) if axis.spelling(value).is_none() => {
                let known: Vec<&str> = axis.values.iter().map(|v| v.0.as_str()).collect();
                let all = format!("its values are: {}", known.join(", "));
                diagnostics.push(
                    Diagnostic::new("E0302", format!("the axis `{name}` of `{}` has no value `{value}`", b.stage))
                        .at(text.span, "unknown value")
                        .help(did_you_mean(value, known, "value").unwrap_or(all)),
                );
            }
            _ => {}
        }
    }
}

/// Reads a seed.
pub(super) fn seed(node: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) -> Option<u64> {
    let node = node?;
    let seed = node.to_json().as_u64().filter(|s| *s < 1 << 63);
    if seed.is_none() {
        let found = node.text().map_or(node.what().to_owned(), |t| format!("`{t}`"));
        let message = format!("`seed`: expected a whole number of at least 0, found {found}");
        diagnostics.push(Diagnostic::new("E0109", message).at(node.span, format!("found {found}")));
    }
    seed
}

/// The seed of a cell.
pub(super) fn seed_of(seed: Option<u64>, kind: &StageKind, raw: &RawStage, cell: &Cell, diagnostics: &mut Vec<Diagnostic>) -> Option<Seed> {
    if !kind.seeded {
        return None;
    }
    let Some(seed) = seed else {
        let fault = Diagnostic::new("E0103", format!("`{}` draws random numbers, but there is no seed", raw.name.text))
            .at(raw.name.span, "needs a seed")
            .help("add `seed: 2020` at the top of the study");
        // Once for the study is enough.
        if !diagnostics.iter().any(|d| d.code == "E0103" || d.code == "E0109") {
            diagnostics.push(fault);
        }
        return Some(Seed(0));
    };
    let repeat = cell.get(REPEAT).and_then(|r| r.parse().ok()).unwrap_or(0);
    Some(Seed(seed).of_repeat(repeat))
}

/// The most images of a label that a study expects.
const MOST_IMAGES: u64 = 10_000_000;

/// A count, however it is written: `20` or `2e1`.
fn whole(node: &Node) -> Option<u64> {
    let value = node.to_json();
    value.as_u64().or_else(|| value.as_f64().filter(|v| v.fract() == 0.0 && (0.0..=MOST_IMAGES as f64).contains(v)).map(|v| v as u64))
}

/// Reads `expect`: counts by label, `covid: 226` or `covid: { images: 226, patients: 134 }`.
pub(super) fn expect(raw: &RawStage, kind: &StageKind, names: &Names, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, Expected> {
    let mut out = BTreeMap::new();
    let mut unresolved = Unresolved::default();
    let expect = substitute(&Node::new(raw.name.span, Yaml::Map(raw.expect.to_vec())), names, &mut unresolved);
    diagnostics.append(&mut unresolved.diagnostics);
    // Counts that keep the text of a name are none, which was reported.
    let Yaml::Map(entries) = &expect.value else { return out };
    for (label, node) in entries.iter().filter(|_| unresolved.places.is_empty()) {
        let number = |key: &str| node.get(key).map(whole);
        let keys = matches!(&node.value, Yaml::Map(entries) if entries.iter().all(|(k, _)| ["images", "patients"].contains(&k.text.as_str())));
        let found = match (whole(node), number("images"), number("patients")) {
            (Some(images), ..) => Some(Expected { images, patients: None }),
            (None, Some(Some(images)), None) if keys => Some(Expected { images, patients: None }),
            (None, Some(Some(images)), Some(Some(patients))) if keys && patients <= images => Some(Expected { images, patients: Some(patients) }),
            _ => None,
        };
        match found.filter(|f| f.images <= MOST_IMAGES) {
            Some(found) => drop(out.insert(label.text.clone(), found)),
            None => diagnostics.push(
                Diagnostic::new("E0106", format!("`expect` of `{}` takes counts by label", raw.name.text))
                    .at(node.span, "expected at most 10,000,000, or `{ images: N, patients: N }` with no more patients than images")
                    .help("write `expect: { covid: 226 }`, or `expect: { covid: { images: 226, patients: 130 } }`"),
            ),
        }
    }
    if !out.is_empty() && kind.outputs.first().is_none_or(|p| p.artifact != ArtifactType::Samples) {
        diagnostics.push(
            Diagnostic::new("E0106", format!("`{}` produces no samples to count", raw.name.text))
                .at(raw.expect[0].0.span, "`expect` counts images")
                .help("write it at the stage that makes the samples"),
        );
    }
    out
}

const RESOURCES: &str = "write `resources: { gpu: 1, memory: 8G, threads: 2 }`";

/// Reads `resources`.
pub(super) fn resources(raw: &RawStage, diagnostics: &mut Vec<Diagnostic>) -> Resources {
    let mut out = Resources::default();
    let Some(node) = raw.resources else { return out };
    let Yaml::Map(entries) = &node.value else {
        diagnostics.push(Diagnostic::new("E0502", "`resources` must be a mapping").at(node.span, "expected a mapping").help(RESOURCES));
        return out;
    };
    for (key, value) in entries {
        let whole = value.to_json().as_u64().and_then(|n| u32::try_from(n).ok());
        let fine = match key.text.as_str() {
            "gpu" => whole.map(|n| out.gpu = Some(n)).is_some(),
            "threads" => whole.filter(|n| *n > 0).map(|n| out.threads = Some(n)).is_some(),
            "memory" => value.text().and_then(super::model::bytes).map(|n| out.memory = Some(n)).is_some(),
            _ => {
                let known = ["gpu", "memory", "threads"];
                diagnostics.push(
                    Diagnostic::new("E0502", format!("there is no resource `{}`", key.text))
                        .at(key.span, "unknown resource")
                        .help(did_you_mean(&key.text, known, "resource").unwrap_or("the resources are: gpu, memory, threads".into())),
                );
                continue;
            }
        };
        if !fine {
            diagnostics.push(
                Diagnostic::new("E0502", format!("`{}` is not a valid value of `{}`", value.text().unwrap_or(value.what()), key.text))
                    .at(value.span, "here")
                    .help(RESOURCES),
            );
        }
    }
    out
}

/// Reads `retry`.
pub(super) fn retry(raw: &RawStage, diagnostics: &mut Vec<Diagnostic>) -> u32 {
    let Some(node) = raw.retry else { return 0 };
    let n = node.to_json().as_u64().filter(|n| *n <= 100);
    if n.is_none() {
        diagnostics.push(
            Diagnostic::new("E0502", "`retry` is a whole number from 0 to 100")
                .at(node.span, "not a count")
                .help("write `retry: 2`: how often a stage that fails is tried again"),
        );
    }
    n.unwrap_or(0) as u32
}
