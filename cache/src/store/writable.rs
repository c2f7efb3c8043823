//! Writing: objects are sealed, synced and renamed into their places; what is damaged is moved out of them.

use super::{Blob, FORMAT, Presence, Store, hash_file, sync_folder};
use crate::memo::Memo;
use crate::{Digest, Error, Result, Sha256};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A store that may be written to. Only runs, `verify` and `gc` open one.
pub struct WritableStore(Store);

impl std::ops::Deref for WritableStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.0
    }
}

impl WritableStore {
    /// Opens a store for writing; one that is not there is laid out by [`WritableStore::create`]. Empty folders that a copy has
    /// lost are made again.
    pub fn open(root: &Path) -> Result<WritableStore> {
        let store = Store::opened(root, true).map(WritableStore)?;
        if !store.is_new() {
            lay_out_folders(root)?;
        }
        Ok(store)
    }

    /// Takes over what was found out about objects before.
    #[must_use]
    pub fn with_memo(self, memo: Memo) -> WritableStore {
        WritableStore(self.0.with_memo(memo))
    }

    /// Opens a store for writing and lays it out where it is new.
    pub fn create(root: &Path) -> Result<WritableStore> {
        let store = Store::opened(root, true).map(WritableStore)?;
        let format = root.join("format");
        lay_out_folders(root)?;
        if fs::read_to_string(&format).ok().is_none_or(|text| text.trim() != FORMAT) {
            let ignore = root.join(".gitignore");
            fs::write(&ignore, "*\n").map_err(Error::io("write", &ignore))?;
            // Last, and by rename: a store without a format file was never finished.
            // Two runs may lay out one store at once: each has a file of its own (not in `tmp`, which the other may
            // sweep), and either will do.
            let mut new = tempfile::Builder::new().prefix(".format-").tempfile_in(root).map_err(Error::io("write in", root))?;
            new.write_all(format!("{FORMAT}\n").as_bytes()).and_then(|()| new.as_file().sync_all()).map_err(Error::io("write in", root))?;
            new.persist(&format).map_err(|e| Error::io("write", &format)(e.error))?;
            sync_folder(root)?;
        }
        Ok(store)
    }

    /// For those who read, and set aside what they find damaged.
    pub fn into_store(self) -> Store {
        self.0
    }

    /// A fresh folder for work in progress, on the file system of the objects; removed when dropped.
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        let tmp = self.root.join("tmp");
        tempfile::Builder::new().prefix("work-").tempdir_in(&tmp).map_err(Error::io("create a folder in", &tmp))
    }

    /// Stores some bytes.
    pub fn put(&self, bytes: &[u8]) -> Result<Blob> {
        let tmp = self.0.root.join("tmp");
        let mut file = tempfile::Builder::new().prefix("put-").tempfile_in(&tmp).map_err(Error::io("write in", &tmp))?;
        file.write_all(bytes).map_err(Error::io("write in", &tmp))?;
        let blob = Blob { digest: Digest::of(bytes), sha256: Sha256::of(bytes), size: bytes.len() as u64 };
        let path = file.into_temp_path();
        self.seal(&path)?;
        if self.adopt(&path, &blob.digest)? {
            self.sync_shard(&blob.digest)?;
        }
        Ok(blob)
    }

    /// Hashes a finished file below the store's `tmp` and makes it an object: sealed, synced, renamed.
    /// The shard's folder is *not* synced, so that many files can be put before one [`Store::sync_shard`] each.
    pub(crate) fn take(&self, path: &Path) -> Result<Blob> {
        let (digest, sha256, size) = hash_file(path)?;
        if self.presence(&digest, Some(size)) != Presence::Whole {
            self.seal(path)?;
            self.adopt(path, &digest)?;
        }
        Ok(Blob { digest, sha256, size })
    }

    fn seal(&self, path: &Path) -> Result<()> {
        let file = File::options().write(true).open(path).map_err(Error::io("open", path))?;
        file.set_times(fs::FileTimes::new().set_modified(fixed_time())).map_err(Error::io("date", path))?;
        file.set_permissions(fs::Permissions::from_mode(0o444)).map_err(Error::io("protect", path))?;
        file.sync_all().map_err(Error::io("sync", path))
    }

    /// Renames a sealed file to its object name; false where a whole object stood there already.
    fn adopt(&self, path: &Path, digest: &Digest) -> Result<bool> {
        let target = self.object_path(digest);
        if self.presence(digest, fs::metadata(path).ok().map(|m| m.len())) == Presence::Whole {
            return Ok(false);
        }
        let shard = target.parent().expect("BUG: objects lie in shards");
        if !shard.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(shard).map_err(Error::io("create", shard))?;
        }
        fs::rename(path, &target).map_err(Error::io("store", &target))?;
        self.0.verified.lock().expect("BUG: poisoned").insert(*digest);
        self.0.damaged.lock().expect("BUG: poisoned").remove(digest);
        Ok(true)
    }

    /// Makes the names of a shard durable.
    pub(crate) fn sync_shard(&self, digest: &Digest) -> Result<()> {
        sync_folder(self.object_path(digest).parent().expect("BUG: objects lie in shards"))
    }

    /// Moves an object that its caller found damaged aside.
    pub(crate) fn set_aside(&self, digest: &Digest) {
        self.found_damaged(digest);
    }
}

fn lay_out_folders(root: &Path) -> Result<()> {
    for path in ["", "objects", "runs", "tmp", "locks", "quarantine"].map(|folder| root.join(folder)) {
        if !path.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(Error::io("create", &path))?;
        }
    }
    Ok(())
}

/// The mtime that every object carries.
pub(super) fn fixed_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1)
}
