//! Why a run is not exported.

use hilum_cache::evidence::Fault;
use std::path::PathBuf;

/// The result of every fallible function of an export.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run is not exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something is in the directory.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// Something else is in its place.
    #[error("`{}` is a file", .0.display())]
    File(PathBuf),
    /// The directory above it does not exist.
    #[error("there is no directory `{}` to write the export to", .0.display())]
    NoParent(PathBuf),
    /// The run has nothing that this export is about.
    #[error("run {run} has nothing to export: {why}")]
    Nothing {
        /// The run.
        run: String,
        /// What it lacks.
        why: &'static str,
    },
    /// Nobody can vouch for a run that has no checkpoint.
    #[error("run {0} has no checkpoint: it goes on, was killed, or is of an older program")]
    WithoutCheckpoint(String),
    /// A file of the run is not what was recorded.
    #[error("`{file}` is not as it was recorded, and a summary of what was verified would say so")]
    NotIntact {
        /// The file, by its output.
        file: String,
        /// What is wrong with it.
        source: hilum_cache::Error,
    },
    /// The record of the run cannot be relied on.
    #[error("the journal of run {run} was altered at line {line} or the line before it: an export would pass it on as what happened")]
    Altered {
        /// The run.
        run: String,
        /// The first line that does not follow from those before it.
        line: usize,
    },
    /// The run is not as the ledger has it.
    #[error("run {run} is not as the ledger has it: an export would pass on what may not have happened")]
    Ledger {
        /// The run.
        run: String,
        /// What does not fit.
        fault: Fault,
    },
    /// A file of the export holds what must not leave this machine.
    #[error("nothing was exported: `{file}` would hold {what}")]
    Forbidden {
        /// The file within the export.
        file: String,
        /// What was found there, in words.
        what: String,
    },
    /// A file is not what the document says of it.
    #[error("nothing was exported: `{file}` should have the sha256 {expected}, and has {found}")]
    Differs {
        /// The file within the export.
        file: String,
        /// What the document says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A file and the document do not know of each other.
    #[error("nothing was exported: `{file}` {why}")]
    Unclaimed {
        /// The file within the export.
        file: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A record that is exported cannot be read.
    #[error("`{what}` cannot be read: {why}")]
    Record {
        /// The output.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store or the file system.
    #[error(transparent)]
    Store(#[from] hilum_cache::Error),
}

impl Error {
    /// What to do.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Error::NotEmpty(_) | Error::File(_) => Some("name a directory that does not exist yet"),
            Error::NoParent(_) => Some("create it first, or name another one"),
            Error::Ledger { .. } => Some("`hilum verify` says what does not fit; running the study again in a new store makes a new record"),
            Error::Altered { .. } => Some("`hilum verify` looks for what else was altered; running the study again writes a new journal"),
            Error::WithoutCheckpoint(_) => Some("wait until it ends; of a run that was killed, the next run in the store writes the checkpoint"),
            Error::NotIntact { .. } => Some("`hilum verify` looks for what else is damaged, and the next run makes it again"),
            Error::Forbidden { .. } => Some("it comes from the study: change the text there, such as a description or the name of a stage, and run it again"),
            Error::Store(e) => e.help(),
            Error::Nothing { .. } | Error::Differs { .. } | Error::Unclaimed { .. } | Error::Record { .. } => None,
        }
    }

    /// True where the call is to be changed, not the store.
    pub fn is_of_call(&self) -> bool {
        matches!(self, Error::NotEmpty(_) | Error::File(_) | Error::NoParent(_) | Error::Nothing { .. })
    }

    /// True where the store is damaged.
    pub fn is_damage(&self) -> bool {
        matches!(self, Error::Altered { .. } | Error::Ledger { .. } | Error::Record { .. } | Error::NotIntact { .. })
    }
}
