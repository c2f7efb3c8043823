//! The stat memo: the digest that a file had with a given size, times and inode. Only an accelerator:
//! losing it costs time, and an entry counts only if everything in `stat` is unchanged.
//!
//! It names paths, so it lives in the user's private directory, outside store, results and exports.

use crate::dir::Dir;
use crate::{Digest, Result, regular};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The `stat` fields of a file that reveal a change.
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
    /// The same, from what a handle of a directory said.
    pub(crate) fn of_handle(stat: &rustix::fs::Stat) -> Stamp {
        let nanos = |s, n| i128::from(s) * 1_000_000_000 + n;
        Stamp {
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            mtime: nanos(stat.st_mtime, i128::from(stat.st_mtime_nsec)),
            ctime: nanos(stat.st_ctime, i128::from(stat.st_ctime_nsec)),
            inode: stat.st_ino,
        }
    }
    /// From its own spelling, `size mtime ctime inode`.
    pub fn parse(text: &str) -> Option<Stamp> {
        let mut numbers = text.split(' ');
        let stamp = Stamp {
            size: numbers.next()?.parse().ok()?,
            mtime: numbers.next()?.parse().ok()?,
            ctime: numbers.next()?.parse().ok()?,
            inode: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(stamp)
    }
    /// How many bytes the file has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
    /// False if the file changed so recently that a second change could carry the same times.
    pub fn is_settled(&self) -> bool {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
        now - self.mtime.max(self.ctime) > 20_000_000
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} {} {} {}", self.size, self.mtime, self.ctime, self.inode)
    }
}

/// The memo entry of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The digest of its bytes.
    pub digest: Digest,
    /// The note of the caller's inspection.
    pub note: String,
}

/// The memo of one private directory. What was loaded stays as it was read, sorted by path, and a line is taken apart only
/// when its file is asked for: tens of thousands of images must not cost a run that finds them unchanged.
#[derive(Debug, Default)]
pub struct Memo {
    loaded: Vec<u8>,
    lines: Vec<Line>,
    fresh: BTreeMap<PathBuf, (Stamp, Remembered)>,
}

/// `digest stamp TAB note TAB path`, as places in the loaded bytes.
#[derive(Debug)]
struct Line {
    head: Range<usize>,
    path: Range<usize>,
}

impl Memo {
    /// Reads a memo; one that does not exist or is not a file of ours is empty, lines that cannot be read are passed over.
    pub fn load(path: &Path) -> Memo {
        let mut memo = Memo { loaded: read_private(path).unwrap_or_default(), ..Memo::default() };
        let mut start = 0;
        for end in memchr::memchr_iter(0, &memo.loaded) {
            if let Some(tab) = memchr::memrchr(b'\t', &memo.loaded[start..end]) {
                memo.lines.push(Line { head: start..start + tab, path: start + tab + 1..end });
            }
            start = end + 1;
        }
        if !memo.lines.is_sorted_by_key(|l| &memo.loaded[l.path.clone()]) {
            return Memo::default();
        }
        memo
    }

    /// The entry of a file, if its stamp is unchanged.
    pub fn get(&self, path: &Path, stamp: &Stamp) -> Option<Remembered> {
        if let Some((known, remembered)) = self.fresh.get(path) {
            return (known == stamp).then(|| remembered.clone());
        }
        let at = self.lines.binary_search_by(|l| self.loaded[l.path.clone()].cmp(path.as_os_str().as_bytes())).ok()?;
        let (known, remembered) = parse(&self.loaded[self.lines[at].head.clone()])?;
        (known == *stamp).then_some(remembered)
    }

    /// Stores the entry of a file with its stamp from before it was hashed. A path with a tab is not
    /// stored: its file is hashed each time.
    pub fn put(&mut self, path: PathBuf, stamp: Stamp, known: Remembered) {
        if !path.as_os_str().as_bytes().contains(&b'\t') {
            self.fresh.insert(path, (stamp, known));
        }
    }

    /// True if there are new entries.
    pub fn is_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Merges the new entries into the memo file, which another process may have written meanwhile.
    pub fn save_onto(&self, path: &Path) -> Result<()> {
        Memo { fresh: self.fresh.clone(), ..Memo::load(path) }.save(path)
    }

