//! The loop of a run: start what is ready, wait for a message, move states on.

mod ended;
mod finish;
mod settle;
mod start;

use super::event::{Event, Sink};
use super::job::{Class, Failure};
use super::launch::{Message, Started};
use super::record::Recorder;
use super::slots::{Held, Slots};
use super::state::{State, States};
use crate::checks::{self, Finding};
use crate::diagnostic::Texts;
use crate::lineage::Evidence;
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::current::Current;
use crate::plan::recipe::StageInputs;
use crate::plan::{Decision, Past, Plan};
use crate::tables::Tables;
use crate::workspace::{Listings, Workspace};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use hilum_cache::lock::KeyLock;
use hilum_cache::receipt;
use hilum_cache::{Digest, Ledger, Receipt, Recipe, Result, StageKey, WritableStore};
use hilum_stages::contract::context::{Progress, Said};
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::contract::stage::Needs;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Outputs by stage and port, as far as they are known.
pub type Outputs = Vec<Option<Arc<receipt::Outputs>>>;

/// What a run is given.
pub struct Run<'a> {
    /// The study.
    pub pipeline: &'a Pipeline,
    /// Its texts.
    pub texts: &'a Texts,
    /// Its directories.
    pub workspace: &'a Workspace,
    /// The store.
    pub store: &'a WritableStore,
    /// What path parameters name.
    pub listings: &'a Listings,
    /// Cached tables.
    pub tables: &'a Tables,
    /// The key of pseudonyms.
    pub key: Option<PseudonymKey>,
    /// Its fingerprint.
    pub pseudonyms: &'a str,
    /// Engines whose receipts are accepted.
    pub engines: &'a [String],
    /// Stages to run again.
    pub forced: &'a [StageId],
    /// True if the study reads images or weights that may be of its own making.
    pub has_outside: bool,
    /// Stages that are wanted.
    pub wanted: &'a [bool],
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
    /// True if a finding refused the study.
    pub is_refused: bool,
    /// True if it was interrupted.
    pub cancelled: bool,
}

/// A running stage.
struct RunningStage {
    started: Started,
    held: Held,
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

/// A stage that is ready.
struct PendingStage {
    key: StageKey,
    recipe: Recipe,
    stage_inputs: StageInputs,
    reasons: Vec<String>,
    last_millis: Option<u64>,
    attempt: u32,
}

/// The scheduler.
pub struct Scheduler<'a> {
    run: &'a Run<'a>,
    recorder: Recorder<'a>,
    ledger: Ledger,
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
    dependents: Vec<Vec<StageId>>,
    ready: BTreeMap<StageId, PendingStage>,
    flights: BTreeMap<StageId, RunningStage>,
    slots: Slots,
    tell: Sender<Message>,
    hear: Receiver<Message>,
    cut_off: Vec<(String, StageKey)>,
    refused: Vec<Finding>,
    warned: BTreeSet<String>,
    /// How many tables and packs were known at the last check.
    seen: usize,
    checked: bool,
    stopping: bool,
}

impl<'a> Scheduler<'a> {
    /// A scheduler for a plan, which it begins with.
    pub fn new(run: &'a Run<'a>, recorder: Recorder<'a>, ledger: Ledger, slots: Slots, plan: Plan) -> Result<Self> {
        let n = run.pipeline.stages.len();
        let (tell, hear) = crossbeam_channel::unbounded();
        let mut dependents = vec![vec![]; n];
        for (id, stage) in run.pipeline.stages.iter().enumerate() {
            for source in stage.inputs.iter().flat_map(|i| &i.from) {
                let list: &mut Vec<StageId> = &mut dependents[source.stage];
                if list.last() != Some(&id) {
                    list.push(id);
                }
            }
        }
        let mut this = Scheduler {
            run,
            recorder,
            ledger,
            made: vec![],
            past: plan.past,
            current: Current { forced: plan.forced, ..Current::default() },
            twins: HashMap::new(),
            lost: HashMap::new(),
            awaited: BTreeMap::new(),
            met: HashSet::new(),
            states: States::new(run.wanted),
            outputs: vec![None; n],
            dependents,
            ready: BTreeMap::new(),
            flights: BTreeMap::new(),
            slots,
            tell,
            hear,
            cut_off: vec![],
            refused: vec![],
            warned: BTreeSet::new(),
            seen: 0,
            checked: false,
            stopping: false,
        };
        let hit = |(id, d): (StageId, &Decision)| if let Decision::Reuse { key, .. } = d { Some((run.pipeline.stages[id].name.clone(), *key)) } else { None };
        let hits: Vec<(String, StageKey)> = plan.decisions.iter().enumerate().filter_map(hit).collect();
        run.sink.handle(&Event::Reused { stages: hits.iter().map(|h| h.0.clone()).collect() });
        this.recorder.reused(&hits)?;
        for (id, decision) in plan.decisions.into_iter().enumerate() {
            this.settle(id, decision, false)?;
        }
        Ok(this)
    }

