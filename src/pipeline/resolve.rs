//! From the written study to typed stages: kinds, axes, bindings, parameters. Collects every fault.

use super::binding::{self, Binding};
use super::check;
use super::matrix::{self, Axes, Cell};
use super::model::{self, Input, Pipeline, Places, Shape, Source, Stage};
use super::node::Key;
use super::raw::{RawStage, RawStudy};
use super::substitute::{Names, substitute};
use crate::diagnostic::{Diagnostic, did_you_mean};
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::port::Port;
use std::collections::{BTreeMap, HashMap};

/// An input port with its parsed bindings.
struct Bound<'a> {
    port: &'static Port,
    bindings: Vec<(Binding, &'a Key, usize, &'static Port)>,
    is_list: bool,
}

/// Makes a checked graph, or says all that is wrong.
pub(super) fn resolve(study: &RawStudy, kinds: &'static [StageKind], diagnostics: &mut Vec<Diagnostic>) -> Option<Pipeline> {
    let by_name: HashMap<&str, usize> = study.stages.iter().enumerate().map(|(i, s)| (s.name.text.as_str(), i)).collect();
    let found: Vec<Option<&'static StageKind>> = study.stages.iter().map(|s| kind(s, kinds, diagnostics)).collect();
    let bound: Vec<Vec<Bound>> =
        study.stages.iter().zip(&found).map(|(s, k)| k.map(|k| bind(s, k, study, &by_name, &found, diagnostics)).unwrap_or_default()).collect();
    let needs: Vec<(usize, usize)> = bound.iter().enumerate().flat_map(|(i, b)| b.iter().flat_map(move |b| b.bindings.iter().map(move |x| (i, x.2)))).collect();
    let order = match model::sort(study.stages.len(), &needs) {
        Ok(order) => order,
        Err(circle) => {
            let names: Vec<&str> = circle.iter().chain(circle.first()).map(|i| study.stages[*i].name.text.as_str()).collect();
            diagnostics.push(
                Diagnostic::new("E0208", format!("stages need each other in a circle: {}", names.join(" → ")))
                    .at(study.stages[circle[0]].name.span, "part of the circle"),
            );
            return None;
        }
    };
    let seed = check::seed(study.seed, diagnostics);
    let mut axes: Vec<Axes> = vec![Axes::new(); study.stages.len()];
    let mut cells: Vec<HashMap<Cell, usize>> = vec![HashMap::new(); study.stages.len()];
    let mut stages = Vec::with_capacity(study.stages.len());
    for i in order {
        let (raw, Some(kind)) = (&study.stages[i], found[i]) else { continue };
        axes[i] = axes_of(raw, &bound[i], &axes, study, diagnostics);
        let vars = study.vars.iter().map(|(k, n)| (k.text.as_str(), (k.span, n))).collect::<BTreeMap<_, _>>();
        // Three hundred bytes of axes can ask for more cells than there is memory.
        let count = matrix::count(&axes[i]);
        if stages.len().saturating_add(count) > matrix::MOST {
            let most = matrix::MOST;
            diagnostics.push(
                Diagnostic::new("E0304", format!("the axes of `{}` make {count} cells; a study may have {most} in all", raw.name.text))
                    .at(raw.name.span, "these")
                    .help("give the axes fewer values, or make studies of them"),
            );
            return None;
        }
        for cell in matrix::cells(&axes[i]) {
            let typed = cell.iter().map(|(axis, v)| (axis.as_str(), axes[i][axis].typed(v).expect("BUG: a value of its axis"))).collect();
            let with = substitute(&raw.with, &Names { axes: typed, vars: vars.clone() }, diagnostics);
            let Some(stage) = check::parameters(&with, raw, kind, diagnostics) else { continue };
            let mut inputs = Vec::with_capacity(bound[i].len());
            for b in bound[i].iter().filter(|b| stage.reads(b.port.name)) {
                inputs.extend(sources(b, &cell, study, &axes, &cells, &stages, diagnostics));
            }
            check::inputs_given(raw, kind, &*stage, &bound[i].iter().map(|b| b.port.name).collect::<Vec<_>>(), diagnostics);
            let name = matrix::spell(&raw.name.text, &cell);
            let own_seed = raw.seed.and_then(|n| check::seed(Some(n), diagnostics)).or(seed);
            let seed = check::seed_of(own_seed, kind, raw, &cell, diagnostics);
            let parameters = stage.parameters();
            cells[i].insert(cell, stages.len());
            stages.push(Stage {
                name,
                base: raw.name.text.clone(),
                description: raw.description.clone(),
                kind,
                parameters,
                stage,
                seed,
                inputs,
                expect: check::expect(raw, kind, diagnostics),
                resources: check::resources(raw, diagnostics),
                retry: check::retry(raw, diagnostics),
                places: Places { name: raw.name.span, kind: raw.kind.span, with, seed: raw.seed_place.or(study.seed.map(|n| n.span)) },
            });
        }
    }
    Some(Pipeline { study: study.name.clone(), description: study.description.clone(), stages, allow: study.allow.clone() })
}

