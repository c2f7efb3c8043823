//! From the written study to typed stages: kinds, axes, bindings, parameters. Collects every error.

use super::bind::{Bind, Bound, Scope, bind};
use super::inputs::{self, ExpandedStages, Missing};
use super::matrix::{self, Axes};
use super::model::{self, Pipeline, Places, Stage};
use super::node::Yaml;
use super::raw::{RawStage, RawStudy};
use super::substitute::{Names, Unresolved, substitute};
use super::{check, preset, vars};
use crate::diagnostic::{Diagnostic, did_you_mean};
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::seed::Seed;
use std::collections::HashMap;

/// Builds a checked graph, or reports all errors.
pub(super) fn resolve(study: &RawStudy, kinds: &'static [StageKind], diagnostics: &mut Vec<Diagnostic>) -> Option<Pipeline> {
    let by_name: HashMap<&str, usize> = study.stages.iter().enumerate().map(|(i, s)| (s.name.text.as_str(), i)).collect();
    let found: Vec<Option<&'static StageKind>> = study.stages.iter().map(|s| kind(s, kinds, diagnostics)).collect();
    let vars = vars::resolve(study.vars, diagnostics);
    let declared: Vec<Axes> = study.stages.iter().map(|s| matrix::declared(s, diagnostics)).collect();
    let scope = Scope { study, vars: &vars, by_name, kinds: found };
    let of =
        |i: usize, diagnostics: &mut Vec<Diagnostic>| scope.kinds[i].map(|k| bind(&study.stages[i], k, &declared[i], &scope, diagnostics)).unwrap_or_default();
    let bound: Vec<Vec<Bound>> = (0..study.stages.len()).map(|i| of(i, diagnostics)).collect();
    let needs: Vec<(usize, usize)> =
        bound.iter().enumerate().flat_map(|(i, b)| b.iter().flat_map(move |b| b.bindings.iter().map(move |x| (i, x.from)))).collect();
    let order = match model::sort(study.stages.len(), &needs) {
        Ok(order) => order,
        Err(cycle) => {
            let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|i| study.stages[*i].name.text.as_str()).collect();
            diagnostics.push(
                Diagnostic::new("E0208", format!("stages depend on each other in a cycle: {}", names.join(" → ")))
                    .at(study.stages[cycle[0]].name.span, "part of the cycle")
                    .help("bind an input of one of them to another stage"),
            );
            return None;
        }
    };
    let seed = check::seed(study.seed, diagnostics);
    let mut axes: Vec<Axes> = vec![Axes::new(); study.stages.len()];
    // Stages that may have more axes than are known, as an error at them or above them hides some.
    let mut open = vec![false; study.stages.len()];
    let mut made = ExpandedStages::of(study.stages.len());
    for i in order {
        open[i] = scope.kinds[i].is_none() || bound[i].iter().any(|b| b.is_faulty || b.bindings.iter().any(|x| open[x.from]));
        let (raw, Some(kind)) = (&study.stages[i], scope.kinds[i]) else { continue };
        axes[i] = axes_of(raw, &declared[i], &bound[i], &axes, &open, study, diagnostics);
        let excluded = matrix::excluded(raw, &axes[i], open[i], diagnostics);
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
            let typed = cell.iter().map(|(axis, v)| (axis.as_str(), axes[i][axis].coordinate(v).expect("BUG: a value of its axis"))).collect();
            let names = Names { axes: typed, vars: &vars, open: open[i] };
            let mut unresolved = Unresolved::default();
            let with = substitute(&raw.with, &names, &mut unresolved);
            diagnostics.append(&mut unresolved.diagnostics);
            if !matches!(with.value, Yaml::Map(_)) {
                let text = raw.with.text().unwrap_or_default();
                let other = || {
                    Diagnostic::new("E0007", format!("`with` must be a mapping, but `{text}` stands for {}", with.what()))
                        .at(raw.with.span, "expected a mapping")
                        .help("name a variable that holds parameters, or write `with: { PARAMETER: VALUE }`")
                };
                let fault = || text.strip_prefix('$').and_then(|axis| names.not_in_vars(axis)).unwrap_or_else(other);
                diagnostics.extend(unresolved.places.is_empty().then(fault));
                continue;
            }
            let Some(stage) = check::parameters(&with, raw, kind, &names, &unresolved, diagnostics) else { continue };
            let mut inputs = Vec::with_capacity(bound[i].len());
            // What lacks an input because of an error elsewhere may fit once that is mended.
            let mut is_whole = !open[i];
            for b in bound[i].iter().filter(|b| stage.reads(b.port.name)) {
                match made.sources(b, &cell, study, &axes, diagnostics) {
                    Ok(input) => inputs.extend(input),
                    Err(Missing::Faulty) => is_whole = false,
                    // What an excluded cell would give is not there, and neither is what would be made of it.
                    Err(Missing::Excluded) => {
                        made.absent[i].insert(cell);
                        continue 'cells;
                    }
                }
            }
            let given: Vec<&str> = bound[i].iter().filter(|b| b.is_given(&cell)).map(|b| b.port.name).collect();
            inputs::given(raw, kind, &*stage, &given, diagnostics);
            if is_whole {
                let before = inputs::Before { stages: &made.stages, inputs: &inputs, bound: &bound[i], axes: &axes };
                inputs::fit(raw, &*stage, &with, &before, diagnostics);
            }
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
                expect: check::expect(raw, kind, &names, diagnostics),
                resources: check::resources(raw, diagnostics),
                retry: check::retry(raw, diagnostics),
                places: Places { name: raw.name.span, kind: raw.kind.span, with, seed: raw.seed_place.or(study.seed.map(|n| n.span)) },
            });
            made.cells[i].insert(cell, id);
        }
        if made.stages.len() == before && !open[i] && !made.absent[i].is_empty() && made.absent[i].len() == count {
            diagnostics.push(
                Diagnostic::new("E0304", format!("`exclude` excludes every cell of `{}`", raw.name.text))
                    .at(raw.name.span, "nothing is left to run")
                    .help("remove an entry of `exclude`, or the stage"),
            );
        }
    }
    Some(Pipeline {
        study: study.name.clone(),
        description: study.description.clone(),
        seed: seed.map(Seed),
        scale: study.scale.clone(),
        stages: made.stages,
        allow: study.allow.clone(),
    })
}

