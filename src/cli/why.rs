//! `hilum why`: the chain from the changed line to a stage, or to all cells of one.

use super::plan::json as plan_json;
use super::{DONE, StudyArgs, document, open, say};
use crate::driver::{Device, Opened, text};
use crate::pipeline::model::StageId;
use crate::plan::groups::{self, Group, Status};
use crate::plan::{Decision, Plan};
use hilum_cache::Store;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) fn why(args: &StudyArgs, wanted: &str, json: bool) -> anyhow::Result<u8> {
    let (study, record) = match open::study_and_record(args, Store::open) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    let stages = open::stages(&study, wanted)?;
    let opened = match Opened::new(&study, record, false, open::devices(Device::Auto)?.engines) {
        Ok(opened) => opened,
        Err(e) => return open::code(e),
    };
    let plan = opened.plan()?;
    if json {
        document::say_with_diagnostics(as_json(&opened, &plan, stages))?;
    } else {
        Chain { opened: &opened, plan: &plan, seen: BTreeSet::new() }.print(stages, 0)?;
    }
    Ok(DONE)
}

/// The stages that were asked for, and all that explain them, each once. Its fields are described in `docs/json/why.md`.
fn as_json(opened: &Opened, plan: &Plan, wanted: Vec<StageId>) -> Value {
    let p = &opened.study.pipeline;
    let names = |ids: Vec<StageId>| ids.into_iter().map(|id| p.stages[id].name.as_str()).collect::<Vec<_>>();
    let (mut seen, mut queue, mut stages) = (BTreeSet::new(), VecDeque::from(wanted), vec![]);
    while let Some(id) = queue.pop_front() {
        if !seen.insert(id) {
            continue;
        }
        let from = above(&plan.decisions[id]);
        let mut stage = plan_json::stage(p, id, &plan.decisions[id]);
        if let Decision::Reuse { key, .. } = &plan.decisions[id]
            && let Some((receipt, run)) = opened.session.ledger.find(key)
        {
            stage["run"] = run.into();
            stage["started"] = receipt.started.as_str().into();
        }
        queue.extend(&from);
        stage["caused_by"] = names(from).into();
        stages.push(stage);
    }
    json!({ "study": p.study, "stages": stages })
}

struct Chain<'a> {
    opened: &'a Opened<'a>,
    plan: &'a Plan,
    seen: BTreeSet<StageId>,
}

impl Chain<'_> {
    /// Stages in groups, each followed by those above it that explain it, indented.
    fn print(&mut self, stages: impl IntoIterator<Item = StageId>, depth: usize) -> anyhow::Result<()> {
        let new: Vec<StageId> = stages.into_iter().filter(|id| self.seen.insert(*id)).collect();
        let indent = "  ".repeat(depth);
        for group in groups::of(&self.opened.study.pipeline, self.plan, new) {
            if group.status == Status::UpToDate {
                self.made(&group).iter().try_for_each(|line| say(format!("{indent}{line}")))?;
                continue;
            }
            say(format!("{indent}{}", text::line(&self.opened.study.pipeline, self.plan, &group, None)))?;
            let above: BTreeSet<StageId> = group.stages.iter().flat_map(|id| above(&self.plan.decisions[*id])).collect();
            self.print(above, depth + 1)?;
        }
        Ok(())
    }

    /// Which run made what is up to date, and when: a line for each run.
    fn made(&self, group: &Group) -> Vec<String> {
        let p = &self.opened.study.pipeline;
        // Runs in order, each with the start of its first of these stages and all of them.
        let mut runs: BTreeMap<String, (String, Vec<StageId>)> = BTreeMap::new();
        for id in &group.stages {
            let Decision::Reuse { key, .. } = &self.plan.decisions[*id] else { continue };
            let Some((receipt, run)) = self.opened.session.ledger.find(key) else { continue };
            let (began, stages) = runs.entry(run.to_owned()).or_insert_with(|| (receipt.started.clone(), vec![]));
            *began = receipt.started.min(std::mem::take(began));
            stages.push(*id);
        }
        let line = |(run, (began, stages)): (String, (String, Vec<StageId>))| {
            let (is, them) = if stages.len() > 1 { ("are ", "them") } else { ("", "it") };
            let part = Group { stages, ..group.clone() };
            format!("{}{is}up to date: from run {run} on {}; nothing that affects {them} has changed", text::subject(p, &part), moment(&began))
        };
        runs.into_iter().map(line).collect()
    }
}

/// `2026-01-31 at 14:05 UTC`.
fn moment(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} at {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// The stages that explain a decision.
fn above(decision: &Decision) -> Vec<StageId> {
    match decision {
        Decision::Execute { reasons, .. } => reasons.iter().flat_map(|r| &r.from).map(|(id, _)| *id).collect(),
        Decision::Undecided { waits, .. } => waits.clone(),
        Decision::Share { of, .. } => vec![*of],
        Decision::Reuse { .. } | Decision::Fail { .. } | Decision::Unwanted => vec![],
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_reads_well() {
        assert_eq!(super::moment("2026-01-31T14:05:09Z"), "2026-01-31 at 14:05 UTC");
        assert_eq!(super::moment("?"), "?");
    }
}
