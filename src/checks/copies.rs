//! Copies of images: made before images are dealt out one by one, or mirrored so that the heart is on the other side.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::BTreeSet;

/// Splits that deal out images one by one and are given copies of images: a copy and its original land in different parts.
pub(super) fn split_by_image(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let input = stage.input("samples").filter(|_| stage.parameters["by"] == "image")?;
        // A split of a training part into training and validation tests nobody.
        let is_tested = look.p.stages.pairs().any(|(of, s)| s.stage.is_test() && tested_by(look, of).contains(&id));
        let copier = tables_above(look, id).into_iter().find(|above| is_tested && look.p.stages[*above].kind.copies)?;
        let name = &look.p.stages[copier].base;
        Some(CheckResult {
            stage: id,
            at: input.span,
            label: "contains copies".into(),
            message: format!(
                "`{}` deals out images one by one, and `{name}` has made copies of them: copies of one image would be trained and tested on",
                stage.base
            ),
            notes: vec![],
            help: "split first and augment the training part, or split by patient",
            count: 1,
            unit: "splits",
            path: vec![id, copier],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// All stages whose tables reach the tables of a stage.
fn tables_above(look: &CheckInput, of: StageId) -> BTreeSet<StageId> {
    let mut out = BTreeSet::new();
    let mut rest = vec![of];
    while let Some(id) = rest.pop() {
        let tables = look.p.stages[id].inputs.iter().filter(|i| i.port.artifact == ArtifactType::Samples);
        for source in tables.flat_map(|i| &i.from) {
            if out.insert(source.stage) {
                rest.push(source.stage);
            }
        }
    }
    out
}

/// The stages whose tables reach the test set of an evaluation.
fn tested_by(look: &CheckInput, test: StageId) -> BTreeSet<StageId> {
    let sources = look.p.stages[test].inputs.iter().filter(|i| i.port.name == "samples").flat_map(|i| &i.from);
    sources.flat_map(|s| tables_above(look, s.stage).into_iter().chain([s.stage]).collect::<Vec<_>>()).collect()
}

/// Stages that mirror X-rays.
pub(super) fn mirrored(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let flips = stage.parameters["augment"]["flip"] == true;
        flips.then(|| CheckResult {
            stage: id,
            at: stage.places.with.place_of_parameter("augment.flip"),
            label: "moves the heart to the other side".into(),
            message: format!("`{}` mirrors images horizontally: half of the hearts are on the right", stage.base),
            notes: vec![],
            help: "it is usual, and no fault: say so where the study is described",
            count: 1,
            unit: "stages",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}
