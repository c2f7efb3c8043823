//! Errors of the store and its records.

use crate::Digest;
use std::path::{Path, PathBuf};

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the store, its records or the file system below it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused; `what` is a verb phrase such as "write".
    #[error("cannot {what} {}: {}", path.display(), reason(source))]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes of an object do not match its digest.
    #[error("object {0} is damaged")]
    Damaged(Digest),
    /// An object that a record names is missing.
    #[error("object {0} is missing from the store")]
    Missing(Digest),
    /// The directory is a store of another format.
    #[error("the store has format `{found}`; this version reads `{expected}`")]
    Format {
        /// What the format file says.
        found: String,
        /// What this version writes.
        expected: &'static str,
    },
    /// A record does not parse.
    #[error("invalid record in {}: {why}", path.display())]
    Record {
        /// The file that holds it.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A link where a result is to be written.
    #[error("{} is a link; results are not written through links", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something else is in the place of one of hilum's own files or directories.
    #[error("{} is {what}; expected a {due}", path.display())]
    Foreign {
        /// Its path.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
        /// What belongs there: `file` or `directory`.
        due: &'static str,
    },
    /// A directory that is to become a store holds something else.
    #[error("{} is not a store, and it is not empty: it has `{name}`", path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
        /// Something in it.
        name: String,
    },
    /// A file is larger than what hilum writes.
    #[error("{} {what} more than {} MiB; it is not read", path.display(), limit >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// `has`, or `has a line of`.
        what: &'static str,
        /// How many bytes are read.
        limit: u64,
    },
    /// A key, of pseudonyms or of signatures, that must not be used.
    #[error("{why}")]
    Key {
        /// What is wrong with it.
        why: String,
        /// What can be done.
        help: &'static str,
    },
    /// The store is locked by another process.
    #[error("the store is in use by another process")]
    Busy,
}

impl Error {
    /// Wraps an I/O error with what was attempted and where.
    pub fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { what, path, source }
    }

    /// Advice, if there is any.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Error::Key { help, .. } => Some(help),
            Error::Link { .. } => Some("remove it; to keep results elsewhere, make `results` itself a link, or name a directory with `--results`"),
            Error::Foreign { what: "a link", .. } => Some("to keep a store elsewhere, move the whole directory and link that, or name it with `--store`"),
            Error::Occupied { .. } => Some("name a directory that is new, empty or a store"),
            Error::Foreign { .. } | Error::TooLarge { .. } => Some("hilum did not write it; move it away"),
            Error::Damaged(_) | Error::Missing(_) => Some("run the study again; damaged and missing results will be recomputed"),
            e if e.is_full() => Some("free some space and run again; finished stages are kept"),
            Error::Io { source, .. } if matches!(source.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem) => {
                Some("change its permissions, or name other directories with `--store` and `--results`")
            }
            _ => None,
        }
    }

    /// True if there is no such file or directory.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }

    /// True if the disk (or a quota) is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Error::Io { source, .. } if matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
    }
}

fn reason(e: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    match e.kind() {
        K::NotFound => "no such file or directory".into(),
        K::PermissionDenied => "permission denied".into(),
        K::StorageFull => "the disk is full".into(),
        K::ReadOnlyFilesystem => "the file system is read-only".into(),
        _ => e.to_string(),
    }
}
