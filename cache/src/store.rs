//! The object store: read-only objects named by their content, written atomically, verified when they are used.
//!
//! ```text
//! .hilum/                 0700
//!   format                "hilum-store 2"
//!   objects/3f/9a…        a file's bytes or a tree document, mode 0444, mtime one second after the epoch
//!   runs/RUN/             journal.jsonl (the truth about receipts), standard errors of stages
//!   checkpoints/KEY/      how far a training is that was stopped
//!   tmp/                  what is being written; swept when nobody holds it
//!   locks/                one file per key under computation
//!   quarantine/           damaged objects, kept for the curious
//! ```
//! The fixed mtime makes every later write through the file system visible to a plain `stat`, without an index:
//! reuse compares size and mtime, use hashes the bytes.

use crate::digest::TwinHasher;
use crate::{Digest, Error, Result, Sha256};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the format file says of a store that this program writes.
pub const FORMAT: &str = "hilum-store 2";

/// Formats that are read as they are. They differ in names inside of records and tables, which their readers know; a run
/// that writes into such a store raises its number, and removes nothing.
pub const OLDER: [&str; 1] = ["hilum-store 1"];

/// A folder of objects and records.
pub struct Store {
    root: PathBuf,
    verified: Mutex<HashSet<Digest>>,
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
    Whole,
    /// There, but written to since.
    Touched,
    /// Not there.
    Absent,
}

impl Store {
    /// Opens a store for reading, without creating anything; a folder that does not exist is an empty store.
    pub fn open(root: &Path) -> Result<Store> {
        let store = Store { root: root.to_path_buf(), verified: Mutex::default() };
        let format = root.join("format");
        match fs::read_to_string(&format) {
            Ok(text) if text.trim() == FORMAT || OLDER.contains(&text.trim()) => Ok(store),
            Ok(text) => Err(Error::Format { found: text.trim().chars().take(60).collect(), expected: FORMAT }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(store),
            Err(e) => Err(Error::io("read", &format)(e)),
        }
    }

    /// Opens a store for writing and lays it out where it is new.
    pub fn create(root: &Path) -> Result<Store> {
        let store = Store::open(root)?;
        let format = root.join("format");
        if fs::read_to_string(&format).ok().is_none_or(|text| text.trim() != FORMAT) {
            for folder in ["", "objects", "runs", "tmp", "locks", "quarantine"] {
                let path = root.join(folder);
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(Error::io("create", &path))?;
            }
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

    /// True where nothing was ever laid out here.
    pub fn is_new(&self) -> bool {
        !self.root.join("format").exists()
    }
    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// The folder of a run.
    pub fn run_folder(&self, run: &str) -> PathBuf {
        self.root.join("runs").join(run)
    }
    /// Where an object lies, whether or not it is there.
    pub fn object_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// A fresh folder for work in progress, on the file system of the objects; removed when dropped.
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        let tmp = self.root.join("tmp");
        tempfile::Builder::new().prefix("work-").tempdir_in(&tmp).map_err(Error::io("create a folder in", &tmp))
    }

    /// What a `stat` says of an object of known size.
    pub fn presence(&self, digest: &Digest, size: Option<u64>) -> Presence {
        match fs::metadata(self.object_path(digest)) {
            Err(_) => Presence::Absent,
            Ok(m) if m.mtime() == 1 && size.is_none_or(|s| s == m.size()) => Presence::Whole,
            Ok(_) => Presence::Touched,
        }
    }

    /// Stores some bytes.
    pub fn put(&self, bytes: &[u8]) -> Result<Blob> {
        let tmp = self.root.join("tmp");
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
        self.verified.lock().expect("BUG: poisoned").insert(*digest);
        Ok(true)
    }

    /// Makes the names of a shard durable.
    pub(crate) fn sync_shard(&self, digest: &Digest) -> Result<()> {
        sync_folder(self.object_path(digest).parent().expect("BUG: objects lie in shards"))
    }

    /// The bytes of an object, verified.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = self.object_path(digest);
        let bytes = fs::read(&path).map_err(|e| self.absent(digest, &path, e))?;
        if Digest::of(&bytes) != *digest {
            return Err(self.quarantine(digest));
        }
        self.verified.lock().expect("BUG: poisoned").insert(*digest);
        Ok(bytes)
    }

    /// The path of an object whose bytes this process has hashed at least once and found whole.
    pub fn verified_path(&self, digest: &Digest) -> Result<PathBuf> {
        let path = self.object_path(digest);
        if self.verified.lock().expect("BUG: poisoned").contains(digest) {
            return Ok(path);
        }
        let (found, _, _) = hash_file(&path).map_err(|e| match e {
            Error::Io { source, .. } => self.absent(digest, &path, source),
            other => other,
        })?;
        if found != *digest {
            return Err(self.quarantine(digest));
        }
        self.verified.lock().expect("BUG: poisoned").insert(*digest);
        Ok(path)
    }

    fn absent(&self, digest: &Digest, path: &Path, e: std::io::Error) -> Error {
        if e.kind() == std::io::ErrorKind::NotFound { Error::Missing(*digest) } else { Error::io("read", path)(e) }
    }

    /// Moves a damaged object aside.
    pub fn quarantine(&self, digest: &Digest) -> Error {
        let target = self.root.join("quarantine").join(digest.hex());
        // A damaged object that cannot be moved (a read-only store) is still reported as damaged.
        let _ = fs::rename(self.object_path(digest), target);
        Error::Damaged(*digest)
    }

    /// Digests of all objects, sorted.
    pub fn objects(&self) -> Result<Vec<(Digest, u64)>> {
        let root = self.root.join("objects");
        let mut out = vec![];
        for entry in walkdir::WalkDir::new(&root).min_depth(2).max_depth(2) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(_) if !root.exists() => break,
                Err(e) => return Err(Error::io("list", &root)(e.into())),
            };
            let (Some(shard), Some(rest)) = (entry.path().parent().and_then(Path::file_name), entry.path().file_name()) else { continue };
            if let Some(digest) = Digest::from_hex(&format!("{}{}", shard.to_string_lossy(), rest.to_string_lossy())) {
                out.push((digest, entry.metadata().map(|m| m.len()).unwrap_or(0)));
            }
        }
        out.sort_unstable();
        Ok(out)
    }
}

