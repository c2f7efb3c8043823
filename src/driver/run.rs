//! Running a study: what is known is checked, what has to run is executed, and the results are written.

use super::answers::answers;
use super::forecast::Forecast;
use super::{Devices, Error, Opened, Record, Study, record, text, to_repair};
use crate::checks::{self, Finding};
use crate::pipeline::model::StageId;
use crate::plan::{Decision, Plan};
use crate::run::event::{Event, Sink};
use crate::run::execute::{Outputs, Run, Scheduler};
use crate::run::launch::Launchers;
use crate::run::record::Recorder;
use crate::run::results;
use crate::run::slots::{Slots, free_memory};
use crate::workspace::signing;
use hilum_cache::checkout::Rest;
use hilum_cache::evidence::SigningKey;
use hilum_cache::journal::Finished;
use hilum_cache::lock::StoreLock;
use hilum_cache::{Journal, StageKey, Store, WritableStore, gc, journal};
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::records::Answer;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// How many files of results were written or removed: 0 if they were as they should be. None if results were not laid out, as
    /// with `only`.
    pub results: Option<usize>,
    /// What the comparisons answer, each with its stage.
    pub answers: Vec<(String, Answer)>,
    /// The store.
    pub store: Store,
    /// Nothing is cleaned away as long as this lives.
    _lock: Option<StoreLock>,
}

/// How often a run is tried, at most: objects that are found damaged or missing when they are needed are computed again.
const ATTEMPTS: usize = 4;

/// Runs a study. `record` is the store with what it recorded, as [`super::load_with_record`] reads it; all that happens goes to
/// `sink`; `cancel` may be set at any time.
///
/// # Errors
/// If the study's paths have errors, or the store or the results cannot be read or written. Stages that fail are no error here.
pub fn run(study: &Study, record: Record, options: &RunOptions, sink: &dyn Sink, cancel: &AtomicBool) -> Result<Ran, Error> {
    use hilum_cache::Error::{Damaged, Missing};
    let mut first = Some(record);
    let mut attempt = Attempt { study, options, sink, cancel, force: options.force.clone(), reported: vec![] };
    for _ in 1..ATTEMPTS {
        let record = first.take().unwrap_or_else(|| self::record(&study.workspace.store, to_repair));
        match attempt.run(record) {
            Err(Error::Store(e @ (Damaged(_) | Missing(_)))) if !cancel.load(Ordering::SeqCst) => {
                sink.handle(&Event::Warning { message: format!("{e}; it will be recomputed") });
            }
            other => return other,
        }
    }
    attempt.run(self::record(&study.workspace.store, to_repair))
}

struct Attempt<'a> {
    study: &'a Study,
    options: &'a RunOptions,
    sink: &'a dyn Sink,
    cancel: &'a AtomicBool,
    /// Stages that are still to run although they are up to date.
    force: Vec<StageId>,
    /// Findings that the user has seen.
    reported: Vec<Finding>,
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
    /// Keeps others from cleaning up what results are made of.
    lock: Option<StoreLock>,
}

impl<'a> Attempt<'a> {
    fn run(&mut self, record: Record) -> Result<Ran, Error> {
        let (study, options) = (self.study, self.options);
        let p = &study.pipeline;
        let signer = signing::signing_key(&study.workspace.store)?;
        let key = if p.stages.iter().any(|s| s.kind.pseudonyms) { Some(study.workspace.create_key()?) } else { None };
        // However it was opened: an object that is not set aside would count as stored.
        let record = record.map(|(store, ledger)| (store.setting_damage_aside(), ledger));
        let mut opened = Opened::new(study, record, true, options.devices.engines.clone())?;
        if !options.only.is_empty() {
            opened.session.wanted = p.with_needs(&options.only);
        }
        opened.session.forced = self.force.clone();
        let (plan, early) = opened.plan_and_findings()?;
        let known = plan.known();
        let store = opened.session.store.clone();
        self.report(&early);
        if early.iter().any(Finding::refuses) {
            return Ok(Ran { end: End::Refused, failed: vec![], outputs: known, results: None, answers: vec![], store, _lock: opened.lock });
        }
        let is_idle = plan.decisions.iter().all(|d| matches!(d, Decision::Reuse { .. } | Decision::Unwanted));
        let ran = if is_idle {
            if options.only.is_empty()
                && let Err(e) = self.record_return(&opened, &plan, &known, &early, signer.as_ref())
            {
                // A store that cannot be written to has nothing to add, either.
                tracing::debug!("the run could not be recorded: {e}");
                if signer.is_some() {
                    self.sink.handle(&Event::Warning { message: format!("the run could not be recorded, and is not signed: {e}") });
                }
            }
            // To take a plan of thousands of stages apart would be a good part of doing nothing: it is left to the system.
            std::mem::forget(plan);
            let reused = known.iter().flatten().count();
            Executed { end: End::Finished, run: None, executed: 0, reused, failed: vec![], skipped: 0, outputs: known, found: early, lock: opened.lock }
        } else {
            self.execute(opened, plan, key, signer.as_ref(), &early)?
        };
        study.workspace.save_objects_memo(&store);
        let is_laid_out = options.only.is_empty() && ran.end != End::Refused;
        let results = if is_laid_out { Some(self.write_results(&ran, &store)?) } else { None };
        let Executed { end, run, executed, reused, failed, skipped, outputs, lock, .. } = ran;
        let answers = if results.is_some() && end == End::Finished { answers(&study.pipeline, &outputs, &store)? } else { vec![] };
        self.sink.handle(&Event::Finished {
            run: run.filter(|_| executed + failed.len() > 0),
            executed,
            reused,
            failed: failed.len(),
            skipped,
            interrupted: end == End::Interrupted,
            answers: answers.clone(),
        });
        Ok(Ran { end, failed, outputs, results, answers, store, _lock: lock })
    }

