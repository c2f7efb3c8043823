//! What a stage may use while it runs besides its inputs: streams of its seed, images by digest, progress, notes.
//!
//! There is no wall clock, no environment and no path of a result here, on purpose.

use super::error::{Error, Result};
use super::seed::{Seed, Stream};
use super::source::{ListedFile, Listing};
use crate::contract::pseudonym::PseudonymKey;
use hilum_cache::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// Gives the bytes of an image, hashed again as they are read.
pub trait ImageBytes: Sync {
    /// The bytes of the image with this digest.
    fn bytes(&self, image: &Digest) -> Result<Vec<u8>>;
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
    /// What a step is, such as `epoch`.
    pub unit: String,
    /// Losses and the like.
    pub values: Vec<(String, f64)>,
}

/// What a stage says while it runs.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// How far it is.
    Progress(Progress),
    /// What people should know.
    Note(String),
    /// Files that were left out: they are listed where only the study's owner looks.
    LeftOut(Vec<LeftOut>),
}

/// Somebody's file that a stage left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct LeftOut {
    /// Its name as the table or the directory spells it, or the digest of an image.
    pub name: String,
    /// What it was called; empty where that is not known.
    pub label: String,
    /// Why it was left out.
    pub reason: String,
}

/// Which device tensors live on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// The processor.
    Cpu,
    /// A CUDA device by its number.
    Cuda(usize),
}

/// Where a stage writes down how far it is, so that it can go on after being stopped at any moment.
pub trait Checkpoints: Sync {
    /// True where it is time to write one.
    fn due(&self) -> bool;
    /// Keeps one, after so many steps.
    ///
    /// # Errors
    /// Where it could not be written; the one before is still there.
    fn save(&self, step: u64, bytes: &[u8]) -> Result<()>;
    /// The newest one. A stage that asks can be stopped in order.
    fn latest(&self) -> Option<(u64, Vec<u8>)>;
}

/// For stages that are over before a checkpoint would be due.
pub struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn due(&self) -> bool {
        false
    }
    fn save(&self, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn latest(&self) -> Option<(u64, Vec<u8>)> {
        None
    }
}

/// What a stage may use while it runs.
pub struct Context<'a> {
    /// The kind, for its streams.
    pub kind: &'static str,
    /// The seed, for kinds that declare one.
    pub seed: Option<Seed>,
    /// Images by digest.
    pub images: &'a dyn ImageBytes,
    /// What path parameters named.
    pub sources: BTreeMap<String, Listing>,
    /// The study's key, for kinds that make pseudonyms.
    pub pseudonyms: Option<PseudonymKey>,
    /// Where tensors live.
    pub device: DeviceChoice,
    /// Hears what the stage says, at once.
    pub report: &'a (dyn Fn(Said) + Sync),
    /// True once the run was told to stop.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Where it writes down how far it is.
    pub checkpoints: &'a dyn Checkpoints,
    /// A folder of its own for what does not fit into memory; gone when the stage ends. It need not exist.
    pub work: PathBuf,
    /// What the stage wants people to know.
    pub notes: Mutex<Vec<String>>,
}

impl Context<'_> {
    /// The named random stream of this stage.
    ///
    /// # Panics
    /// Where the kind did not declare that it draws.
    pub fn stream(&self, name: &str) -> Stream {
        self.seed.expect("BUG: the kind does not declare a seed").stream(self.kind, name)
    }
    /// Reports progress, and ends the stage where the run was told to stop.
    pub fn progress(&self, done: usize, total: usize, unit: &str, values: &[(&str, f64)]) -> Result<()> {
        let values = values.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
        (self.report)(Said::Progress(Progress { done: done as u64, total: total as u64, unit: unit.to_owned(), values }));
        if (self.cancelled)() { Err(Error::Cancelled) } else { Ok(()) }
    }
    /// Writes down how far the stage is, where it is time to. Comes before [`Context::progress`], which ends a stage that was
    /// told to stop. A checkpoint that cannot be written does not end the stage: the one before is still there.
    ///
    /// # Errors
    /// Those of `snapshot`.
    pub fn checkpoint(&self, step: usize, snapshot: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        if self.checkpoints.due()
            && let Err(e) = self.checkpoints.save(step as u64, &snapshot()?)
        {
            // The words of the file system without the path: this is part of the record.
            let why = match &e {
                Error::Store(hilum_cache::Error::Io { source, .. }) => source.kind().to_string(),
                Error::Store(hilum_cache::Error::Foreign { what, due, .. }) => format!("{what} lies where a {due} is due"),
                Error::Store(hilum_cache::Error::TooLarge { .. }) => "it is too large".into(),
                other => other.to_string(),
            };
            let text = format!("a checkpoint could not be written: {why}");
            if !self.said().contains(&text) {
                self.note(text);
            }
        }
        Ok(())
    }
    /// Says something, now and in the record. Holds no name and no path.
    pub fn note(&self, text: impl Into<String>) {
        let text = text.into();
        self.notes.lock().expect("BUG: poisoned").push(text.clone());
        (self.report)(Said::Note(text));
    }
    /// Tells which files were left out. Their names are for the study's owner alone and enter no record.
    pub fn left_out(&self, files: Vec<LeftOut>) {
        if !files.is_empty() {
            (self.report)(Said::LeftOut(files));
        }
    }
    /// What was said so far, for a checkpoint.
    pub fn said(&self) -> Vec<String> {
        self.notes.lock().expect("BUG: poisoned").clone()
    }
    /// Says again what was said before the stage was stopped.
    pub fn say_again(&self, notes: Vec<String>) {
        let since = self.said();
        notes.iter().filter(|n| !since.contains(n)).for_each(|n| (self.report)(Said::Note(n.clone())));
        let later: Vec<String> = since.into_iter().filter(|n| !notes.contains(n)).collect();
        *self.notes.lock().expect("BUG: poisoned") = [notes, later].concat();
    }
    /// The bytes of the one file that a path parameter names, which must be those that the stage was planned with.
    pub fn read_source(&self, parameter: &str) -> Result<Vec<u8>> {
        Self::read_listed(self.source(parameter).files.first().expect("BUG: a file has one listing"))
    }
    /// The bytes of a file of a listing, which must be those that the stage was planned with.
    pub fn read_listed(file: &ListedFile) -> Result<Vec<u8>> {
        let bytes = hilum_cache::ingest::read(&file.path)?;
        if Digest::of(&bytes) != file.digest {
            return Err(Error::helped(format!("`{}` changed while the run was going on", file.name), "run again"));
        }
        Ok(bytes)
    }
    /// What a path parameter named.
    pub fn source(&self, parameter: &str) -> &Listing {
        self.sources.get(parameter).expect("BUG: sources are resolved before a stage runs")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    struct NoImages;
    impl ImageBytes for NoImages {
        fn bytes(&self, _: &Digest) -> Result<Vec<u8>> {
            Err(Error::data("nothing is read"))
        }
    }

    /// For a stage that reads no image and no file, on the CPU.
    pub(crate) fn context(kind: &'static str, seed: Option<u64>) -> Context<'static> {
        Context {
            kind,
            seed: seed.map(Seed),
            images: &NoImages,
            sources: Default::default(),
            pseudonyms: None,
            device: DeviceChoice::Cpu,
            report: &|_| (),
            cancelled: &|| false,
            checkpoints: &NoCheckpoints,
            work: Default::default(),
            notes: Default::default(),
        }
    }
}