/// The mtime that every object carries.
fn fixed_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1)
}

/// Both digests of a file and its size, in one streaming pass.
pub fn hash_file(path: &Path) -> Result<(Digest, Sha256, u64)> {
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let mut hasher = TwinHasher::default();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(Error::io("read", path))? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// Makes the names in a folder durable.
pub fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|f| f.sync_all()).map_err(Error::io("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_only_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(dir.path()).unwrap();
        let blob = store.put(b"film").unwrap();
        assert_eq!(store.read(&blob.digest).unwrap(), b"film");
        assert_eq!(store.presence(&blob.digest, Some(4)), Presence::Whole);
        assert_eq!(fs::metadata(store.object_path(&blob.digest)).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(store.objects().unwrap(), vec![(blob.digest, 4)]);
        assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_flipped_bit_is_found_on_use_and_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let digest = Store::create(dir.path()).unwrap().put(b"film").unwrap().digest;
        let store = Store::open(dir.path()).unwrap();
        let path = store.object_path(&digest);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&path, b"filn").unwrap();
        assert_eq!(store.presence(&digest, Some(4)), Presence::Touched, "seen by stat alone");
        assert!(matches!(store.read(&digest), Err(Error::Damaged(d)) if d == digest));
        assert!(matches!(store.read(&digest), Err(Error::Missing(_))));
        assert!(store.put(b"film").is_ok() && store.read(&digest).is_ok(), "and can be stored anew");
    }

    #[test]
    fn a_store_of_another_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("format"), "hilum-store 9\n").unwrap();
        assert!(matches!(Store::open(dir.path()), Err(Error::Format { .. })));
    }
}
