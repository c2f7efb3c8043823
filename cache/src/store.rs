//! The object store: read-only objects named by their content, written atomically, verified when they are used.
//!
//! ```text
//! .hilum/                 0700
//!   format                "hilum-store 2"
//!   objects/3f/9a…        a file's bytes or a tree document, mode 0444, mtime one second after the epoch
//!   runs/RUN/             journal.jsonl (the truth about receipts), standard errors of stages
//!   checkpoints/KEY/      checkpoints of trainings
//!   tmp/                  files being written; swept when unused
//!   locks/                one file per key under computation
//!   quarantine/           damaged objects, kept for inspection
//! ```
//! The fixed mtime makes every later write through the file system visible to a plain `stat`, without an index:
//! reuse compares size and mtime, use hashes the bytes. Of an object with another mtime, as a copy of a store has it, the bytes
//! decide; the result is kept in the user's memo.
//!
//! A store may come from anybody. The directory that the user names may be a link; inside of it, only directories and regular files are
//! opened, one handle after the other (`dir`), and what is read into memory is bounded (`regular`).

mod objects;
mod writable;

pub use writable::WritableStore;

use crate::digest::TwinHasher;
use crate::dir::Dir;
use crate::marks::mark;
use crate::memo::{Memo, Remembered, Stamp};
use crate::{Digest, Error, Result, Sha256, regular};
use rustix::fs::FileType;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What the format file says of a store that this program writes.
pub const FORMAT: &str = "hilum-store 2";

/// Formats that are read as they are. They differ in names inside of records and tables, which their readers know; a run
/// that writes into such a store raises its number, and removes nothing.
pub const OLDER: [&str; 1] = ["hilum-store 1"];

/// The directories of a store. Those of them that runs need from the beginning come first.
pub(crate) const DIRECTORIES: [&str; 6] = ["objects", "runs", "tmp", "locks", "quarantine", "checkpoints"];

/// A directory of objects and records, as it was opened: [`Store::open`] reads and leaves every byte where it is; all that
/// writes asks for a [`WritableStore`]. Clones know together what they found out.
#[derive(Clone)]
pub struct Store {
    root: PathBuf,
    /// True if damaged objects are moved to the quarantine, so that they can be stored again.
    sets_aside: bool,
    found: Arc<ObjectStates>,
}

/// What this process has found out about the objects of a store.
#[derive(Default)]
struct ObjectStates {
    verified: Mutex<HashSet<Digest>>,
    /// ObjectStates damaged, but not moved.
    damaged: Mutex<HashSet<Digest>>,
    /// Directories of objects that were seen to be directories.
    shards: Mutex<HashSet<u8>>,
    /// Objects with other mtimes, and their verified digests.
    memo: Mutex<Memo>,
}

/// What is known of an object's bytes after writing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// The object's name.
    pub digest: Digest,
    /// For outside readers.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// What a `stat` says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There, and untouched since it was written as far as a `stat` can tell.
    Intact,
    /// There, but written to since.
    Touched,
    /// Not there.
    Absent,
}

impl Store {
    /// Opens a store for reading: nothing in it is created, moved or changed. A directory that does not exist is an empty store.
    pub fn open(root: &Path) -> Result<Store> {
        Store::opened(root, false)
    }