/// The kind of a stage; none where the stage is not known, as there is no such kind or no such preset of it.
fn kind(stage: &RawStage, kinds: &'static [StageKind], diagnostics: &mut Vec<Diagnostic>) -> Option<&'static StageKind> {
    let found = kinds.iter().find(|k| k.name == stage.kind.text);
    if found.is_none() {
        let help = did_you_mean(&stage.kind.text, kinds.iter().map(|k| k.name), "kind").unwrap_or_else(|| "`hilum stages` lists the kinds".into());
        diagnostics.push(Diagnostic::new("E0102", format!("there is no stage kind `{}`", stage.kind.text)).at(stage.kind.span, "unknown kind").help(help));
    }
    found.filter(|kind| !preset::is_at_fault(&stage.with, kind))
}

/// Own axes, and those of inputs that are neither selected nor gathered.
fn axes_of(raw: &RawStage, declared: &Axes, bound: &[Bound], axes: &[Axes], open: &[bool], study: &RawStudy, diagnostics: &mut Vec<Diagnostic>) -> Axes {
    let mut out = declared.clone();
    let mut origin: HashMap<String, String> = HashMap::new();
    for Bind { binding: b, text, from, .. } in bound.iter().flat_map(|b| &b.bindings) {
        if !open[*from] {
            check::axes_named(b, text, &axes[*from], diagnostics);
        }
        for (name, axis) in axes[*from].iter().filter(|(name, _)| !b.all && !b.axes.iter().any(|a| a.0 == **name)) {
            if declared.contains_key(name) {
                for (value, _) in &out[name].values {
                    if !axis.values.iter().any(|v| v.0 == *value) {
                        let span = raw.matrix.iter().find(|m| m.0.text == *name).map_or(raw.name.span, |m| m.1.span);
                        diagnostics.push(
                            Diagnostic::new("E0302", format!("`{}` has no cell `{name}={value}`", b.stage))
                                .at(span, "restricted to here")
                                .context(text.span, "inherited from here")
                                .help(format!("declare `{value}` in the axis `{name}` of `{}`, or leave it out here", b.stage)),
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
