//! What arrives at the inputs of a cell, and whether that is enough and fits.

use super::bind::{Bind, Bound};
use super::matrix::{self, Axes, Cell};
use super::model::{Input, PerStage, Shape, Source, Stage, StageId};
use super::node::Node;
use super::raw::{RawStage, RawStudy};
use crate::diagnostic::{Diagnostic, did_you_mean};
use hilum_stages::contract::kind::{AnyStage, StageKind};
use hilum_stages::contract::port::Arity;
use hilum_stages::contract::stage::{NamedCell, Upstream};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Why an input is not there.
pub(super) enum Missing {
    /// The cell that would make it is excluded, or needs one that is.
    Excluded,
    /// An error elsewhere, which was reported there.
    Faulty,
}

/// What was made so far.
pub(super) struct ExpandedStages {
    /// The number of each cell in `stages`, by the stage's position in the study.
    pub(super) cells: Vec<HashMap<Cell, StageId>>,
    /// Cells that are excluded, or need one that is.
    pub(super) absent: Vec<HashSet<Cell>>,
    pub(super) stages: PerStage<Stage>,
}

impl ExpandedStages {
    /// Nothing yet, of this many stages.
    pub(super) fn of(stages: usize) -> ExpandedStages {
        ExpandedStages { cells: vec![HashMap::new(); stages], absent: vec![HashSet::new(); stages], stages: PerStage::default() }
    }

    /// What arrives at a port of one cell; none if nothing is bound there.
    pub(super) fn sources(&self, b: &Bound, cell: &Cell, study: &RawStudy, axes: &[Axes], diagnostics: &mut Vec<Diagnostic>) -> Result<Option<Input>, Missing> {
        let mut from = Vec::with_capacity(b.bindings.len());
        let mut shape = Shape::One;
        let (mut is_excluded, mut is_faulty) = (false, false);
        let of_cell = |b: &&Bind| b.is_of(cell);
        // Cells of several stages are told apart by the stage, too.
        let stages: BTreeSet<usize> = b.bindings.iter().filter(of_cell).map(|b| b.from).collect();
        let names_stage = b.port.arity == Arity::Gathered && stages.len() > 1;
        for bind @ Bind { binding, text, from: stage, output, is_list, .. } in b.bindings.iter().filter(of_cell) {
            let own = &axes[*stage];
            // In a list, cells have no names: gathering them is naming each.
            let has_cells = b.port.arity == Arity::Gathered && binding.gathers() || names_stage;
            if has_cells {
                shape = Shape::Gathered;
            } else if *is_list || binding.gathers() {
                shape = Shape::List;
            }
            let selected = |axis: &String| binding.axes.iter().find(|(n, _)| n == axis).and_then(|(_, v)| own[axis].spelling(v.as_ref()?).map(str::to_owned));
            let wanted: Axes = own.iter().filter(|(axis, _)| bind.gathers(axis)).map(|(n, a)| (n.clone(), a.clone())).collect();
            for coordinates in matrix::cells(&wanted) {
                let mut at = coordinates.clone();
                for axis in own.keys().filter(|axis| !bind.gathers(axis)) {
                    at.extend(selected(axis).or_else(|| cell.get(axis).cloned()).map(|v| (axis.clone(), v)));
                }
                let Some(&id) = self.cells[*stage].get(&at) else {
                    let excluded = self.absent[*stage].contains(&at);
                    if excluded && !binding.gathers() {
                        return Err(Missing::Excluded);
                    }
                    is_excluded |= excluded;
                    // It was reported where its axis or its parameters are.
                    is_faulty |= !excluded;
                    continue;
                };
                if !self.stages[id].stage.fills(output.name) {
                    let whose = &study.stages[*stage].name.text;
                    diagnostics.push(
                        Diagnostic::new("E0207", format!("`{whose}` does not produce the output `{}` with these parameters", output.name))
                            .at(text.span, "used here")
                            .context(study.stages[*stage].with.span, "parameters of the stage")
                            .help(format!("`hilum stages {}` says which parameters make it", self.stages[id].kind.name)),
                    );
                    return Err(Missing::Faulty);
                }
                let spelt = matrix::spell(if names_stage { &study.stages[*stage].name.text } else { "" }, &coordinates);
                let cell = if has_cells { spelt.trim_start_matches('/').to_owned() } else { String::new() };
                from.push(Source { stage: id, port: output.name, cell });
            }
        }
        if is_faulty {
            return Err(Missing::Faulty);
        }
        if from.is_empty() && is_excluded {
            return Err(Missing::Excluded);
        }
        let span = b.bindings.iter().find(of_cell).map(|x| x.text.span);
        Ok(span.filter(|_| !from.is_empty()).map(|span| Input { port: b.port, span, from, shape }))
    }
}

/// Every input that a kind needs, with these parameters, must be bound.
pub(super) fn given(raw: &RawStage, kind: &StageKind, stage: &dyn AnyStage, bound: &[&str], diagnostics: &mut Vec<Diagnostic>) {
    for port in kind.inputs.iter().filter(|p| stage.reads(p.name)) {
        // A list that is looked up by tables that are all absent may be absent too.
        let by_absent = !port.by.is_empty() && port.by.iter().all(|by| !bound.contains(by));
        let why = stage.requires(port.name);
        if (!port.arity.may_be_absent() || why.is_some()) && !bound.contains(&port.name) && !by_absent {
            let mut fault = Diagnostic::new("E0204", format!("`{}` ({}) needs the input `{}`", raw.name.text, kind.name, port.name))
                .at(raw.name.span, format!("`{}` is not bound", port.name))
                .help(format!("add `in: {{ {}: STAGE }}`, where STAGE makes {}", port.name, port.artifact));
            if let Some(why) = why {
                fault = fault.note(why);
            }
            if !diagnostics.contains(&fault) {
                diagnostics.push(fault);
            }
        }
    }
}

