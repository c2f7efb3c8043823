//! What a comparison compares: arms on different test sets, one side of the errors alone, or one training of each arm.

use super::{CheckInput, CheckResult};
use crate::pipeline::matrix::REPEAT;
use crate::pipeline::model::{Input, Stage, StageId};
use hilum_stages::evaluation::arms::is_fold;
use std::collections::{BTreeMap, BTreeSet};

/// Metrics that see one side of the errors, and hide the other: missed positives, or false ones.
const ONE_SIDED: [[&str; 2]; 2] = [["sensitivity", "npv"], ["specificity", "precision"]];

/// The comparisons of a study, each with the input that it compares.
pub(super) fn comparisons<'a>(look: &'a CheckInput) -> impl Iterator<Item = (StageId, &'a Stage, &'a Input)> {
    look.p.stages.pairs().filter_map(|(id, stage)| Some((id, stage, stage.input("scores")?)))
}

/// Comparisons whose arms are tested on different images.
pub(super) fn unequal(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for (id, stage, input) in comparisons(look) {
        // Folds of one arm are tested on parts of a test set.
        let mut seen: BTreeMap<(&str, String), (&Stage, String)> = BTreeMap::new();
        for source in &input.from {
            let test = &look.p.stages[source.stage];
            let sources = || test.inputs.iter().filter(|i| i.port.name == "samples").flat_map(|i| &i.from);
            // A repeated cross-validation deals its folds anew, for all arms alike.
            let splits = sources().map(|s| &look.p.stages[s.stage]).filter(|s| s.kind.output("test").is_some());
            let dealt = splits.flat_map(Stage::coordinates).filter(|(axis, _)| *axis == REPEAT);
            let fold: String = test.coordinates().filter(|(axis, _)| is_fold(axis)).chain(dealt).map(|(axis, value)| format!("{axis}={value} ")).collect();
            let sources = sources();
            // Two tables may turn out to be one: nothing is said before both are known.
            let Some(images) = sources.map(|s| Some((look.known)(s.stage, s.port)?.digest.to_string())).collect::<Option<Vec<_>>>() else { continue };
            let images = images.join(" ");
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

/// Evaluations whose test set has no image of a class that was trained on.
pub(super) fn absent_classes(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let input = stage.input("samples").filter(|_| stage.stage.is_test())?;
        let trainer = &look.p.stages[stage.input("weights")?.from.first()?.stage];
        let ([tested], [trained]) = (input.from.as_slice(), trainer.input("samples")?.from.as_slice()) else { return None };
        // Folds are pooled, and are a test set together.
        if look.p.stages[tested.stage].coordinates().any(|(axis, _)| is_fold(axis)) {
            return None;
        }
        let (tested, trained) = (look.summary(tested.stage, tested.port)?, look.summary(trained.stage, trained.port)?);
        let absent: Vec<&str> = trained.labels.keys().filter(|label| !tested.labels.contains_key(*label)).map(String::as_str).collect();
        let first = absent.first()?;
        Some(CheckResult {
            stage: id,
            at: input.span,
            label: format!("has no image of `{}`", absent.join("`, `")),
            message: format!("the test set of `{}` has no image of `{first}`: its sensitivity, its AUROC and means over classes are undefined", stage.base),
            notes: vec![],
            help: "test on images of every class",
            count: absent.len() as u64,
            unit: "classes",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// Comparisons that answer and show by sensitivity alone, or the like.
pub(super) fn one_sided(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage, input): (StageId, &Stage, &Input)| {
        let named = [&stage.parameters["metric"]].into_iter().chain(stage.parameters["show"].as_array().into_iter().flatten());
        let parts: Vec<(&str, &str)> = named.filter_map(|n| n.as_str()).map(|n| n.split_once('/').unwrap_or((n, ""))).collect();
        // The sensitivity of one of two classes is the specificity of the other.
        let classes: BTreeSet<&str> = parts.iter().map(|p| p.1).filter(|class| !class.is_empty()).collect();
        let names: BTreeSet<&str> = parts.iter().map(|p| p.0).collect();
        let is_one_sided = classes.len() < 2 && ONE_SIDED.iter().any(|side| names.iter().all(|name| side.contains(name)));
        let only = names.into_iter().collect::<Vec<_>>().join(" and ");
        is_one_sided.then(|| CheckResult {
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
