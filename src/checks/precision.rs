//! Test sets that are too small to tell much. Independent of what is found on them.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::evaluation::arms::is_fold;
use hilum_stages::statistics::proportion::wilson;
use hilum_stages::words::counted;

/// Patients of the rarest class below which a test set is small: a share of so many is known to about eight points.
const FEW: usize = 100;
/// The sensitivity for which the width of an interval is said.
const TYPICAL: f64 = 0.8;

/// Test sets with few patients of a class.
pub(super) fn few(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        // Once for a test set, where it is evaluated.
        let input = stage.input("samples").filter(|_| stage.stage.is_test() && stage.kind.output("scores").is_some())?;
        let [source] = input.from.as_slice() else { return None };
        // Folds are pooled, and are a test set together; an external test set is one by itself.
        if look.p.stages[source.stage].coordinates().any(|(axis, _)| is_fold(axis)) {
            return None;
        }
        let summary = look.summary(source.stage, source.port)?;
        let of_label = summary.labels.iter().filter(|(_, of)| of.real > 0).map(|(label, of)| (label, of.patients));
        let (label, patients) = of_label.min_by_key(|(_, n)| *n).filter(|(_, n)| *n < FEW)?;
        let (low, high) = wilson(TYPICAL * patients as f64, patients as f64, 0.95)?;
        let people = counted(patients, "patient", "patients");
        Some(CheckResult {
            stage: id,
            at: input.span,
            label: format!("{people} of `{label}`"),
            message: format!("with {people} of `{label}`, a sensitivity of {TYPICAL} has an interval of [{low:.2}, {high:.2}]"),
            notes: vec!["`detectable` in the table of a comparison says which difference of two arms could have been found".into()],
            help: "test on more patients, or pool the folds of a cross-validation",
            count: patients as u64,
            unit: "patients",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}
