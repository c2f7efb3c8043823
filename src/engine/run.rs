//! Running a study: what is known is checked, what has to run is executed, and the results are written.

use super::forecast::Forecast;
use super::{Devices, Error, Opened, Record, Study, record, to_repair};
use crate::checks::{self, Finding};
use crate::pipeline::model::StageId;
use crate::plan::{Decision, Plan};
use crate::run::event::{Event, Sink};
use crate::run::execute::{Outputs, Run, Scheduler};
use crate::run::launch::Launchers;
use crate::run::record::Recorder;
use crate::run::results;
use crate::run::slots::{Slots, free_memory};
use hilum_cache::checkout::Rest;
use hilum_cache::lock::StoreLock;
use hilum_cache::{Journal, Store, WritableStore, gc, journal};
use hilum_stages::contract::pseudonym::PseudonymKey;
use std::sync::atomic::AtomicBool;

/// How a study is run.
#[derive(Clone)]
pub struct RunOptions {
    /// What starts stages.
    pub launchers: Launchers,
    /// Where tensor stages run.
    pub devices: Devices,
    /// Only these and what they need; all if empty.
    pub only: Vec<StageId>,
    /// Stages to run again, even if they are up to date.
    pub force: Vec<StageId>,
    /// Stages that run at once, at most; the number of cores if none.
    pub jobs: Option<u32>,
    /// Continue with stages that do not depend on a failed one.
    pub keep_going: bool,
    /// Seconds between checkpoints of a training.
    pub checkpoint_every: f64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything that was wanted is there.
    Finished,
    /// A stage failed.
    Failed,
    /// It was stopped.
    Interrupted,
    /// A check refused the study.
    Refused,
}

/// What a run came to.
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// Stages that failed.
    pub failed: Vec<StageId>,
    /// The outputs that are known, by stage.
    pub outputs: Outputs,
    /// True if results were written.
    pub has_results: bool,
    /// The store.
    pub store: Store,
}

/// How often a run begins again because a damaged object was met while results were written.
const ATTEMPTS: usize = 4;

/// Runs a study. `record` is the store with what it recorded, as [`super::load_with_record`] reads it; all that happens goes to
/// `sink`; `cancel` may be set at any time.
///
/// # Errors
/// If the study's paths have errors, or the store or the results cannot be read or written. Stages that fail are no error here.
pub fn run(study: &Study, record: Record, options: &RunOptions, sink: &dyn Sink, cancel: &AtomicBool) -> Result<Ran, Error> {
    let mut first = Some(record);
    let mut attempt = 1;
    loop {
        let record = first.take().unwrap_or_else(|| self::record(&study.workspace.store, to_repair));
        match (Attempt { study, options, sink, cancel }).run(record) {
            Err(Error::Store(e @ hilum_cache::Error::Damaged(_))) if attempt < ATTEMPTS => {
                sink.handle(&Event::Warning { message: format!("{e}; it will be recomputed") });
                attempt += 1;
            }
            other => return other,
        }
    }
}

struct Attempt<'a> {
    study: &'a Study,
    options: &'a RunOptions,
    sink: &'a dyn Sink,
    cancel: &'a AtomicBool,
}

/// What the stages of a run came to.
struct Executed {
    end: End,
    run: Option<String>,
    executed: usize,
    reused: usize,
    failed: Vec<StageId>,
    skipped: usize,
    outputs: Outputs,
    found: Vec<Finding>,
    /// Keeps others from cleaning up before results are written.
    _lock: Option<StoreLock>,
}

impl<'a> Attempt<'a> {
    fn run(&self, record: Record) -> Result<Ran, Error> {
        let (study, options) = (self.study, self.options);
        let p = &study.pipeline;
        let key = if p.stages.iter().any(|s| s.kind.pseudonyms) { Some(study.workspace.create_key()?) } else { None };
        let mut opened = Opened::new(study, record, true, options.devices.engines.clone())?;
        if !options.only.is_empty() {
            opened.session.wanted = p.with_needs(&options.only);
        }
        opened.session.forced = options.force.clone();
        let plan = opened.plan()?;
        let known = plan.known();
        let early = opened.findings(&known)?;
        let store = opened.session.store.clone();
        self.report(&early, &[]);
        if early.iter().any(Finding::refuses) {
            return Ok(Ran { end: End::Refused, failed: vec![], outputs: known, has_results: false, store });
        }
        let is_idle = plan.decisions.iter().all(|d| matches!(d, Decision::Reuse { .. } | Decision::Unwanted));
        let ran = if is_idle {
            // To take a plan of thousands of stages apart would be a good part of doing nothing: it is left to the system.
            std::mem::forget(plan);
            let reused = known.iter().flatten().count();
            Executed { end: End::Finished, run: None, executed: 0, reused, failed: vec![], skipped: 0, outputs: known, found: early, _lock: opened.lock }
        } else {
            self.execute(opened, plan, key, early)?
        };
        study.workspace.save_objects_memo(&store);
        let has_results = options.only.is_empty() && ran.end != End::Refused;
        if has_results {
            self.write_results(&ran, &store)?;
        }
        let Executed { end, run, executed, reused, failed, skipped, outputs, .. } = ran;
        self.sink.handle(&Event::Finished {
            run: run.filter(|_| executed + failed.len() > 0),
            executed,
            reused,
            failed: failed.len(),
            skipped,
            interrupted: end == End::Interrupted,
        });
        Ok(Ran { end, failed, outputs, has_results, store })
    }

