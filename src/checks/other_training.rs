//! Whether `memorisation` compares synthetic images with those that their generator was trained on. Independent of how likeness is
//! measured.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Source, Stage, StageId};
use hilum_cache::Digest;
use hilum_stages::contract::stage::Takes;
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::words::counted;
use std::collections::BTreeSet;

/// Stages that look for copies of training images where those of the generator are not among them.
pub(super) fn missing(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let (training, synthetic) = (stage.input("training")?, stage.input("synthetic")?);
        let mut bound = BTreeSet::new();
        for source in &training.from {
            bound.extend(look.rows(source.stage, source.port)?.iter().map(original));
        }
        let lacks = |generator: StageId| {
            let seen = trained_on(look, generator)?;
            let missing = seen.difference(&bound).count() as u64;
            (missing > 0).then_some((generator, missing, seen.len()))
        };
        let (generator, missing, seen) = generators(look, &synthetic.from).into_iter().find_map(lacks)?;
        let name = &look.p.stages[generator].name;
        let images = counted(missing, "image", "images");
        Some(CheckResult {
            stage: id,
            at: training.span,
            label: format!("{images} of `{name}` not among these"),
            message: format!("`{}` looks for copies of other images than those that `{name}` was trained on: it misses {images} of {seen}", stage.base),
            notes: vec![],
            help: "bind the table to `training` that the generator was trained on",
            count: missing,
            unit: "images",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// The image of a row, or that of which it is an augmented copy.
fn original(row: &Sample) -> Digest {
    row.parent.unwrap_or(row.image)
}

/// The generators whose images are in these tables.
fn generators(look: &CheckInput, tables: &[Source]) -> BTreeSet<StageId> {
    let mut rest: Vec<StageId> = tables.iter().map(|s| s.stage).collect();
    let (mut out, mut seen) = (BTreeSet::new(), BTreeSet::new());
    while let Some(id) = rest.pop() {
        if !seen.insert(id) {
            continue;
        }
        let stage = &look.p.stages[id];
        if stage.kind.synthetic {
            out.extend(stage.input("generator").into_iter().flat_map(|i| &i.from).map(|s| s.stage));
            continue;
        }
        let samples = stage.inputs.iter().filter(|i| ["samples", "real", "synthetic"].contains(&i.port.name));
        rest.extend(samples.flat_map(|i| &i.from).map(|s| s.stage));
    }
    out
}

/// The real images that a generator was trained on; none where a table of them is not known, or it comes from outside.
fn trained_on(look: &CheckInput, generator: StageId) -> Option<BTreeSet<Digest>> {
    let stage = &look.p.stages[generator];
    let input = stage.input("samples")?;
    let labels = match stage.stage.takes(input.port.name) {
        Takes::Labels(labels) => Some(labels),
        _ => None,
    };
    let mut out = BTreeSet::new();
    for source in &input.from {
        let rows = look.rows(source.stage, source.port)?;
        let is_seen = |row: &&Sample| row.origin == Origin::Real && labels.as_ref().is_none_or(|labels| labels.contains(&row.label));
        out.extend(rows.iter().filter(is_seen).map(original));
    }
    Some(out)
}
