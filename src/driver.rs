//! The driver: one call that reads a study, plans it, checks it, runs it, writes its results. The command line uses it,
//! tests may, and so may whatever else is to run studies. Independent of arguments, and of how anything is shown.
//!
//! ```text
//! load → Study ─→ Opened (its session: store, record, listings) ─→ plan, findings
//!                    └─→ run: checks what is known, executes, writes results → Ran
//! ```

mod answers;
mod device;
pub mod forecast;
mod run;
pub mod text;

pub use device::{Device, Devices, NoDevice};
pub use run::{End, Ran, RunOptions, run};

use crate::checks::{self, Finding};
use crate::diagnostic::{Diagnostic, Texts};
use crate::language::language;
use crate::pipeline::model::StageId;
use crate::pipeline::{self, Loaded, Pipeline};
use crate::plan::Plan;
use crate::run::execute::Outputs;
use crate::session::Session;
use crate::workspace::Workspace;
use hilum_cache::lock::StoreLock;
use hilum_cache::{Ledger, Store, WritableStore};
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A study that was read without an error.
pub struct Study {
    /// Its graph.
    pub pipeline: Pipeline,
    /// The texts that it was read from.
    pub texts: Texts,
    /// Its directories.
    pub workspace: Workspace,
    /// What is to be said of it all the same.
    pub warnings: Vec<Diagnostic>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The study, or a path that it names, has errors.
    #[error("the study has errors")]
    Rejected(Box<Rejected>),
    /// The store or another directory.
    #[error(transparent)]
    Store(#[from] hilum_cache::Error),
    /// The directory of results cannot be used; nothing was run.
    #[error(transparent)]
    Results(hilum_cache::Error),
}

/// What is wrong with a study.
#[derive(Debug)]
pub struct Rejected {
    /// All errors, and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that they point into.
    pub texts: Texts,
}

/// A store with what it recorded.
pub type Record = hilum_cache::Result<(Store, Ledger)>;

/// How a store is opened.
pub type Opener = fn(&Path) -> hilum_cache::Result<Store>;

/// For a run: damaged objects are set aside, so that they are recomputed.
///
/// # Errors
/// If it is not a store.
pub fn to_repair(root: &Path) -> hilum_cache::Result<Store> {
    WritableStore::open(root).map(WritableStore::into_store)
}

/// Opens a store, with what it recorded.
pub fn record(root: &Path, open: Opener) -> Record {
    let store = open(root)?;
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

/// Reads a study with its overrides (`stages.NAME.with.KEY=VALUE`).
///
/// # Errors
/// All that is wrong with it.
pub fn load(file: &Path, set: &[String], workspace: Workspace) -> Result<Study, Rejected> {
    Study::of(pipeline::load(file, set, &language()), workspace)
}

/// Reads a study and, meanwhile, the journals of its store, which `open` opens. What is wrong with the study comes before what
/// is wrong with the store.
///
/// # Errors
/// As [`load`].
pub fn load_with_record(file: &Path, set: &[String], workspace: Workspace, open: Opener) -> Result<(Study, Record), Rejected> {
    let stop = AtomicBool::new(false);
    let (loaded, record) = std::thread::scope(|scope| {
        let record = scope.spawn(|| {
            let (store, mut ledger) = record(&workspace.store, open)?;
            ledger.read_ahead(&stop);
            Ok((store, ledger))
        });
        let loaded = pipeline::load(file, set, &language());
        stop.store(true, Ordering::Relaxed);
        (loaded, record.join())
    });
    let record = record.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    Study::of(loaded, workspace).map(|study| (study, record))
}

impl Study {
    fn of(loaded: Loaded, workspace: Workspace) -> Result<Study, Rejected> {
        let Loaded { pipeline, texts, diagnostics } = loaded;
        match pipeline {
            Some(pipeline) => match workspace.misfits(&pipeline) {
                misfits if misfits.is_empty() => Ok(Study { pipeline, texts, workspace, warnings: diagnostics }),
                misfits => Err(Rejected { diagnostics: misfits, texts }),
            },
            None => Err(Rejected { diagnostics, texts }),
        }
    }
}

/// A study with its store and all else that it is planned with.
pub struct Opened<'a> {
    /// The study.
    pub study: &'a Study,
    /// What is known besides.
    pub session: Session<'a>,
    /// Nothing is cleaned away meanwhile.
    lock: Option<StoreLock>,
}

impl<'a> Opened<'a> {
    /// Hashes what path parameters name, with the help of a memo, which is written if `save`. `engines` are those whose receipts
    /// are accepted, the one that would execute first.
    ///
    /// # Errors
    /// If a path does not name what it should, or the store cannot be read.
    pub fn new(study: &'a Study, record: Record, save: bool, engines: Vec<String>) -> Result<Opened<'a>, Error> {
        let (store, ledger) = record?;
        let store = store.with_memo(study.workspace.objects_memo());
        let lock = StoreLock::read(&store);
        tracing::debug!(store = %study.workspace.store.display(), locked = lock.is_some(), "reads the store");
        let p = &study.pipeline;
        let mut session = Session::new(store, ledger, &study.texts, p.stages.len());
        let mut diagnostics = vec![];
        session.listings = study.workspace.listings(p, save, &mut diagnostics)?;
        if !diagnostics.is_empty() {
            return Err(Error::Rejected(Box::new(Rejected { diagnostics, texts: study.texts.clone() })));
        }
        let makes_pseudonyms = p.stages.iter().any(|s| s.kind.pseudonyms);
        let key = if makes_pseudonyms { study.workspace.key()? } else { None };
        session.pseudonyms = key.map_or_else(|| "none yet".to_owned(), |k| k.fingerprint());
        session.engines = engines;
        Ok(Opened { study, session, lock })
    }

    /// What would run, and why.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn plan(&self) -> hilum_cache::Result<Plan> {
        crate::plan::plan(&self.study.pipeline, &self.session)
    }

    /// What the checks find with the outputs that are known.
    ///
    /// # Errors
    /// If a table in the store cannot be read.
    pub fn findings(&self, outputs: &Outputs) -> hilum_cache::Result<Vec<Finding>> {
        let lookup = |stage: StageId, port: &str| outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        checks::findings(&self.study.pipeline, &lookup, &self.session.evidence(&[]))
    }

    /// The checks that are decided with the outputs that are known.
    fn decided(&self, outputs: &Outputs) -> Vec<&'static str> {
        let lookup = |stage: StageId, port: &str| outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        checks::decided(&self.study.pipeline, &lookup)
    }

    /// The plan, and what the checks find in the tables that it knows. A table that turns out damaged is not known.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn plan_and_findings(&self) -> hilum_cache::Result<(Plan, Vec<Finding>)> {
        use hilum_cache::Error::{Damaged, Missing};
        let mut lost = HashSet::new();
        loop {
            let plan = self.plan()?;
            match self.findings(&plan.known()) {
                Err(Damaged(object) | Missing(object)) if lost.insert(object) => {}
                found => return Ok((plan, found?)),
            }
        }
    }
}
