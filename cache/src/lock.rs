//! Locks between processes: flocks on close-on-exec descriptors, released when the process dies.

use crate::dir::Dir;
use crate::effects;
use crate::marks::mark;
use crate::{Error, Result, StageKey, Store, WritableStore};
use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;

/// The file whose lock is the presence of a run or of a reader.
pub(crate) const STORE: &str = "store";

/// The right to compute one key; released and its file removed when dropped.
#[derive(Debug)]
pub struct KeyLock {
    locks: Dir,
    name: String,
    _file: File,
}

impl KeyLock {
    /// Takes the lock, or says `None` where another process computes this key now.
    pub fn try_take(store: &WritableStore, key: &StageKey) -> Result<Option<KeyLock>> {
        let (locks, name) = (store.directory("locks")?, key.0.hex());
        loop {
            let Some(file) = try_lock(&locks, &name)? else {
                mark!("key-is-taken");
                return Ok(None);
            };
            // The former holder may have removed the file between our open and our lock: then what we hold is nameless.
            let named = locks.metadata(&name)?.map(|stat| stat.st_ino);
            if named == file.metadata().map(|m| m.ino()).ok() {
                return Ok(Some(KeyLock { locks, name, _file: file }));
            }
            mark!("lock-without-a-name");
        }
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // Removed while still held: a process that opened it meanwhile sees that the name is gone and retries.
        let _ = self.locks.remove_file(&self.name);
    }
}

/// The presence of a run or of a reader in a store, shared among them; exclusive for `gc`, and for the sweep with which a run
/// starts that finds nobody else.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Announces a run; waits while `gc` cleans the store, or a run that starts at the same moment sweeps it.
    pub fn share(store: &WritableStore) -> Result<StoreLock> {
        let locks = store.directory("locks")?;
        let file = locks.open_or_create(STORE)?;
        effects::lock(&file, true).map_err(Error::io("lock", &locks.path().join(STORE)))?;
        Ok(StoreLock { _file: file })
    }
    /// Announces a reader, if the store has the file: `gc` fails while there is one. Waits as [`StoreLock::share`] does, and writes
    /// nothing.
    pub fn read(store: &Store) -> Option<StoreLock> {
        let file = store.directory("locks").and_then(|locks| locks.open_file(STORE)).ok()?;
        effects::lock(&file, true).ok()?;
        Some(StoreLock { _file: file })
    }
    /// Excludes all runs and readers.
    ///
    /// # Errors
    /// [`Error::Busy`] while one is active.
    pub fn own(store: &WritableStore) -> Result<StoreLock> {
        try_lock(&store.directory("locks")?, STORE)?.map(|file| StoreLock { _file: file }).ok_or(Error::Busy)
    }
}

/// An exclusive lock, or none if another process holds one.
fn try_lock(locks: &Dir, name: &str) -> Result<Option<File>> {
    let file = locks.open_or_create(name)?;
    effects::look();
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(Error::io("lock", &locks.path().join(name))(e)),
    }
}

/// True if another process holds an exclusive lock on an existing file.
pub(crate) fn is_held(directory: &Dir, name: impl AsRef<OsStr>) -> bool {
    let Ok(file) = directory.open_file(name) else { return false };
    effects::look();
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;
    use crate::marks::hit;
    use crate::regular::tests::with_hostile;
    use std::fs;

    #[test]
    fn a_key_is_held_once_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let key = StageKey(Digest::of(b"k"));
        let first = KeyLock::try_take(&store, &key).unwrap();
        assert!(first.is_some());
        hit!("key-is-taken");
        assert!(KeyLock::try_take(&store, &key).unwrap().is_none());
        drop(first);
        assert_eq!(fs::read_dir(dir.path().join("locks")).unwrap().count(), 0);
        assert!(KeyLock::try_take(&store, &key).unwrap().is_some());
    }

    #[test]
    fn cleaning_is_refused_while_a_run_is_active() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let runs = (StoreLock::share(&store).unwrap(), StoreLock::share(&store).unwrap());
        assert!(matches!(StoreLock::own(&store), Err(Error::Busy)));
        drop(runs);
        assert!(StoreLock::own(&store).is_ok());
    }

    #[test]
    fn what_is_not_a_lock_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(WritableStore::create(dir.path()).unwrap());
        let key = StageKey(Digest::of(b"k"));
        let ours = store.clone();
        with_hostile(&dir.path().join("locks/store"), move |form| {
            let fine = form == "holes";
            assert_eq!(StoreLock::read(&ours).is_some(), fine, "{form}");
            assert_eq!(StoreLock::share(&ours).is_ok(), fine, "{form}");
            assert_eq!(StoreLock::own(&ours).is_ok(), fine, "{form}");
        });
        let ours = store.clone();
        with_hostile(&dir.path().join("locks").join(key.0.hex()), move |form| {
            assert_eq!(KeyLock::try_take(&ours, &key).is_ok(), form == "holes", "{form}");
        });
        fs::remove_dir_all(dir.path().join("locks")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("locks")).unwrap();
        assert!(matches!(KeyLock::try_take(&store, &key), Err(Error::Foreign { what: "a link", due: "directory", .. })));
    }
}