    /// Records a run with nothing to do if the newest run left the store with other results, such as those of another study: what
    /// the user came back to is the newest from now on, for reports, and for cleaning.
    fn record_return(&self, opened: &Opened, plan: &Plan, known: &Outputs, found: &[Finding], signer: Option<&SigningKey>) -> hilum_cache::Result<()> {
        let p = &self.study.pipeline;
        let key = |(id, d): (StageId, &Decision)| if let Decision::Reuse { key, .. } = d { Some((p.stages[id].name.as_str(), *key)) } else { None };
        let keys: Vec<(&str, StageKey)> = plan.decisions.pairs().filter_map(key).collect();
        let newest = opened.session.ledger.newest_of_study(&p.study);
        if newest.is_some_and(|newest| newest.len() == keys.len() && keys.iter().all(|(stage, key)| newest.get(*stage) == Some(key))) {
            return Ok(());
        }
        let store = WritableStore::of(&opened.session.store)?;
        let mut recorder = Recorder::begin(Journal::begin(&store)?, &self.study.workspace, p)?;
        let reused = keys.len();
        recorder.reused(&keys.into_iter().map(|(stage, key)| (stage.to_owned(), key)).collect::<Vec<_>>())?;
        recorder.checked(p, found, opened.decided(known))?;
        recorder.finished(Finished { executed: 0, reused, failed: 0, skipped: 0, cancelled: false }, &store, signer)
    }

    /// Executes what a plan says; `early` is what the checks found with what it knows.
    fn execute(
        &mut self,
        mut opened: Opened<'a>,
        plan: Plan,
        key: Option<PseudonymKey>,
        signer: Option<&SigningKey>,
        early: &[Finding],
    ) -> Result<Executed, Error> {
        let (study, options, sink) = (self.study, self.options, self.sink);
        let p = &study.pipeline;
        let store = WritableStore::of(&opened.session.store)?;
        if options.only.is_empty() {
            study.workspace.prepare_results(&p.study).map_err(Error::Results)?;
        }
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
        recorder.checked(p, early, opened.decided(&plan.known()))?;
        if options.devices.fell_back {
            sink.handle(&Event::Warning { message: "no GPU found; using the CPU".into() });
        }
        sink.handle(&Event::Started { run: name.clone(), stages: opened.session.wanted.iter().filter(|w| **w).count() });
        let forecast = Forecast::of(study, &opened.session, &plan);
        sink.handle(&text::event(study, &plan, &forecast));
        text::shortage(study, &forecast).into_iter().for_each(|message| sink.handle(&Event::Warning { message }));
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        let slots = Slots::new(options.jobs.unwrap_or(threads), threads, free_memory(), options.devices.gpus.clone());
        let run = Run {
            pipeline: p,
            workspace: &study.workspace,
            store: &store,
            key,
            signer,
            launchers: options.launchers.clone(),
            keep_going: options.keep_going,
            checkpoint_every: options.checkpoint_every,
            cancel: self.cancel,
            sink,
        };
        let outcome = Scheduler::new(&run, opened.session, recorder, slots, plan, self.reported.clone())?.run()?;
        // What was forced has run, should results be found damaged now.
        self.force.clear();
        // What was reported before is not repeated, unless the study is refused for it.
        self.reported = outcome.reported;
        self.reported.retain(|f| !f.refuses());
        self.report(&outcome.found);
        let end = match () {
            () if outcome.is_refused => End::Refused,
            () if outcome.cancelled => End::Interrupted,
            // What was not reached has no result, whatever the reason.
            () if !outcome.failed.is_empty() || outcome.skipped > 0 => End::Failed,
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
            lock: Some(lock),
        })
    }

    /// Writes the results of what is there; only a run that finished removes those that it no longer has. Returns how many files
    /// were written or removed.
    fn write_results(&self, ran: &Executed, store: &Store) -> Result<usize, Error> {
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
        Ok(laid_out.written + laid_out.removed)
    }

    /// Reports findings, but for those that were reported before.
    fn report(&mut self, found: &[Finding]) {
        let texts = &self.study.texts;
        self.sink.diagnose(&checks::diagnostics(&self.study.pipeline, texts, found, &self.reported), texts);
        self.reported.extend(found.iter().cloned());
    }
}
