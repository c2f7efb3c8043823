//! What a study can show, as one JSON document. Its fields are described in `docs/json/power.md`.

use super::{Answer, lines};
use crate::pipeline::Pipeline;
use crate::power::search::Power;
use crate::power::{Effort, Share};
use hilum_stages::evaluation::patients::Patients;
use serde_json::{Map, Value, json};

pub(super) fn of(p: &Pipeline, effort: Effort, all: &[Answer]) -> Value {
    let each: Vec<Value> =
        all.iter().map(|answer| answer.as_ref().map_or_else(|u| json!({ "stage": u.stage, "why_not": u.why, "help": u.help }), one)).collect();
    json!({ "study": p.study, "seed": effort.seed.0, "simulations": effort.simulations, "comparisons": each })
}

fn share(of: Share) -> Value {
    json!({ "share": of.value(), "error": of.error() })
}

fn with_difference(difference: f64, of: Share) -> Value {
    json!({ "difference": difference, "share": of.value(), "error": of.error() })
}

fn one(power: &Power) -> Value {
    let design = &power.design;
    let patients = Patients::of(&design.tokens, &design.labels, design.classes.len());
    let images = |class: usize| design.labels.iter().filter(|l| **l == class).count();
    let classes: Map<String, Value> = (0..design.classes.len())
        .map(|c| {
            (design.classes[c].clone(), json!({ "images": images(c), "patients": if design.knows_patients { json!(patients.with(c)) } else { Value::Null } }))
        })
        .collect();
    json!({
        "stage": design.stage,
        "set": design.set,
        "sentence": lines::sentence(power),
        "arms": design.arms.iter().map(|(arm, against)| json!({ "arm": arm, "against": against })).collect::<Vec<_>>(),
        "metric": design.measure.metric.name,
        "class": design.measure.class.map(|c| design.classes[c].as_str()),
        "classes": classes,
        "trainings": design.trainings.len(),
        "folds": design.trainings[0].folds(),
        "test": design.test,
        "adjust": design.adjust,
        "family": design.family,
        "margin": design.margin,
        "base": power.assumed.base,
        "assumed": power.assumed.notes.iter().map(|a| json!({ "what": a.what, "value": a.value, "from": a.from })).collect::<Vec<_>>(),
        "notes": lines::caveats(design),
        "false_findings": share(power.false_findings),
        "found": power.table.iter().map(|(d, s)| with_difference(*d, *s)).collect::<Vec<_>>(),
        "never_err": with_difference(power.largest.0, power.largest.1),
        "asked": with_difference(power.asked.0, power.asked.1),
        "found_in_80_percent": power.smallest,
        "with_more": power.more.iter().map(|m| json!({ "patients": m.patients, "trainings": m.trainings, "share": m.found.value(), "error": m.found.error() })).collect::<Vec<_>>(),
    })
}
