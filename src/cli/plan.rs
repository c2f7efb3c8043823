//! `hilum plan`

use super::{DONE, FAILED, REFUSED, StudyArgs, open, say, wrong};
use crate::checks::Finding;
use crate::diagnostic::{self, Diagnostic};
use crate::pipeline::model::StageId;
use crate::pipeline::resolved;
use crate::plan::current::Fault;
use crate::plan::{Decision, Plan};
use crate::progress::remark;
use crate::progress::words::{self, duration};
use crate::run::event::Event;
use clap::Args;
use hilum_cache::{Error, Store};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

#[derive(Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print films per label of every table that is known
    #[arg(long)]
    counts: bool,
    /// Print the study with every cell and default
    #[arg(long)]
    resolved: bool,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: open::DeviceOption,
}

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<u8> {
    let (study, record) = match open::study_and_record(&args.study, Store::open) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    if args.resolved && args.counts && !args.json {
        return Err(wrong("`--resolved` and `--counts` both print; with `--json` they are fields of one document").into());
    }
    if args.resolved && !args.json {
        say(resolved::to_yaml(&study.pipeline).trim_end())?;
        return Ok(DONE);
    }
    let known = match open::Known::of(&study, record, false, open::devices(args.device)?.1)? {
        Ok(known) => known,
        Err(code) => return Ok(code),
    };
    let (plan, found) = plan_and_findings(&study, &known)?;
    if args.json {
        let mut document = to_json(&study, &plan, &found);
        if args.counts {
            document["counts"] = counts(&study, &known, &plan)?.into_iter().map(|(output, labels)| (output, json!(labels))).collect::<Map<_, _>>().into();
        }
        if args.resolved {
            document["resolved"] = resolved::to_json(&study.pipeline);
        }
        say(document)?;
    } else {
        say(to_text(&study, &plan))?;
    }
    if args.counts && !args.json {
        for (output, labels) in counts(&study, &known, &plan)? {
            let text: Vec<String> = labels.iter().map(|(label, n)| format!("{label} {n}")).collect();
            say(format!("{output}   {} films: {}", labels.values().sum::<usize>(), text.join(", ")))?;
        }
    }
    // Whatever ends a run at once is said here as the run says it, with the same code.
    let refused = open::refuse(&study, found.iter());
    if plan.decisions.iter().all(|d| matches!(d, Decision::Reuse { .. })) {
        open::remark_unused(&study, &found);
    }
    let mut code = DONE;
    for (id, fault) in faults(&plan) {
        let (stage, message, help) = (study.pipeline.stages[id].name.clone(), fault.message.clone(), fault.help.clone());
        words::lines(&Event::Failed { stage, message, help }).iter().for_each(remark);
        code = FAILED;
    }
    Ok(if refused { REFUSED } else { code })
}

/// The plan, and what the checks find in the tables that it knows. A table that turns out damaged is not known.
fn plan_and_findings(study: &open::Study, known: &open::Known) -> anyhow::Result<(Plan, Vec<Finding>)> {
    let mut lost = HashSet::new();
    loop {
        let plan = known.plan(study)?;
        match known.findings(study, &plan.known()) {
            Err(Error::Damaged(object) | Error::Missing(object)) if lost.insert(object) => {}
            found => return Ok((plan, found?)),
        }
    }
}

/// Stages whose outputs are not what the study expects.
fn faults(plan: &Plan) -> impl Iterator<Item = (StageId, &Fault)> {
    plan.decisions.iter().enumerate().filter_map(|(id, d)| if let Decision::Fail { fault, .. } = d { Some((id, fault)) } else { None })
}

pub(super) fn line(study: &open::Study, plan: &Plan, id: StageId) -> Option<String> {
    let p = &study.pipeline;
    let last = |millis: &Option<u64>| millis.map(|m| format!("      last time {}", duration(m))).unwrap_or_default();
    let why = |reasons: &[crate::plan::reason::Reason]| reasons.iter().map(|r| r.say(p)).collect::<Vec<_>>().join("; ");
    let name = &p.stages[id].name;
    match &plan.decisions[id] {
        Decision::Reuse { .. } | Decision::Unwanted => None,
        Decision::Execute { reasons, last_millis, continues, .. } => {
            let on = continues.map(|step| format!("; goes on after step {step}")).unwrap_or_default();
            Some(format!("{name}   runs: {}{on}{}", why(reasons), last(last_millis)))
        }
        Decision::Share { of, .. } => Some(format!("{name}   shares the result of `{}`", p.stages[*of].name)),
        Decision::Fail { fault, .. } => Some(format!("{name}   fails: {}", fault.message)),
        Decision::Undecided { waits, reasons, last_millis } => {
            if let Some(failing) = waits.iter().find(|w| matches!(plan.decisions[**w], Decision::Fail { .. })) {
                return Some(format!("{name}   is skipped: `{}` fails", p.stages[*failing].name));
            }
            let waits: Vec<String> = waits.iter().map(|w| format!("`{}`", p.stages[*w].name)).collect();
            let waits = if waits.len() > 3 { format!("{} and {} more", waits[..2].join(", "), waits.len() - 2) } else { waits.join(", ") };
            let certain = if reasons.is_empty() { String::new() } else { format!("{}; ", why(reasons)) };
            Some(format!("{name}   undecided: {certain}depends on what {waits} will give{}", last(last_millis)))
        }
    }
}

