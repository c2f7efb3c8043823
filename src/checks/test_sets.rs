//! What a comparison compares: arms on different test sets, one side of the errors alone, or one training of each arm.

use super::{CheckInput, CheckResult};
use crate::pipeline::matrix::REPEAT;
use crate::pipeline::model::{Input, Source, Stage, StageId};
use std::collections::{BTreeMap, BTreeSet};

/// Metrics that see one side of the errors, and hide the other.
const ONE_SIDED: [&str; 4] = ["sensitivity", "specificity", "precision", "npv"];
const FOLD: &str = "fold";

/// The comparisons of a study, each with the input that it compares.
fn comparisons<'a>(look: &'a CheckInput) -> impl Iterator<Item = (StageId, &'a Stage, &'a Input)> {
    look.p.stages.pairs().filter_map(|(id, stage)| Some((id, stage, stage.inputs.iter().find(|i| i.port.name == "scores")?)))
}

/// Comparisons whose arms are tested on different images.
pub(super) fn unequal(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for (id, stage, input) in comparisons(look) {
        // Folds of one arm are tested on parts of a test set.
        let mut seen: BTreeMap<(&str, String), (&Stage, String)> = BTreeMap::new();
        for source in &input.from {
            let test = &look.p.stages[source.stage];
            let fold = test.coordinates().find(|(axis, _)| *axis == FOLD).map_or(String::new(), |(_, fold)| fold.to_owned());
            let images = test.inputs.iter().filter(|i| i.port.name == "samples").flat_map(|i| &i.from).map(|s| of(look, s)).collect::<Vec<_>>().join(" ");
            let (first, others) = seen.entry((&test.base, fold)).or_insert((test, images.clone()));
            if *others != images {
                out.push(CheckResult {
                    stage: id,
                    at: input.span,
                    label: "of different test sets".into(),
                    message: format!("`{}` compares `{}` and `{}`, which are tested on different images", stage.base, first.name, test.name),
                    notes: vec![],
                    help: "test all arms on the same images: a difference of test sets is none of arms",
                    count: 1,
                    unit: "comparisons",
                    path: vec![],
                });
                break;
            }
        }
    }
    out
}

/// What tells a table apart: its bytes, if they are known.
fn of(look: &CheckInput, source: &Source) -> String {
    (look.known)(source.stage, source.port).map_or_else(|| format!("{}.{}", look.p.stages[source.stage].name, source.port), |a| a.digest.to_string())
}

/// Comparisons that answer and show by sensitivity alone, or the like.
pub(super) fn one_sided(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage, input): (StageId, &Stage, &Input)| {
        let named = [&stage.parameters["metric"]].into_iter().chain(stage.parameters["show"].as_array().into_iter().flatten());
        let names: BTreeSet<&str> = named.filter_map(|n| n.as_str()).map(|n| n.split('/').next().unwrap_or(n)).collect();
        let [only] = names.iter().copied().collect::<Vec<_>>()[..] else { return None };
        ONE_SIDED.contains(&only).then(|| CheckResult {
            stage: id,
            at: stage.places.with.place_of_parameter("metric"),
            label: "says nothing of the other errors".into(),
            message: format!("`{}` reports {only} alone, which a classifier that always says the same can have as high as any", stage.base),
            notes: vec![],
            help: "add specificity or AUROC to `show`",
            count: input.from.len() as u64,
            unit: "evaluations",
            path: vec![],
        })
    };
    comparisons(look).filter_map(of).collect()
}

/// Comparisons of single trainings.
pub(super) fn single_seed(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage, input): (StageId, &Stage, &Input)| {
        let is_compared = input.from.len() > 1;
        let repeats: BTreeSet<&str> =
            input.from.iter().flat_map(|s| look.p.stages[s.stage].coordinates()).filter(|(axis, _)| *axis == REPEAT).map(|c| c.1).collect();
        (is_compared && repeats.len() < 2).then(|| CheckResult {
            stage: id,
            at: input.span,
            label: "one training of each arm".into(),
            message: format!("`{}` compares arms that are trained once: another training of the same arm gives other numbers", stage.base),
            notes: vec![],
            help: "train each arm several times: `matrix: { repeat: [0, 1, 2] }`",
            count: input.from.len() as u64,
            unit: "evaluations",
            path: vec![],
        })
    };
    comparisons(look).filter_map(of).collect()
}
