//! Bindings of a stage: from the text below `in` to outputs of other stages. A binding may name an axis of its stage, and then
//! means another output in each of its cells.

use super::binding::{self, Binding};
use super::check;
use super::matrix::{self, Axes, Cell};
use super::node::{Key, Node, Yaml};
use super::raw::{RawStage, RawStudy};
use super::substitute::{Names, Unresolved, Vars, substitute};
use crate::diagnostic::{Diagnostic, did_you_mean};
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::port::Port;
use std::collections::HashMap;

/// An input port with its parsed bindings.
pub(super) struct Bound {
    pub(super) port: &'static Port,
    pub(super) bindings: Vec<Bind>,
    /// True if one of them has an error, or names a stage whose kind is unknown.
    pub(super) is_faulty: bool,
}

impl Bound {
    /// False if nothing is bound in a cell. A binding that has a fault counts: one message about it is enough.
    pub(super) fn is_given(&self, cell: &Cell) -> bool {
        self.is_faulty || self.bindings.iter().any(|b| b.is_of(cell))
    }
}

impl Bind {
    /// True for a binding that belongs to a cell.
    pub(super) fn is_of(&self, cell: &Cell) -> bool {
        self.when.iter().all(|(axis, value)| cell.get(axis) == Some(value))
    }
    /// True for an axis of the stage it names of which it gathers all values.
    pub(super) fn gathers(&self, axis: &str) -> bool {
        self.binding.axes.iter().find(|(name, _)| name == axis).map_or(self.binding.all, |(_, value)| value.is_none())
    }
}

/// One binding.
pub(super) struct Bind {
    pub(super) binding: Binding,
    pub(super) text: Key,
    /// The number of the stage in written order.
    pub(super) from: usize,
    pub(super) output: &'static Port,
    /// The cells that it belongs to, by their values of the axes that its text names.
    pub(super) when: Cell,
    /// True for an item of a list.
    pub(super) is_list: bool,
}

/// What bindings are read against.
pub(super) struct Scope<'a> {
    pub(super) study: &'a RawStudy<'a>,
    pub(super) vars: &'a Vars,
    pub(super) by_name: HashMap<&'a str, usize>,
    /// Kinds by stage, if they are known.
    pub(super) kinds: Vec<Option<&'static StageKind>>,
}

/// Reads the bindings of a stage; `axes` are those that it declares itself.
pub(super) fn bind(stage: &RawStage, kind: &'static StageKind, axes: &Axes, scope: &Scope, diagnostics: &mut Vec<Diagnostic>) -> Vec<Bound> {
    let mut out = Vec::with_capacity(stage.inputs.len());
    for (port_key, written, is_list) in &stage.inputs {
        let Some(port) = kind.input(&port_key.text) else {
            let known: Vec<&str> = kind.inputs.iter().map(|p| p.name).collect();
            let all = if known.is_empty() { "it has no inputs".to_owned() } else { format!("its inputs are: {}", known.join(", ")) };
            diagnostics.push(
                Diagnostic::new("E0203", format!("stage kind `{}` has no input `{}`", kind.name, port_key.text))
                    .at(port_key.span, "unknown input")
                    .help(did_you_mean(&port_key.text, known, "input").unwrap_or(all)),
            );
            continue;
        };
        let mut bindings = Vec::with_capacity(written.len());
        let mut is_faulty = written.is_empty();
        for text in written {
            let Some(texts) = expand(text, axes, scope.vars, diagnostics) else {
                is_faulty = true;
                continue;
            };
            for (when, text, from_list) in texts {
                let found = output(&text, port, scope, diagnostics);
                is_faulty |= found.is_none();
                bindings.extend(found.map(|(binding, from, output)| Bind { binding, text, from, output, when, is_list: *is_list || from_list }));
            }
        }
        let is_list = bindings.iter().any(|b| b.is_list);
        check::arity(port, is_list, &bindings.iter().map(|b| (b.binding.gathers(), b.text.span)).collect::<Vec<_>>(), diagnostics);
        out.push(Bound { port, bindings, is_faulty });
    }
    out
}