    /// Removes entries from a memo file, by the paths and digests of their files; gives how many.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn remove(path: &Path, is_gone: &dyn Fn(&Path, Option<Digest>) -> bool) -> Result<usize> {
        let memo = Memo::load(path);
        let name = |line: &Line| PathBuf::from(std::ffi::OsStr::from_bytes(&memo.loaded[line.path.clone()]));
        let digest = |line: &Line| parse(&memo.loaded[line.head.clone()]).map(|known| known.1.digest);
        let kept: Vec<&Line> = memo.lines.iter().filter(|line| !is_gone(&name(line), digest(line))).collect();
        let removed = memo.lines.len() - kept.len();
        if removed > 0 {
            let bytes: Vec<u8> = kept.iter().flat_map(|line| [&memo.loaded[line.head.start..line.path.end], b"\0"].concat()).collect();
            write_private(path, &bytes)?;
        }
        Ok(removed)
    }

    /// Writes the memo atomically if it changed, readable by its owner only.
    pub fn save(&self, path: &Path) -> Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let mut all: BTreeMap<&[u8], Vec<u8>> = self.lines.iter().map(|l| (&self.loaded[l.path.clone()], self.loaded[l.head.clone()].to_vec())).collect();
        for (path, (stamp, r)) in &self.fresh {
            let head = format!("{} {stamp}\t{}", r.digest.hex(), r.note.replace(['\t', '\0'], " "));
            all.insert(path.as_os_str().as_bytes(), head.into_bytes());
        }
        let mut bytes = Vec::with_capacity(all.len() * 200);
        for (path, head) in all {
            bytes.extend_from_slice(&head);
            bytes.push(b'\t');
            bytes.extend_from_slice(path);
            bytes.push(0);
        }
        write_private(path, &bytes)
    }
}

fn parse(head: &[u8]) -> Option<(Stamp, Remembered)> {
    let (known, note) = std::str::from_utf8(head).ok()?.split_once('\t')?;
    let (digest, stamp) = known.split_once(' ')?;
    Some((Stamp::parse(stamp)?, Remembered { digest: Digest::from_hex(digest)?, note: note.to_owned() }))
}

/// Reads a file of a private directory, which may have come with a study: a regular file of at most 1 GiB, and no link.
pub fn read_private(path: &Path) -> Result<Vec<u8>> {
    regular::read(path, regular::WHOLE)
}

/// Writes a file that only its owner may read, by rename and whole even where the power fails. Each writer has a file of its own
/// until then: runs that begin at once may write the same one.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let (directory, name) = path.parent().zip(path.file_name()).expect("BUG: a private file lies in a directory");
    Dir::named(directory)?.replace(name, &[bytes])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regular::tests::{place, with_hostile};

    #[test]
    fn entries_are_removed_by_path_or_digest() {
        let (_dir, path) = place();
        let (mut memo, stamp) = (Memo::default(), Stamp { size: 1, mtime: 1, ctime: 1, inode: 1 });
        for name in ["a", "b", "c"] {
            memo.put(name.into(), stamp, Remembered { digest: Digest::of(name.as_bytes()), note: "n".into() });
        }
        memo.save(&path).unwrap();
        assert_eq!(Memo::remove(&path, &|_, _| false).unwrap(), 0);
        assert_eq!(Memo::remove(&path, &|path, digest| path == Path::new("a") || digest == Some(Digest::of(b"c"))).unwrap(), 2);
        let left = Memo::load(&path);
        assert_eq!(["a", "b", "c"].map(|name| left.get(Path::new(name), &stamp).is_some()), [false, true, false]);
        assert_eq!(Memo::remove(&path.with_file_name("none"), &|_, _| true).unwrap(), 0);
    }

    #[test]
    fn what_is_not_a_memo_counts_as_empty_and_is_overwritten() {
        let (_dir, path) = place();
        let asked = path.clone();
        with_hostile(&path, move |form| {
            let mut memo = Memo::load(&asked);
            assert!(memo.lines.is_empty(), "{form}");
            let stamp = Stamp { size: 1, mtime: 1, ctime: 1, inode: 1 };
            memo.put("a".into(), stamp, Remembered { digest: Digest::of(b""), note: String::new() });
            assert_eq!(memo.save(&asked).is_ok(), form != "directory", "{form}");
            assert_eq!(Memo::load(&asked).get(Path::new("a"), &stamp).is_some(), form != "directory", "{form}");
        });
    }
}
