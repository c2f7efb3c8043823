//! Files that appear in a directory whole or not at all: each is written under a name of its own, and renamed.

use super::Dir;
use crate::effects;
use crate::{Error, Result};
use std::ffi::OsStr;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file under a name of its own, readable by its owner only; removed when dropped, unless it was kept.
pub(crate) struct Temporary<'a> {
    dir: &'a Dir,
    name: String,
    file: File,
    kept: bool,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is swept later.
            let _ = self.dir.remove_file(&self.name);
        }
    }
}

impl Temporary<'_> {
    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, in place of what has it now.
    pub(crate) fn keep(mut self, to: &Dir, name: impl AsRef<OsStr>) -> Result<()> {
        self.dir.rename(&self.name, to, name)?;
        self.kept = true;
        Ok(())
    }
}

impl Dir {
    /// An empty file whose name begins with `prefix`.
    pub(crate) fn temporary(&self, prefix: &str) -> Result<Temporary<'_>> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let name = format!("{prefix}{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
            match self.create_new(&name, 0o600) {
                Ok(file) => return Ok(Temporary { dir: self, name, file, kept: false }),
                // Left behind by a process that had our number.
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Writes a file, synced, in place of what lies under its name: whole or not at all, even where the power fails.
    pub(crate) fn replace(&self, name: impl AsRef<OsStr>, parts: &[&[u8]]) -> Result<()> {
        let new = self.temporary(".new-")?;
        let written = parts.iter().try_for_each(|part| effects::write_all(new.file(), part)).and_then(|()| effects::sync(new.file()));
        written.map_err(Error::io("write in", self.path()))?;
        new.keep(self, name)
    }
}
