//! Arms that add nothing: two cells of a training set that hold the same rows, so that what is compared between them is nothing.

use super::{Found, Look};
use crate::pipeline::matrix::REPEAT;
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::contract::stage::Needs;
use std::collections::BTreeMap;

/// Cells that a training reads, differ in one axis, and hold the same rows.
pub(super) fn equal(look: &Look) -> Vec<Found> {
    let stages = &look.p.stages;
    let mut tables: BTreeMap<StageId, &'static str> = BTreeMap::new();
    let trainings = stages.iter().filter(|s| s.kind.needs == Needs::Tensor && s.kind.output("weights").is_some());
    for source in trainings.flat_map(|s| &s.inputs).filter(|i| i.port.name == "samples").flat_map(|i| &i.from) {
        tables.insert(source.stage, source.port);
    }
    let known: Vec<(StageId, _)> = tables.iter().filter_map(|(id, port)| Some((*id, (look.known)(*id, port)?))).collect();
    let mut out = vec![];
    for (n, (other, table)) in known.iter().enumerate() {
        let twin = known[..n].iter().find(|(id, t)| t.digest == table.digest && differ_in_one(&stages[*id], &stages[*other]));
        let Some((first, _)) = twin else { continue };
        let (first, stage) = (&stages[*first], &stages[*other]);
        out.push(Found {
            stage: *other,
            at: stage.places.name,
            label: "one of its cells adds nothing".into(),
            message: format!("`{}` holds the same rows as `{}`", stage.name, first.name),
            notes: vec!["a classifier that is trained on both is compared with itself".into()],
            help: "look why nothing was added: no class may be short of images, or the generator makes images of another class",
            count: look.evidence.tables.samples(look.evidence.store, table).map_or(0, |rows| rows.len() as u64),
            unit: "images",
            path: vec![],
        });
    }
    out
}

/// True for two cells of a stage that differ in the value of one axis, which is not the one of the seeds.
fn differ_in_one(a: &Stage, b: &Stage) -> bool {
    let different: Vec<&str> = a.coordinates().zip(b.coordinates()).filter(|(x, y)| x != y).map(|(x, _)| x.0).collect();
    a.base == b.base && different.len() == 1 && different[0] != REPEAT
}
