//! From the written study to typed stages: kinds, axes, bindings, parameters. Collects every error.

use super::bind::{Bind, Bound, Scope, bind};
use super::check;
use super::matrix::{self, Axes, Cell};
use super::model::{self, Input, PerStage, Pipeline, Places, Shape, Source, Stage, StageId};
use super::node::Yaml;
use super::raw::{RawStage, RawStudy};
use super::substitute::{Names, substitute};
use crate::diagnostic::{Diagnostic, did_you_mean};
use hilum_stages::contract::kind::StageKind;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Builds a checked graph, or reports all errors.
pub(super) fn resolve(study: &RawStudy, kinds: &'static [StageKind], diagnostics: &mut Vec<Diagnostic>) -> Option<Pipeline> {
    let by_name: HashMap<&str, usize> = study.stages.iter().enumerate().map(|(i, s)| (s.name.text.as_str(), i)).collect();
    let found: Vec<Option<&'static StageKind>> = study.stages.iter().map(|s| kind(s, kinds, diagnostics)).collect();
    let declared: Vec<Axes> = study.stages.iter().map(|s| matrix::declared(s, diagnostics)).collect();
    let scope = Scope { study, by_name, kinds: found };
    let of =
        |i: usize, diagnostics: &mut Vec<Diagnostic>| scope.kinds[i].map(|k| bind(&study.stages[i], k, &declared[i], &scope, diagnostics)).unwrap_or_default();
    let bound: Vec<Vec<Bound>> = (0..study.stages.len()).map(|i| of(i, diagnostics)).collect();
    let needs: Vec<(usize, usize)> =
        bound.iter().enumerate().flat_map(|(i, b)| b.iter().flat_map(move |b| b.bindings.iter().map(move |x| (i, x.from)))).collect();
    let order = match model::sort(study.stages.len(), &needs) {
        Ok(order) => order,
        Err(circle) => {
            let names: Vec<&str> = circle.iter().chain(circle.first()).map(|i| study.stages[*i].name.text.as_str()).collect();
            diagnostics.push(
                Diagnostic::new("E0208", format!("stages depend on each other in a cycle: {}", names.join(" → ")))
                    .at(study.stages[circle[0]].name.span, "part of the cycle"),
            );
            return None;
        }
    };
    let seed = check::seed(study.seed, diagnostics);
    let mut axes: Vec<Axes> = vec![Axes::new(); study.stages.len()];
    let mut made = Made { cells: vec![HashMap::new(); study.stages.len()], absent: vec![HashSet::new(); study.stages.len()], stages: PerStage::default() };
    for i in order {
        let (raw, Some(kind)) = (&study.stages[i], scope.kinds[i]) else { continue };
        axes[i] = axes_of(raw, &declared[i], &bound[i], &axes, study, diagnostics);
        let excluded = matrix::excluded(raw, &axes[i], diagnostics);
        let vars = study.vars.iter().map(|(k, n)| (k.text.as_str(), (k.span, n))).collect::<BTreeMap<_, _>>();
        // Three hundred bytes of axes can ask for more cells than there is memory.
        let count = matrix::count(&axes[i]);
        if made.stages.len().saturating_add(count) > matrix::MAX_CELLS {
            let most = matrix::MAX_CELLS;
            diagnostics.push(
                Diagnostic::new("E0304", format!("the axes of `{}` make {count} cells; a study may have at most {most}", raw.name.text))
                    .at(raw.name.span, "these")
                    .help("give the axes fewer values, or split the study"),
            );
            return None;
        }
        let before = made.stages.len();
        'cells: for cell in matrix::cells(&axes[i]) {
            if matrix::is_excluded(&cell, &excluded) {
                made.absent[i].insert(cell);
                continue;
            }
            let typed = cell.iter().map(|(axis, v)| (axis.as_str(), axes[i][axis].typed(v).expect("BUG: a value of its axis"))).collect();
            let with = substitute(&raw.with, &Names { axes: typed, vars: vars.clone() }, diagnostics);
            if !matches!(with.value, Yaml::Map(_)) {
                diagnostics.push(
                    Diagnostic::new("E0007", format!("`with` must be a map, but `{}` stands for {}", raw.with.text().unwrap_or_default(), with.what()))
                        .at(raw.with.span, "expected a map"),
                );
                continue;
            }
            let Some(stage) = check::parameters(&with, raw, kind, diagnostics) else { continue };
            let mut inputs = Vec::with_capacity(bound[i].len());
            for b in bound[i].iter().filter(|b| stage.reads(b.port.name)) {
                match made.sources(b, &cell, study, &axes, diagnostics) {
                    Ok(input) => inputs.extend(input),
                    // What an excluded cell would give is not there, and neither is what would be made of it.
                    Err(Absent) => {
                        made.absent[i].insert(cell);
                        continue 'cells;
                    }
                }
            }
            check::inputs_given(raw, kind, &*stage, &bound[i].iter().filter(|b| b.is_given(&cell)).map(|b| b.port.name).collect::<Vec<_>>(), diagnostics);
            check::inputs_fit(raw, &*stage, &inputs, &made.stages, diagnostics);
            let name = matrix::spell(&raw.name.text, &cell);
            let own_seed = raw.seed.and_then(|n| check::seed(Some(n), diagnostics)).or(seed);
            let seed = check::seed_of(own_seed, kind, raw, &cell, diagnostics);
            let parameters = stage.parameters();
            let id = made.stages.push(Stage {
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
            made.cells[i].insert(cell, id);
        }
        if made.stages.len() == before && !made.absent[i].is_empty() && made.absent[i].len() == count {
            diagnostics
                .push(Diagnostic::new("E0304", format!("`exclude` excludes every cell of `{}`", raw.name.text)).at(raw.name.span, "nothing is left to run"));
        }
    }
    Some(Pipeline { study: study.name.clone(), description: study.description.clone(), stages: made.stages, allow: study.allow.clone() })
}

fn kind(stage: &RawStage, kinds: &'static [StageKind], diagnostics: &mut Vec<Diagnostic>) -> Option<&'static StageKind> {
    let found = kinds.iter().find(|k| k.name == stage.kind.text);
    if found.is_none() {
        let help = did_you_mean(&stage.kind.text, kinds.iter().map(|k| k.name), "kind").unwrap_or_else(|| "`hilum stages` lists the kinds".into());
        diagnostics.push(Diagnostic::new("E0102", format!("there is no stage kind `{}`", stage.kind.text)).at(stage.kind.span, "unknown kind").help(help));
    }
    found
}

/// Own axes, and those of inputs that are neither selected nor gathered.
fn axes_of(raw: &RawStage, declared: &Axes, bound: &[Bound], axes: &[Axes], study: &RawStudy, diagnostics: &mut Vec<Diagnostic>) -> Axes {
    let mut out = declared.clone();
    let mut origin: HashMap<String, String> = HashMap::new();
    for Bind { binding: b, text, from, .. } in bound.iter().flat_map(|b| &b.bindings) {
        check::axes_named(b, text, &axes[*from], diagnostics);
        for (name, axis) in axes[*from].iter().filter(|(name, _)| !b.all && !b.axes.iter().any(|a| a.0 == **name)) {
            if declared.contains_key(name) {
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
                            .help(format!("declare `{name}` in `matrix` with the values that they share")),
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

/// A cell that is excluded, or needs one that is.
struct Absent;

/// What was made so far.
struct Made {
    /// The number of each cell in `stages`, by the stage's position in the study.
    cells: Vec<HashMap<Cell, StageId>>,
    /// Cells that are excluded, or need one that is.
    absent: Vec<HashSet<Cell>>,
    stages: PerStage<Stage>,
}

impl Made {
    /// What arrives at a port of one cell.
    fn sources(&self, b: &Bound, cell: &Cell, study: &RawStudy, axes: &[Axes], diagnostics: &mut Vec<Diagnostic>) -> Result<Option<Input>, Absent> {
        let mut from = Vec::with_capacity(b.bindings.len());
        let mut shape = Shape::One;
        let mut is_absent = false;
        let of_cell = |b: &&Bind| b.is_of(cell);
        for Bind { binding, text, from: stage, output, is_list, .. } in b.bindings.iter().filter(of_cell) {
            let own = &axes[*stage];
            let gathered: Vec<&String> = own.keys().filter(|a| binding.all || binding.axes.iter().any(|(n, v)| n == *a && v.is_none())).collect();
            if binding.gathers() {
                shape = Shape::Gathered;
            } else if *is_list {
                shape = Shape::List;
            }
            let selected = |axis: &String| binding.axes.iter().find(|(n, _)| n == axis).and_then(|(_, v)| own[axis].spelling(v.as_ref()?).map(str::to_owned));
            let wanted: Axes = own.iter().filter(|(n, _)| gathered.contains(n)).map(|(n, a)| (n.clone(), a.clone())).collect();
            for coordinates in matrix::cells(&wanted) {
                let mut at = coordinates.clone();
                for axis in own.keys().filter(|a| !gathered.contains(a)) {
                    at.extend(selected(axis).or_else(|| cell.get(axis).cloned()).map(|v| (axis.clone(), v)));
                }
                let Some(&id) = self.cells[*stage].get(&at) else {
                    // Any other missing cell was reported where its axis or its parameters were.
                    let excluded = self.absent[*stage].contains(&at);
                    if excluded && !binding.gathers() {
                        return Err(Absent);
                    }
                    is_absent |= excluded;
                    continue;
                };
                if !self.stages[id].stage.fills(output.name) {
                    let whose = &study.stages[*stage].name.text;
                    diagnostics.push(
                        Diagnostic::new("E0207", format!("`{whose}` does not produce the output `{}` with these parameters", output.name))
                            .at(text.span, "used here")
                            .context(study.stages[*stage].with.span, "parameters of the stage"),
                    );
                    return Ok(None);
                }
                let spelt = matrix::spell("", &coordinates);
                from.push(Source { stage: id, port: output.name, cell: spelt.trim_start_matches('/').to_owned() });
            }
        }
        if shape == Shape::Gathered {
            from.sort_by(|a, b| a.cell.cmp(&b.cell));
        }
        if from.is_empty() && is_absent {
            return Err(Absent);
        }
        let span = b.bindings.iter().find(of_cell).map(|x| x.text.span);
        Ok(span.filter(|_| !from.is_empty()).map(|span| Input { port: b.port, span, from, shape }))
    }
}
