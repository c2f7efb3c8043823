//! `expect`: counts of labels that a study states. They are no part of a recipe, so they are looked at whether a stage ran or was reused.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Expected, Stage, StageId};
use crate::tables::Summary;
use hilum_stages::words::counted;
use std::collections::BTreeSet;

/// What `checks.allow` calls it.
pub(crate) const ID: &str = "counts.expect";

/// Tables whose counts are not those that the study states.
pub(super) fn unmet(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let port = stage.kind.outputs.first().filter(|_| !stage.expect.is_empty())?;
        let why = impossible(stage).or_else(|| differs(stage, &*look.summary(id, port.name)?))?;
        Some(CheckResult {
            stage: id,
            at: stage.places.name,
            label: "counted here".into(),
            message: format!("`{}` has {why}", stage.name),
            notes: vec![],
            help: "find out which images are missing or too many, or correct `expect`",
            count: 1,
            unit: "tables",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// A label that is expected and that no image can have.
pub(crate) fn impossible(stage: &Stage) -> Option<String> {
    let possible = possible_labels(stage).filter(|_| stage.inputs.is_empty())?;
    let label = stage.expect.iter().find(|(label, of)| of.images > 0 && !possible.contains(*label)).map(|(label, _)| label)?;
    Some(format!("no label `{label}`, of which the study expects images"))
}

/// The labels that images of an import can have, if its parameters say so.
pub(crate) fn possible_labels(stage: &Stage) -> Option<BTreeSet<String>> {
    let mapped = stage.parameters["labels"].as_object().map(|m| m.values().filter_map(|v| v.as_str().map(str::to_owned)).collect::<BTreeSet<_>>());
    mapped.or_else(|| Some([stage.parameters["label"].as_str()?.to_owned()].into()))
}

/// The first count of a table that is not what the study expects of its stage.
pub(crate) fn differs(stage: &Stage, summary: &Summary) -> Option<String> {
    let of = |(label, wanted): (&String, &Expected)| {
        let (found, patients) = summary.labels.get(label).map_or((0, 0), |of| ((of.real + of.synthetic) as u64, of.named_patients as u64));
        if found != wanted.images {
            return Some(format!("{} of `{label}`, but the study expects {}", counted(found, "image", "images"), wanted.images));
        }
        let expected = wanted.patients.filter(|n| *n != patients)?;
        Some(format!("{} of `{label}`, but the study expects {expected}", counted(patients, "patient", "patients")))
    };
    stage.expect.iter().find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::study;
    use crate::tables::tests::row;

    #[test]
    fn every_count_that_is_expected_must_be_met() {
        let summary = Summary::of(&[row("a", "p:1", "covid"), row("b", "p:2", "covid"), row("c", "p:3", "normal")]);
        let found = |expect: &str| {
            let text = format!(
                "study: s\nseed: 1\nstages:\n  images:\n    stage: phantoms\n    with: {{ classes: {{ covid: {{ images: 2 }}, normal: {{ images: 1 }} }} }}\n{expect}"
            );
            differs(&study(&text).stages[StageId::test(0)], &summary)
        };
        assert_eq!(found(""), None);
        assert_eq!(found("    expect: { covid: 2, normal: 1 }\n"), None);
        // Labels that nobody speaks of may have any count.
        assert_eq!(found("    expect: { covid: 2 }\n"), None);
        assert_eq!(found("    expect: { covid: 2, normal: 3 }\n").as_deref(), Some("1 image of `normal`, but the study expects 3"));
        assert_eq!(found("    expect: { viral: 1 }\n").as_deref(), Some("0 images of `viral`, but the study expects 1"));
        assert_eq!(found("    expect: { viral: 0 }\n"), None);
        assert_eq!(found("    expect: { covid: { images: 2, patients: 2 } }\n"), None);
        let said = found("    expect: { covid: { images: 2, patients: 1 } }\n");
        assert_eq!(said.as_deref(), Some("2 patients of `covid`, but the study expects 1"));
    }
}
