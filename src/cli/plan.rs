//! `hilum plan`. `json` is its document; its lines are those with which a run starts.

pub(super) mod json;

use super::{DONE, FAILED, REFUSED, StudyArgs, open, say, say_text, seal, wrong};
use crate::checks::{Finding, Severity};
use crate::driver::forecast::Forecast;
use crate::driver::{self, Device, Opened, Study, text};
use crate::pipeline::model::{Pipeline, StageId};
use crate::pipeline::resolved;
use crate::plan::counts::{self, Count, CountedTable, Counts};
use crate::plan::printed::{Beside, beside};
use crate::plan::{Decision, Plan};
use crate::progress::remark;
use crate::rehearsal::{Rehearsal, tables_of_files};
use clap::Args;
use hilum_cache::Store;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::source::{Listing, SourceKind};
use hilum_stages::counted::imported;
use hilum_stages::data::sample::Samples;
use hilum_stages::published::{Paper, audit};
use hilum_stages::words::counted;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Print how many images and patients of each label every table has, or will have; needs no data
    #[arg(long)]
    counts: bool,
    /// Print the resolved study, with every cell and default
    #[arg(long)]
    resolved: bool,
    /// Seal what the study compares, by which metric and test, and on whom: before the first evaluation, signed by the key of HILUM_KEY
    #[arg(long, conflicts_with_all = ["counts", "resolved"])]
    seal: bool,
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
        say_text(resolved::to_yaml(&study.pipeline).trim_end())?;
        return Ok(DONE);
    }
    let opened = match Opened::new(&study, record, false, open::devices(args.device)?.engines) {
        Ok(opened) => opened,
        // Counting needs no data.
        Err(driver::Error::Rejected(why)) if args.counts && why.diagnostics.iter().all(|d| d.code == "E0402") => {
            return without_data(&study, args.json);
        }
        Err(e) => return open::code(e),
    };
    let (plan, mut found) = opened.plan_and_findings()?;
    found.extend(foreseen(&opened, &plan, &found)?);
    if args.seal {
        return if open::refuse(&study, &found) { Ok(REFUSED) } else { seal::seal(&opened, &plan, args.json) };
    }
    let sealed = seal::state(&opened, &plan)?;
    let forecast = Forecast::of(&study, &opened.session, &plan);
    if args.json {
        let mut document = json::of(&study, &plan, &forecast, &found);
        document["seal"] = sealed.map_or(Value::Null, |state| state.to_json());
        if args.counts {
            let found = counts(&opened, &plan)?;
            document["counts"] = as_json(&study.pipeline, &found).into();
            document["printed"] = printed_json(&study, &found);
        }
        if args.resolved {
            document["resolved"] = resolved::to_json(&study.pipeline);
        }
        say(document)?;
    } else {
        let of_seal = sealed.iter().flat_map(seal::SealState::lines);
        text::lines(&study.pipeline, &plan, &forecast).into_iter().chain(of_seal).try_for_each(say)?;
    }
    text::shortage(&study, &forecast).into_iter().for_each(|w| remark(format!("warning: {w}")));
    let mut code = DONE;
    if args.counts && !args.json {
        let found = counts(&opened, &plan)?;
        counted_lines(&study.pipeline, &found).into_iter().chain(printed_lines(&study, &found)).try_for_each(say)?;
        code = say_faults(&study.pipeline, &found);
    }
    // Whatever ends a run at once is said here as the run says it, with the same code.
    let refused = open::refuse(&study, &found);
    if plan.decisions.iter().all(|d| matches!(d, Decision::Reuse { .. })) {
        open::remark_unused(&study, &found);
    }
    Ok(if refused { REFUSED } else { code })
}

/// Errors that a run would find once its imports have told who the patients are: the tables that they read are there.
fn foreseen(opened: &Opened, plan: &Plan, found: &[Finding]) -> anyhow::Result<Vec<Finding>> {
    let p = &opened.study.pipeline;
    if plan.decisions.iter().all(|d| matches!(d, Decision::Reuse { .. } | Decision::Unwanted)) {
        return Ok(vec![]);
    }
    let read = tables_of_files(p, || opened.session.listings.clone());
    let all = if read.is_empty() { vec![] } else { Rehearsal::with(p, &read).findings(p)? };
    let is_new = |f: &Finding| f.check.severity == Severity::Error && !found.iter().any(|known| known.check.id == f.check.id && known.stage == f.stage);
    Ok(all.into_iter().filter(is_new).collect())
}

/// Every table by output: images and patients of each label.
pub(super) fn counts(opened: &Opened, plan: &Plan) -> anyhow::Result<Counts> {
    let (store, tables) = (&opened.session.store, &opened.session.tables);
    let known = |id: StageId, port: &str| {
        let Decision::Reuse { outputs, .. } = &plan.decisions[id] else {
            // An import makes its table of what is known of its files.
            let sources = opened.session.listings.get(&id).filter(|_| port == "samples");
            let sources = sources.map(|all| all.iter().map(|(parameter, listing)| (parameter.clone(), Listing::clone(listing))).collect());
            let stage = &opened.study.pipeline.stages[id];
            return Ok(sources.and_then(|sources| imported(stage.kind.name, &stage.parameters, sources)));
        };
        let artifact = outputs.get(port).filter(|a| ArtifactType::Samples.is(a));
        artifact.map(|a| Ok(Samples::of(tables.samples(store, a)?.to_vec()))).transpose()
    };
    Ok(counts::counts(&opened.study.pipeline, &known)?)
}

