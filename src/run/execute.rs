//! The loop of a run: start what is ready, wait for a message, move states on.

mod ended;
mod finish;
mod settle;
mod start;

use super::event::{Event, Sink};
use super::job::{Class, Failure};
use super::launch::{Launchers, Message, Started};
use super::record::Recorder;
use super::slots::{ResourceGrant, Slots};
use super::state::{State, States};
use crate::checks::{self, Finding};
use crate::pipeline::Pipeline;
use crate::pipeline::model::{PerStage, StageId};
use crate::plan::current::Current;
use crate::plan::recipe::StageInputs;
use crate::plan::{Decision, Past, Plan};
use crate::session::Session;
use crate::workspace::Workspace;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use hilum_cache::evidence::SigningKey;
use hilum_cache::lock::KeyLock;
use hilum_cache::receipt;
use hilum_cache::{Digest, Error, Receipt, Recipe, Result, StageKey, WritableStore};
use hilum_stages::contract::context::{Progress, Said};
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::contract::stage::Needs;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Outputs by stage and port, as far as they are known.
pub type Outputs = PerStage<Option<Arc<receipt::Outputs>>>;

/// What a run is given, besides the session.
pub struct Run<'a> {
    /// The study.
    pub pipeline: &'a Pipeline,
    /// Its directories.
    pub workspace: &'a Workspace,
    /// The session's store, to write to.
    pub store: &'a WritableStore,
    /// The pseudonym key.
    pub key: Option<PseudonymKey>,
    /// The key that signs the checkpoint of the run; it is unsigned where there is none.
    pub signer: Option<&'a SigningKey>,
    /// What starts stages.
    pub launchers: Launchers,
    /// Seconds between checkpoints of a training.
    pub checkpoint_every: f64,
    /// Continue after a failure.
    pub keep_going: bool,
    /// Set to stop the run.
    pub cancel: &'a AtomicBool,
    /// Receives all events.
    pub sink: &'a dyn Sink,
}

/// How a run went.
pub struct Outcome {
    /// Stages executed.
    pub executed: usize,
    /// Stages reused.
    pub reused: usize,
    /// Stages failed.
    pub failed: Vec<StageId>,
    /// Stages skipped.
    pub skipped: usize,
    /// What is known at the end.
    pub outputs: Outputs,
    /// What the checks found.
    pub found: Vec<Finding>,
    /// What of it was reported before the end.
    pub reported: Vec<Finding>,
    /// True if a finding refused the study.
    pub is_refused: bool,
    /// True if it was interrupted.
    pub cancelled: bool,
}

/// A running stage.
struct RunningStage {
    started: Box<dyn Started>,
    held: ResourceGrant,
    key: StageKey,
    recipe: Recipe,
    _lock: KeyLock,
    since: Instant,
    began: String,
    attempt: u32,
    stage_inputs: StageInputs,
    /// Its last reported progress.
    progress: Option<Progress>,
}

/// A stage that can start: what it is given and why it runs.
struct ReadyStage {
    key: StageKey,
    recipe: Recipe,
    stage_inputs: StageInputs,
    reasons: Vec<String>,
    last_millis: Option<u64>,
    attempt: u32,
}

impl ReadyStage {
    /// The next attempt.
    fn retried(self) -> ReadyStage {
        ReadyStage { reasons: vec!["retried".into()], last_millis: None, attempt: self.attempt + 1, ..self }
    }
}

/// The scheduler.
pub struct Scheduler<'a> {
    run: &'a Run<'a>,
    session: Session<'a>,
    recorder: Recorder<'a>,
    /// True if the study reads images or weights that may be of its own making.
    has_outside: bool,
    /// Receipts of this run.
    made: Vec<Receipt>,
    past: Past,
    current: Current,
    /// Stages that wait for another one with the same recipe.
    twins: HashMap<StageKey, Vec<StageId>>,
    /// Damaged objects that were found, and the stages that produce them.
    lost: HashMap<Digest, Vec<StageId>>,
    /// Stages that met one, and those that make it: an input further up, whose table is whole, may be the damaged one.
    awaited: BTreeMap<StageId, Vec<StageId>>,
    /// Which stage found which object.
    met: HashSet<(StageId, Digest)>,
    states: States,
    outputs: Outputs,
    dependents: PerStage<Vec<StageId>>,
    ready: BTreeMap<StageId, ReadyStage>,
    running: BTreeMap<StageId, RunningStage>,
    slots: Slots,
    sender: Sender<Message>,
    messages: Receiver<Message>,
    cut_off: Vec<(String, StageKey)>,
    refused: Vec<Finding>,
    /// Findings that were reported to the user.
    reported: Vec<Finding>,
    /// The tables and packs that were known at the last check.
    seen: BTreeSet<Digest>,
    checked: bool,
    /// True once a table has other counts than the study expects.
    is_unmet: bool,
    stopping: bool,
    /// Stopped by the user.
    interrupted: bool,
    /// Stages of which the user was told that another run computes them.
    elsewhere: BTreeSet<StageId>,
}