/// What the parameters of a stage and of those that make its inputs say of each other.
pub(super) fn fit(raw: &RawStage, stage: &dyn AnyStage, with: &Node, before: &Before, diagnostics: &mut Vec<Diagnostic>) {
    let makers = |port: &str| before.at(port).map(|s| s.stage.number()).collect();
    let bad = stage.check_inputs(&makers, before).into_iter().map(|bad| {
        let at = before.inputs.iter().find(|i| i.port.name == bad.port).map_or(raw.name.span, |i| i.span);
        Diagnostic::new("E0209", format!("`{}`: {}", raw.name.text, bad.why)).at(at, "does not fit").help(bad.help)
    });
    for fault in bad.chain(stage.named_cell().and_then(|named| no_such_cell(raw, &named, with, before))) {
        if !diagnostics.contains(&fault) {
            diagnostics.push(fault);
        }
    }
}

/// The error of a parameter that names none of the cells that are gathered.
fn no_such_cell(raw: &RawStage, named: &NamedCell, with: &Node, before: &Before) -> Option<Diagnostic> {
    let cells: Vec<HashMap<&str, &str>> = before.at(named.port).map(|s| s.cell.split('/').filter_map(|c| c.split_once('=')).collect()).collect();
    let place = |axis: &str, on_value| with.place_of(&[named.parameter.to_owned(), axis.to_owned()], on_value);
    let fault = |message: String| Diagnostic::new("E0209", format!("`{}` of `{}`: {message}", named.parameter, raw.name.text));
    for (axis, value) in named.coordinates {
        let values: BTreeSet<&str> = cells.iter().filter_map(|c| c.get(axis.as_str()).copied()).collect();
        if values.is_empty() {
            let known: BTreeSet<&str> = cells.iter().flat_map(|c| c.keys().copied()).filter(|a| *a != matrix::REPEAT).collect();
            let all = if known.is_empty() { "no axis is gathered".to_owned() } else { format!("the gathered axes are: {}", joined(&known)) };
            let help = did_you_mean(axis, known, "axis").unwrap_or(all);
            return Some(fault(format!("`{axis}` is not an axis of what is compared")).at(place(axis, false), "unknown axis").help(help));
        }
        if !values.contains(value.as_str()) {
            let all = format!("the values are: {}", joined(&values));
            let help = did_you_mean(value, values, "value").unwrap_or(all);
            return Some(fault(format!("the axis `{axis}` has no value `{value}`")).at(place(axis, true), "unknown value").help(help));
        }
    }
    let is_there = cells.iter().any(|c| named.coordinates.iter().all(|(axis, value)| c.get(axis.as_str()) == Some(&value.as_str())));
    (!is_there && !cells.is_empty()).then(|| {
        let cell: Vec<String> = named.coordinates.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        let at = with.place_of(&[named.parameter.to_owned()], false);
        fault(format!("there is no cell `{}`", cell.join("/"))).at(at, "no such cell").help("`exclude` leaves it out: name another one")
    })
}

fn joined(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}

/// What is known before a cell is made: the stages above it, and its inputs.
pub(super) struct Before<'a> {
    pub(super) stages: &'a PerStage<Stage>,
    pub(super) inputs: &'a [Input],
    pub(super) bound: &'a [Bound],
    /// All axes of each stage, by its position in the study.
    pub(super) axes: &'a [Axes],
}

impl Before<'_> {
    fn at(&self, port: &str) -> impl Iterator<Item = &Source> {
        self.inputs.iter().filter(move |i| i.port.name == port).flat_map(|i| &i.from)
    }
}

impl Upstream for Before<'_> {
    fn kind(&self, stage: usize) -> &'static str {
        self.stages.of_number(stage).kind.name
    }
    fn name(&self, stage: usize) -> &str {
        &self.stages.of_number(stage).name
    }
    fn parameters(&self, stage: usize) -> &Value {
        &self.stages.of_number(stage).parameters
    }
    fn makers(&self, stage: usize, port: &str) -> Vec<usize> {
        self.stages.of_number(stage).inputs.iter().filter(|i| i.port.name == port).flat_map(|i| &i.from).map(|s| s.stage.number()).collect()
    }
    fn gathering_all_but(&self, port: &str, axis: &str) -> Option<String> {
        let bind = self.bound.iter().find(|b| b.port.name == port)?.bindings.first()?;
        let gathered: Vec<&String> = self.axes[bind.from].keys().filter(|a| bind.gathers(a) && *a != axis).collect();
        let selected = bind.binding.axes.iter().filter_map(|(axis, value)| Some(format!("/{axis}={}", value.as_ref()?)));
        let output = bind.binding.port.as_ref().map(|port| format!(".{port}")).unwrap_or_default();
        let parts = selected.chain(gathered.iter().map(|axis| format!("/{axis}=*")));
        (!gathered.is_empty()).then(|| format!("{}{output}{}", bind.binding.stage, parts.collect::<String>()))
    }
}
