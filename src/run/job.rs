//! Running one stage: open the inputs, run, store the outputs. A light stage does it in a thread, a heavy one in a worker;
//! both call [`perform`]. Knows nothing of the graph.

use crate::plan::current::Fault;
use crate::workspace::ImageMap;
use hilum_cache::receipt::{Artifact, Outputs};
use hilum_cache::{Digest, StageKey, Store, WritableStore};
use hilum_stages::KINDS;
use hilum_stages::contract::context::{Checkpoints, Context, DeviceChoice, ImageBytes, Said};
use hilum_stages::contract::error::Error;
use hilum_stages::contract::fit::NotWritten;
use hilum_stages::contract::note::Note;
use hilum_stages::contract::port::{Arrival, File};
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::contract::seed::Seed;
use hilum_stages::contract::source::Listing;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything that a stage needs to run.
#[derive(Clone, Serialize, Deserialize)]
pub struct Job {
    /// The store that outputs go to.
    #[serde(with = "hilum_cache::path_bytes")]
    pub store: PathBuf,
    /// The store that inputs and images are read from: the same, unless what another one recorded is computed again. Another one is
    /// only read.
    #[serde(with = "hilum_cache::path_bytes")]
    pub from: PathBuf,
    /// The kind.
    pub kind: String,
    /// Its parameters.
    pub parameters: Value,
    /// Its seed.
    pub seed: Option<u64>,
    /// Artifacts by port, with their cells.
    pub inputs: BTreeMap<String, Vec<(String, Artifact)>>,
    /// Where tensors live.
    pub device: DeviceChoice,
    /// The map of imported images.
    #[serde(with = "hilum_cache::path_bytes")]
    pub images: PathBuf,
    /// The key: checkpoints are its.
    pub key: StageKey,
    /// Seconds between checkpoints.
    pub checkpoint_every: f64,
    /// What path parameters named.
    pub sources: BTreeMap<String, Listing>,
    /// The pseudonym key; only light kinds have one, so it never leaves the process.
    #[serde(skip)]
    pub pseudonyms: Option<PseudonymKey>,
}

/// What a stage made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// Artifacts by port.
    pub outputs: Outputs,
    /// Its notes.
    pub notes: Vec<Note>,
    /// Peak memory of its process.
    pub peak_memory: Option<u64>,
}

/// Why a stage did not finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// What can be done.
    pub help: Option<String>,
    /// What sort of failure it is.
    pub class: Class,
}

/// Sorts of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The data, the parameters or the code: never retried.
    Data,
    /// An input's object is damaged or missing: its stage runs again.
    Damaged(Digest),
    /// The machine: this is what `retry` is for.
    Machine,
    /// The run was interrupted.
    Cancelled,
}

impl Failure {
    /// A failure that a retry does not fix.
    pub fn of(fault: Fault) -> Failure {
        Failure { message: fault.message, help: fault.help, class: Class::Data }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        let class = match &e {
            Error::Store(hilum_cache::Error::Damaged(d) | hilum_cache::Error::Missing(d)) => Class::Damaged(*d),
            Error::Cancelled => Class::Cancelled,
            _ => Class::Data,
        };
        let help = match &e {
            Error::Data { help, .. } => help.clone(),
            Error::Store(e) => e.help().map(str::to_owned),
            _ => None,
        };
        Failure { message: e.to_string(), help, class }
    }
}

/// Runs a stage.
pub fn perform(job: &Job, report: &(dyn Fn(Said) + Sync), cancelled: &(dyn Fn() -> bool + Sync), checkpoints: &dyn Checkpoints) -> Result<Done, Failure> {
    try_perform(job, report, cancelled, checkpoints).map_err(Failure::from)
}

fn try_perform(job: &Job, report: &(dyn Fn(Said) + Sync), cancelled: &(dyn Fn() -> bool + Sync), checkpoints: &dyn Checkpoints) -> Result<Done, Error> {
    let store = WritableStore::open(&job.store)?;
    let kind = KINDS.iter().find(|k| k.name == job.kind).ok_or_else(|| Error::data(format!("unknown stage kind `{}`", job.kind)))?;
    let stage = (kind.decode)(job.parameters.clone(), &NotWritten).map_err(|_| Error::data(format!("the parameters of `{}` cannot be decoded", job.kind)))?;
    let other = if job.from == job.store { None } else { Some(Store::open(&job.from)?) };
    let from: &Store = other.as_ref().unwrap_or(&store);
    let images = ImageFinder { store: from, map: ImageMap::load(&job.images) };
    let mut inputs = BTreeMap::new();
    for (port, artifacts) in &job.inputs {
        let arrivals = artifacts.iter().map(|(cell, artifact)| arrive(from, cell, artifact)).collect::<Result<Vec<_>, Error>>()?;
        inputs.insert(port.clone(), arrivals);
    }
    let work = store.scratch()?;
    let cx = Context {
        kind: kind.name,
        seed: job.seed.map(Seed),
        images: &images,
        sources: job.sources.clone(),
        pseudonyms: job.pseudonyms.clone(),
        device: job.device,
        report,
        cancelled,
        checkpoints,
        work: work.path().join("work"),
        notes: Default::default(),
    };
    stage.perform(inputs, work.path(), &cx)?;
    let mut outputs = Outputs::default();
    for port in kind.outputs.iter().filter(|p| stage.fills(p.name)) {
        outputs.insert(port.name.to_owned(), store.put_dir(port.artifact.name(), &work.path().join(port.name))?);
    }
    let notes = cx.notes.into_inner().expect("BUG: poisoned");
    Ok(Done { outputs, notes, peak_memory: None })
}

fn arrive(store: &Store, cell: &str, artifact: &Artifact) -> Result<Arrival, Error> {
    let files =
        store.files(artifact)?.into_iter().map(|f| Ok(File { path: store.verified_path(&f.digest)?, name: f.name })).collect::<Result<Vec<_>, Error>>()?;
    Ok(Arrival { cell: cell.to_owned(), files })
}

/// Images of the store by digest, then imported ones by the local map.
struct ImageFinder<'a> {
    store: &'a Store,
    map: ImageMap,
}

impl ImageBytes for ImageFinder<'_> {
    fn bytes(&self, image: &Digest) -> Result<Vec<u8>, Error> {
        match self.store.read(image) {
            Err(hilum_cache::Error::Missing(_)) => {}
            other => return Ok(other?),
        }
        let Some(path) = self.map.0.get(image) else {
            return Err(hilum_cache::Error::Missing(*image).into());
        };
        let changed = || Error::helped(format!("image {} has changed since it was imported", image.short()), "run again to import the change");
        let bytes = hilum_cache::ingest::read(path).map_err(|_| changed())?;
        if Digest::of(&bytes) == *image { Ok(bytes) } else { Err(changed()) }
    }
}
