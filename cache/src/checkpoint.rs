//! Checkpoints of one key, from which a stage resumes after being stopped at any time.
//!
//! ```text
//! .hilum/checkpoints/KEY/000000000120      bytes of the stage, then their digest (32 bytes)
//! ```
//! A checkpoint appears atomically: it is written to a temporary file, synced, and renamed. Two are kept, so that one
//! that cannot be read is not the end. Only the holder of the key's lock writes here. Independent of what the bytes mean.

use crate::dir::Dir;
use crate::marks::mark;
use crate::{Digest, Error, Result, StageKey, Store};
use std::path::{Path, PathBuf};

/// How many are kept.
const KEPT: usize = 2;
const DIRECTORY: &str = "checkpoints";
/// The largest checkpoint. It is read into memory at once.
const MAX_BYTES: u64 = 4 << 30;

/// The checkpoints of one key.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    store: PathBuf,
    key: String,
}

impl Checkpoints {
    /// Those of a key; nothing is created.
    pub fn of(store: &Store, key: &StageKey) -> Checkpoints {
        Checkpoints::at(store.root(), key)
    }
    /// Those of a key below a store's directory.
    pub fn at(store: &Path, key: &StageKey) -> Checkpoints {
        Checkpoints { store: store.to_path_buf(), key: key.0.hex() }
    }

    /// Writes the checkpoint after `step` steps, and removes all but the last two.
    ///
    /// # Errors
    /// If it cannot be written, as when the disk is full. Existing checkpoints stay.
    pub fn save(&self, step: u64, bytes: &[u8]) -> Result<()> {
        let directory = Dir::named(&self.store)?.sub_or_create(DIRECTORY, 0o700)?.sub_or_create(&self.key, 0o700)?;
        let name = format!("{step:012}");
        if bytes.len() as u64 + 32 > MAX_BYTES {
            return Err(Error::TooLarge { path: directory.path().join(name), what: "would have", limit: MAX_BYTES });
        }
        directory.replace(name, &[bytes, Digest::of(bytes).bytes()])?;
        directory.sync()?;
        for (_, old) in list(&directory).into_iter().rev().skip(KEPT) {
            // A leftover checkpoint is harmless.
            let _ = directory.remove_file(old);
        }
        Ok(())
    }

    /// Step and bytes of the newest intact one.
    pub fn latest(&self) -> Option<(u64, Vec<u8>)> {
        let directory = self.directory()?;
        list(&directory).into_iter().rev().find_map(|(step, name)| Some((step, read_intact(&directory, &name)?)))
    }

    /// The step of the newest one, from its name alone.
    pub fn step(&self) -> Option<u64> {
        list(&self.directory()?).last().map(|(step, _)| *step)
    }

    /// Removes all of them: the stage is done.
    pub fn remove(&self) {
        // What stays behind is swept by `gc`; the next run with this key finds a receipt and does not look.
        let _ = self.try_remove();
    }

    pub(crate) fn try_remove(&self) -> Result<()> {
        Dir::named(&self.store)?.sub(DIRECTORY)?.remove_all(&self.key)
    }

    fn directory(&self) -> Option<Dir> {
        Dir::named(&self.store).ok()?.sub(DIRECTORY).ok()?.sub(&self.key).ok()
    }
}

/// Names by steps, oldest first.
fn list(directory: &Dir) -> Vec<(u64, String)> {
    let names = directory.names().into_iter().flatten().filter_map(|name| name.into_string().ok());
    let mut all: Vec<(u64, String)> = names.filter_map(|name| Some((name.parse().ok()?, name))).collect();
    all.sort();
    all
}

/// Every key that has checkpoints, with its directory.
pub fn all(store: &Store) -> Vec<(StageKey, PathBuf)> {
    let Ok(directory) = store.directory(DIRECTORY) else { return vec![] };
    let names = directory.names().unwrap_or_default();
    names.iter().filter_map(|name| Some((StageKey(Digest::from_hex(name.to_str()?)?), directory.path().join(name)))).collect()
}

fn read_intact(directory: &Dir, name: &str) -> Option<Vec<u8>> {
    let mut bytes = directory.read(name, MAX_BYTES).ok()?;
    let digest = bytes.split_off(bytes.len().saturating_sub(32));
    let is_intact = Digest::of(&bytes).bytes() == digest.as_slice();
    if !is_intact {
        mark!("damaged-checkpoint-passed-over");
    }
    is_intact.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WritableStore;
    use crate::marks::hit;
    use crate::regular::tests::with_hostile;
    use std::fs;

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
        assert_eq!(list(&c.directory().unwrap()).len(), 2);
        // Torn, flipped, or from elsewhere: the one before is taken.
        let newest = c.directory().unwrap().path().join(list(&c.directory().unwrap()).pop().unwrap().1);
        let bytes = fs::read(&newest).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &bytes[..5], b"", &[&b"x"[..], &bytes[1..]].concat()] {
            fs::write(&newest, damaged).unwrap();
            hit!("damaged-checkpoint-passed-over");
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
        let directory = c.directory().unwrap().path().to_path_buf();
        // A directory where the new one would stand: renaming fails as a full disk does, at the end.
        fs::create_dir_all(directory.join(format!("{:012}", 2)).join("in the way")).unwrap();
        assert!(c.save(2, b"two").is_err());
        assert_eq!(c.latest(), Some((1, b"one".to_vec())));
        assert_eq!(fs::read_dir(&directory).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.')).count(), 0);
    }

    #[test]
    fn what_is_not_a_checkpoint_is_skipped_and_overwritten() {
        let (dir, c) = place();
        c.save(1, b"one").unwrap();
        let directory = c.directory().unwrap().path().to_path_buf();
        let (asked, newest) = (c.clone(), directory.join(format!("{:012}", 2)));
        with_hostile(&newest, move |form| {
            assert_eq!(asked.latest(), Some((1, b"one".to_vec())), "{form}");
            assert_eq!(asked.save(2, b"two").is_ok(), form != "directory", "{form}");
            asked.save(1, b"one").unwrap();
        });
        // The directory of the key, a link to somebody's.
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&directory, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &directory).unwrap();
        assert!(c.latest().is_none() && matches!(c.save(9, b"nine"), Err(Error::Foreign { what: "a link", .. })));
        c.remove();
        assert!(!directory.exists() && fs::read_dir(&elsewhere).unwrap().count() >= 1);
    }
}