    /// Executes what a plan says.
    fn execute(&self, mut opened: Opened<'a>, plan: Plan, key: Option<PseudonymKey>, early: Vec<Finding>) -> Result<Executed, Error> {
        let (study, options, sink) = (self.study, self.options, self.sink);
        let p = &study.pipeline;
        let store = WritableStore::of(&opened.session.store)?;
        opened.lock = None;
        study.workspace.save_images(&opened.session.listings)?;
        // Leftovers of dead runs are swept if no other run is active.
        if let Ok(_alone) = StoreLock::own(&store) {
            gc::sweep(&store);
        }
        let lock = StoreLock::share(&store)?;
        tracing::debug!(store = %study.workspace.store.display(), "shares the store");
        let journal = Journal::begin(&store)?;
        let name = journal.run().to_owned();
        let mut recorder = Recorder::begin(journal, &study.workspace, p)?;
        for (of, bytes) in journal::repair(&store)? {
            sink.handle(&Event::Warning { message: format!("the journal of run {of} ended in the middle of a line; moved {bytes} bytes aside") });
            recorder.recovered(&of, bytes)?;
        }
        if options.devices.fell_back {
            sink.handle(&Event::Warning { message: "no GPU found; using the CPU".into() });
        }
        sink.handle(&Event::Started { run: name.clone(), stages: opened.session.wanted.iter().filter(|w| **w).count() });
        let forecast = Forecast::of(study, &opened.session, &plan);
        sink.handle(&forecast.event(study, &plan));
        forecast.shortage(study).into_iter().for_each(|message| sink.handle(&Event::Warning { message }));
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        let slots = Slots::new(options.jobs.unwrap_or(threads), threads, free_memory(), options.devices.gpus.clone());
        let run = Run {
            pipeline: p,
            workspace: &study.workspace,
            store: &store,
            key,
            launchers: options.launchers.clone(),
            keep_going: options.keep_going,
            checkpoint_every: options.checkpoint_every,
            cancel: self.cancel,
            sink,
        };
        let outcome = Scheduler::new(&run, opened.session, recorder, slots, plan, early)?.run()?;
        // What was reported before is not repeated, unless the study is refused for it.
        let reported: Vec<Finding> = outcome.reported.into_iter().filter(|f| !f.refuses()).collect();
        self.report(&outcome.found, &reported);
        let end = match () {
            () if outcome.is_refused => End::Refused,
            () if outcome.cancelled => End::Interrupted,
            () if !outcome.failed.is_empty() => End::Failed,
            () => End::Finished,
        };
        Ok(Executed {
            end,
            run: Some(name),
            executed: outcome.executed,
            reused: outcome.reused,
            failed: outcome.failed,
            skipped: outcome.skipped,
            outputs: outcome.outputs,
            found: outcome.found,
            _lock: Some(lock),
        })
    }

    /// Writes the results of what is there; only a run that finished removes those that it no longer has.
    fn write_results(&self, ran: &Executed, store: &Store) -> Result<(), Error> {
        let study = self.study;
        let is_whole = ran.end == End::Finished;
        if is_whole {
            self.sink.diagnose(&checks::unused(&study.pipeline, &ran.found), &study.texts);
        }
        let rest = if is_whole { Rest::Removed } else { Rest::Kept };
        let laid_out = results::lay_out(&study.pipeline, &ran.outputs, store, &study.workspace, rest)?;
        for (path, aside) in laid_out.edited {
            self.sink.handle(&Event::Warning { message: format!("`{path}` was modified; moved it to `{aside}` and restored the result") });
        }
        Ok(())
    }

    /// Reports findings, but for those that were reported before.
    fn report(&self, found: &[Finding], before: &[Finding]) {
        let texts = &self.study.texts;
        self.sink.diagnose(&checks::diagnostics(&self.study.pipeline, texts, found, before), texts);
    }
}
