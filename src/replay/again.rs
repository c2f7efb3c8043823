//! One result, computed again: by a worker as in a run, from what the store has, into a store of its own, which goes with it. Nothing is
//! written to the store that is looked at.

use super::inputs::{self, Obstacle};
use super::outside::Outside;
use super::population::Unit;
use crate::pipeline::model::PerStage;
use crate::provenance::{self, History};
use crate::run::environment::environment;
use crate::run::job::{Class, Done, Failure, Job};
use crate::run::launch::{Launch, Launchers, Message};
use crate::tables::Tables;
use crate::workspace::Places;
use crossbeam_channel::RecvTimeoutError;
use hilum_cache::journal::{ReplayOutcome, Replayed};
use hilum_cache::receipt::{Determinism, Outputs};
use hilum_cache::store::Presence;
use hilum_cache::{Digest, Receipt, Result, WritableStore};
use hilum_stages::KINDS;
use hilum_stages::contract::context::DeviceChoice;
use hilum_stages::contract::fit::NotWritten;
use hilum_stages::contract::kind::StageKind;
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::contract::source::Listing;
use hilum_stages::contract::stage::Needs;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A result that was looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recomputed {
    /// What came of it, as a journal has it.
    pub replayed: Replayed,
    /// True where the store does not hold together: it could not be computed since what the store says of it does not fit.
    pub is_unsound: bool,
    /// True where it could not be computed although everything was there.
    pub has_failed: bool,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Computes results of a store again.
pub struct Replayer<'a> {
    history: &'a History<'a>,
    tables: Tables,
    scratch: PathBuf,
    /// Directories that are in no message.
    places: Places,
    launchers: Launchers,
    outside: Outside,
    /// The first GPU, if there is one.
    gpu: Option<usize>,
    threads: u32,
}

/// Longer than anything takes: what is computed here is not resumed.
const NEVER: f64 = 1e12;
/// How often it is looked whether the user wants to stop.
const TICK: Duration = Duration::from_millis(50);

