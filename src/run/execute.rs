//! The loop of a run: start what is ready, wait for a message, move states on.

mod ended;
mod finish;

use super::event::{Event, Sink};
use super::job::Job;
use super::launch::{self, Message, Started};
use super::record::Recorder;
use super::slots::{Held, Slots};
use super::state::{State, States};
use crate::checks::{self, Finding};
use crate::diagnostic::Texts;
use crate::lineage::Evidence;
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::plan::recipe::Shipment;
use crate::plan::tables::Tables;
use crate::plan::{self, Decision, Past, Plan, World};
use crate::workspace::{IMAGE_MAP, Listings, Workspace};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use hilum_cache::lock::KeyLock;
use hilum_cache::receipt;
use hilum_cache::{Error, Ledger, Recipe, Result, Store, WritableStore};
use hilum_stages::contract::context::Said;
use hilum_stages::contract::stage::Needs;
use hilum_stages::data::pseudonym::PseudonymKey;
use std::cell::RefCell;
use std::collections::BTreeMap;
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
    /// Its folders.
    pub workspace: &'a Workspace,
    /// The store.
    pub store: &'a WritableStore,
    /// What path parameters name.
    pub listings: &'a Listings,
    /// Tables that were read.
    pub tables: &'a Tables,
    /// The key of pseudonyms.
    pub key: Option<PseudonymKey>,
    /// Its fingerprint.
    pub pseudonyms: &'a str,
    /// Engines whose receipts are accepted.
    pub engines: &'a [String],
    /// Stages to execute anew.
    pub forced: &'a [StageId],
    /// Stages that are wanted.
    pub wanted: &'a [bool],
    /// Seconds between checkpoints of a training.
    pub checkpoint_every: f64,
    /// Go on beside a failure.
    pub keep_going: bool,
    /// Set when the run shall stop.
    pub cancel: &'a AtomicBool,
    /// Hears of everything.
    pub sink: &'a dyn Sink,
}

/// How a run went.
pub struct Outcome {
    /// Stages executed.
    pub executed: usize,
    /// Stages reused.
    pub reused: usize,
    /// Stages failed.
    pub failed: usize,
    /// Stages skipped.
    pub skipped: usize,
    /// What is known at the end.
    pub outputs: Outputs,
    /// Findings that refused the study.
    pub refused: Vec<Finding>,
    /// True where it was told to stop.
    pub cancelled: bool,
}

/// A stage under way.
struct Flight {
    started: Started,
    held: Held,
    recipe: Recipe,
    _lock: KeyLock,
    since: Instant,
    began: String,
    attempt: u32,
    shipment: Shipment,
}

/// A stage that is ready.
struct Waiter {
    recipe: Recipe,
    shipment: Shipment,
    reasons: Vec<String>,
    last_millis: Option<u64>,
    attempt: u32,
}