fn kind(stage: &RawStage, kinds: &'static [StageKind], diagnostics: &mut Vec<Diagnostic>) -> Option<&'static StageKind> {
    let found = kinds.iter().find(|k| k.name == stage.kind.text);
    if found.is_none() {
        let help = did_you_mean(&stage.kind.text, kinds.iter().map(|k| k.name), "kind").unwrap_or_else(|| "`hilum stages` lists the kinds".into());
        diagnostics.push(Diagnostic::new("E0102", format!("there is no stage kind `{}`", stage.kind.text)).at(stage.kind.span, "unknown kind").help(help));
    }
    found
}

fn bind<'a>(
    stage: &'a RawStage,
    kind: &'static StageKind,
    study: &'a RawStudy,
    by_name: &HashMap<&str, usize>,
    found: &[Option<&'static StageKind>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Bound<'a>> {
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
        for text in written {
            let Some(b) = binding::parse(&text.text) else {
                diagnostics.push(
                    Diagnostic::new("E0201", format!("`{}` does not read as a binding", text.text))
                        .at(text.span, "here")
                        .help("write `stage`, `stage.output`, `stage/axis=value` or `stage/*`"),
                );
                continue;
            };
            let Some(&from) = by_name.get(b.stage.as_str()) else {
                let known = study.stages.iter().map(|s| s.name.text.as_str());
                diagnostics.push(
                    Diagnostic::new("E0201", format!("there is no stage `{}`", b.stage))
                        .at(text.span, "unknown stage")
                        .maybe_help(did_you_mean(&b.stage, known, "stage")),
                );
                continue;
            };
            let Some(from_kind) = found[from] else { continue };
            let output = match &b.port {
                None => from_kind.outputs.first(),
                Some(name) => from_kind.output(name),
            };
            let Some(output) = output else {
                let known: Vec<&str> = from_kind.outputs.iter().map(|p| p.name).collect();
                let wanted = b.port.clone().unwrap_or_default();
                let help = did_you_mean(&wanted, known.iter().copied(), "output").unwrap_or(format!("its outputs are: {}", known.join(", ")));
                diagnostics.push(
                    Diagnostic::new("E0202", format!("`{}` ({}) has no output `{wanted}`", b.stage, from_kind.name)).at(text.span, "unknown output").help(help),
                );
                continue;
            };
            if output.kind != port.kind {
                let fits: Vec<String> = from_kind.outputs.iter().filter(|p| p.kind == port.kind).map(|p| format!("`{}.{}`", b.stage, p.name)).collect();
                let help = (!fits.is_empty()).then(|| format!("of the right type: {}", fits.join(", ")));
                diagnostics.push(
                    Diagnostic::new("E0205", format!("input `{}` carries {}, and `{}` is {}", port.name, port.kind, text.text, output.kind))
                        .at(text.span, format!("this is {}", output.kind))
                        .maybe_help(help),
                );
                continue;
            }
            bindings.push((b, text, from, output));
        }
        check::arity(port, *is_list, &bindings.iter().map(|b| (b.0.gathers(), b.1.span)).collect::<Vec<_>>(), diagnostics);
        out.push(Bound { port, bindings, is_list: *is_list });
    }
    out
}

/// Own axes, and those of inputs that are neither selected nor gathered.
fn axes_of(raw: &RawStage, bound: &[Bound], axes: &[Axes], study: &RawStudy, diagnostics: &mut Vec<Diagnostic>) -> Axes {
    let mut out = matrix::declared(raw, diagnostics);
    let declared: Vec<String> = out.keys().cloned().collect();
    let mut origin: HashMap<String, String> = HashMap::new();
    for (b, text, from, _) in bound.iter().flat_map(|b| &b.bindings) {
        check::axes_named(b, text, &axes[*from], diagnostics);
        for (name, axis) in axes[*from].iter().filter(|(name, _)| !b.all && !b.axes.iter().any(|a| a.0 == **name)) {
            if declared.contains(name) {
                for (value, _) in &out[name].values {
                    if !axis.values.iter().any(|v| v.0 == *value) {
                        let span = raw.matrix.iter().find(|m| m.0.text == *name).map_or(raw.name.span, |m| m.1.span);
                        diagnostics.push(
                            Diagnostic::new("E0302", format!("`{}` has no cell `{name}={value}`", b.stage))
                                .at(span, "restricted to here")
                                .context(text.span, "inherited from here"),
                        );
                    }
                }
                continue;
            }
            match out.get(name) {
                Some(known) if known != axis => {
                    let other = origin.get(name).cloned().unwrap_or_default();
                    diagnostics.push(
                        Diagnostic::new("E0303", format!("`{other}` and `{}` have different values of the axis `{name}`", b.stage))
                            .at(text.span, "does not fit")
                            .help(format!("declare `{name}` in `matrix` with the values that both have")),
                    );
                }
                Some(_) => {}
                None => {
                    origin.insert(name.clone(), study.stages[*from].name.text.clone());
                    out.insert(name.clone(), axis.clone());
                }
            }
        }
    }
    out
}

/// What arrives at a port of one cell.
fn sources(
    b: &Bound,
    cell: &Cell,
    study: &RawStudy,
    axes: &[Axes],
    cells: &[HashMap<Cell, usize>],
    stages: &[Stage],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Input> {
    let mut from = Vec::with_capacity(b.bindings.len());
    let mut shape = if b.is_list { Shape::List } else { Shape::One };
    for (binding, text, stage, output) in &b.bindings {
        let gathered: Vec<&String> = axes[*stage].keys().filter(|a| binding.all || binding.axes.iter().any(|(n, v)| n == *a && v.is_none())).collect();
        if binding.gathers() {
            shape = Shape::Gathered;
        }
        let fixed = |axis: &String| binding.axes.iter().find(|(n, _)| n == axis).and_then(|(_, v)| v.clone()).or_else(|| cell.get(axis).cloned());
        let wanted: Axes = axes[*stage].iter().filter(|(n, _)| gathered.contains(n)).map(|(n, a)| (n.clone(), a.clone())).collect();
        for coordinates in matrix::cells(&wanted) {
            let mut at = coordinates.clone();
            for axis in axes[*stage].keys().filter(|a| !gathered.contains(a)) {
                at.extend(fixed(axis).map(|v| (axis.clone(), v)));
            }
            // A missing cell was reported where its axis or its parameters were.
            let Some(&id) = cells[*stage].get(&at) else { continue };
            if !stages[id].stage.fills(output.name) {
                let whose = &study.stages[*stage].name.text;
                diagnostics.push(
                    Diagnostic::new("E0207", format!("`{whose}` does not make the output `{}` with these parameters", output.name))
                        .at(text.span, "used here")
                        .context(study.stages[*stage].with.span, "parameters of the stage"),
                );
                return None;
            }
            let spelt = matrix::spell("", &coordinates);
            from.push(Source { stage: id, port: output.name, cell: spelt.trim_start_matches('/').to_owned() });
        }
    }
    if shape == Shape::Gathered {
        from.sort_by(|a, b| a.cell.cmp(&b.cell));
    }
    let span = b.bindings.first().map(|x| x.1.span)?;
    (!from.is_empty()).then_some(Input { port: b.port, span, from, shape })
}
