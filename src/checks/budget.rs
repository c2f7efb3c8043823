//! Arms that are trained for different numbers of steps, so that a difference may come from that.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use std::collections::BTreeMap;

/// How much more than another an arm may be trained.
const TOLERATED: f64 = 1.1;

/// Comparisons of trainings with different numbers of steps.
pub(super) fn unequal(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for (id, stage) in look.p.stages.pairs().filter(|(_, s)| s.parameters["against"].as_object().is_some_and(|a| !a.is_empty())) {
        let Some(input) = stage.input("scores") else { continue };
        let trainers = input.from.iter().flat_map(|s| &look.p.stages[s.stage].inputs).filter(|i| i.port.name == "weights").flat_map(|i| &i.from);
        let mut steps: BTreeMap<StageId, f64> = BTreeMap::new();
        for trainer in trainers {
            if let Some(n) = steps_of(look, &look.p.stages[trainer.stage]).filter(|n| *n > 0.0) {
                steps.insert(trainer.stage, n);
            }
        }
        // Networks may need different budgets; arms that are trained alike may not.
        let by_network = |id: &StageId| {
            let mut parameters = look.p.stages[*id].parameters.clone();
            ["loss", "augment", "epochs", "steps", "phases", "schedule"].iter().for_each(|key| parameters[key] = serde_json::Value::Null);
            parameters.to_string()
        };
        let mut groups: BTreeMap<String, Vec<(StageId, f64)>> = BTreeMap::new();
        steps.iter().for_each(|(id, n)| groups.entry(by_network(id)).or_default().push((*id, *n)));
        let apart = |group: &Vec<(StageId, f64)>| {
            let (least, most) = (group.iter().min_by(|a, b| a.1.total_cmp(&b.1))?, group.iter().max_by(|a, b| a.1.total_cmp(&b.1))?);
            (most.1 > TOLERATED * least.1).then_some((*least, *most))
        };
        let Some((least, most)) = groups.values().find_map(apart) else { continue };
        let name = |of: StageId| &look.p.stages[of].name;
        out.push(CheckResult {
            stage: id,
            at: input.span,
            label: format!("{} and {} steps", least.1, most.1),
            message: format!("`{}` is trained for {} steps and `{}` for {}: a difference may come from that", name(most.0), most.1, name(least.0), least.1),
            notes: vec![],
            help: "give `steps` in place of `epochs`, so that training sets of different sizes get equal budgets",
            count: (most.1 - least.1) as u64,
            unit: "steps",
            path: vec![],
        });
    }
    out
}

/// The steps of a training: as its parameters say, or its epochs over its training set, if that is known.
fn steps_of(look: &CheckInput, stage: &Stage) -> Option<f64> {
    let phases = stage.parameters["phases"].as_array().filter(|p| !p.is_empty());
    let each = phases.map_or_else(|| vec![&stage.parameters], |phases| phases.iter().collect());
    let per_epoch = || {
        let [source] = stage.input("samples")?.from.as_slice() else { return None };
        let rows = look.summary(source.stage, source.port)?.rows;
        Some((rows as f64 / stage.parameters["batch"].as_f64()?).ceil())
    };
    let of = |phase: &serde_json::Value| match (phase["steps"].as_f64(), phase["epochs"].as_f64()) {
        (Some(steps), _) => Some(steps),
        (None, Some(epochs)) => Some(epochs * per_epoch()?),
        (None, None) => None,
    };
    each.into_iter().map(of).sum()
}
