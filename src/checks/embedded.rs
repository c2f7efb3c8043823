//! Features of images by which stages compare them: whether those of every image are bound. Independent of what the features are.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_cache::Digest;
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::HashSet;

/// Stages that compare images by features, but are given none of some of them.
pub(super) fn missing(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let features = stage.inputs.iter().find(|i| ArtifactType::Embedding == i.port.artifact)?;
        let tables = features.from.iter().flat_map(|s| look.p.stages[s.stage].input("samples")).flat_map(|i| &i.from);
        let mut has: HashSet<Digest> = HashSet::new();
        for table in tables {
            has.extend(look.rows(table.stage, table.port)?.iter().map(|row| row.image));
        }
        let sets = stage.inputs.iter().filter(|i| i.port.artifact == ArtifactType::Samples);
        let lacks = |(port, table): (&'static str, &crate::pipeline::model::Source)| {
            let rows = look.rows(table.stage, table.port)?;
            let images: HashSet<Digest> = rows.iter().map(|row| row.image).filter(|image| !has.contains(image)).collect();
            (!images.is_empty()).then(|| (port, format!("{}.{}", look.p.stages[table.stage].name, table.port), images.len() as u64))
        };
        let (port, table, count) = sets.flat_map(|i| i.from.iter().map(|s| (i.port.name, s))).find_map(lacks)?;
        Some(CheckResult {
            stage: id,
            at: features.span,
            label: format!("none of images of `{port}`"),
            message: format!("`{}` compares the images of `{table}` by features, but those of some of them are not bound to it", stage.base),
            notes: vec![],
            help: "add the table to `samples` of the stage that computes the features, or bind the features of its images, too",
            count,
            unit: "images",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}
