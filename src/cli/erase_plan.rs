//! `hilum erase-plan`: what the erasure of a patient would have to do with each current result. Changes nothing.

use super::sought::{PatientArgs, Question};
use super::who_used::{entry, remark_outside};
use super::{DONE, say};
use crate::patients::{Action, NOT_REACHED, Plan, plan};
use crate::progress::words::{duration, size};
use clap::Args;
use hilum_stages::words::counted;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct ErasePlanArgs {
    #[command(flatten)]
    patient: PatientArgs,
}

/// Actions with their names for people and in documents.
const ACTIONS: [(Action, &str, &str); 6] = [
    (Action::Delete, "DELETE", "delete"),
    (Action::Retrain, "RETRAIN", "retrain"),
    (Action::Regenerate, "REGENERATE", "regenerate"),
    (Action::Recompute, "RECOMPUTE", "recompute"),
    (Action::NotKnown, "NOT KNOWN", "not-known"),
    (Action::Keep, "KEEP", "keep"),
];

pub(super) fn erase_plan(args: &ErasePlanArgs) -> anyhow::Result<u8> {
    let question = Question::of(&args.patient)?;
    let sought = question.sought()?;
    let answer = question.index.who_used(&sought);
    let plan = plan(&question.index, &sought);
    question.remark_limits(&sought);
    if args.patient.store.json {
        let mut document = question.document(&sought, answer.images, answer.shared);
        document["results"] = results(&plan).into();
        document["totals"] = totals(&plan).into();
        document["older"] = json!({ "contains": plan.older_contains, "influenced": plan.older_influenced, "not_known": plan.older_not_known });
        document["not_reached"] = NOT_REACHED.map(|(what, why)| json!({ "what": what, "why": why })).to_vec().into();
        say(document)?;
        return Ok(DONE);
    }
    say(question.heading(&sought, answer.images, answer.shared))?;
    lines(&plan, &question.erased())?;
    remark_outside(plan.planned.iter().map(|planned| &planned.found));
    Ok(DONE)
}

fn lines(plan: &Plan, erased: &[String]) -> anyhow::Result<()> {
    for (action, name, _) in ACTIONS.iter().filter(|(action, ..)| *action != Action::Keep) {
        for planned in plan.planned.iter().filter(|planned| planned.action == *action) {
            let result = planned.found.result;
            say(format!("{name:<11} {}   {}   {}   took {}", result.output(), result.artifact, result.study, duration(result.millis)))?;
        }
    }
    for (action, name, _) in ACTIONS {
        let total = plan.totals.get(&action).copied().unwrap_or_default();
        say(format!("{name:<11} {}, {}, took {}", counted(total.results, "result", "results"), size(total.bytes), duration(total.millis)))?;
    }
    let older = plan.older_contains + plan.older_influenced + plan.older_not_known;
    if older > 0 {
        say(format!(
            "older results: {} contain the patient, {} were influenced, of {} it is not known; `hilum who-used` lists them, `hilum forget` erases them",
            plan.older_contains, plan.older_influenced, plan.older_not_known
        ))?;
    }
    erased.iter().try_for_each(say)?;
    say("not within reach of this plan:")?;
    NOT_REACHED.iter().try_for_each(|(what, why)| say(format!("  {what}: {why}")))
}

fn results(plan: &Plan) -> Vec<Value> {
    let one = |planned: &crate::patients::Planned| {
        let mut entry = entry(&planned.found);
        entry["action"] = name(planned.action).into();
        entry["millis"] = planned.found.result.millis.into();
        entry["bytes"] = planned.found.result.bytes.into();
        entry
    };
    plan.planned.iter().map(one).collect()
}

fn totals(plan: &Plan) -> Vec<Value> {
    let one = |(action, _, name): (Action, &str, &str)| {
        let total = plan.totals.get(&action).copied().unwrap_or_default();
        json!({ "action": name, "results": total.results, "millis": total.millis, "bytes": total.bytes })
    };
    ACTIONS.map(one).to_vec()
}

fn name(action: Action) -> &'static str {
    ACTIONS.iter().find(|(known, ..)| *known == action).map_or("", |(_, _, name)| *name)
}
