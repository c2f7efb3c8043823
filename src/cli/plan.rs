//! `hilum plan`. `json` is its document; its lines are those with which a run starts.

pub(super) mod json;

use super::{DONE, FAILED, REFUSED, StudyArgs, open, say, wrong};
use crate::driver::forecast::Forecast;
use crate::driver::{Device, Opened, text};
use crate::pipeline::model::StageId;
use crate::pipeline::resolved;
use crate::plan::current::Fault;
use crate::plan::{Decision, Plan};
use crate::progress::{remark, words};
use crate::run::event::Event;
use clap::Args;
use hilum_cache::Store;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::words::counted;
use serde_json::{Map, json};
use std::collections::BTreeMap;

#[derive(Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Print how many images of each label every table has, as far as tables are known
    #[arg(long)]
    counts: bool,
    /// Print the resolved study, with every cell and default
    #[arg(long)]
    resolved: bool,
    /// Device: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: Device,
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
    let opened = match Opened::new(&study, record, false, open::devices(args.device)?.engines) {
        Ok(opened) => opened,
        Err(e) => return open::code(e),
    };
    let (plan, found) = opened.plan_and_findings()?;
    let forecast = Forecast::of(&study, &opened.session, &plan);
    if args.json {
        let mut document = json::of(&study, &plan, &forecast, &found);
        if args.counts {
            document["counts"] = counts(&opened, &plan)?.into_iter().map(|(output, labels)| (output, json!(labels))).collect::<Map<_, _>>().into();
        }
        if args.resolved {
            document["resolved"] = resolved::to_json(&study.pipeline);
        }
        say(document)?;
    } else {
        say(text::lines(&study.pipeline, &plan, &forecast).join("\n"))?;
    }
    text::shortage(&study, &forecast).into_iter().for_each(|w| remark(format!("warning: {w}")));
    if args.counts && !args.json {
        for (output, labels) in counts(&opened, &plan)? {
            let text: Vec<String> = labels.iter().map(|(label, n)| format!("{label} {n}")).collect();
            say(format!("{output}   {}: {}", counted(labels.values().sum::<usize>(), "image", "images"), text.join(", ")))?;
        }
    }
    // Whatever ends a run at once is said here as the run says it, with the same code.
    let refused = open::refuse(&study, &found);
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

/// Stages whose outputs are not what the study expects.
fn faults(plan: &Plan) -> impl Iterator<Item = (StageId, &Fault)> {
    plan.decisions.pairs().filter_map(|(id, d)| if let Decision::Fail { fault, .. } = d { Some((id, fault)) } else { None })
}

/// Images per label of every table that is known, by output.
fn counts(opened: &Opened, plan: &Plan) -> anyhow::Result<Vec<(String, BTreeMap<String, usize>)>> {
    let mut all = vec![];
    for (stage, decision) in opened.study.pipeline.stages.iter().zip(&plan.decisions) {
        let Decision::Reuse { outputs, .. } = decision else { continue };
        for (port, artifact) in outputs.iter().filter(|(_, a)| ArtifactType::Samples.is(a)) {
            let rows = opened.session.tables.samples(&opened.session.store, artifact)?;
            all.push((format!("{}.{port}", stage.name), hilum_stages::data::sample::counts(&rows)));
        }
    }
    Ok(all)
}