impl<'a> Replayer<'a> {
    /// Of the runs of a store. `scratch` is a directory with space for what one stage makes; `outside` is what is known of files that are
    /// not in the store.
    pub fn new(history: &'a History<'a>, scratch: &Path, launchers: Launchers, outside: Outside) -> Replayer<'a> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        // Where it is looked for in a message, it has no link on its way.
        let scratch = scratch.canonicalize().unwrap_or_else(|_| scratch.to_path_buf());
        // What comes of it is recorded, also in words.
        let mut places = outside.places.clone();
        places.add(&scratch, "SCRATCH", true);
        places.add(history.store().root(), "STORE", true);
        Replayer { history, tables: Tables::default(), scratch, places, launchers, outside, gpu: hilum_stages::gpus().first().copied(), threads }
    }

    /// Computes the result of the receipt at this place of [`History::receipts`] again; none if it was stopped.
    ///
    /// # Errors
    /// If nothing can be written in the scratch directory, or the list of removed objects cannot be read.
    pub fn replay(&self, at: usize, cancel: &AtomicBool) -> Result<Option<Recomputed>> {
        let began = Instant::now();
        let receipt = &self.history.receipts()[at].0;
        let unit = Unit::of(self.history, at);
        let recorded: BTreeMap<String, Digest> = receipt.outputs.iter().map(|(port, artifact)| (port.clone(), artifact.digest)).collect();
        let found = |outputs: &Outputs| outputs.iter().map(|(port, artifact)| (port.clone(), artifact.digest)).collect::<BTreeMap<_, _>>();
        let of = |outcome, reason, outputs: Option<&Outputs>| Replayed {
            key: unit.key,
            study: receipt.study.clone(),
            stage: unit.stage.clone(),
            run: unit.run.clone(),
            outcome,
            reason,
            recorded: recorded.clone(),
            found: outputs.map(found).unwrap_or_default(),
        };
        let (mut is_unsound, mut has_failed) = (false, false);
        let replayed = match self.compute(at, cancel)? {
            Computed::Stopped => return Ok(None),
            Computed::Outputs(outputs, device, kind) => {
                let (outcome, reason) = compared(receipt, &outputs, kind, &environment(self.threads, device).fingerprint);
                of(outcome, reason, Some(&outputs))
            }
            Computed::Not(obstacle) => {
                let reason = match obstacle {
                    Obstacle::NotHere(why) => why,
                    Obstacle::Object(digest) => {
                        let (why, is_fault) = self.about(&digest)?;
                        is_unsound = is_fault;
                        why
                    }
                    Obstacle::Unsound(why) => {
                        is_unsound = true;
                        why
                    }
                };
                of(ReplayOutcome::NotReplayed, Some(self.places.scrubbed(&reason)), None)
            }
            Computed::Failed(why) => {
                has_failed = true;
                of(ReplayOutcome::NotReplayed, Some(self.places.scrubbed(&format!("it failed: {why}"))), None)
            }
        };
        Ok(Some(Recomputed { replayed, is_unsound, has_failed, millis: began.elapsed().as_millis() as u64 }))
    }

    fn compute(&self, at: usize, cancel: &AtomicBool) -> Result<Computed> {
        let receipt = &self.history.receipts()[at].0;
        let Work { kind, device, parameters, sources, pseudonyms } = match self.work(receipt) {
            Ok(work) => work,
            Err(obstacle) => return Ok(Computed::Not(obstacle)),
        };
        let given = match inputs::given(self.history, &self.tables, at, kind) {
            Ok(given) => given,
            Err(obstacle) => return Ok(Computed::Not(obstacle)),
        };
        let seed = match receipt.recipe.seed.as_deref().map(str::parse).transpose() {
            Ok(seed) => seed,
            Err(_) => return Ok(Computed::Not(Obstacle::Unsound("its recipe has a seed that is no number".to_owned()))),
        };
        let held = tempfile::Builder::new().prefix("hilum-replay-").tempdir_in(&self.scratch);
        let held = held.map_err(hilum_cache::Error::io("create a directory in", &self.scratch))?;
        let store = WritableStore::create(&held.path().join("store"))?;
        // The map in the directories of the owner may be wrong: this one is of files whose bytes were looked at.
        let images = held.path().join("images");
        self.outside.images.save(&images)?;
        let job = Job {
            store: store.root().to_path_buf(),
            from: self.history.store().root().to_path_buf(),
            kind: kind.name.into(),
            parameters,
            seed,
            inputs: given,
            device: device.unwrap_or(DeviceChoice::Cpu),
            images,
            key: receipt.key,
            checkpoint_every: NEVER,
            sources,
            pseudonyms,
        };
        Ok(match self.perform(job, kind, &held.path().join("stderr.txt"), cancel) {
            None => Computed::Stopped,
            Some(Ok(done)) => Computed::Outputs(done.outputs, device, kind),
            Some(Err(Failure { class: Class::Cancelled, .. })) => Computed::Stopped,
            Some(Err(Failure { class: Class::Damaged(digest), .. })) => Computed::Not(Obstacle::Object(digest)),
            Some(Err(failure)) => Computed::Failed(failure.message),
        })
    }

    /// What is to be done, if this program and this machine can do what the receipt says was done.
    fn work(&self, receipt: &Receipt) -> std::result::Result<Work, Obstacle> {
        let recipe = &receipt.recipe;
        let not_here = |why: String| Err(Obstacle::NotHere(why));
        let Some(kind) = KINDS.iter().find(|kind| kind.name == recipe.kind) else {
            return not_here(format!("this program has no stage kind `{}`", recipe.kind));
        };
        if kind.version != recipe.version {
            return not_here(format!("it was made by version {} of `{}`, and this program has version {}", recipe.version, kind.name, kind.version));
        }
        let found = if recipe.sources.is_empty() { Some((recipe.parameters.clone(), BTreeMap::new())) } else { self.outside.sources(recipe) };
        let Some((parameters, sources)) = found else {
            let names: Vec<String> = recipe.sources.keys().map(|name| format!("`{name}`")).collect();
            return not_here(format!("it was made of files from outside of the store: {}", names.join(", ")));
        };
        let pseudonyms = recipe.pseudonyms.as_ref().map(|fingerprint| self.outside.key(fingerprint));
        if matches!(pseudonyms, Some(None)) {
            return not_here("it was made with a pseudonym key, which is in no store".to_owned());
        }
        let pseudonyms = pseudonyms.flatten();
        if (kind.decode)(parameters.clone(), &NotWritten).is_err() {
            return Err(Obstacle::Unsound(format!("its recipe has parameters that `{}` does not take", kind.name)));
        }
        let devices = [Some(DeviceChoice::Cpu), self.gpu.map(DeviceChoice::Cuda)];
        match (&recipe.engine, kind.needs == Needs::Tensor) {
            (None, false) => Ok(Work { kind, device: None, parameters, sources, pseudonyms }),
            (Some(engine), true) => match devices.into_iter().flatten().find(|device| hilum_stages::engine(*device) == *engine) {
                Some(device) => Ok(Work { kind, device: Some(device), parameters, sources, pseudonyms }),
                None => not_here(format!("it was computed with the engine {engine}, which this program or this machine does not have")),
            },
            _ => Err(Obstacle::Unsound(format!("its recipe names an engine where `{}` has none, or none where it has one", kind.name))),
        }
    }

    /// Runs a job as a run does; none if it was stopped.
    fn perform(&self, job: Job, kind: &StageKind, stderr: &Path, cancel: &AtomicBool) -> Option<std::result::Result<Done, Failure>> {
        let id = PerStage::default().push(());
        let (messages, received) = crossbeam_channel::unbounded();
        let started = match self.launchers.of(kind.needs).launch(Launch { id, job, threads: self.threads, stderr: stderr.to_path_buf(), messages }) {
            Ok(started) => started,
            Err(failure) => return Some(Err(failure)),
        };
        loop {
            if cancel.load(Ordering::SeqCst) {
                started.stop();
            }
            match received.recv_timeout(TICK) {
                Ok(Message::Ended(_, ended)) => return if cancel.load(Ordering::SeqCst) { None } else { Some(ended) },
                Ok(Message::Said(..)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// What is said of an object that is not there or damaged; true where the store should have it.
    fn about(&self, digest: &Digest) -> Result<(String, bool)> {
        let store = self.history.store();
        if store.presence(digest, None) != Presence::Absent {
            return Ok((format!("the object {digest}, which it is made of, is damaged"), true));
        }
        if provenance::removed(store)?.contains(digest) {
            return Ok((format!("the object {digest}, which it is made of, was removed or erased"), false));
        }
        if self.recorded().contains(digest) {
            return Ok((format!("the object {digest}, which it is made of, is missing"), true));
        }
        Ok(("it takes images that are only in directories of the owner".to_owned(), false))
    }

    /// All objects that some stage made.
    fn recorded(&self) -> HashSet<Digest> {
        let (mut out, mut seen) = (HashSet::new(), HashSet::new());
        for artifact in self.history.receipts().iter().flat_map(|(receipt, _)| receipt.outputs.values()).filter(|artifact| seen.insert(artifact.digest)) {
            out.insert(artifact.digest);
            out.extend(self.history.store().files(artifact).unwrap_or_default().into_iter().map(|file| file.digest));
        }
        out
    }
}

/// What is to be computed.
struct Work {
    kind: &'static StageKind,
    /// The device of a kind that has tensors.
    device: Option<DeviceChoice>,
    parameters: Value,
    sources: BTreeMap<String, Listing>,
    pseudonyms: Option<PseudonymKey>,
}

/// How it went.
enum Computed {
    /// It was computed, on this device if it has tensors.
    Outputs(Outputs, Option<DeviceChoice>, &'static StageKind),
    /// It cannot be.
    Not(Obstacle),
    /// It failed.
    Failed(String),
    /// The user stopped it.
    Stopped,
}

/// Whether outputs are those of a receipt, and why not. How far the same bytes are due is what the kind promises, and not what the
/// receipt says of it: whoever swapped an artifact wrote that, too.
fn compared(receipt: &Receipt, outputs: &Outputs, kind: &StageKind, fingerprint: &str) -> (ReplayOutcome, Option<String>) {
    if *outputs == receipt.outputs {
        return (ReplayOutcome::Same, None);
    }
    let digests = |outputs: &Outputs| outputs.iter().map(|(port, artifact)| (port.clone(), artifact.digest)).collect::<BTreeMap<_, _>>();
    if digests(outputs) == digests(&receipt.outputs) {
        return (ReplayOutcome::Differs, Some("the bytes are the same, and their type, name, size or SHA-256 is not as recorded".to_owned()));
    }
    match kind.determinism {
        Determinism::Bitwise => (ReplayOutcome::Differs, None),
        Determinism::BitwisePerFingerprint if receipt.environment.fingerprint == fingerprint => (ReplayOutcome::Differs, None),
        Determinism::BitwisePerFingerprint => {
            let why = format!("`{}` has the same bytes on one fingerprint only: recorded {}, here {fingerprint}", kind.name, receipt.environment.fingerprint);
            (ReplayOutcome::NotComparable, Some(why))
        }
        Determinism::Statistical => (ReplayOutcome::NotComparable, Some(format!("`{}` does not promise the same bytes", kind.name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::{Artifact, Sha256};
    use serde_json::json;

    fn outputs(bytes: &str, file: &str) -> Outputs {
        let mut out = Outputs::default();
        let (digest, sha256) = (Digest::of(bytes.as_bytes()), Sha256::of(bytes.as_bytes()));
        out.insert("p".into(), Artifact { kind: "table".into(), digest, sha256, bytes: 1, file: Some(file.into()) });
        out
    }

    /// How far the same bytes are due is what this program knows of the kind: a receipt may say anything.
    #[test]
    fn another_machine_is_an_excuse_only_where_the_kind_promises_no_more() {
        let receipt = |fingerprint: &str| -> Receipt {
            serde_json::from_value(json!({
                "key": Digest::of(b"k"), "study": "s", "stage": "a", "flow": {}, "determinism": "statistical", "started": "", "millis": 1, "attempt": 1,
                "recipe": { "v": 1, "kind": "k", "version": 1, "parameters": {} }, "outputs": outputs("as recorded", "f"),
                "environment": { "program": "", "commit": "", "dirty": false, "lockfile": "", "toolchain": "", "fingerprint": fingerprint, "threads": 1 },
            }))
            .unwrap()
        };
        let outcome = |kind: &str, recorded: &str, now: &Outputs| {
            let kind = KINDS.iter().find(|k| k.name == kind).unwrap();
            compared(&receipt(recorded), now, kind, "here")
        };
        let (same, other) = (outputs("as recorded", "f"), outputs("otherwise", "f"));
        for (kind, recorded, now, expected) in [
            ("split", "elsewhere", &same, ReplayOutcome::Same),
            ("split", "elsewhere", &other, ReplayOutcome::Differs),
            ("evaluate", "here", &other, ReplayOutcome::Differs),
            ("evaluate", "elsewhere", &other, ReplayOutcome::NotComparable),
            ("evaluate", "elsewhere", &same, ReplayOutcome::Same),
            ("split", "here", &Outputs::default(), ReplayOutcome::Differs),
        ] {
            assert_eq!(outcome(kind, recorded, now).0, expected, "{kind} {recorded}");
        }
        let renamed = outcome("split", "here", &outputs("as recorded", "g"));
        assert!(renamed.0 == ReplayOutcome::Differs && renamed.1.unwrap().contains("not as recorded"));
    }
}