/// Counts of a study whose data are elsewhere: by `expect` and the rules of its stages alone.
fn without_data(study: &Study, json: bool) -> anyhow::Result<u8> {
    let p = &study.pipeline;
    let found = counts::counts(p, &|_, _| Ok(None))?;
    if json {
        say(json!({ "study": p.study, "counts": as_json(p, &found), "printed": printed_json(study, &found) }))?;
    } else {
        counted_lines(p, &found).into_iter().chain(printed_lines(study, &found)).try_for_each(say)?;
    }
    Ok(say_faults(p, &found))
}

/// Says what would fail by its numbers; gives the exit code.
fn say_faults(p: &Pipeline, found: &Counts) -> u8 {
    found.faults.iter().for_each(|(id, why)| remark(format!("error: `{}`: {why}", p.stages[*id].name)));
    found.unmet.iter().for_each(|(id, why)| remark(format!("error[E0501]: `{}` would have {why}", p.stages[*id].name)));
    match (found.unmet.is_empty(), found.faults.is_empty()) {
        (false, _) => REFUSED,
        (true, false) => FAILED,
        (true, true) => DONE,
    }
}

fn as_json(p: &Pipeline, found: &Counts) -> Map<String, Value> {
    let labels = |t: &CountedTable| {
        t.labels
            .iter()
            .map(|(label, c)| (label.clone(), json!({ "images": c.images, "synthetic": c.synthetic, "patients": c.patients })))
            .collect::<Map<_, _>>()
    };
    found.tables.iter().map(|t| (format!("{}.{}", p.stages[t.stage].name, t.port), json!(labels(t)))).collect()
}

/// A line for each table, and one for each stage whose tables cannot be counted.
fn counted_lines(p: &Pipeline, found: &Counts) -> Vec<String> {
    // Negatives per positive, as papers print the skew of a training set.
    let positive = p.stages.iter().find_map(|s| s.parameters["positive"].as_str());
    let line = |t: &CountedTable| {
        let label = |(label, c): (&String, &Count)| {
            let synthetic = if c.synthetic > 0 { format!(" ({} synthetic)", c.synthetic) } else { String::new() };
            let patients = if c.patients > 0 && (found.has_patients || t.is_known) {
                format!(" of {}", counted(c.patients, "patient", "patients"))
            } else {
                String::new()
            };
            format!("{label} {}{synthetic}{patients}", c.images)
        };
        let labels: Vec<String> = t.labels.iter().map(label).collect();
        let all: usize = t.labels.values().map(|c| c.images).sum();
        let skew = positive.and_then(|label| Some((label, t.labels.get(label).filter(|c| c.images > 0 && t.labels.len() == 2)?)));
        let skew = skew.map_or(String::new(), |(label, c)| format!("; {:.3} to 1 of {label}", (all - c.images) as f64 / c.images as f64));
        let about = if t.is_exact { "" } else { "about " };
        format!("{}.{}   {about}{}: {}{skew}", p.stages[t.stage].name, t.port, counted(all, "image", "images"), labels.join(", "))
    };
    let unknown = |(id, why): &(StageId, String)| format!("{}   not known: {why}", p.stages[*id].name);
    let patients =
        (!found.has_patients).then(|| "how many patients there are is not known: `expect: { LABEL: { images: N, patients: N } }` says it".to_owned());
    found.tables.iter().filter(|t| !t.labels.is_empty()).map(line).chain(found.unknown.iter().map(unknown)).chain(patients).collect()
}

/// What the papers print whose tables a study names, beside its own counts.
fn printed(study: &Study, found: &Counts) -> Vec<Beside> {
    let sources = study.pipeline.stages.iter().flat_map(|s| s.stage.sources()).filter(|s| s.what == SourceKind::File && s.path.0.ends_with(".yaml"));
    let paths: BTreeSet<PathBuf> = sources.filter_map(|source| study.workspace.file(&study.pipeline.study, &source)).collect();
    let read = |path: &PathBuf| Paper::read(&std::fs::read(path).ok()?).map_err(|why| remark(format!("warning: {why}"))).ok();
    paths.iter().filter_map(read).flat_map(|paper| beside(&paper, &audit(&paper).rows, &study.pipeline, found)).collect()
}

fn printed_json(study: &Study, found: &Counts) -> Value {
    let of = |b: Beside| json!({ "what": b.what, "printed": b.printed, "here": b.here, "note": b.note });
    printed(study, found).into_iter().map(of).collect()
}

/// A line for each printed number, below those of the tables.
fn printed_lines(study: &Study, found: &Counts) -> Vec<String> {
    let all = printed(study, found);
    let line = |b: &Beside| {
        let note = if b.note.is_empty() { String::new() } else { format!("   ({})", b.note) };
        format!("{}   printed {}, here {}{note}", b.what, b.printed, b.here.as_deref().unwrap_or("not known"))
    };
    let head = (!all.is_empty()).then(|| vec![String::new(), "printed in the paper, and here:".to_owned()]);
    head.into_iter().flatten().chain(all.iter().map(line)).collect()
}
