//! `hilum plan`. `text` and `json` lay out what a plan says; the first lines of a run and `hilum why` are of the same words.

pub(super) mod json;
pub(super) mod text;

use super::{DONE, FAILED, REFUSED, StudyArgs, open, say, wrong};
use crate::checks::Finding;
use crate::pipeline::model::StageId;
use crate::pipeline::resolved;
use crate::plan::current::Fault;
use crate::plan::disk::{self, Need};
use crate::plan::estimate::Estimate;
use crate::plan::groups::{self, Group, Totals};
use crate::plan::{Decision, Plan};
use crate::progress::{remark, words};
use crate::run::event::Event;
use clap::Args;
use hilum_cache::{Error, Store};
use hilum_stages::contract::artifact::ArtifactKind;
use serde_json::{Map, json};
use std::collections::{BTreeMap, HashSet};

/// What follows from a plan, for people.
pub(super) struct Forecast {
    groups: Vec<Group>,
    totals: Totals,
    estimate: Estimate,
    need: Need,
    /// Free bytes where the store lies, where the system says so.
    free: Option<u64>,
}

impl Forecast {
    pub(super) fn of(study: &open::Study, known: &open::Known, plan: &Plan) -> Forecast {
        let p = &study.pipeline;
        let groups = groups::of(p, plan, 0..p.stages.len());
        let estimate = Estimate::of(p, plan, &groups, &known.ledger);
        let need = disk::need(p, plan, &groups, &known.world(study));
        Forecast { totals: Totals::of(&groups), estimate, need, free: hilum_cache::disk::free(&study.workspace.store), groups }
    }

    /// How a run begins.
    pub(super) fn event(&self, study: &open::Study, plan: &Plan) -> Event {
        // Where nothing is up to date yet, a line for each stage says nothing that is not expected.
        let lines = if self.totals.up_to_date == 0 { text::sums(self).collect() } else { text::lines(&study.pipeline, plan, self) };
        Event::Planned { lines, totals: json::totals(&self.totals), estimate: json::estimate(&self.estimate) }
    }

    /// What to say where the store needs more than is free.
    pub(super) fn shortage(&self, study: &open::Study) -> Option<String> {
        text::shortage(&self.need, self.free?, &study.workspace.store.display().to_string())
    }
}

#[derive(Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Print images per label of every known table
    #[arg(long)]
    counts: bool,
    /// Print the resolved study, with every cell and default
    #[arg(long)]
    resolved: bool,
    /// Device: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: open::DeviceOption,
}

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<u8> {
    let (study, record) = match open::study_and_record(&args.study, Store::open) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    if args.resolved && args.counts && !args.json {
        return Err(wrong("`--resolved` and `--counts` cannot be combined; with `--json` both are fields of the document").into());
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
    let forecast = Forecast::of(&study, &known, &plan);
    if args.json {
        let mut document = json::of(&study, &plan, &forecast, &found);
        if args.counts {
            document["counts"] = counts(&study, &known, &plan)?.into_iter().map(|(output, labels)| (output, json!(labels))).collect::<Map<_, _>>().into();
        }
        if args.resolved {
            document["resolved"] = resolved::to_json(&study.pipeline);
        }
        say(document)?;
    } else {
        say(text::lines(&study.pipeline, &plan, &forecast).join("\n"))?;
    }
    forecast.shortage(&study).into_iter().for_each(|w| remark(format!("warning: {w}")));
    if args.counts && !args.json {
        for (output, labels) in counts(&study, &known, &plan)? {
            let text: Vec<String> = labels.iter().map(|(label, n)| format!("{label} {n}")).collect();
            say(format!("{output}   {} images: {}", labels.values().sum::<usize>(), text.join(", ")))?;
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

/// Images per label of every table that is known, by output.
fn counts(study: &open::Study, known: &open::Known, plan: &Plan) -> anyhow::Result<Vec<(String, BTreeMap<String, usize>)>> {
    let mut all = vec![];
    for (stage, decision) in study.pipeline.stages.iter().zip(&plan.decisions) {
        let Decision::Reuse { outputs, .. } = decision else { continue };
        for (port, artifact) in outputs.iter().filter(|(_, a)| ArtifactKind::Samples.is(a)) {
            let rows = known.tables.samples(&known.store, artifact)?;
            all.push((format!("{}.{port}", stage.name), hilum_stages::data::sample::counts(&rows)));
        }
    }
    Ok(all)
}
