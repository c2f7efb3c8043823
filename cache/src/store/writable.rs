//! Writing: objects are sealed, synced and renamed into their places; what is damaged is moved out of them.

use super::{Blob, DIRECTORIES, FORMAT, Presence, Store, hash};
use crate::dir::Dir;
use crate::effects::{self, Op};
use crate::journal_file::JOURNAL;
use crate::marks::mark;
use crate::{Digest, Error, Result, Sha256, regular};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What keeps a store out of a repository.
const IGNORED: &[u8] = b"*\n";

/// A store that may be written to. Only runs, `verify` and `gc` open one.
pub struct WritableStore {
    store: Store,
    /// Directories of objects whose own names are durable, as far as this process knows.
    named: Mutex<HashSet<u8>>,
}

impl std::ops::Deref for WritableStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl WritableStore {
    fn around(store: Store) -> WritableStore {
        WritableStore { store, named: Mutex::default() }
    }

    /// Opens a store for writing; one that is not there is laid out by [`WritableStore::create`]. Empty directories that a copy has
    /// lost are made again.
    pub fn open(root: &Path) -> Result<WritableStore> {
        let store = Store::opened(root, true).map(WritableStore::around)?;
        if !store.is_new() {
            lay_out_dirs(root)?;
        }
        Ok(store)
    }

    /// Opens a store for writing and lays it out where it is new.
    pub fn create(root: &Path) -> Result<WritableStore> {
        WritableStore::of(&Store::opened(root, true)?)
    }

    /// The same store for writing, laid out where it is new; both know together what they found out about objects.
    pub fn of(store: &Store) -> Result<WritableStore> {
        let store = WritableStore::around(Store { sets_aside: true, ..store.clone() });
        let root: &Path = &store.store.root.clone();
        is_free(root)?;
        let made: Vec<&Path> = root.ancestors().take_while(|path| !path.exists()).collect();
        let directory = lay_out_dirs(root)?;
        if directory.read("format", regular::RECORD).ok().is_none_or(|text| text.trim_ascii() != FORMAT.as_bytes()) {
            // A store is found again if all directories on the way to it are.
            made.iter().chain([&root]).try_for_each(|path| sync_above(path))?;
            directory.replace(".gitignore", &[IGNORED])?;
            // Last, and by rename: a store without a format file was never finished.
            // Two runs may lay out one store at once: each has a file of its own (not in `tmp`, which the other may
            // sweep), and either will do.
            directory.replace("format", &[FORMAT.as_bytes(), b"\n"])?;
        }
        // Even if another run laid it out: it may not have come to this yet.
        directory.sync()?;
        Ok(store)
    }

    /// For those who read, and set aside what they find damaged.
    pub fn into_store(self) -> Store {
        self.store
    }

    /// A fresh directory for work in progress, on the file system of the objects; removed when dropped.
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        // Stages are given a path, so that here a directory is looked at before it is used.
        let tmp = self.directory("tmp")?.path().to_path_buf();
        let make = || tempfile::Builder::new().prefix("work-").tempdir_in(&tmp);
        effects::perform(Op::NewPath(&tmp), make).map_err(Error::io("create a directory in", &tmp))
    }

    /// Stores some bytes.
    pub fn put(&self, bytes: &[u8]) -> Result<Blob> {
        let tmp = self.directory("tmp")?;
        let new = tmp.temporary("put-")?;
        effects::write_all(new.file(), bytes).map_err(Error::io("write in", tmp.path()))?;
        let blob = Blob { digest: Digest::of(bytes), sha256: Sha256::of(bytes), size: bytes.len() as u64 };
        seal(new.file(), tmp.path())?;
        if self.presence(&blob.digest, Some(blob.size)) != Presence::Intact {
            let shard = self.shard(&blob.digest)?;
            new.keep(&shard, &blob.digest.hex()[2..])?;
            self.mark_intact(&blob.digest);
        }
        // Even if it was there: another run may have renamed it a moment ago.
        self.sync_shards([&blob.digest])?;
        Ok(blob)
    }

    /// Hashes a finished file below the store's `tmp` and makes it an object: sealed, synced, renamed.
    /// Its name is *not* durable, so that many files can be put before one [`WritableStore::sync_shards`].
    pub(crate) fn take(&self, path: &Path) -> Result<Blob> {
        let mut file = regular::open(path)?;
        let (digest, sha256, size) = hash(&mut file, path)?;
        if self.presence(&digest, Some(size)) != Presence::Intact {
            seal(&file, path)?;
            self.shard(&digest)?.adopt(path, &digest.hex()[2..])?;
            self.mark_intact(&digest);
        }
        Ok(Blob { digest, sha256, size })
    }

    /// The directory of an object, with nothing in the object's place that a file could not take.
    fn shard(&self, digest: &Digest) -> Result<Dir> {
        let hex = digest.hex();
        let shard = self.directory("objects")?.sub_or_create(&hex[..2], 0o700)?;
        if shard.kind(&hex[2..]) == Some(rustix::fs::FileType::Directory) {
            mark!("directory-in-place-of-object");
            self.move_to_quarantine(digest)?;
        }
        Ok(shard)
    }

    fn mark_intact(&self, digest: &Digest) {
        self.found.verified.lock().expect("BUG: poisoned").insert(*digest);
        self.found.damaged.lock().expect("BUG: poisoned").remove(digest);
    }

    /// Makes the names of objects durable, and those of the directories that they are in.
    pub(crate) fn sync_shards<'a>(&self, digests: impl IntoIterator<Item = &'a Digest>) -> Result<()> {
        let objects = self.directory("objects")?;
        let shards: BTreeSet<u8> = digests.into_iter().map(|digest| digest.bytes()[0]).collect();
        shards.par_iter().try_for_each(|shard| objects.sub(format!("{shard:02x}"))?.sync())?;
        // Once for each, whoever made it; noted afterwards, so that nobody relies on a sync that is under way.
        let is_named = shards.is_subset(&self.named.lock().expect("BUG: poisoned").iter().copied().collect());
        if !is_named {
            objects.sync()?;
            self.named.lock().expect("BUG: poisoned").extend(shards);
        }
        Ok(())
    }

    /// Removes an object; a directory in the place of one is moved aside.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<()> {
        match self.shard(digest)?.remove_file(&digest.hex()[2..]) {
            Err(e) if e.is_not_found() => Ok(()),
            removed => removed,
        }
    }

    /// Moves an object that its caller found damaged aside.
    pub(crate) fn set_aside(&self, digest: &Digest) {
        self.found_damaged(digest);
    }
}

