//! Comparisons of synthetic images with real ones that somebody was trained on: the generator, or the classifier whose features they are
//! compared by. Independent of figures.

use super::{CheckInput, CheckResult};
use crate::lineage::PatientsAndImages;
use crate::pipeline::model::{Input, Stage, StageId};
use hilum_stages::words::counted;

/// Real images that the generator or the classifier was trained on, where they should be new to both.
pub(super) fn in_training(look: &CheckInput) -> Vec<CheckResult> {
    look.p.stages.pairs().filter(|(_, stage)| stage.compares_synthetic()).flat_map(|(id, stage)| of(look, id, stage)).collect()
}

fn of(look: &CheckInput, id: StageId, stage: &Stage) -> Vec<CheckResult> {
    let (Some(synthetic), Some(features)) = (stage.input("synthetic"), stage.input("features")) else { return vec![] };
    let generator = bound(look, synthetic).influenced;
    let base = &stage.base;
    let mut out = vec![];
    if let Some(real) = stage.input("real") {
        let help = "bind images of other patients to `real`, such as the test part of a split";
        let message = "compares synthetic images with images that their generator was trained on: FID, KID and coverage look better than for new patients";
        out.extend(shared(look, id, real, &generator, format!("`{base}` {message}"), help));
        let mut classifiers = PatientsAndImages::default();
        for weights in features.from.iter().filter_map(|source| look.p.stages[source.stage].input("weights")) {
            let trained = bound(look, weights);
            classifiers.add(&trained.contains);
            classifiers.add(&trained.influenced);
        }
        let message = "compares images by features of a classifier that was trained on the real ones: it may know them from any others";
        out.extend(shared(look, id, real, &classifiers, format!("`{base}` {message}"), help));
    }
    if let Some(held_out) = stage.input("held_out") {
        let help = "bind images of other patients to `held_out`, such as the test part of a split";
        let message = "takes images for held-out ones that the generator was trained on: images that repeat others do not lie nearer than these";
        out.extend(shared(look, id, held_out, &generator, format!("`{base}` {message}"), help));
    }
    out
}

/// What reached an input.
struct Reach {
    contains: PatientsAndImages,
    influenced: PatientsAndImages,
}

fn bound(look: &CheckInput, input: &Input) -> Reach {
    let mut all = Reach { contains: PatientsAndImages::default(), influenced: PatientsAndImages::default() };
    for source in &input.from {
        let flow = look.lineage.flow(source.stage, source.port);
        all.contains.add(&flow.contains);
        all.influenced.add(&flow.influenced);
    }
    all
}

/// Patients of an input, or images, that are among those that were trained on.
fn shared(look: &CheckInput, stage: StageId, input: &Input, trained: &PatientsAndImages, message: String, help: &'static str) -> Option<CheckResult> {
    let own = bound(look, input).contains;
    let (patients, images) = ((&own.patients & &trained.patients).len(), (&own.images & &trained.images).len());
    // Copies of images under other names are of the same patients.
    let (count, unit, words) =
        if patients > 0 { (patients, "patients", ["patient was", "patients were"]) } else { (images, "images", ["image was", "images were"]) };
    let label = format!("{} trained on", counted(count, words[0], words[1]));
    (count > 0).then(|| CheckResult { stage, at: input.span, label, message, notes: vec![], help, count, unit, path: vec![] })
}
