//! The one rule: nobody a model is tested on may have reached the model. Two ways in: by films of the training set
//! (`leakage.patient_overlap`), and through a generator (`leakage.generator_trained_on_eval`).

use super::{Lineage, RoaringBitmap};
use crate::diagnostic::{Diagnostic, Texts};
use crate::pipeline::Pipeline;
use crate::pipeline::model::{Input, StageId};

/// A leak that was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub id: &'static str,
    /// The stage that evaluates.
    pub stage: StageId,
    /// Further cells of the same stage with the same finding.
    pub more: usize,
    /// How many patients are on both sides.
    pub patients: u64,
    /// From the model back to the training data, then the stage that was trained on it.
    pub path: Vec<StageId>,
    /// Why it is allowed, where it is.
    pub reason: Option<String>,
}

/// Finds leaks, as far as the known flow decides. Cells of one stage are one finding.
pub fn findings(p: &Pipeline, lineage: &Lineage) -> Vec<Finding> {
    let mut out: Vec<Finding> = vec![];
    for (id, stage) in p.stages.iter().enumerate() {
        if !stage.kind.outputs.iter().any(|o| o.kind == "scores") {
            continue;
        }
        let input = |name: &str| stage.inputs.iter().find(|i| i.port.name == name);
        let (Some(model), Some(test)) = (input("weights"), input("samples")) else { continue };
        let tested = union(lineage, test, true);
        for source in &model.from {
            let trained = p.stages[source.stage].inputs.iter().filter(|i| i.port.by.is_empty());
            let (mut direct, mut generated, mut exact) = (RoaringBitmap::new(), RoaringBitmap::new(), tested.1);
            for port in trained {
                let (contains, ok) = union(lineage, port, true);
                direct |= contains;
                generated |= union(lineage, port, false).0;
                exact &= ok;
            }
            if !exact {
                continue;
            }
            for (check, set) in [("leakage.patient_overlap", direct), ("leakage.generator_trained_on_eval", generated)] {
                let shared = &set & &tested.0;
                if shared.is_empty() {
                    continue;
                }
                if let Some(known) = out.iter_mut().find(|f| f.id == check && p.stages[f.stage].base == stage.base) {
                    known.more += 1;
                    continue;
                }
                let path = path(p, lineage, source.stage, &shared);
                let reason = p.allow.iter().find(|a| a.id.text == check).map(|a| a.reason.clone());
                out.push(Finding { id: check, stage: id, more: 0, patients: shared.len(), path, reason });
            }
        }
    }
    out
}

fn union(lineage: &Lineage, input: &Input, contains: bool) -> (RoaringBitmap, bool) {
    input.from.iter().fold((RoaringBitmap::new(), true), |(set, exact), s| {
        let flow = lineage.flow(s.stage, s.port);
        (set | if contains { flow.contains } else { flow.influenced }, exact && flow.exact)
    })
}

/// From the model back to where the shared patients came in, generators first: that way is the less obvious one.
fn path(p: &Pipeline, lineage: &Lineage, model: StageId, shared: &RoaringBitmap) -> Vec<StageId> {
    let mut path = vec![model];
    loop {
        let sources: Vec<_> = p.stages[path[path.len() - 1]].inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| &i.from).collect();
        let meets = |s: &&&crate::pipeline::model::Source, contains: bool| {
            let flow = lineage.flow(s.stage, s.port);
            !(if contains { flow.contains } else { flow.influenced } & shared).is_empty()
        };
        match sources.iter().find(|s| meets(s, false)).or_else(|| sources.iter().find(|s| meets(s, true))) {
            Some(next) => path.push(next.stage),
            None => return path,
        }
    }
}

/// A finding as a diagnostic.
pub fn report(p: &Pipeline, texts: &Texts, f: &Finding) -> Diagnostic {
    let stage = &p.stages[f.stage];
    let model = &p.stages[f.path[0]];
    let span = stage.inputs.iter().find(|i| i.port.name == "samples").map_or(stage.places.name, |i| i.span);
    let through_generator = f.id == "leakage.generator_trained_on_eval";
    let (code, message, help) = if through_generator {
        ("L0001", format!("`{}` would be tested on patients that its training data came from", model.base), "train the generator on other patients")
    } else {
        ("L0002", format!("`{}` would be tested on patients whose films it was trained on", model.base), "split by patient")
    };
    let patients = format!("{} of these patients", f.patients);
    // The way ends where the training data was drawn; the stages before it are how they came there.
    let way: Vec<String> = f.path.iter().map(|id| format!("`{}` ({})", p.stages[*id].name, texts.line(p.stages[*id].places.name))).collect();
    let mut d = Diagnostic::new(code, message).at(span, format!("{patients} reached the model")).note(format!("the way: {}", way.join(" ← ")));
    if f.more > 0 {
        d = d.note(format!("the same holds for {} more cells of `{}`", f.more, stage.base));
    }
    match &f.reason {
        Some(reason) => d.note(format!("allowed: {reason}")).warning(),
        None => d.help(format!("{help}, or allow `{}` with a reason", f.id)),
    }
}
