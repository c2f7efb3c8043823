//! What a stage may use while it runs, besides its inputs: random streams, images by digest, progress, notes.
//!
//! Deliberately without a wall clock, the environment and paths of results.

use super::error::{Error, Result};
use super::note::Note;
use super::seed::{Seed, Stream};
use super::source::{ListedFile, Listing};
use crate::contract::pseudonym::PseudonymKey;
use hilum_cache::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// Reads the bytes of an image and verifies their hash.
pub trait ImageBytes: Sync {
    /// The bytes of the image with this digest.
    fn bytes(&self, image: &Digest) -> Result<Vec<u8>>;
}

/// The progress of a stage.
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

/// What a stage reports while it runs.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// Its progress.
    Progress(Progress),
    /// A note for users.
    Note(Note),
    /// Files that were left out: they are listed in the study's private directory.
    LeftOut(Vec<LeftOut>),
}

/// A file that a stage left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct LeftOut {
    /// Its name as the table or the directory spells it, or the digest of an image.
    pub name: String,
    /// Its label; empty if that is not known.
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

/// Where a stage writes checkpoints, so that it can resume after being interrupted at any time.
pub trait Checkpoints: Sync {
    /// True if it is time to write one.
    fn due(&self) -> bool;
    /// Stores one, after this number of steps.
    ///
    /// # Errors
    /// Where it could not be written; the previous one is kept.
    fn save(&self, step: u64, bytes: &[u8]) -> Result<()>;
    /// The newest one. A stage that asks can be stopped in order.
    fn latest(&self) -> Option<(u64, Vec<u8>)>;
}

/// For stages that finish before a checkpoint is needed.
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
    /// Receives what the stage reports, immediately.
    pub report: &'a (dyn Fn(Said) + Sync),
    /// True once the run was asked to stop.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Where it writes checkpoints.
    pub checkpoints: &'a dyn Checkpoints,
    /// A temporary directory for what does not fit into memory, removed when the stage ends. It need not exist.
    pub work: PathBuf,
    /// The notes of the stage.
    pub notes: Mutex<Vec<Note>>,
}

impl Context<'_> {
    /// The named random stream of this stage.
    ///
    /// # Panics
    /// Where the kind did not declare that it draws.
    pub fn stream(&self, name: &str) -> Stream {
        self.seed.expect("BUG: the kind does not declare a seed").stream(self.kind, name)
    }
    /// Reports progress, and ends the stage if the run was asked to stop.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn progress(&self, done: usize, total: usize, unit: &str, values: &[(&str, f64)]) -> Result<()> {
        self.report_progress(done, total, unit, values);
        if (self.cancelled)() { Err(Error::Cancelled) } else { Ok(()) }
    }
    /// As [`Context::progress`], of work that is counted in shares of the whole, from 0 to 1.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn share_done(&self, share: f64) -> Result<()> {
        self.progress((share.clamp(0.0, 1.0) * 100.0) as usize, 100, "percent", &[])
    }
    /// Reports, as [`Context::share_done`], how much is done of a part of the work, from one share of the whole to another: for functions
    /// that do not end before they are done, from whichever thread.
    pub fn share_of_part(&self, from: f64, to: f64) -> impl Fn(f64) + Sync {
        // The next part that can end asks again.
        move |done| drop(self.share_done(from + (to - from) * done))
    }
    fn report_progress(&self, done: usize, total: usize, unit: &str, values: &[(&str, f64)]) {
        let values = values.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
        (self.report)(Said::Progress(Progress { done: done as u64, total: total as u64, unit: unit.to_owned(), values }));
    }
    /// Ends a step of a stage that resumes: writes a checkpoint if it is time to or the run was asked to stop, reports progress, and
    /// ends the stage if the run was asked to stop. A checkpoint that cannot be written does not end the stage: the previous one is
    /// kept.
    ///
    /// # Errors
    /// Those of `snapshot`, and [`Error::Cancelled`].
    pub fn step(&self, step: usize, steps: usize, values: &[(&str, f64)], snapshot: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        // Asked once: a request to stop that comes after this line is met by the next step, so that no stage ends without its checkpoint.
        let stop = (self.cancelled)();
        if (stop || self.checkpoints.due())
            && let Err(e) = self.checkpoints.save(step as u64, &snapshot()?)
        {
            // The message of the file system without the path: this is part of the record.
            let why = match &e {
                Error::Store(hilum_cache::Error::Io { source, .. }) => source.kind().to_string(),
                Error::Store(hilum_cache::Error::Foreign { what, due, .. }) => format!("{what} lies where a {due} is due"),
                Error::Store(hilum_cache::Error::TooLarge { .. }) => "it is too large".into(),
                other => other.to_string(),
            };
            let note = Note::warning(format!("a checkpoint could not be written: {why}"));
            if !self.notes().contains(&note) {
                self.say(note);
            }
        }
        self.report_progress(step, steps, "step", values);
        if stop { Err(Error::Cancelled) } else { Ok(()) }
    }
    /// Reports what is good to know, immediately and in the record. It must contain no names and no paths.
    pub fn note(&self, text: impl Into<String>) {
        self.say(Note::info(text));
    }
    /// Reports that something may be wrong, as [`Context::note`] does.
    pub fn warn(&self, text: impl Into<String>) {
        self.say(Note::warning(text));
    }
    /// Reports a note, as [`Context::note`] does.
    pub fn say(&self, note: Note) {
        self.notes.lock().expect("BUG: poisoned").push(note.clone());
        (self.report)(Said::Note(note));
    }
    /// Reports which files were left out. Their names are only for the study's owner and enter no record.
    pub fn left_out(&self, files: Vec<LeftOut>) {
        if !files.is_empty() {
            (self.report)(Said::LeftOut(files));
        }
    }
    /// The notes so far, for a checkpoint.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().expect("BUG: poisoned").clone()
    }
    /// Reports the notes again that were reported before the stage was interrupted.
    pub fn replay(&self, notes: Vec<Note>) {
        let since = self.notes();
        notes.iter().filter(|n| !since.contains(n)).for_each(|n| (self.report)(Said::Note(n.clone())));
        let later: Vec<Note> = since.into_iter().filter(|n| !notes.contains(n)).collect();
        *self.notes.lock().expect("BUG: poisoned") = [notes, later].concat();
    }
    /// The bytes of the file that a path parameter names, which must not have changed since the stage was planned.
    pub fn read_source(&self, parameter: &str) -> Result<Vec<u8>> {
        Self::read_listed(self.source(parameter).files.first().expect("BUG: a file has one listing"))
    }
    /// The bytes of a file of a listing, which must not have changed since the stage was planned.
    pub fn read_listed(file: &ListedFile) -> Result<Vec<u8>> {
        let bytes = hilum_cache::ingest::read(&file.path)?;
        if Digest::of(&bytes) != file.digest {
            return Err(Error::helped("a file of the input changed during the run", format!("run again; the file is `{}`", file.name)));
        }
        Ok(bytes)
    }
    /// What a path parameter named.
    pub fn source(&self, parameter: &str) -> &Listing {
        self.sources.get(parameter).expect("BUG: sources are resolved before a stage runs")
    }
}