    fn opened(root: &Path, sets_aside: bool) -> Result<Store> {
        let store = Store { root: root.to_path_buf(), sets_aside, found: Arc::default() };
        let directory = match Dir::named(root) {
            Err(e) if e.is_not_found() => return Ok(store),
            opened => opened?,
        };
        // Said at once, and not in the middle of a run; every use looks again.
        for name in DIRECTORIES {
            // What else lies in the way of checkpoints is said when one is to be written; a training goes on without them.
            let is_fine = |kind: &FileType| *kind == FileType::Directory || name == "checkpoints" && *kind != FileType::Symlink;
            if let Some(other) = directory.kind(name).filter(|kind| !is_fine(kind)) {
                return Err(Error::Foreign { path: root.join(name), what: regular::named(other), due: "directory" });
            }
        }
        match directory.read("format", regular::RECORD).map(|text| String::from_utf8_lossy(&text).trim().to_owned()) {
            Ok(text) if text == FORMAT || OLDER.contains(&&*text) => Ok(store),
            Ok(text) => {
                Err(Error::Format { found: if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }, expected: FORMAT })
            }
            Err(e) if e.is_not_found() => Ok(store),
            Err(e) => Err(e),
        }
    }

    /// A directory of the store.
    pub(crate) fn directory(&self, name: &str) -> Result<Dir> {
        Dir::named(&self.root)?.sub(name)
    }

    /// Uses a memo of verified objects.
    #[must_use]
    pub fn with_memo(self, memo: Memo) -> Store {
        *self.found.memo.lock().expect("BUG: poisoned") = memo;
        self
    }
    /// The same for those who recompute what they find damaged: it is set aside.
    #[must_use]
    pub fn setting_damage_aside(self) -> Store {
        Store { sets_aside: true, ..self }
    }
    /// Objects that were found damaged are looked at again: another process may have stored them anew.
    pub fn look_again(&self) {
        self.found.damaged.lock().expect("BUG: poisoned").clear();
    }
    /// Gives access to the memo of verified objects.
    pub fn with_memo_of<T>(&self, look: impl FnOnce(&Memo) -> T) -> T {
        look(&self.found.memo.lock().expect("BUG: poisoned"))
    }

    /// True if no store has been created here.
    pub fn is_new(&self) -> bool {
        self.root.join("format").symlink_metadata().is_err()
    }
    /// The directory of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// The directory of a run.
    pub fn run_dir(&self, run: &str) -> PathBuf {
        self.root.join("runs").join(run)
    }
    /// The path of an object, whether or not it exists.
    pub fn object_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// What a `stat` says of an object of known size, and what this process has found out about its bytes.
    pub fn presence(&self, digest: &Digest, size: Option<u64>) -> Presence {
        if self.found.damaged.lock().expect("BUG: poisoned").contains(digest) {
            return Presence::Touched;
        }
        let path = self.object_path(digest);
        match fs::symlink_metadata(&path) {
            Err(_) => Presence::Absent,
            Ok(m) if !m.is_file() || !self.has_shard(digest, &path) => Presence::Touched,
            Ok(m) if size.is_some_and(|s| s != m.size()) => Presence::Touched,
            Ok(m) if m.mtime() == 1 || self.is_intact(digest, &m) => Presence::Intact,
            Ok(_) => Presence::Touched,
        }
    }

    /// True if the directory of an object is none that lies elsewhere. Looked at once for each: it only spares a run the way to an
    /// object that will not open.
    fn has_shard(&self, digest: &Digest, path: &Path) -> bool {
        let mut shards = self.found.shards.lock().expect("BUG: poisoned");
        let known = shards.contains(&digest.bytes()[0]);
        let real = known || path.parent().is_some_and(|shard| shard.symlink_metadata().is_ok_and(|stat| stat.is_dir()));
        if real && !known {
            shards.insert(digest.bytes()[0]);
        }
        real
    }

    /// True for an object of which only the bytes can tell, and do so.
    fn is_intact(&self, digest: &Digest, stat: &fs::Metadata) -> bool {
        if self.found.verified.lock().expect("BUG: poisoned").contains(digest) {
            return true;
        }
        let (path, stamp) = (self.object_path(digest), Stamp::of(stat));
        let known = self.found.memo.lock().expect("BUG: poisoned").get(&path, &stamp).map(|r| r.digest);
        if known.is_none() {
            mark!("copied-object-hashed");
        }
        let found = known.or_else(|| hash(&mut self.open_object(digest).ok()?, &path).ok().map(|h| h.0));
        if found != Some(*digest) {
            self.found.damaged.lock().expect("BUG: poisoned").insert(*digest);
            return false;
        }
        if known.is_none() {
            self.found.verified.lock().expect("BUG: poisoned").insert(*digest);
            if stamp.is_settled() {
                let remembered = Remembered { digest: *digest, note: String::new() };
                self.found.memo.lock().expect("BUG: poisoned").put(path, stamp, remembered);
            }
        }
        true
    }
}

/// Both digests of a file that the user named and its size, in one streaming pass.
pub fn hash_file(path: &Path) -> Result<(Digest, Sha256, u64)> {
    hash(&mut regular::open_named(path)?, path)
}