/// The scheduler.
pub struct Scheduler<'a> {
    run: &'a Run<'a>,
    recorder: Recorder<'a>,
    ledger: Ledger,
    past: Past,
    states: States,
    outputs: Outputs,
    dependents: Vec<Vec<StageId>>,
    ready: BTreeMap<StageId, Waiter>,
    flights: BTreeMap<StageId, Flight>,
    slots: Slots,
    tell: Sender<Message>,
    hear: Receiver<Message>,
    cut_off: Vec<(String, hilum_cache::StageKey)>,
    refused: Vec<Finding>,
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
            past: Past::default(),
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
            checked: false,
            stopping: false,
        };
        let mut hits = vec![];
        for (id, decision) in plan.decisions.into_iter().enumerate() {
            if let Decision::Reuse { key, .. } = &decision {
                hits.push((run.pipeline.stages[id].name.clone(), *key));
            }
            this.settle(id, decision, false);
        }
        run.sink.hear(&Event::Reused { stages: hits.iter().map(|h| h.0.clone()).collect() });
        this.recorder.reused(&hits)?;
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
                break;
            }
            match self.hear.recv_timeout(Duration::from_millis(if elsewhere { 30 } else { 100 })) {
                Ok(Message::Said(id, Said::Progress(progress))) => self.run.sink.hear(&Event::Progress { stage: self.name(id), progress }),
                Ok(Message::Said(id, Said::Note(text))) => self.run.sink.hear(&Event::Note { stage: self.name(id), text }),
                Ok(Message::Ended(id, result)) => self.ended(id, result)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("BUG: the scheduler holds a sender"),
            }
        }
        self.finish()
    }

    fn name(&self, id: StageId) -> String {
        self.run.pipeline.stages[id].name.clone()
    }

    fn world(&self) -> World<'_> {
        World {
            store: self.run.store,
            ledger: &self.ledger,
            listings: self.run.listings,
            pseudonyms: self.run.pseudonyms,
            engines: self.run.engines,
            tables: self.run.tables,
            forced: self.run.forced,
            wanted: self.run.wanted,
            texts: self.run.texts,
            whole: RefCell::default(),
        }
    }

    fn decide(&self, id: StageId) -> Result<Decision> {
        let known = |stage: StageId, port: &str| self.outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        plan::decide(self.run.pipeline, id, &known, &self.world(), &self.past)
    }

    /// Takes a decision about a waiting stage; `late` where it was made while the run was under way.
    fn settle(&mut self, id: StageId, decision: Decision, late: bool) {
        match decision {
            Decision::Reuse { key, outputs } => {
                self.states.set(id, State::Reused);
                self.outputs[id] = Some(outputs);
                if late {
                    self.cut_off.push((self.name(id), key));
                    self.run.sink.hear(&Event::CutOff { stage: self.name(id) });
                }
            }
            Decision::Execute { recipe, shipment, reasons, last_millis, continues } => {
                self.states.set(id, State::Ready);
                let on = continues.map(|step| format!("goes on after step {step}"));
                let reasons = reasons.iter().map(|r| r.say(self.run.pipeline)).chain(on).collect();
                self.ready.insert(id, Waiter { recipe: *recipe, shipment, reasons, last_millis, attempt: 1 });
            }
            Decision::Undecided { .. } | Decision::Unwanted => {}
        }
    }

    /// Decides about waiting stages again, after outputs became known.
    fn recheck(&mut self, mut queue: Vec<StageId>) -> Result<()> {
        while let Some(id) = queue.pop() {
            if self.states.get(id) != State::Waiting {
                continue;
            }
            match self.decide(id) {
                Ok(decision) => {
                    let reused = matches!(decision, Decision::Reuse { .. });
                    self.settle(id, decision, true);
                    if reused {
                        queue.extend(self.dependents[id].iter().copied());
                    }
                }
                Err(Error::Damaged(d) | Error::Missing(d)) => {
                    let owners = self.lose(&d);
                    queue.extend(owners);
                }
                Err(e) => return Err(e),
            }
        }
        self.checked = false;
        Ok(())
    }

    /// Starts ready stages: light ones first, so that tables are known and leaks found before anything costs time.
    fn start_what_can(&mut self) -> Result<()> {
        let needs = |s: &Self, id: StageId| s.run.pipeline.stages[id].kind.needs;
        let elsewhere = self.states.all(State::Elsewhere);
        for id in elsewhere {
            self.states.set(id, State::Ready);
        }
        let mut order: Vec<StageId> = self.ready.keys().copied().collect();
        order.sort_by_key(|id| (needs(self, *id) != Needs::Light, *id));
        let mut others = order.len() as u32;
        for id in order {
            others = others.saturating_sub(1);
            if needs(self, id) == Needs::Tensor {
                // Tables and packs first: what they show must be known before anything is trained.
                let others_left = self.ready.keys().chain(self.flights.keys()).any(|i| needs(self, *i) != Needs::Tensor);
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

    /// True where no check refuses the study, as far as tables are known; otherwise the run stops.
    fn is_clean(&mut self) -> Result<bool> {
        if !self.checked {
            self.checked = true;
            self.refused = self.findings()?.into_iter().filter(Finding::refuses).collect();
            if !self.refused.is_empty() {
                self.stopping = true;
                self.flights.values().for_each(|f| f.started.stop());
            }
        }
        Ok(self.refused.is_empty())
    }

    /// Starts a ready stage; false where nothing is free.
    fn start(&mut self, id: StageId, others: u32) -> Result<bool> {
        let stage = &self.run.pipeline.stages[id];
        let Some(held) = self.slots.take(stage, others) else { return Ok(false) };
        let waiter = self.ready.remove(&id).expect("BUG: only ready stages are started");
        let key = waiter.recipe.key();
        let Some(lock) = KeyLock::try_take(self.run.store, &key)? else {
            self.states.set(id, State::Elsewhere);
            self.slots.free(held);
            self.ready.insert(id, waiter);
            return Ok(true);
        };
        // Whoever held the key before may have finished it.
        if !self.run.forced.contains(&id) {
            self.ledger.refresh(self.run.store, self.recorder.run())?;
            let found = self.ledger.outputs(&key).filter(|o| self.world().has_whole(o));
            if let Some(outputs) = found {
                self.slots.free(held);
                self.settle(id, Decision::Reuse { key, outputs }, true);
                self.recheck(self.dependents[id].clone())?;
                return Ok(true);
            }
        }
        for list in &waiter.shipment.lookups {
            self.run.store.put(list)?;
        }
        let job = Job {
            store: self.run.store.root().to_path_buf(),
            kind: stage.kind.name.into(),
            parameters: stage.parameters.clone(),
            seed: stage.seed.map(|s| s.0),
            inputs: waiter.shipment.artifacts.clone(),
            device: held.device,
            images: self.run.workspace.private.join(IMAGE_MAP),
            expect: stage.expect.clone(),
            key,
            checkpoint_every: self.run.checkpoint_every,
            sources: self.run.listings.get(&id).into_iter().flatten().map(|(name, listing)| (name.clone(), (**listing).clone())).collect(),
            pseudonyms: self.run.key.clone(),
        };
        if stage.kind.needs != Needs::Light {
            self.recorder.begun(&stage.name, &job.key)?;
        }
        self.states.set(id, State::Running);
        let device = (stage.kind.needs == Needs::Tensor).then(|| hilum_stages::engine(held.device));
        self.run.sink.hear(&Event::Begun { stage: stage.name.clone(), reasons: waiter.reasons.clone(), device, last_millis: waiter.last_millis });
        let started = if stage.kind.needs == Needs::Light {
            Ok(launch::in_thread(id, job, self.tell.clone()))
        } else {
            let stderr = self.run.store.run_folder(self.recorder.run()).join("stderr").join(stage.name.replace('/', "_") + ".txt");
            launch::in_process(id, &job, held.threads, stderr, self.tell.clone())
        };
        let started = match started {
            Ok(started) => started,
            Err(failure) => {
                self.slots.free(held);
                self.fail(id, &failure)?;
                return Ok(true);
            }
        };
        let flight = Flight {
            started,
            held,
            recipe: waiter.recipe,
            _lock: lock,
            since: Instant::now(),
            began: hilum_cache::clock::now(),
            attempt: waiter.attempt,
            shipment: waiter.shipment,
        };
        self.flights.insert(id, flight);
        Ok(true)
    }

    /// What the checks find with the outputs that are known.
    fn findings(&self) -> Result<Vec<Finding>> {
        let known = |stage: StageId, port: &str| self.outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        let run = self.run;
        checks::findings(run.pipeline, &known, &Evidence { store: run.store, tables: run.tables, ledger: &self.ledger, listings: run.listings })
    }
}