/// The texts that a binding stands for: one, or one for each value of the axes that it names; several where a name stands for a list.
/// None if it has an error.
fn expand(text: &Key, axes: &Axes, vars: &Vars, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<(Cell, Key, bool)>> {
    if !text.text.contains('$') {
        return Some(vec![(Cell::new(), text.clone(), false)]);
    }
    let named: Axes = axes.iter().filter(|(name, _)| text.text.contains(&format!("${name}"))).map(|(n, a)| (n.clone(), a.clone())).collect();
    let node = Node::new(text.span, Yaml::Scalar(text.text.clone(), true));
    let mut out = vec![];
    for when in matrix::cells(&named) {
        // Axes that the text does not name are only there to be suggested.
        let value = |axis: &str| when.get(axis).or_else(|| Some(&axes[axis].values.first()?.0)).and_then(|v| axes[axis].coordinate(v));
        let typed = axes.keys().filter_map(|axis| Some((axis.as_str(), value(axis)?))).collect();
        let mut unresolved = Unresolved::default();
        let found = substitute(&node, &Names { axes: typed, vars, open: false }, &mut unresolved);
        diagnostics.append(&mut unresolved.diagnostics);
        if !unresolved.places.is_empty() {
            return None;
        }
        let is_list = matches!(found.value, Yaml::List(_));
        let items = match found.value {
            Yaml::List(items) => items,
            _ => vec![found],
        };
        for item in items {
            match item.value {
                // Nothing is bound in this cell.
                Yaml::Scalar(..) if item.is_null() => {}
                Yaml::Scalar(value, _) => out.push((when.clone(), Key { span: text.span, text: value }, is_list)),
                _ => {
                    let message = format!("`{}` stands for {}, but a binding is the name of a stage", text.text, item.what());
                    diagnostics.push(Diagnostic::new("E0201", message).at(text.span, "here"));
                    return None;
                }
            }
        }
    }
    Some(out)
}

/// The output that a binding means, if it fits the port.
fn output(text: &Key, port: &Port, scope: &Scope, diagnostics: &mut Vec<Diagnostic>) -> Option<(Binding, usize, &'static Port)> {
    let Some(b) = binding::parse(&text.text) else {
        diagnostics.push(
            Diagnostic::new("E0201", format!("`{}` is not a binding", text.text))
                .at(text.span, "here")
                .help("write `stage`, `stage.output`, `stage/axis=value` or `stage/*`"),
        );
        return None;
    };
    let Some(&from) = scope.by_name.get(b.stage.as_str()) else {
        let known = scope.study.stages.iter().map(|s| s.name.text.as_str());
        diagnostics.push(
            Diagnostic::new("E0201", format!("there is no stage `{}`", b.stage))
                .at(text.span, "unknown stage")
                .maybe_help(did_you_mean(&b.stage, known, "stage")),
        );
        return None;
    };
    let from_kind = scope.kinds[from]?;
    let found = match &b.port {
        None => from_kind.outputs.first(),
        Some(name) => from_kind.output(name),
    };
    let Some(output) = found else {
        let known: Vec<&str> = from_kind.outputs.iter().map(|p| p.name).collect();
        let wanted = b.port.clone().unwrap_or_default();
        let help = did_you_mean(&wanted, known.iter().copied(), "output").unwrap_or(format!("its outputs are: {}", known.join(", ")));
        diagnostics
            .push(Diagnostic::new("E0202", format!("`{}` ({}) has no output `{wanted}`", b.stage, from_kind.name)).at(text.span, "unknown output").help(help));
        return None;
    };
    if output.artifact != port.artifact {
        let fits: Vec<String> = from_kind.outputs.iter().filter(|p| p.artifact == port.artifact).map(|p| format!("`{}.{}`", b.stage, p.name)).collect();
        let help = if fits.is_empty() { format!("bind an output that is {}", port.artifact) } else { format!("of the right type: {}", fits.join(", ")) };
        diagnostics.push(
            Diagnostic::new("E0205", format!("input `{}` takes {}, but `{}` is {}", port.name, port.artifact, text.text, output.artifact))
                .at(text.span, format!("this is {}", output.artifact))
                .help(help),
        );
        return None;
    }
    Some((b, from, output))
}