impl<'a> Scheduler<'a> {
    /// A scheduler that starts from a plan; `reported` are findings that the user has seen.
    pub fn new(run: &'a Run<'a>, session: Session<'a>, recorder: Recorder<'a>, slots: Slots, plan: Plan, reported: Vec<Finding>) -> Result<Self> {
        let n = run.pipeline.stages.len();
        let (sender, messages) = crossbeam_channel::unbounded();
        let mut dependents = PerStage::repeat(vec![], n);
        for (id, stage) in run.pipeline.stages.pairs() {
            for source in stage.inputs.iter().flat_map(|i| &i.from) {
                let list: &mut Vec<StageId> = &mut dependents[source.stage];
                if list.last() != Some(&id) {
                    list.push(id);
                }
            }
        }
        let mut this = Scheduler {
            run,
            states: States::new(&session.wanted),
            session,
            recorder,
            has_outside: run.pipeline.stages.iter().any(|s| !s.stage.sources().is_empty()),
            made: vec![],
            past: plan.past,
            current: Current { forced: plan.forced, ..Current::default() },
            twins: HashMap::new(),
            lost: HashMap::new(),
            awaited: BTreeMap::new(),
            met: HashSet::new(),
            outputs: PerStage::repeat(None, n),
            dependents,
            ready: BTreeMap::new(),
            running: BTreeMap::new(),
            slots,
            sender,
            messages,
            cut_off: vec![],
            refused: vec![],
            reported,
            seen: BTreeSet::new(),
            checked: false,
            is_unmet: false,
            stopping: false,
            interrupted: false,
            elsewhere: BTreeSet::new(),
        };
        let hit = |(id, d): (StageId, &Decision)| if let Decision::Reuse { key, .. } = d { Some((run.pipeline.stages[id].name.clone(), *key)) } else { None };
        let hits: Vec<(String, StageKey)> = plan.decisions.pairs().filter_map(hit).collect();
        run.sink.handle(&Event::Reused { stages: hits.iter().map(|h| h.0.clone()).collect() });
        this.recorder.reused(&hits)?;
        for (id, decision) in plan.decisions.into_pairs() {
            this.settle(id, decision, false)?;
        }
        Ok(this)
    }

    /// Runs to the end.
    pub fn run(mut self) -> Result<Outcome> {
        loop {
            self.check_cancelled();
            let attempts = |ready: &BTreeMap<StageId, ReadyStage>| ready.iter().map(|(id, stage)| (*id, stage.attempt)).collect::<Vec<_>>();
            let before = attempts(&self.ready);
            if !self.stopping {
                self.start_ready()?;
            }
            let elsewhere = self.states.count(State::Elsewhere) > 0 && !self.stopping;
            if self.running.is_empty() && !elsewhere {
                // A stage that another run finished meanwhile may have made others ready; one that did not start is tried again.
                if !self.stopping && attempts(&self.ready) != before {
                    continue;
                }
                if self.stopping || !self.fail_unschedulable()? {
                    break;
                }
                continue;
            }
            match self.messages.recv_timeout(Duration::from_millis(if elsewhere { 30 } else { 100 })) {
                Ok(Message::Said(id, Said::Progress(progress))) => {
                    self.running.get_mut(&id).into_iter().for_each(|f| f.progress = Some(progress.clone()));
                    self.run.sink.handle(&Event::Progress { stage: self.name(id), progress });
                }
                Ok(Message::Said(id, Said::Note(note))) => self.run.sink.handle(&Event::Note { stage: self.name(id), note }),
                Ok(Message::Said(id, Said::LeftOut(files))) => self.left_out(id, &files),
                Ok(Message::Ended(id, result)) => self.ended(id, result)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("BUG: the scheduler holds a sender"),
            }
        }
        self.finish()
    }

    /// Nothing is running and nothing can start: what is ready asks for more than there is. True if something else can
    /// be tried instead: a stage with the same recipe may ask for less.
    fn fail_unschedulable(&mut self) -> Result<bool> {
        // One after the other: if it held the others back, they start now.
        let needs = |id: &StageId| self.run.pipeline.stages[*id].kind.needs as u8;
        let first = self.ready.keys().copied().min_by_key(|id| (needs(id), *id));
        if let Some((id, pending)) = first.and_then(|id| self.ready.remove_entry(&id)) {
            let message = "it requests more GPUs or memory than this machine has".into();
            self.fail(id, &Failure { message, help: Some("lower its `resources`".into()), class: Class::Machine })?;
            let twins = self.twins_of(&pending.key);
            self.recheck(twins)?;
        }
        Ok(!self.stopping && !self.ready.is_empty())
    }