/// Gives a file the time and the mode of an object, and makes it durable; `path` is for messages.
fn seal(file: &File, path: &Path) -> Result<()> {
    let date = || file.set_times(fs::FileTimes::new().set_modified(fixed_time()));
    effects::perform(Op::Change(file), date).map_err(Error::io("date", path))?;
    effects::perform(Op::Change(file), || file.set_permissions(fs::Permissions::from_mode(0o444))).map_err(Error::io("protect", path))?;
    effects::sync(file).map_err(Error::io("sync", path))
}

/// Makes the name of a directory durable.
fn sync_above(path: &Path) -> Result<()> {
    match Dir::named(path.parent().unwrap_or(path)) {
        Ok(above) => above.sync(),
        // The user's, who may pass through it and not read it.
        Err(_) => Ok(()),
    }
}

/// A directory that holds something else does not become a store: what lies in its `tmp` would count as abandoned work, and be removed.
/// Hidden files, such as those of a desktop, do not count, and neither does what is left of a store without its format file.
fn is_free(root: &Path) -> Result<()> {
    let directory = match Dir::named(root) {
        Err(e) if e.is_not_found() => return Ok(()),
        opened => opened?,
    };
    let is_store = || directory.kind("format").is_some();
    if is_store() || directory.sub("runs").is_ok_and(|runs| runs.names().is_ok_and(|all| all.iter().any(|run| has_journal(&runs, run)))) {
        return Ok(());
    }
    let is_other = |name: &OsStr| match name.to_str() {
        Some(own) if DIRECTORIES.contains(&own) => directory.sub(own).is_ok_and(|inside| inside.names().is_ok_and(|names| !names.is_empty())),
        Some(".gitignore") => directory.read(".gitignore", regular::RECORD).is_ok_and(|text| text != IGNORED),
        _ => !name.as_encoded_bytes().starts_with(b"."),
    };
    match directory.names()?.into_iter().find(|name| is_other(name)) {
        // Another run may have laid it out meanwhile.
        Some(_) if is_store() => Ok(()),
        Some(name) => {
            mark!("occupied-directory");
            Err(Error::Occupied { path: root.to_path_buf(), name: name.to_string_lossy().into_owned() })
        }
        None => Ok(()),
    }
}

fn has_journal(runs: &Dir, run: &OsStr) -> bool {
    runs.sub(run).is_ok_and(|run| run.kind(JOURNAL).is_some())
}

fn lay_out_dirs(root: &Path) -> Result<Dir> {
    if !root.is_dir() {
        let make = || fs::DirBuilder::new().recursive(true).mode(0o700).create(root);
        effects::perform(Op::NewPath(root), make).map_err(Error::io("create", root))?;
    }
    let directory = Dir::named(root)?;
    // Checkpoints get theirs with the first of them.
    for name in DIRECTORIES.iter().filter(|name| **name != "checkpoints") {
        directory.sub_or_create(name, 0o700)?;
    }
    Ok(directory)
}

/// The mtime that every object carries.
pub(super) fn fixed_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1)
}
