//! `hilum run`

use super::plan::Forecast;
use super::{DONE, FAILED, INTERRUPTED, REFUSED, StudyArgs, again, complete, open};
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::Decision;
use crate::progress;
use crate::progress::remark;
use crate::run::event::{Event, Sink};
use crate::run::execute::{Run, Scheduler};
use crate::run::record::Recorder;
use crate::run::results;
use crate::run::slots::{Slots, free_memory};
use anyhow::Context;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::checkout::Rest;
use hilum_cache::lock::StoreLock;
use hilum_cache::{Journal, WritableStore, gc, journal};
use hilum_stages::words::counted;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[derive(Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Maximum number of stages that run at once [default: the number of cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Device: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: open::DeviceOption,
    /// Run only this stage, or this cell of it, and what it needs; may be repeated
    #[arg(long, value_name = "STAGE", add = ArgValueCandidates::new(complete::stages))]
    only: Vec<String>,
    /// Run this stage, or this cell of it, even if it is up to date; may be repeated
    #[arg(long, value_name = "STAGE", add = ArgValueCandidates::new(complete::stages))]
    force: Vec<String>,
    /// Continue with stages that do not depend on a failed one
    #[arg(long)]
    keep_going: bool,
    /// Seconds between checkpoints of a training
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    checkpoint_every: f64,
    /// Print one event per line as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<u8> {
    let (study, record) = match open::study_and_record(&args.study, open::to_mend) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    // The program ends with the run. To take a study of thousands of stages and its plan apart piece by piece would be a
    // good part of doing nothing: they are left to the system.
    let study: &'static open::Study = Box::leak(Box::new(study));
    let (gpus, engines) = open::devices(args.device)?;
    let (only, forced) = (named(study, &args.only)?, named(study, &args.force)?);
    let sink = progress::sink(args.json, &study.pipeline);
    let cancel = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second signal ends the program at once.
        signal_hook::flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), cancel.clone()).context("signals")?;
        signal_hook::flag::register(signal, cancel.clone()).context("signals")?;
    }
    // A damaged object that is met while results are laid out sends the run back once more.
    let mut record = Some(record);
    for attempt in 0.. {
        let record = record.take().unwrap_or_else(|| open::record(&study.workspace.store, open::to_mend));
        match attempt_run(args, study, record, &gpus, &engines, &only, &forced, &*sink, &cancel) {
            Err(e) if attempt < 3 && matches!(e.downcast_ref(), Some(hilum_cache::Error::Damaged(_))) => {
                sink.handle(&Event::Warning { message: format!("{e}; it will be recomputed") });
            }
            other => return other,
        }
    }
    unreachable!("BUG: the last attempt returns")
}

