//! Whether patients are known at all: otherwise a split by patient and the leakage checks mean nothing.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::contract::stage::Namespace;
use hilum_stages::words::counted;
use std::collections::{BTreeMap, HashSet};

fn at(id: StageId, stage: &Stage, count: u64, unit: &'static str, message: String, label: String, help: &'static str) -> CheckResult {
    CheckResult { stage: id, at: stage.places.name, label, message, notes: vec![], help, count, unit, path: vec![] }
}

/// Imports that do not say which patient each image belongs to.
pub(super) fn unknown(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for (id, stage) in look.p.stages.pairs() {
        if stage.stage.namespace().is_none_or(|n| n.one_per_image) {
            continue;
        }
        let known = |port: &str| (look.known)(id, port);
        let (Some(patients), Some(samples)) = (known("patients"), known("samples")) else { continue };
        // A table without patients is only a header.
        let nobody = patients.bytes < 64 && look.evidence.tables.patients(look.evidence.store, &patients).is_ok_and(|rows| rows.is_empty());
        let real = if nobody { look.evidence.tables.count_real(look.evidence.store, &samples).unwrap_or(0) } else { 0 };
        if real > 0 {
            out.push(at(
                id,
                stage,
                real,
                "images",
                format!("`{}` does not say which patient each image belongs to", stage.base),
                format!("each of {} counts as a separate patient", counted(real, "image", "images")),
                "name a column, use `patient: { from: path, pattern: '…' }`, or state `patients: one-per-image`",
            ));
        }
    }
    out
}

/// Imports that share identifiers without a statement whether they number the same people.
pub(super) fn namespace(look: &CheckInput) -> Vec<CheckResult> {
    let all = look.p.stages.pairs().filter_map(|(id, s)| Some((id, s.stage.namespace()?)));
    let all: Vec<(StageId, Namespace)> = all.collect();
    if all.iter().all(|n| n.1.is_declared) || all.windows(2).all(|w| w[0].1.name == w[1].1.name) {
        return vec![];
    }
    let mut spaces: BTreeMap<(String, bool), (StageId, HashSet<String>)> = BTreeMap::new();
    for (id, namespace) in all {
        let Some(patients) = (look.known)(id, "patients") else { continue };
        let Ok(rows) = look.evidence.tables.patients(look.evidence.store, &patients) else { continue };
        spaces.entry((namespace.name, namespace.is_declared)).or_insert_with(|| (id, HashSet::new())).1.extend(rows.into_iter().map(|r| r.pseudonym));
    }
    let spaces: Vec<((String, bool), (StageId, HashSet<String>))> = spaces.into_iter().collect();
    let mut out = vec![];
    for (i, ((_, said), (a, of_a))) in spaces.iter().enumerate() {
        for ((_, also_said), (b, of_b)) in &spaces[i + 1..] {
            // Names given by the study answer the question.
            if *said && *also_said {
                continue;
            }
            let shared = of_a.intersection(of_b).count() as u64;
            if shared > 0 {
                let (first, second) = (&look.p.stages[*a].base, &look.p.stages[*b]);
                let message = format!("`{first}` and `{}` share patient identifiers, which are treated as different people", second.base);
                let label = counted(shared, "identifier is in both", "identifiers are in both");
                out.push(at(
                    *b,
                    second,
                    shared,
                    "patients",
                    message,
                    label,
                    "set `patients: NAME`: the same name if they number the same people, different names if not",
                ));
            }
        }
    }
    out
}

/// Synthetic images of generators whose training patients are not all known to this store.
pub(super) fn unknown_generator(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, rows): (&StageId, &usize)| {
        let stage = &look.p.stages[*id];
        let message = format!("`{}` contains synthetic images whose generator, or part of its training data, is not recorded in this store", stage.base);
        let label = format!("the training patients behind {} are not all known", counted(*rows, "image", "images"));
        at(*id, stage, *rows as u64, "images", message, label, "import them into the store that made them, or exclude them")
    };
    look.lineage.unknown_generators.iter().map(of).collect()
}

/// Trainings from weights whose training patients are no longer all known to this store.
pub(super) fn unknown_weights(look: &CheckInput) -> Vec<CheckResult> {
    let of = |id: &StageId| {
        let stage = &look.p.stages[*id];
        let message = format!("`{}` starts from weights of this store, which no longer has all of their training data", stage.base);
        at(*id, stage, 1, "files", message, "their training patients are not all known".into(), "start from other weights, or train these again")
    };
    look.lineage.unknown_weights.iter().map(of).collect()
}
