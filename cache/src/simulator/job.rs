//! What simulated processes do: what `hilum run`, `gc`, `verify` and `report` ask of a store, in their order.

use super::model::Model;
use super::process;
use super::study::{Stage, VARIANTS};
use crate::checkout::{Rest, check_out};
use crate::checkpoint::Checkpoints;
use crate::evidence::checkpoint;
use crate::gc::{self, Keep};
use crate::journal::{Event, Failure, Finished};
use crate::lock::{KeyLock, StoreLock};
use crate::receipt::{Determinism, Environment};
use crate::{Digest, Journal, Ledger, Receipt, Result, Store, WritableStore, clock, journal, verify};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Job {
    /// A run of a variant of the study, which may be stopped after that many stages.
    Run { variant: usize, stages: usize },
    /// `gc`.
    Clean { runs: usize },
    /// `verify`.
    Verify,
    /// A reader of everything.
    Read,
}

impl Job {
    /// Does it below a directory.
    pub(crate) fn perform(self, base: &Path, model: &Mutex<Model>) -> Result<()> {
        let root = base.join("store");
        match self {
            Job::Run { variant, stages } => run(base, &VARIANTS[variant][..stages], stages == 3, model),
            Job::Clean { runs } => {
                let store = WritableStore::open(&root)?;
                if store.is_new() {
                    return Ok(());
                }
                let cleaned = gc::collect(&store, Keep { runs: Some(runs), max_size: None }, &|_, _| false);
                process::note(|| format!("gc: {cleaned:?}"));
                // Nobody else went on since the last object was removed.
                if !matches!(cleaned, Err(crate::Error::Busy)) {
                    let names = runs_of(&root);
                    model.lock().unwrap().cleaned(&names[names.len() - runs.min(names.len())..]);
                }
                cleaned.map(drop)
            }
            Job::Verify => {
                let store = WritableStore::open(&root)?;
                let _lock = StoreLock::read(&store);
                let ledger = Ledger::load(&store)?;
                verify::verify(&store, &ledger).map(drop)
            }
            Job::Read => {
                let store = Store::open(&root)?;
                let _lock = StoreLock::read(&store);
                for (receipt, _) in Ledger::load(&store)?.receipts() {
                    for artifact in receipt.outputs.values() {
                        for file in store.files(artifact).unwrap_or_default() {
                            let read = store.read(&file.digest);
                            assert!(read.is_err() || read.is_ok_and(|bytes| Digest::of(&bytes) == file.digest), "wrong bytes under a digest");
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

/// Runs, oldest first, without taking a turn.
fn runs_of(root: &Path) -> Vec<String> {
    let number = |name: &String| journal::number_of(&fs::read(root.join("runs").join(name).join("journal.jsonl")).unwrap_or_default());
    let names = fs::read_dir(root.join("runs")).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut all: Vec<(u64, String)> =
        names.filter(|name| root.join("runs").join(name).join("journal.jsonl").exists()).map(|name| (number(&name), name)).collect();
    all.sort();
    all.into_iter().map(|run| run.1).collect()
}

/// A journal whose lines are known to the model.
struct Recorder<'a> {
    journal: Journal,
    model: &'a Mutex<Model>,
}

impl Recorder<'_> {
    fn append(&mut self, event: &Event, known: impl FnOnce(&mut Model, &str)) -> Result<()> {
        let is_durable = matches!(event, Event::Started { .. } | Event::Receipt { .. } | Event::Finished(_));
        self.model.lock().unwrap().attempts(self.journal.run());
        let written = self.journal.append(event);
        process::note(|| format!("append {event:?}: {}", if written.is_ok() { "fine" } else { "failed" }));
        if written.is_ok() {
            let mut model = self.model.lock().unwrap();
            model.acknowledges(self.journal.run(), [], is_durable);
            known(&mut model, self.journal.run());
        }
        written
    }
}

fn run(base: &Path, stages: &[Stage], is_whole: bool, model: &Mutex<Model>) -> Result<()> {
    let store = WritableStore::create(&base.join("store"))?;
    let mut ledger = Ledger::load(&store)?;
    if let Ok(_alone) = StoreLock::own(&store) {
        gc::sweep(&store);
    }
    let _here = StoreLock::share(&store)?;
    let journal = Journal::begin(&store)?;
    model.lock().unwrap().began(journal.run());
    process::note(|| format!("run {}", journal.run()));
    let mut recorder = Recorder { journal, model };
    recorder.append(&Event::Started { study: "s".into(), pipeline: Digest::of(b"s"), resolved: Value::Null }, |_, _| {})?;
    for (of, bytes) in journal::repair(&store)? {
        recorder.append(&Event::Recovered { of, bytes: bytes as u64 }, |_, _| {})?;
    }
    for stage in stages {
        let made = carry_out(&store, stage, &mut ledger, &mut recorder);
        if made.is_err() {
            // As a run does: what failed is recorded, if it can be.
            let failure = Failure { study: "s".into(), stage: stage.name.to_owned(), message: "it failed".into() };
            recorder.append(&Event::Failed(failure), |_, _| {})?;
        }
        made?;
    }
    recorder.append(&Event::Finished(Finished { executed: stages.len(), reused: 0, failed: 0, skipped: 0, cancelled: false }), |_, _| {})?;
    checkpoint::write(&store, recorder.journal.run(), None)?;
    let wanted: Vec<_> = stages.iter().flat_map(Stage::wanted).collect();
    let rest = if is_whole { Rest::Removed } else { Rest::Kept };
    let laid = check_out(&store, &base.join("results/s"), &base.join("private/laid-out"), &wanted, rest);
    process::note(|| format!("results: {laid:?}"));
    laid.map(drop)
}

fn carry_out(store: &WritableStore, stage: &Stage, ledger: &mut Ledger, recorder: &mut Recorder) -> Result<()> {
    let is_made = |ledger: &Ledger| ledger.outputs(&stage.key).is_some_and(|outputs| outputs.values().all(|artifact| store.has_intact(artifact)));
    let lock = loop {
        if is_made(ledger) {
            let reused = Event::Reused { study: "s".into(), stages: [(stage.name.to_owned(), stage.key)].into() };
            return recorder.append(&reused, |model, run| model.acknowledges(run, [stage.key], false));
        }
        if let Some(lock) = KeyLock::try_take(store, &stage.key)? {
            ledger.refresh(store, recorder.journal.run())?;
            if !is_made(ledger) {
                break lock;
            }
        } else {
            assert!(process::wait() || KeyLock::try_take(store, &stage.key)?.is_some(), "{} is held by nobody", stage.name);
            ledger.refresh(store, recorder.journal.run())?;
        }
    };
    let checkpoints = Checkpoints::of(store, &stage.key);
    if stage.is_long {
        train(stage, &checkpoints, recorder)?;
    }
    if let Some(list) = &stage.list {
        store.put(list)?;
    }
    // Kept: a process that is killed removes nothing.
    let work = store.scratch()?.keep();
    for (name, bytes) in &stage.files {
        let path = work.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).and_then(|()| fs::write(&path, bytes)).expect("a directory that is not simulated");
    }
    let artifact = store.put_dir("table", &work)?;
    assert_eq!(artifact, stage.artifact, "other bytes under the same recipe");
    let tmp = store.directory("tmp")?;
    let _ = tmp.remove_all(work.file_name().expect("a name"));
    let receipt = receipt(stage);
    recorder.model.lock().unwrap().attempted.push((recorder.journal.run().to_owned(), receipt.clone()));
    let event = Event::Receipt { receipt: Box::new(receipt) };
    let mut append = || recorder.append(&event, |model, run| model.is_made(run, stage.key));
    // Runs give up; whoever does not must not be told a lie.
    append().or_else(|_| append())?;
    checkpoints.remove();
    drop(lock);
    Ok(())
}

/// Resumes from a checkpoint and saves some more.
fn train(stage: &Stage, checkpoints: &Checkpoints, recorder: &Recorder) -> Result<()> {
    let from = checkpoints.latest().map_or(0, |(step, bytes)| {
        assert!(recorder.model.lock().unwrap().checkpoints.contains(&(stage.key, step)), "a checkpoint that nobody saved");
        assert!(bytes == stage.checkpoint(step), "a checkpoint of other bytes");
        step
    });
    for step in from + 1..from + 4 {
        recorder.model.lock().unwrap().checkpoints.insert((stage.key, step));
        // A training goes on without them.
        if checkpoints.save(step, &stage.checkpoint(step)).is_ok() {
            assert_eq!(checkpoints.latest(), Some((step, stage.checkpoint(step))), "a checkpoint that was saved");
        }
    }
    Ok(())
}

fn receipt(stage: &Stage) -> Receipt {
    Receipt {
        key: stage.key,
        study: "s".into(),
        stage: stage.name.into(),
        recipe: stage.recipe.clone(),
        outputs: [("out".to_owned(), stage.artifact.clone())].into_iter().collect(),
        flow: Default::default(),
        determinism: Determinism::Bitwise,
        environment: Environment::default(),
        started: clock::now(),
        millis: 1,
        peak_memory: None,
        attempt: 1,
        notes: vec![],
    }
}