#[allow(clippy::too_many_arguments)]
fn attempt_run(
    args: &RunArgs,
    study: &open::Study,
    record: open::Record,
    gpus: &[usize],
    engines: &[String],
    only: &[usize],
    forced: &[usize],
    sink: &dyn Sink,
    cancel: &AtomicBool,
) -> anyhow::Result<u8> {
    let p = &study.pipeline;
    let makes_pseudonyms = p.stages.iter().any(|s| s.kind.pseudonyms);
    let key = if makes_pseudonyms { Some(study.workspace.create_key()?) } else { None };
    let mut known = match open::Known::of(study, record, true, engines.to_vec())? {
        Ok(known) => known,
        Err(code) => return Ok(code),
    };
    if !only.is_empty() {
        known.wanted = p.with_needs(only);
    }
    known.forced = forced.to_vec();
    let plan = known.plan(study)?;
    let mut outputs = plan.known();
    let early = known.findings(study, &outputs)?;
    if open::refuse(study, early.iter()) {
        return Ok(REFUSED);
    }
    let (all_found, mut here);
    here = None;
    let idle = plan.decisions.iter().all(|d| matches!(d, Decision::Reuse { .. } | Decision::Unwanted));
    let mut code = DONE;
    let (mut run_name, mut executed, mut reused, mut failed, mut skipped) = (None, 0, outputs.iter().flatten().count(), vec![], 0);
    if !idle {
        let store = WritableStore::create(&study.workspace.store)?.with_memo(study.workspace.objects_memo());
        known.lock = None;
        study.workspace.save_images(&known.listings)?;
        // Leftovers of dead runs are swept if no other run is active.
        if let Ok(_alone) = StoreLock::own(&store) {
            gc::sweep(&store);
        }
        here = Some(StoreLock::share(&store)?);
        tracing::debug!(store = %study.workspace.store.display(), "shares the store");
        let journal = Journal::begin(&store)?;
        run_name = Some(journal.run().to_owned());
        let mut recorder = Recorder::begin(journal, &study.workspace, p)?;
        for (of, bytes) in journal::repair(&store)? {
            sink.handle(&Event::Warning { message: format!("the journal of run {of} ended in the middle of a line; moved {bytes} bytes aside") });
            recorder.recovered(&of, bytes)?;
        }
        if gpus.is_empty() && args.device == open::DeviceOption::Auto && hilum_stages::HAS_CUDA {
            sink.handle(&Event::Warning { message: "no GPU found; using the CPU".into() });
        }
        sink.handle(&Event::Started { run: recorder.run().to_owned(), stages: known.wanted.iter().filter(|w| **w).count() });
        let forecast = Forecast::of(study, &known, &plan);
        sink.handle(&forecast.event(study, &plan));
        forecast.shortage(study).into_iter().for_each(|message| sink.handle(&Event::Warning { message }));
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        let slots = Slots::new(args.jobs.unwrap_or(threads), threads, free_memory(), gpus.to_vec());
        let run = Run {
            pipeline: p,
            texts: &study.texts,
            workspace: &study.workspace,
            store: &store,
            listings: &known.listings,
            tables: &known.tables,
            key,
            pseudonyms: &known.pseudonyms,
            engines,
            forced,
            has_outside: p.stages.iter().any(|s| !s.stage.sources().is_empty()),
            wanted: &known.wanted,
            keep_going: args.keep_going,
            checkpoint_every: args.checkpoint_every,
            cancel,
            sink,
        };
        let outcome = Scheduler::new(&run, recorder, known.ledger, slots, plan)?.run()?;
        outputs = outcome.outputs;
        (executed, reused, failed, skipped) = (outcome.executed, outcome.reused, outcome.failed, outcome.skipped);
        // What was said before the run is not said again, unless the study is refused for it.
        let found: Vec<_> = outcome.found.iter().filter(|f| f.refuses() || !early.iter().any(|t| t.is_same(f))).collect();
        open::refuse(study, found);
        all_found = outcome.found;
        if outcome.is_refused {
            code = REFUSED;
        } else if outcome.cancelled {
            code = INTERRUPTED;
        } else if !failed.is_empty() {
            code = FAILED;
        }
        known.store = store.into_store();
    } else {
        all_found = early;
        std::mem::forget(plan);
    }
    study.workspace.save_objects_memo(&known.store);
    if only.is_empty() && matches!(code, DONE | FAILED | INTERRUPTED) {
        if code == DONE {
            open::remark_unused(study, &all_found);
        }
        let laid = results::lay_out(p, &outputs, &known.store, &study.workspace, if code == DONE { Rest::Removed } else { Rest::Kept })?;
        for (path, aside) in laid.edited {
            sink.handle(&Event::Warning { message: format!("`{path}` was modified; moved it to `{aside}` and restored the result") });
        }
    }
    drop(here);
    sink.handle(&Event::Finished { run: run_name.clone().filter(|_| executed + failed.len() > 0), executed, reused, failed: failed.len(), skipped });
    if !args.json {
        remark_alone(args, p, &failed);
    }
    if code == DONE && !args.json {
        progress::show_tables(p, &outputs, &known.store)?;
        remark(match only.is_empty() {
            true => format!("wrote results to {}", study.workspace.results.join(&p.study).display()),
            false => "results are not written with `--only`".to_owned(),
        });
    }
    if only.is_empty() && matches!(code, FAILED | INTERRUPTED) && !args.json && outputs.iter().any(Option::is_some) {
        let finished = outputs.iter().flatten().count();
        let results = study.workspace.results.join(&p.study);
        remark(format!("wrote results of {finished} of {} to {}", counted(outputs.len(), "stage", "stages"), results.display()));
    }
    std::mem::forget(outputs);
    Ok(code)
}

/// Commands that are printed for stages that failed.
const MAX_COMMANDS: usize = 3;

/// Says how to run a stage that failed alone.
fn remark_alone(args: &RunArgs, p: &Pipeline, failed: &[StageId]) {
    if failed.is_empty() {
        return;
    }
    let rest = failed.len().saturating_sub(MAX_COMMANDS);
    let more = if rest > 0 { format!(" ({rest} more failed)") } else { String::new() };
    remark(format!("help: to run {} alone{more}:", if failed.len() == 1 { "the failed stage" } else { "a failed stage" }));
    for id in &failed[..failed.len() - rest] {
        remark(format!("  {}", again::command(&args.study, args.device, &p.stages[*id].name)));
    }
}

/// The stages that arguments name.
fn named(study: &open::Study, names: &[String]) -> anyhow::Result<Vec<usize>> {
    names.iter().try_fold(vec![], |all, name| Ok([all, open::stages(study, name)?].concat()))
}

fn seconds(text: &str) -> Result<f64, String> {
    let is_time = |s: &f64| s.is_finite() && *s >= 0.0;
    text.parse().ok().filter(is_time).ok_or_else(|| "expected a number of seconds, at least 0".into())
}
