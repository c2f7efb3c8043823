//! Work in progress of one key: what a stage wrote down so that it can go on after being stopped at any moment.
//!
//! ```text
//! .hilum/checkpoints/KEY/000000000120      bytes of the stage, then their digest (32 bytes)
//! ```
//! A checkpoint appears whole or not at all: it is written beside its place, synced, and renamed. Two are kept, so that one
//! that does not read is not the end. Only the holder of the key's lock writes here. Ignorant of what the bytes mean.

use crate::store::sync_folder;
use crate::{Digest, Error, Result, StageKey, Store};
use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// How many are kept.
const KEPT: usize = 2;

/// The checkpoints of one key.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Those of a key; nothing is created.
    pub fn of(store: &Store, key: &StageKey) -> Checkpoints {
        Checkpoints::at(store.root(), key)
    }
    /// Those of a key below a store's folder.
    pub fn at(store: &Path, key: &StageKey) -> Checkpoints {
        Checkpoints { folder: store.join("checkpoints").join(key.0.hex()) }
    }

    /// Writes one, after so many steps; older ones than the last two go.
    ///
    /// # Errors
    /// Where the disk is full, say. The checkpoints that were there are still there.
    pub fn save(&self, step: u64, bytes: &[u8]) -> Result<()> {
        if !self.folder.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(Error::io("create", &self.folder))?;
        }
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&self.folder).map_err(Error::io("write in", &self.folder))?;
        let written = file.write_all(bytes).and_then(|()| file.write_all(Digest::of(bytes).bytes())).and_then(|()| file.as_file().sync_all());
        written.map_err(Error::io("write in", &self.folder))?;
        let path = self.folder.join(format!("{step:012}"));
        file.persist(&path).map_err(|e| Error::io("write", &path)(e.error))?;
        sync_folder(&self.folder)?;
        for (_, old) in self.list().into_iter().rev().skip(KEPT) {
            // One too many is no fault.
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// Steps and bytes of the newest one that reads.
    pub fn latest(&self) -> Option<(u64, Vec<u8>)> {
        self.list().into_iter().rev().find_map(|(step, path)| Some((step, whole(&path)?)))
    }

    /// After how many steps the newest one was written, by its name alone.
    pub fn step(&self) -> Option<u64> {
        self.list().last().map(|(step, _)| *step)
    }

    /// Removes all of them: the stage is done.
    pub fn remove(&self) {
        // What stays behind is swept by `gc`; the next run with this key finds a receipt and does not look.
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// By steps, oldest first.
    fn list(&self) -> Vec<(u64, PathBuf)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().filter_map(|e| e.ok().map(|e| e.path()));
        let mut all: Vec<(u64, PathBuf)> = entries.filter_map(|p| Some((p.file_name()?.to_str()?.parse().ok()?, p))).collect();
        all.sort();
        all
    }
}

/// Every key that has checkpoints, with its folder.
pub fn all(store: &Store) -> Vec<(StageKey, PathBuf)> {
    let entries = fs::read_dir(store.root().join("checkpoints")).into_iter().flatten().filter_map(|e| e.ok().map(|e| e.path()));
    entries.filter_map(|p| Some((StageKey(Digest::from_hex(p.file_name()?.to_str()?)?), p))).collect()
}

fn whole(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let digest = bytes.split_off(bytes.len().checked_sub(32)?);
    (Digest::of(&bytes).bytes() == digest.as_slice()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WritableStore;

    fn place() -> (tempfile::TempDir, Checkpoints) {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let checkpoints = Checkpoints::of(&store, &StageKey(Digest::of(b"key")));
        (dir, checkpoints)
    }

    #[test]
    fn the_newest_that_reads_is_found_and_two_are_kept() {
        let (dir, c) = place();
        assert_eq!((c.latest(), c.step()), (None, None));
        for step in [3, 20, 100] {
            c.save(step, format!("after {step}").as_bytes()).unwrap();
        }
        assert_eq!(c.latest(), Some((100, b"after 100".to_vec())));
        assert_eq!(c.list().len(), 2);
        // Torn, flipped, or from elsewhere: the one before is taken.
        let newest = c.list().pop().unwrap().1;
        let bytes = fs::read(&newest).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &bytes[..5], b"", &[&b"x"[..], &bytes[1..]].concat()] {
            fs::write(&newest, damaged).unwrap();
            assert_eq!(c.latest(), Some((20, b"after 20".to_vec())));
        }
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(all(&store).len(), 1);
        c.remove();
        assert_eq!((c.latest(), all(&store).len()), (None, 0));
    }

    #[test]
    fn what_cannot_be_written_leaves_the_last_one() {
        let (_dir, c) = place();
        c.save(1, b"one").unwrap();
        // A folder where the new one would stand: renaming fails as a full disk does, at the end.
        fs::create_dir_all(c.folder.join(format!("{:012}", 2)).join("in the way")).unwrap();
        assert!(c.save(2, b"two").is_err());
        assert_eq!(c.latest(), Some((1, b"one".to_vec())));
        assert_eq!(fs::read_dir(&c.folder).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.')).count(), 0);
    }
}