/// Both digests of an open file and its size, in one streaming pass; `path` is for messages.
pub(crate) fn hash(file: &mut File, path: &Path) -> Result<(Digest, Sha256, u64)> {
    let mut hasher = TwinHasher::default();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(Error::io("read", path))? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests {
    use super::writable::fixed_time;
    use super::*;
    use crate::marks::hit;
    use std::os::unix::fs::PermissionsExt;

    /// What lies in `tmp` of a store is swept.
    #[test]
    fn a_directory_with_something_else_in_it_does_not_become_a_store() {
        let held = |path: &str, text: &str| {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), text).unwrap();
            dir
        };
        for (path, text, name) in [("thesis.txt", "", "thesis.txt"), ("tmp/thesis.txt", "", "tmp"), (".gitignore", "target/", ".gitignore")] {
            let dir = held(path, text);
            hit!("occupied-directory");
            let refused = WritableStore::create(dir.path()).err().unwrap();
            assert!(matches!(&refused, Error::Occupied { name: found, .. } if found == name), "{refused}");
            assert_eq!((fs::read_to_string(dir.path().join(path)).unwrap().as_str(), dir.path().join("format").exists()), (text, false));
        }
        for (path, text) in [(".DS_Store", ""), (".gitignore", "*\n"), ("runs/r/journal.jsonl", "")] {
            let dir = held(path, text);
            WritableStore::create(dir.path()).unwrap();
            WritableStore::create(dir.path()).unwrap().put(b"image").unwrap();
        }
    }

    #[test]
    fn an_object_is_read_only_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let blob = store.put(b"image").unwrap();
        assert_eq!(store.read(&blob.digest).unwrap(), b"image");
        assert_eq!(store.presence(&blob.digest, Some(5)), Presence::Intact);
        assert_eq!(fs::metadata(store.object_path(&blob.digest)).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(store.objects().unwrap(), vec![(blob.digest, 5)]);
        assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_flipped_bit_is_found_on_use_and_moved_aside_by_those_who_may_write() {
        let dir = tempfile::tempdir().unwrap();
        let digest = WritableStore::create(dir.path()).unwrap().put(b"image").unwrap().digest;
        let store = WritableStore::open(dir.path()).unwrap();
        let path = store.object_path(&digest);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&path, b"imagf").unwrap();
        let reader = Store::open(dir.path()).unwrap();
        assert_eq!(reader.presence(&digest, Some(5)), Presence::Touched, "its time says that it may be another, its bytes that it is");
        // As a failing disk does it, no time changes.
        fs::File::options().write(true).open(&path).unwrap().set_modified(fixed_time()).unwrap();
        let reader = Store::open(dir.path()).unwrap();
        assert_eq!(reader.presence(&digest, Some(5)), Presence::Intact, "not seen by stat");
        for _ in 0..2 {
            hit!("damaged-object-stays");
            assert!(matches!(reader.read(&digest), Err(Error::Damaged(d)) if d == digest));
            assert!(matches!(reader.verified_path(&digest), Err(Error::Damaged(d)) if d == digest));
            assert_eq!(reader.presence(&digest, Some(5)), Presence::Touched, "a reader remembers it, and leaves it there");
        }
        assert!(path.exists());
        hit!("damaged-object-aside");
        assert!(matches!(store.read(&digest), Err(Error::Damaged(d)) if d == digest));
        assert!(matches!(store.read(&digest), Err(Error::Missing(_))));
        assert!(store.put(b"image").is_ok() && store.read(&digest).is_ok(), "and can be stored anew");
    }

    #[test]
    fn a_copy_with_other_times_is_hashed_once() {
        let dir = tempfile::tempdir().unwrap();
        let digest = WritableStore::create(dir.path()).unwrap().put(b"image").unwrap().digest;
        let path = Store::open(dir.path()).unwrap().object_path(&digest);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(fixed_time() + std::time::Duration::from_secs(9)).unwrap();
        while !Stamp::of(&fs::metadata(&path).unwrap()).is_settled() {
            std::thread::yield_now();
        }
        let first = Store::open(dir.path()).unwrap();
        hit!("copied-object-hashed");
        assert_eq!(first.presence(&digest, Some(5)), Presence::Intact);
        assert_eq!(first.presence(&digest, Some(6)), Presence::Touched, "of another size");
        let memo = dir.path().join("memo");
        first.with_memo_of(|m| m.save(&memo)).unwrap();
        let second = Store::open(dir.path()).unwrap().with_memo(Memo::load(&memo));
        assert_eq!(second.presence(&digest, Some(5)), Presence::Intact);
        assert!(second.found.verified.lock().unwrap().is_empty(), "it was not read again");
    }

    #[test]
    fn a_store_of_another_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("format"), "hilum-store 9\n").unwrap();
        assert!(matches!(Store::open(dir.path()), Err(Error::Format { .. })));
    }

    #[test]
    fn a_directory_in_the_place_of_an_object_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let digest = WritableStore::create(dir.path()).unwrap().put(b"image").unwrap().digest;
        let store = WritableStore::open(dir.path()).unwrap();
        fs::remove_file(store.object_path(&digest)).unwrap();
        fs::create_dir(store.object_path(&digest)).unwrap();
        hit!("directory-in-place-of-object");
        store.put(b"image").unwrap();
        assert_eq!(store.read(&digest).unwrap(), b"image");
    }
}
