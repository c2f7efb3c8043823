//! Choices that are made on the wrong images: a threshold or a temperature from patients of the test set, or from those that the
//! classifier was trained on.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Input, Stage, StageId};
use hilum_stages::words::counted;
use roaring::RoaringBitmap;

/// Evaluations whose validation images share patients with their test set.
pub(super) fn on_test(look: &CheckInput) -> Vec<CheckResult> {
    let message = |base: &str| format!("`{base}` would choose its threshold or temperature on patients that it is tested on");
    let help = "choose on a part of the split that is neither trained nor tested on";
    choosing(look).filter_map(|(id, stage, validation)| shared(look, id, validation, input(stage, "samples")?, message(&stage.base), help)).collect()
}

/// Evaluations whose validation images share patients with those that the classifier was fitted to. That a training looked at them to
/// stop early is no fault.
pub(super) fn on_training(look: &CheckInput) -> Vec<CheckResult> {
    let message = |base: &str| format!("`{base}` would choose its threshold or temperature on patients that the classifier was trained on");
    let help = "choose on a validation part of the split: of images that it was trained on, a classifier is too sure";
    let of = |(id, stage, validation): (StageId, &Stage, &Input)| {
        let trainers = input(stage, "weights")?.from.iter().map(|s| &look.p.stages[s.stage]);
        trainers.filter_map(|t| shared(look, id, validation, input(t, "samples")?, message(&stage.base), help)).next()
    };
    choosing(look).filter_map(of).collect()
}

/// Evaluations that choose something on validation images.
fn choosing<'a>(look: &'a CheckInput) -> impl Iterator<Item = (StageId, &'a Stage, &'a Input)> {
    let of = |(id, stage): (StageId, &'a Stage)| Some((id, stage, input(stage, "validation").filter(|_| stage.stage.reads("validation"))?));
    look.p.stages.pairs().filter(|(_, s)| s.stage.is_test()).filter_map(of)
}

fn input<'a>(stage: &'a Stage, name: &str) -> Option<&'a Input> {
    stage.inputs.iter().find(|i| i.port.name == name)
}

/// Patients of the validation images that are in other images, too.
fn shared(look: &CheckInput, stage: StageId, validation: &Input, others: &Input, message: String, help: &'static str) -> Option<CheckResult> {
    let patients = |from: &Input| -> RoaringBitmap {
        let all = from.from.iter().map(|s| look.lineage.flow(s.stage, s.port).contains.patients);
        all.reduce(|a, b| a | b).unwrap_or_default()
    };
    let count = (patients(others) & patients(validation)).len();
    let label = format!("{} in both", counted(count, "patient is", "patients are"));
    (count > 0).then(|| CheckResult { stage, at: validation.span, label, message, notes: vec![], help, count, unit: "patients", path: vec![] })
}
