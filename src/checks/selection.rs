//! Choices that are made on the images that they are judged by: a threshold or a temperature from patients of the test set.

use super::{CheckInput, CheckResult};
use hilum_stages::words::counted;

/// Evaluations whose validation images share patients with their test set.
pub(super) fn on_test(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for (id, stage) in look.p.stages.pairs().filter(|(_, s)| s.stage.is_test()) {
        let input = |name: &str| stage.inputs.iter().find(|i| i.port.name == name);
        let (Some(test), Some(validation)) = (input("samples"), input("validation").filter(|_| stage.stage.reads("validation"))) else { continue };
        let patients = |from: &crate::pipeline::model::Input| {
            let all = from.from.iter().map(|s| look.lineage.flow(s.stage, s.port).contains.patients);
            all.reduce(|a, b| a | b).unwrap_or_default()
        };
        let shared = (patients(test) & patients(validation)).len();
        if shared > 0 {
            out.push(CheckResult {
                stage: id,
                at: validation.span,
                label: format!("{} in both", counted(shared, "patient is", "patients are")),
                message: format!("`{}` would choose its threshold or temperature on patients that it is tested on", stage.base),
                notes: vec![],
                help: "choose on a part of the split that is neither trained nor tested on",
                count: shared,
                unit: "patients",
                path: vec![],
            });
        }
    }
    out
}
