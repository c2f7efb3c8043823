//! `hilum run`

use super::{DONE, FAILED, INTERRUPTED, REFUSED, StudyArgs, again, complete, open};
use crate::driver::{self, Device, End, Ran, RunOptions, Study};
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::progress::{self, remark};
use crate::run::launch::Launchers;
use anyhow::Context;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
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
    device: Device,
    /// Run only this stage, or this cell of it, and what it needs, without writing results; may be repeated
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
    let (study, record) = match open::study_and_record(&args.study, driver::to_repair) {
        Ok(both) => both,
        Err(code) => return Ok(code),
    };
    // The program ends with the run. To take a study of thousands of stages and its plan apart piece by piece would be a
    // good part of doing nothing: they are left to the system.
    let study: &'static Study = Box::leak(Box::new(study));
    let options = RunOptions {
        launchers: Launchers::here(),
        devices: open::devices(args.device)?,
        only: named(study, &args.only)?,
        force: named(study, &args.force)?,
        jobs: args.jobs,
        keep_going: args.keep_going,
        checkpoint_every: args.checkpoint_every,
    };
    let sink = progress::sink(args.json, &study.pipeline);
    let cancel = stop_on_signals()?;
    let ran = match driver::run(study, record, &options, &*sink, &cancel) {
        Ok(ran) => ran,
        Err(e) => return open::code(e),
    };
    if !args.json {
        remark_alone(args, &study.pipeline, &ran.failed);
        remark_results(study, &ran)?;
    }
    let code = match ran.end {
        End::Finished => DONE,
        End::Failed => FAILED,
        End::Interrupted => INTERRUPTED,
        End::Refused => REFUSED,
    };
    std::mem::forget(ran.outputs);
    Ok(code)
}

/// A flag that Ctrl-C sets, and the signal by which a cluster ends a program.
pub(super) fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second signal ends the program at once.
        signal_hook::flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), cancel.clone()).context("signals")?;
        signal_hook::flag::register(signal, cancel.clone()).context("signals")?;
    }
    Ok(cancel)
}

/// Shows the tables of a run that finished, and says where results are.
fn remark_results(study: &Study, ran: &Ran) -> anyhow::Result<()> {
    let p = &study.pipeline;
    let place = study.workspace.results.join(&p.study);
    let finished = ran.outputs.iter().flatten().count();
    match ran.end {
        End::Finished => {
            progress::show_tables(p, &ran.outputs, &ran.store)?;
            remark(match ran.results {
                Some(0) => format!("results are in {}", place.display()),
                Some(_) => format!("wrote results to {}", place.display()),
                None => "results are not written with `--only`".to_owned(),
            });
            // Last, so that nothing stands below the answer.
            progress::show_answers(&ran.answers);
        }
        End::Failed | End::Interrupted if ran.results.is_some() && finished > 0 => {
            let all = counted(ran.outputs.len(), "stage", "stages");
            remark(format!("wrote results of {finished} of {all} to {}; files of the others there are from earlier runs", place.display()));
        }
        _ => {}
    }
    Ok(())
}

/// Commands that are printed for stages that failed.
const MAX_COMMANDS: usize = 3;

/// Says how to run only a stage that failed.
fn remark_alone(args: &RunArgs, p: &Pipeline, failed: &[StageId]) {
    if failed.is_empty() {
        return;
    }
    let rest = failed.len().saturating_sub(MAX_COMMANDS);
    let more = if rest > 0 { format!(" ({rest} more failed)") } else { String::new() };
    let which = if failed.len() == 1 { "this stage" } else { "one failed stage" };
    remark(format!("help: to run only {which} and what it needs{more} (no results are written):"));
    for id in &failed[..failed.len() - rest] {
        remark(format!("  {}", again::command(&args.study, args.device, &p.stages[*id].name)));
    }
}

/// The stages that arguments name.
fn named(study: &Study, names: &[String]) -> anyhow::Result<Vec<StageId>> {
    names.iter().try_fold(vec![], |all, name| Ok([all, open::stages(study, name)?].concat()))
}

fn seconds(text: &str) -> Result<f64, String> {
    let is_time = |s: &f64| s.is_finite() && *s >= 0.0;
    text.parse().ok().filter(is_time).ok_or_else(|| "expected a number of seconds, at least 0".into())
}