fn to_text(study: &open::Study, plan: &Plan) -> String {
    let lines: Vec<String> = (0..plan.decisions.len()).filter_map(|id| line(study, plan, id)).collect();
    let count = |f: fn(&Decision) -> bool| plan.decisions.iter().filter(|d| f(d)).count();
    let (reuse, execute) = (count(|d| matches!(d, Decision::Reuse { .. })), count(|d| matches!(d, Decision::Execute { .. })));
    let undecided = count(|d| matches!(d, Decision::Undecided { .. }));
    let rare = [(count(|d| matches!(d, Decision::Share { .. })), "shared"), (count(|d| matches!(d, Decision::Fail { .. })), "failed")];
    let rare: String = rare.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}")).collect();
    let summary = if execute + undecided == 0 && rare.is_empty() {
        format!("nothing to do: all {reuse} stages stand")
    } else {
        format!("{execute} run, {undecided} undecided, {reuse} stand{rare}")
    };
    lines.into_iter().chain([summary]).collect::<Vec<_>>().join("\n")
}

fn to_json(study: &open::Study, plan: &Plan, found: &[Finding]) -> Value {
    let stage = |(id, d): (usize, &Decision)| {
        let s = &study.pipeline.stages[id];
        let continues = if let Decision::Execute { continues, .. } = d { *continues } else { None };
        let of = if let Decision::Share { of, .. } = d { Some(study.pipeline.stages[*of].name.as_str()) } else { None };
        let (decision, reasons, key) = match d {
            Decision::Reuse { key, .. } => ("reuse", vec![], Some(*key)),
            Decision::Execute { key, reasons, .. } => ("execute", reasons.iter().map(|r| r.to_json()).collect(), Some(*key)),
            Decision::Share { key, .. } => ("share", vec![], Some(*key)),
            Decision::Fail { key, .. } => ("fail", vec![], Some(*key)),
            Decision::Undecided { reasons, .. } => ("undecided", reasons.iter().map(|r| r.to_json()).collect(), None),
            Decision::Unwanted => return Value::Null,
        };
        json!({ "id": s.name, "kind": s.kind.name, "decision": decision, "reasons": reasons, "key": key, "continues_after": continues, "shares_result_of": of })
    };
    let stages: Vec<Value> = plan.decisions.iter().enumerate().map(stage).filter(|v| !v.is_null()).collect();
    let p = &study.pipeline;
    let unmet = faults(plan).map(|(id, fault)| {
        let stage = &p.stages[id];
        (id, Diagnostic::new("E0501", fault.message.clone()).at(stage.places.name, "counted here").maybe_help(fault.help.clone()))
    });
    let findings: Vec<Value> = found
        .iter()
        .map(|f| (f.stage, f.diagnostic(p, &study.texts)))
        .chain(unmet)
        .map(|(id, diagnostic)| {
            let mut finding = diagnostic::to_json(&diagnostic, &study.texts);
            finding["stage"] = p.stages[id].name.as_str().into();
            finding
        })
        .collect();
    json!({ "study": p.study, "stages": stages, "findings": findings })
}

/// Images per label of every table that is known, by output.
fn counts(study: &open::Study, known: &open::Known, plan: &Plan) -> anyhow::Result<Vec<(String, BTreeMap<String, usize>)>> {
    let mut all = vec![];
    for (stage, decision) in study.pipeline.stages.iter().zip(&plan.decisions) {
        let Decision::Reuse { outputs, .. } = decision else { continue };
        for (port, artifact) in outputs.iter().filter(|(_, a)| a.kind == "samples") {
            let rows = known.tables.samples(&known.store, artifact)?;
            all.push((format!("{}.{port}", stage.name), hilum_stages::data::sample::counts(&rows)));
        }
    }
    Ok(all)
}