    /// Runs to the end.
    pub fn run(mut self) -> Result<Outcome> {
        loop {
            if self.run.cancel.load(Ordering::SeqCst) && !self.stopping {
                self.stopping = true;
                self.flights.values().for_each(|f| f.started.stop());
            }
            let before: Vec<StageId> = self.ready.keys().copied().collect();
            if !self.stopping {
                self.start_what_can()?;
            }
            let elsewhere = self.states.count(State::Elsewhere) > 0 && !self.stopping;
            if self.flights.is_empty() && !elsewhere {
                // A stage that another run finished meanwhile may have made others ready.
                if !self.stopping && self.ready.keys().ne(before.iter()) {
                    continue;
                }
                if self.stopping || !self.give_up()? {
                    break;
                }
                continue;
            }
            match self.hear.recv_timeout(Duration::from_millis(if elsewhere { 30 } else { 100 })) {
                Ok(Message::Said(id, Said::Progress(progress))) => {
                    self.flights.get_mut(&id).into_iter().for_each(|f| f.progress = Some(progress.clone()));
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

    /// Nothing is under way and nothing can begin: what is ready asks for more than there is. True if something else can
    /// be tried instead: a stage with the same recipe may ask for less.
    fn give_up(&mut self) -> Result<bool> {
        // One after the other: where it held the others back, they begin now.
        let needs = |id: &StageId| self.run.pipeline.stages[*id].kind.needs as u8;
        let first = self.ready.keys().copied().min_by_key(|id| (needs(id), *id));
        if let Some((id, waiter)) = first.and_then(|id| self.ready.remove_entry(&id)) {
            let message = "it requests more GPUs or memory than this machine has".into();
            self.fail(id, &Failure { message, help: Some("lower its `resources`".into()), class: Class::Machine })?;
            let twins = self.twins_of(&waiter.key);
            self.recheck(twins)?;
        }
        Ok(!self.stopping && !self.ready.is_empty())
    }

    fn name(&self, id: StageId) -> String {
        self.run.pipeline.stages[id].name.clone()
    }

    /// Starts ready stages: light ones first, so that tables are known and leaks found before anything costs time.
    fn start_what_can(&mut self) -> Result<()> {
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
                let shows = |id: StageId| self.run.pipeline.stages[id].kind.outputs.iter().any(|o| checks::LOOKED_AT.contains(&o.kind));
                let others_left = self.ready.keys().chain(self.flights.keys()).any(|i| needs(self, *i) != Needs::Tensor && shows(*i));
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

    /// True if no check refuses the study, as far as tables are known; otherwise the run stops.
    fn is_clean(&mut self) -> Result<bool> {
        if !self.checked {
            self.checked = true;
            let (refused, others): (Vec<Finding>, Vec<Finding>) = self.findings()?.into_iter().partition(Finding::refuses);
            self.refused = refused;
            // They are shown in full at the end; the user may want to stop before anything is trained.
            for finding in checks::for_people(self.run.pipeline, others.iter().filter(|f| f.reason.is_none())) {
                let message = finding.summary();
                if self.warned.insert(message.clone()) {
                    self.run.sink.handle(&Event::Warning { message });
                }
            }
            if !self.refused.is_empty() {
                self.stopping = true;
                self.flights.values().for_each(|f| f.started.stop());
            }
        }
        Ok(self.refused.is_empty())
    }

    /// What the checks find with the outputs that are known.
    fn findings(&self) -> Result<Vec<Finding>> {
        let known = |stage: StageId, port: &str| self.outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        let run = self.run;
        checks::findings(
            run.pipeline,
            &known,
            &Evidence { store: run.store, tables: run.tables, ledger: &self.ledger, made: &self.made, listings: run.listings, pseudonyms: run.pseudonyms },
        )
    }
}
