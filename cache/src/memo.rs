//! The stat memo: which digest a file had when its size, times and inode were these. An accelerator, never a judge:
//! losing it costs time, and an entry counts only where everything that `stat` knows is unchanged.
//!
//! It names paths, so it lives in the user's private folder, outside store, results and exports.

use crate::{Digest, Error, Result};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What `stat` says of a file, as far as it can betray a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    mtime: i128,
    ctime: i128,
    inode: u64,
}

impl Stamp {
    /// From what `stat` said.
    pub fn of(m: &Metadata) -> Stamp {
        let nanos = |s: i64, n: i64| i128::from(s) * 1_000_000_000 + i128::from(n);
        Stamp { size: m.size(), mtime: nanos(m.mtime(), m.mtime_nsec()), ctime: nanos(m.ctime(), m.ctime_nsec()), inode: m.ino() }
    }
    /// False where the file changed so recently that a second change could carry the same times.
    pub fn is_settled(&self) -> bool {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
        now - self.mtime.max(self.ctime) > 20_000_000
    }
}

/// What is remembered of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The digest of its bytes.
    pub digest: Digest,
    /// What the caller's inspection said of them.
    pub note: String,
}

/// The memo of one private folder.
#[derive(Debug, Default)]
pub struct Memo {
    entries: HashMap<PathBuf, (Stamp, Remembered)>,
    changed: bool,
}

impl Memo {
    /// Reads a memo; one that does not exist or does not read is empty.
    pub fn load(path: &Path) -> Memo {
        let Ok(bytes) = fs::read(path) else { return Memo::default() };
        let mut memo = Memo::default();
        memo.entries.reserve(bytes.len() / 160);
        for line in bytes.split(|&b| b == 0).filter(|l| !l.is_empty()) {
            if let Some((path, stamp, known)) = parse(line) {
                memo.entries.insert(path, (stamp, known));
            }
        }
        memo
    }

    /// What is known of a file that looks like this now.
    pub fn get(&self, path: &Path, stamp: &Stamp) -> Option<&Remembered> {
        self.entries.get(path).filter(|(s, _)| s == stamp).map(|(_, r)| r)
    }

    /// Remembers a file as it looked before it was hashed.
    pub fn put(&mut self, path: PathBuf, stamp: Stamp, known: Remembered) {
        self.changed = true;
        self.entries.insert(path, (stamp, known));
    }

    /// Writes the memo where it changed, whole or not at all, readable by its owner only.
    pub fn save(&mut self, path: &Path) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.entries.len() * 200);
        for (path, (s, r)) in &self.entries {
            let head = format!("{} {} {} {} {}\t{}\t", r.digest.hex(), s.size, s.mtime, s.ctime, s.inode, r.note.replace(['\t', '\0'], " "));
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(path.as_os_str().as_bytes());
            bytes.push(0);
        }
        write_private(path, &bytes)?;
        self.changed = false;
        Ok(())
    }
}

fn parse(line: &[u8]) -> Option<(PathBuf, Stamp, Remembered)> {
    let mut parts = line.splitn(3, |&b| b == b'\t');
    let mut numbers = std::str::from_utf8(parts.next()?).ok()?.split(' ');
    let digest = Digest::from_hex(numbers.next()?)?;
    let stamp = Stamp {
        size: numbers.next()?.parse().ok()?,
        mtime: numbers.next()?.parse().ok()?,
        ctime: numbers.next()?.parse().ok()?,
        inode: numbers.next()?.parse().ok()?,
    };
    let note = String::from_utf8(parts.next()?.to_vec()).ok()?;
    let path = PathBuf::from(std::ffi::OsString::from_vec(parts.next()?.to_vec()));
    Some((path, stamp, Remembered { digest, note }))
}

/// Writes a file that only its owner may read, by rename.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    fs::File::options().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut f| f.write_all(bytes)).map_err(Error::io("write", &new))?;
    fs::rename(&new, path).map_err(Error::io("write", path))
}
