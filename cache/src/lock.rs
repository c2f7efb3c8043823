//! Locks between processes: flocks on close-on-exec descriptors, so that they die with their process.

use crate::{Error, Result, StageKey, Store, WritableStore};
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The right to compute one key; released and its file removed when dropped.
#[derive(Debug)]
pub struct KeyLock {
    path: PathBuf,
    _file: File,
}

impl KeyLock {
    /// Takes the lock, or says `None` where another process computes this key now.
    pub fn try_take(store: &WritableStore, key: &StageKey) -> Result<Option<KeyLock>> {
        let path = store.root().join("locks").join(key.0.hex());
        loop {
            let Some(file) = try_lock(&path)? else { return Ok(None) };
            // The former holder may have removed the file between our open and our lock: then what we hold is nameless.
            let named = fs::metadata(&path).map(|m| m.ino()).ok();
            if named == file.metadata().map(|m| m.ino()).ok() {
                return Ok(Some(KeyLock { path, _file: file }));
            }
        }
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // Removed while still held: whoever opened it meanwhile sees that the name is gone and starts over.
        let _ = fs::remove_file(&self.path);
    }
}

/// The presence of a run in a store: shared among runs, exclusive for `gc`.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Announces a run; waits while the store is being cleaned, or swept by a run that begins at the same moment.
    pub fn share(store: &WritableStore) -> Result<StoreLock> {
        let path = store.root().join("locks/store");
        let file = open(&path)?;
        file.lock_shared().map_err(Error::io("lock", &path))?;
        Ok(StoreLock { _file: file })
    }
    /// Announces somebody who reads, where the store has a lock: nothing is cleaned away meanwhile. Writes nothing.
    pub fn read(store: &Store) -> Option<StoreLock> {
        let file = File::open(store.root().join("locks/store")).ok()?;
        file.lock_shared().ok()?;
        Some(StoreLock { _file: file })
    }
    /// Keeps every run out. Fails with [`Error::Busy`] while there is one.
    pub fn own(store: &WritableStore) -> Result<StoreLock> {
        try_lock(&store.root().join("locks/store"))?.map(|file| StoreLock { _file: file }).ok_or(Error::Busy)
    }
}

fn open(path: &Path) -> Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(Error::io("lock", path))
}

/// An exclusive lock, or none where somebody else holds one.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(Error::io("lock", path)(e)),
    }
}

/// True where another process holds an exclusive lock on an existing file.
pub(crate) fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    #[test]
    fn a_key_is_held_once_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let key = StageKey(Digest::of(b"k"));
        let first = KeyLock::try_take(&store, &key).unwrap();
        assert!(first.is_some());
        assert!(KeyLock::try_take(&store, &key).unwrap().is_none());
        drop(first);
        assert_eq!(fs::read_dir(dir.path().join("locks")).unwrap().count(), 0);
        assert!(KeyLock::try_take(&store, &key).unwrap().is_some());
    }

    #[test]
    fn cleaning_waits_for_runs() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let runs = (StoreLock::share(&store).unwrap(), StoreLock::share(&store).unwrap());
        assert!(matches!(StoreLock::own(&store), Err(Error::Busy)));
        drop(runs);
        assert!(StoreLock::own(&store).is_ok());
    }
}
