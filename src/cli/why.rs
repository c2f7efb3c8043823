//! `hilum why`: the chain from the changed line to a stage.

use super::{DONE, StudyArgs, open, say};
use crate::plan::{Decision, Plan};
use hilum_cache::Store;
use std::collections::BTreeSet;

pub(super) fn why(args: &StudyArgs, wanted: &str) -> anyhow::Result<u8> {
    let (study, record) = match open::study_and_record(args, Store::open) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let stages = open::stages(&study, wanted)?;
    let known = match open::Known::of(&study, record, false, open::devices(open::DeviceOption::Auto)?.1)? {
        Ok(known) => known,
        Err(code) => return Ok(code),
    };
    let plan = known.plan(&study)?;
    for id in stages {
        tell(&study, &known, &plan, id, 0, &mut BTreeSet::new())?;
    }
    Ok(DONE)
}

/// One stage, then those above it that explain it, indented.
fn tell(study: &open::Study, known: &open::Known, plan: &Plan, id: usize, depth: usize, told: &mut BTreeSet<usize>) -> anyhow::Result<()> {
    let indent = "  ".repeat(depth);
    let name = &study.pipeline.stages[id].name;
    if !told.insert(id) {
        return Ok(());
    }
    match &plan.decisions[id] {
        Decision::Reuse { key, .. } => {
            let by = known.ledger.find(key).map(|(receipt, run)| format!("computed by run {run} on {}, and ", &receipt.started[..10])).unwrap_or_default();
            say(format!("{indent}{name}   stands: {by}nothing that decides it has changed"))
        }
        Decision::Unwanted => Ok(()),
        Decision::Share { of, .. } => {
            say(format!("{indent}{}", super::plan::line(study, plan, id).unwrap_or_default()))?;
            tell(study, known, plan, *of, depth + 1, told)
        }
        Decision::Fail { .. } => say(format!("{indent}{}", super::plan::line(study, plan, id).unwrap_or_default())),
        Decision::Execute { reasons, .. } => {
            say(format!("{indent}{}", super::plan::line(study, plan, id).unwrap_or_default()))?;
            reasons.iter().flat_map(|r| &r.from).try_for_each(|from| tell(study, known, plan, *from, depth + 1, told))
        }
        Decision::Undecided { waits, .. } => {
            say(format!("{indent}{}", super::plan::line(study, plan, id).unwrap_or_default()))?;
            waits.iter().try_for_each(|w| tell(study, known, plan, *w, depth + 1, told))
        }
    }
}