    /// Stops everything if the user asked for it.
    fn check_cancelled(&mut self) {
        if !self.stopping && self.run.cancel.load(Ordering::SeqCst) {
            self.interrupted = true;
            self.stop();
        }
    }

    /// Starts nothing more, and stops what runs.
    fn stop(&mut self) {
        self.stopping = true;
        self.running.values().for_each(|f| f.started.stop());
    }

    fn name(&self, id: StageId) -> String {
        self.run.pipeline.stages[id].name.clone()
    }

    /// Starts ready stages: light ones first, so that tables are known and leaks found before anything costs time.
    fn start_ready(&mut self) -> Result<()> {
        // Nothing is computed from a table that is not what it should be.
        if self.is_unmet && !self.is_clean()? {
            return Ok(());
        }
        let needs = |s: &Self, id: StageId| s.run.pipeline.stages[id].kind.needs;
        let elsewhere = self.states.all(State::Elsewhere);
        for id in elsewhere {
            self.states.set(id, State::Ready);
        }
        let mut order: Vec<StageId> = self.ready.keys().copied().collect();
        order.sort_by_key(|id| (needs(self, *id) as u8, *id));
        let mut others = order.len() as u32;
        for id in order {
            others = others.saturating_sub(1);
            if needs(self, id) == Needs::Tensor {
                // Tables and packs first: what they show must be known before anything is trained.
                let shows = |id: StageId| self.run.pipeline.stages[id].kind.outputs.iter().any(|o| checks::LOOKED_AT.contains(&o.artifact));
                let others_left = self.ready.keys().chain(self.running.keys()).any(|i| needs(self, *i) != Needs::Tensor && shows(*i));
                if others_left || !self.is_clean()? {
                    break;
                }
            }
            if !self.start(id, others)? {
                break;
            }
        }
        Ok(())
    }

    /// Looks whether the table of a stage is as the study expects, where it says so.
    fn count(&mut self, id: StageId) {
        let stage = &self.run.pipeline.stages[id];
        let is_allowed = self.run.pipeline.allow.iter().any(|a| a.id.text == checks::expected::ID);
        let port = stage.kind.outputs.first().filter(|_| !stage.expect.is_empty() && !is_allowed);
        let table = port.zip(self.outputs[id].as_ref()).and_then(|(port, outputs)| outputs.get(port.name));
        // One that cannot be read is met again by whoever reads it next.
        let summary = table.and_then(|table| self.session.tables.summary(self.run.store, table).ok());
        self.is_unmet |= summary.is_some_and(|summary| checks::expected::differs(stage, &summary).is_some());
    }

    /// True if no check refuses the study, as far as tables are known; otherwise the run stops.
    fn is_clean(&mut self) -> Result<bool> {
        if !self.checked {
            self.checked = true;
            let found = match self.findings() {
                Err(Error::Damaged(d) | Error::Missing(d)) if self.has_owners(&d)? => return Ok(false),
                found => found?,
            };
            self.record(&found)?;
            let (refused, others): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(Finding::refuses);
            self.refused = refused;
            // The user may want to stop before anything is trained. What is allowed is reported at the end.
            let others: Vec<Finding> = others.into_iter().filter(|f| f.reason.is_none()).collect();
            let (p, texts) = (self.run.pipeline, self.session.texts);
            let news: Vec<Finding> = checks::unheard(p, &others, &self.reported).into_iter().cloned().collect();
            self.run.sink.diagnose(&checks::diagnostics(p, texts, &news, &[]), texts);
            self.reported.extend(news);
            if !self.refused.is_empty() {
                self.stop();
            }
        }
        Ok(self.refused.is_empty())
    }

    /// True if a damaged object is of a result of this run: its stage, which comes to this now, makes it again.
    fn has_owners(&mut self, object: &Digest) -> Result<bool> {
        let owners = self.lose(object);
        let is_ours = !owners.is_empty();
        self.recheck(owners)?;
        self.checked = false;
        Ok(is_ours)
    }

    /// Writes down what the checks found, before anything follows from it.
    fn record(&mut self, found: &[Finding]) -> Result<()> {
        let known = |stage: StageId, port: &str| self.outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        self.recorder.checked(self.run.pipeline, found, checks::decided(self.run.pipeline, &known))
    }

    /// What the checks find with the outputs that are known.
    fn findings(&self) -> Result<Vec<Finding>> {
        let known = |stage: StageId, port: &str| self.outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        checks::findings(self.run.pipeline, &known, &self.session.evidence(&self.made))
    }
}

impl Drop for Scheduler<'_> {
    /// Where a run ends by an error of the store, nothing goes on behind it: another run could start the same stages.
    fn drop(&mut self) {
        self.stop();
        while !self.running.is_empty() {
            match self.messages.recv() {
                Ok(Message::Ended(id, _)) => drop(self.running.remove(&id)),
                Ok(Message::Said(..)) => {}
                Err(_) => break,
            }
        }
    }
}