impl Context<'static> {
    /// On the CPU, with a seed for kinds that draw, without a key, images, files and checkpoints: for stages that need tables alone.
    pub fn bare(kind: &'static str, seed: Option<Seed>) -> Context<'static> {
        struct NoImages;
        impl ImageBytes for NoImages {
            fn bytes(&self, _: &Digest) -> Result<Vec<u8>> {
                Err(Error::data("there are no images here"))
            }
        }
        Context {
            kind,
            seed,
            images: &NoImages,
            sources: BTreeMap::new(),
            pseudonyms: None,
            device: DeviceChoice::Cpu,
            report: &|_| (),
            cancelled: &|| false,
            checkpoints: &NoCheckpoints,
            work: PathBuf::new(),
            notes: Mutex::default(),
        }
    }
}

#[cfg(test)]
impl Context<'static> {
    /// For the test of a stage of this kind: as [`Context::bare`]. What it reports is in [`Context::notes`].
    pub fn for_tests(kind: &'static str) -> Context<'static> {
        Context::bare(kind, None)
    }
    /// With a seed, for kinds that draw.
    pub fn seeded(self, seed: u64) -> Self {
        Context { seed: Some(Seed(seed)), ..self }
    }
    /// With what path parameters name, by parameter.
    pub fn with_sources(self, sources: BTreeMap<String, Listing>) -> Self {
        Context { sources, ..self }
    }
    /// With a pseudonym key.
    pub fn with_pseudonyms(self, key: [u8; 32]) -> Self {
        Context { pseudonyms: Some(PseudonymKey::new(key)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A request to stop that comes while a step ends.
    struct StopsMeanwhile {
        stop: AtomicBool,
        saved: Mutex<Vec<u64>>,
    }
    impl Checkpoints for StopsMeanwhile {
        fn due(&self) -> bool {
            self.stop.store(true, Ordering::SeqCst);
            false
        }
        fn save(&self, step: u64, _: &[u8]) -> Result<()> {
            self.saved.lock().unwrap().push(step);
            Ok(())
        }
        fn latest(&self) -> Option<(u64, Vec<u8>)> {
            None
        }
    }

    #[test]
    fn no_stage_is_stopped_without_a_checkpoint_of_its_last_step() {
        let stops = StopsMeanwhile { stop: AtomicBool::new(false), saved: Mutex::default() };
        let cancelled = || stops.stop.load(Ordering::SeqCst);
        let cx = Context { checkpoints: &stops, cancelled: &cancelled, ..Context::for_tests("train-gan") };
        let step = |n| cx.step(n, 9, &[], || Ok(vec![]));
        // The request came after it was asked for: the next step meets it.
        assert!(step(1).is_ok());
        assert!(matches!(step(2), Err(Error::Cancelled)));
        assert_eq!(*stops.saved.lock().unwrap(), [2]);
    }
}
