//! Arms that add nothing: two cells of a training set with the same rows, and trainings on them with the same parameters, so that
//! comparing them is meaningless.

use super::{CheckInput, CheckResult};
use crate::pipeline::matrix::REPEAT;
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::contract::stage::Needs;
use std::collections::BTreeMap;

/// Training sets that differ in one axis but contain the same rows.
pub(super) fn equal(look: &CheckInput) -> Vec<CheckResult> {
    let stages = &look.p.stages;
    let mut tables: BTreeMap<StageId, &'static str> = BTreeMap::new();
    let trainings = stages.iter().filter(|s| s.kind.needs == Needs::Tensor && s.kind.output("weights").is_some());
    for source in trainings.flat_map(|s| &s.inputs).filter(|i| i.port.name == "samples").flat_map(|i| &i.from) {
        tables.insert(source.stage, source.port);
    }
    let known: Vec<(StageId, _)> = tables.iter().filter_map(|(id, port)| Some((*id, (look.known)(*id, port)?))).collect();
    let mut out = vec![];
    for (n, (other, table)) in known.iter().enumerate() {
        let is_twin = |id: StageId| differ_in_one(&stages[id], &stages[*other]) && are_trained_alike(look, id, *other);
        let twin = known[..n].iter().find(|(id, t)| t.digest == table.digest && is_twin(*id));
        let Some((first, _)) = twin else { continue };
        let (first, stage) = (&stages[*first], &stages[*other]);
        out.push(CheckResult {
            stage: *other,
            at: stage.places.name,
            label: "one of its cells adds nothing".into(),
            message: format!("`{}` contains the same rows as `{}`", stage.name, first.name),
            notes: vec!["both arms train on identical data, so comparing them says nothing".into()],
            help: "check why nothing was added: the classes may be balanced already, or the generator makes images of another class",
            count: look.summary(*other, tables[other]).map_or(0, |summary| summary.rows as u64),
            unit: "images",
            path: vec![],
        });
    }
    out
}

/// True if a training on the one is like a training on the other in all but its seed: arms may differ in how they train.
fn are_trained_alike(look: &CheckInput, a: StageId, b: StageId) -> bool {
    let trainings = |of: StageId| {
        let takes = move |stage: &&Stage| stage.inputs.iter().any(|i| i.port.name == "samples" && i.from.iter().any(|s| s.stage == of));
        look.p.stages.iter().filter(|s| s.kind.needs == Needs::Tensor && s.kind.output("weights").is_some()).filter(takes)
    };
    trainings(a).any(|x| trainings(b).any(|y| x.kind.name == y.kind.name && x.parameters == y.parameters))
}

/// True for two cells of a stage that differ in exactly one axis other than `repeat`.
fn differ_in_one(a: &Stage, b: &Stage) -> bool {
    let different: Vec<&str> = a.coordinates().zip(b.coordinates()).filter(|(x, y)| x != y).map(|(x, _)| x.0).collect();
    a.base == b.base && different.len() == 1 && different[0] != REPEAT
}
