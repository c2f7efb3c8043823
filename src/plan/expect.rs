//! `expect`: counts of labels that a study expects. They are not part of a recipe, so they are checked
//! whether a stage ran or was cached.

use super::current::Fault;
use crate::pipeline::Stage;
use crate::pipeline::model::Expected;
use crate::tables::Tables;
use hilum_cache::receipt::Outputs;
use hilum_cache::{Result, Store};
use hilum_stages::data::sample::{self, Sample};
use std::collections::BTreeSet;

/// The first count that differs from what the study expects.
pub fn unmet(stage: &Stage, outputs: &Outputs, store: &Store, tables: &Tables) -> Result<Option<Fault>> {
    let first = stage.kind.outputs.first().and_then(|port| outputs.get(port.name));
    let Some(artifact) = first.filter(|_| !stage.expect.is_empty()) else { return Ok(None) };
    let rows = tables.samples(store, artifact)?;
    let help = Some("see `hilum explain E0501`".to_owned());
    Ok(differs(stage, &rows).map(|message| Fault { message, help }))
}

/// The first count of a table that is not what its stage must produce.
pub(super) fn differs(stage: &Stage, rows: &[Sample]) -> Option<String> {
    let counts = sample::counts(rows);
    let images = |label: &str| counts.get(label).copied().unwrap_or(0) as u64;
    let patients = |label: &str| rows.iter().filter(|r| r.label == label && !r.patient.is_empty()).map(|r| &r.patient).collect::<BTreeSet<_>>().len() as u64;
    let of = |(label, wanted): (&String, &Expected)| {
        let (found, of) = (images(label), patients(label));
        if found != wanted.images {
            return Some(format!("{found} images of `{label}`, but the study expects {}", wanted.images));
        }
        let expected = wanted.patients.filter(|n| *n != of)?;
        Some(format!("the images of `{label}` are of {of} patients, but the study expects {expected}"))
    };
    stage.expect.iter().find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::study;
    use crate::pipeline::model::StageId;
    use crate::tables::tests::{put, row};
    use hilum_cache::WritableStore;

    #[test]
    fn every_count_that_is_expected_must_be_met() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let table = put(&store, vec![row("a", "p:1", "covid"), row("b", "p:2", "covid"), row("c", "p:3", "normal")]);
        let outputs = Outputs::from_iter([("samples".to_owned(), table)]);
        let found = |expect: &str| {
            let text = format!(
                "study: s\nseed: 1\nstages:\n  images:\n    stage: phantoms\n    with: {{ classes: {{ covid: {{ images: 2 }}, normal: {{ images: 1 }} }} }}\n{expect}"
            );
            unmet(&study(&text).stages[StageId::test(0)], &outputs, &store, &Tables::default()).unwrap().map(|fault| fault.message)
        };
        assert_eq!(found(""), None);
        assert_eq!(found("    expect: { covid: 2, normal: 1 }\n"), None);
        // Labels that nobody speaks of may have any count.
        assert_eq!(found("    expect: { covid: 2 }\n"), None);
        assert_eq!(found("    expect: { covid: 2, normal: 3 }\n").as_deref(), Some("1 images of `normal`, but the study expects 3"));
        assert_eq!(found("    expect: { viral: 1 }\n").as_deref(), Some("0 images of `viral`, but the study expects 1"));
        assert_eq!(found("    expect: { viral: 0 }\n"), None);
        assert_eq!(found("    expect: { covid: { images: 2, patients: 2 } }\n"), None);
        let said = found("    expect: { covid: { images: 2, patients: 1 } }\n");
        assert_eq!(said.as_deref(), Some("the images of `covid` are of 2 patients, but the study expects 1"));
        // A stage that has made nothing yet is not judged.
        let text = "study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { classes: { covid: { images: 2 } } }, expect: { covid: 9 } }\n";
        assert_eq!(unmet(&study(text).stages[StageId::test(0)], &Outputs::default(), &store, &Tables::default()).unwrap(), None);
    }
}
