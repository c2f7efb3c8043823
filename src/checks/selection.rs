//! Choices that are made on the wrong images: a threshold or a temperature from patients of the test set, or from those that the
//! classifier was trained on.

use super::{CheckInput, CheckResult, Side};
use crate::lineage::Flow;
use crate::pipeline::model::{Input, Stage, StageId};
use hilum_stages::evaluation::arms::is_fold;
use hilum_stages::words::counted;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;

/// Evaluations whose validation images share patients with their test set, trainings that watched patients of their test set to stop
/// early, to lower the learning rate, or to keep the best weights, and inner folds that compare settings on patients of the outer one.
pub(super) fn on_test(look: &CheckInput) -> Vec<CheckResult> {
    [threshold_on_test(look), stopped_on_test(look), compared_on_test(look)].concat()
}

/// The folds of an evaluation.
fn folds<'a>(look: &'a CheckInput, side: &Side) -> Vec<(&'a str, &'a str)> {
    look.p.stages[side.stage].coordinates().filter(|(axis, _)| is_fold(axis)).collect()
}

/// Evaluations in inner folds that compare settings on patients whom the outer fold around them tests: who chooses by them has seen these.
fn compared_on_test(look: &CheckInput) -> Vec<CheckResult> {
    let mut settings: BTreeMap<&str, Vec<&serde_json::Value>> = BTreeMap::new();
    for side in &look.sides {
        let (of, trained) = (settings.entry(&look.p.stages[side.stage].base).or_default(), &look.p.stages[side.trainer].parameters);
        if !of.contains(&trained) {
            of.push(trained);
        }
    }
    let outer: Vec<(&Side, Vec<(&str, &str)>)> = look.sides.iter().map(|side| (side, folds(look, side))).filter(|(_, folds)| !folds.is_empty()).collect();
    let of = |side: &Side| {
        let (stage, own) = (&look.p.stages[side.stage], folds(look, side));
        if own.len() < 2 || settings[stage.base.as_str()].len() < 2 {
            return None;
        }
        let is_around = |(other, theirs): &&(&Side, Vec<(&str, &str)>)| {
            let is_same = |(axis, value): (&str, &str)| stage.coordinates().all(|(own, at)| own != axis || at == value);
            theirs.len() < own.len() && theirs.iter().all(|fold| own.contains(fold)) && look.p.stages[other.stage].coordinates().all(is_same)
        };
        outer.iter().filter(is_around).find_map(|(other, _)| {
            let patients = (&side.tested.contains.patients & &other.tested.contains.patients).len();
            let images = (&side.tested.contains.images & &other.tested.contains.images).len();
            let message = format!("`{}` compares settings on patients that `{}` is tested on", stage.base, look.p.stages[other.stage].base);
            let help = "compare settings on folds of the training part of the outer fold";
            let found = |of: (u64, &'static str)| side.found(of, ["is tested outside, too", "are tested outside, too"], message.clone(), help, vec![]);
            // Copies of test images under other names are the same images.
            found((patients, "patients")).or_else(|| found((images, "images")))
        })
    };
    look.sides.iter().filter_map(of).collect()
}

fn stopped_on_test(look: &CheckInput) -> Vec<CheckResult> {
    let of = |side: &Side| {
        let trainer = &look.p.stages[side.trainer].parameters;
        let chooses = ["early_stop", "plateau"].iter().any(|key| !trainer[key].is_null()) || trainer["keep"] == "best";
        // Of an untrained network, there is nothing to choose.
        let is_trained = trainer["epochs"].as_u64() != Some(0);
        let is_chosen = chooses && is_trained;
        let shared = if is_chosen { (&side.watched.patients & &side.tested.contains.patients).len() } else { 0 };
        let images = if is_chosen { (&side.watched.images & &side.tested.contains.images).len() } else { 0 };
        let model = &look.p.stages[side.trainer].base;
        let message = format!("`{model}` would choose when to stop, or which weights to keep, on patients that it is tested on");
        let help = "watch a validation part of the split, of patients that are neither trained nor tested on";
        let found = |of: (u64, &'static str)| side.found(of, ["was watched", "were watched"], message.clone(), help, vec![side.trainer]);
        // Copies of test images under other names are the same images.
        found((shared, "patients")).or_else(|| found((images, "images")))
    };
    look.sides.iter().filter_map(of).collect()
}

/// Networks or settings that are compared on the test set alone: whatever is chosen by it is better there than on new patients.
pub(super) fn no_validation(look: &CheckInput) -> Vec<CheckResult> {
    let mut out: Vec<CheckResult> = vec![];
    let mut seen: BTreeMap<&str, (&serde_json::Value, bool)> = BTreeMap::new();
    // Inner folds are what settings are to be compared on.
    let is_inner = |side: &&Side| folds(look, side).len() > 1;
    for side in look.sides.iter().filter(|side| !is_inner(side)) {
        let (test, trainer) = (&look.p.stages[side.stage], &look.p.stages[side.trainer]);
        // By what is bound, so that it is known before tables are; that the two share patients is another finding.
        let is_other = |i: &Input| !i.from.iter().any(|s| side.test.from.iter().any(|t| (t.stage, t.port) == (s.stage, s.port)));
        let has_validation = [trainer, test].into_iter().filter_map(|s| s.input("validation")).any(is_other);
        let (first, any) = seen.entry(&test.base).or_insert((&trainer.parameters, false));
        *any |= has_validation;
        let is_new = !out.iter().any(|o| look.p.stages[o.stage].base == test.base);
        if **first != trainer.parameters && is_new {
            out.push(CheckResult {
                stage: side.stage,
                at: test.places.name,
                label: "decides between settings".into(),
                message: format!("several networks or settings are compared on the test set of `{}`, and none on validation images", test.base),
                notes: vec![],
                help: "choose by a validation part of the split, or report all of them and choose none",
                count: 1,
                unit: "evaluations",
                path: vec![],
            });
        }
    }
    out.retain(|o| !seen.get(look.p.stages[o.stage].base.as_str()).is_some_and(|(_, has)| *has));
    out
}

/// Evaluations that choose on their test set.
fn threshold_on_test(look: &CheckInput) -> Vec<CheckResult> {
    let message = |base: &str| format!("`{base}` would choose its threshold or temperature on patients that it is tested on");
    let help = "choose on a part of the split that is neither trained nor tested on";
    choosing(look).filter_map(|(id, stage, validation)| shared(look, id, validation, stage.input("samples")?, message(&stage.base), help)).collect()
}

/// Evaluations whose validation images share patients with those that the classifier was fitted to. That a training looked at them to
/// stop early is no fault.
pub(super) fn on_training(look: &CheckInput) -> Vec<CheckResult> {
    let message = |base: &str| format!("`{base}` would choose its threshold or temperature on patients that the classifier was trained on");
    let help = "choose on a validation part of the split: of images that it was trained on, a classifier is too sure";
    let of = |(id, stage, validation): (StageId, &Stage, &Input)| {
        let trainers = stage.input("weights")?.from.iter().map(|s| &look.p.stages[s.stage]);
        trainers.filter_map(|t| shared(look, id, validation, t.input("samples")?, message(&stage.base), help)).next()
    };
    choosing(look).filter_map(of).collect()
}

/// Evaluations that choose something on validation images.
fn choosing<'a>(look: &'a CheckInput) -> impl Iterator<Item = (StageId, &'a Stage, &'a Input)> {
    let of = |(id, stage): (StageId, &'a Stage)| Some((id, stage, stage.input("validation").filter(|_| stage.stage.reads("validation"))?));
    look.p.stages.pairs().filter(|(_, s)| s.stage.is_test()).filter_map(of)
}

/// Patients of the validation images that are in other images, too.
fn shared(look: &CheckInput, stage: StageId, validation: &Input, others: &Input, message: String, help: &'static str) -> Option<CheckResult> {
    let sum = |from: &Input, of: fn(&Flow) -> RoaringBitmap| -> RoaringBitmap {
        from.from.iter().map(|s| of(&look.lineage.flow(s.stage, s.port))).reduce(|a, b| a | b).unwrap_or_default()
    };
    // Synthetic images bring those along whom their generator was trained on.
    let reached = sum(validation, |flow| &flow.contains.patients | &flow.influenced.patients);
    let patients = (sum(others, |flow| flow.contains.patients.clone()) & reached).len();
    // Copies of images under other names are of the same patients.
    let images = (sum(validation, |flow| flow.contains.images.clone()) & sum(others, |flow| flow.contains.images.clone())).len();
    let (count, unit, words) =
        if patients > 0 { (patients, "patients", ["patient is", "patients are"]) } else { (images, "images", ["image is", "images are"]) };
    let label = format!("{} in both", counted(count, words[0], words[1]));
    (count > 0).then(|| CheckResult { stage, at: validation.span, label, message, notes: vec![], help, count, unit, path: vec![] })
}
