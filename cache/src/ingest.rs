//! Hashing the files that a user names, in parallel and without copying them.
//!
//! The caller may inspect the bytes of each file while they are in memory (`inspect`); its note is memoised
//! with the digest, so that a second import opens no file at all.

use crate::memo::{Memo, Remembered, Stamp};
use crate::{Digest, Error, Result, regular};
use rayon::prelude::*;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file with its digest, new or from the memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Its name below the directory, with `/` between parts.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The note of the inspection.
    pub note: String,
}

/// Inspects a file's bytes and returns a one-line note.
pub type Inspect<'a> = &'a (dyn Fn(&[u8]) -> String + Sync);

/// Files of at least this size are hashed on all cores.
const LARGE: usize = 4 << 20;
/// The largest file that is imported. It is read into memory at once.
const MAX_BYTES: u64 = 16 << 30;

/// What lies in a directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files that were hashed, sorted by name.
    pub files: Vec<Ingested>,
    /// What was not looked at, sorted by name.
    pub passed_over: Vec<PassedOver>,
}

/// A file or directory that was skipped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassedOver {
    /// Its name below the directory.
    pub name: String,
    /// True for a directory, whose files are not known.
    pub is_directory: bool,
    /// Why.
    pub why: Passed,
}

/// Digests of listings are taken of this text, and so are keys: it keeps the name that a field had once.
impl std::fmt::Debug for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("PassedOver").field("name", &self.name).field("is_folder", &self.is_directory).field("why", &self.why).finish()
    }
}

/// Why something was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    /// A link that leads out of the boundary, to nothing, or in a cycle.
    Link,
    /// The user may not read it.
    Unreadable,
}

/// Where files are looked for.
pub struct Place<'a> {
    /// The directory.
    pub directory: &'a Path,
    /// Links are followed where they stay below this directory, which has no links in its path.
    pub within: &'a Path,
    /// Directories that are passed over, as paths without links in them.
    pub except: &'a [PathBuf],
}

/// Files that operating systems and programs leave in directories.
const OTHERS: &[&str] = &["lost+found", "$RECYCLE.BIN", "System Volume Information", "@eaDir", "__MACOSX", "Thumbs.db"];

/// Hashes every regular file of a place whose name `wanted` accepts. Hidden files and directories are skipped silently.
///
/// # Errors
/// If the directory itself, or a file in it, cannot be read.
pub fn directory(place: &Place, memo: &mut Memo, wanted: &(dyn Fn(&str) -> bool + Sync), inspect: Inspect) -> Result<Contents> {
    let directory = place.directory;
    let (names, mut passed_over) = walked(place, wanted)?;
    let known = &*memo;
    let found: Vec<Result<(Ingested, Option<Stamp>)>> = names.into_par_iter().with_min_len(64).map(|(name, path)| one(name, path, known, inspect)).collect();
    let mut files = Vec::with_capacity(found.len());
    for found in found {
        match found {
            Ok((file, fresh)) => files.push(remember(memo, file, fresh)),
            Err(Error::Io { path, source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
                passed_over.push(PassedOver { name: name_below(directory, &path), is_directory: false, why: Passed::Unreadable });
            }
            Err(e) => return Err(e),
        }
    }
    passed_over.sort_unstable();
    Ok(Contents { files, passed_over })
}

/// Names and paths of the files that [`directory`] would hash, sorted: none of them is opened.
///
/// # Errors
/// If the directory cannot be read.
pub fn names(place: &Place, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<(String, PathBuf)>> {
    walked(place, wanted).map(|found| found.0)
}

fn walked(place: &Place, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Result<(Vec<(String, PathBuf)>, Vec<PassedOver>)> {
    let directory = place.directory;
    let real = directory.canonicalize().map_err(Error::io("read", directory))?;
    std::fs::read_dir(directory).map_err(Error::io("list", directory))?;
    let mut walk = Walk { place, wanted, names: vec![], passed_over: vec![], within: vec![], followed: HashSet::new() };
    walk.below(directory, real);
    let Walk { mut names, passed_over, .. } = walk;
    names.par_sort_unstable();
    Ok((names, passed_over))
}

/// What is found on the way through a place. The file system says of most entries what they are; only links are looked at.
struct Walk<'a> {
    place: &'a Place<'a>,
    wanted: &'a (dyn Fn(&str) -> bool + Sync),
    names: Vec<(String, PathBuf)>,
    passed_over: Vec<PassedOver>,
    /// The real paths of the directory and of the linked ones that lead to where the walk is.
    within: Vec<PathBuf>,
    /// Linked directories below others, each of which is entered once: directories may link to each other.
    followed: HashSet<PathBuf>,
}

impl Walk<'_> {
    /// Goes through a directory, or a link to one, that lies at the real path.
    fn below(&mut self, path: &Path, real: PathBuf) {
        let excepted: Vec<PathBuf> = self.place.except.iter().filter_map(|e| e.strip_prefix(&real).ok()).map(|e| path.join(e)).collect();
        self.within.push(real);
        let visible = |e: &walkdir::DirEntry| e.depth() == 0 || !is_others(e.file_name()) && !excepted.iter().any(|x| x == e.path());
        let mut links = vec![];
        for entry in walkdir::WalkDir::new(path).into_iter().filter_entry(visible) {
            match entry {
                Ok(entry) if entry.depth() > 0 && entry.path_is_symlink() => links.push(entry.into_path()),
                Ok(entry) if entry.file_type().is_file() => self.file(entry.into_path()),
                Ok(_) => {}
                Err(e) => {
                    if let Some(path) = e.path().filter(|p| !p.file_name().is_some_and(is_others)) {
                        self.pass_over(path, path.is_dir(), Passed::Unreadable);
                    }
                }
            }
        }
        // Sorted, since a directory may be entered only once.
        links.sort_unstable();
        links.iter().for_each(|link| self.link(link));
        self.within.pop();
    }

    /// A link that stays within the boundary names what lies there as well as any other name.
    fn link(&mut self, path: &Path) {
        let to = path.canonicalize().ok().filter(|to| to.starts_with(self.place.within) && !self.place.except.iter().any(|e| to.starts_with(e)));
        match to {
            Some(to) if to.is_file() => self.file(path.to_path_buf()),
            Some(to)
                if to.is_dir() && !self.within.iter().any(|above| above.starts_with(&to)) && (self.within.len() == 1 || self.followed.insert(to.clone())) =>
            {
                self.below(path, to);
            }
            _ => self.pass_over(path, path.is_dir(), Passed::Link),
        }
    }

    fn file(&mut self, path: PathBuf) {
        let name = name_below(self.place.directory, &path);
        if (self.wanted)(&name) {
            self.names.push((name, path));
        }
    }

    fn pass_over(&mut self, path: &Path, is_directory: bool, why: Passed) {
        let name = name_below(self.place.directory, path);
        if is_directory || (self.wanted)(&name) {
            self.passed_over.push(PassedOver { name, is_directory, why });
        }
    }
}

fn name_below(directory: &Path, path: &Path) -> String {
    spelled(path.strip_prefix(directory).expect("BUG: walked below"))
}

/// True for hidden files and those that operating systems and programs leave behind.
fn is_others(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || OTHERS.iter().any(|o| name == *o)
}

/// A name as text. Of one that is not UTF-8, as old archives have them, other bytes are spelled `\xE9`, so that two names stay two.
fn spelled(name: &Path) -> String {
    name.to_str().map_or_else(|| name.as_os_str().as_bytes().escape_ascii().to_string(), str::to_owned)
}

/// The bytes of a regular file that the user names.
///
/// # Errors
/// If it is something else, too large, or not to be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    regular::read_open(regular::open_named(path)?, path, MAX_BYTES)
}

/// Hashes one file.
pub fn file(path: &Path, memo: &mut Memo, inspect: Inspect) -> Result<Ingested> {
    let name = spelled(Path::new(path.file_name().unwrap_or_default()));
    let (file, fresh) = one(name, path.to_path_buf(), memo, inspect)?;
    Ok(remember(memo, file, fresh))
}

fn remember(memo: &mut Memo, file: Ingested, fresh: Option<Stamp>) -> Ingested {
    if let Some(stamp) = fresh {
        memo.put(file.path.clone(), stamp, Remembered { digest: file.digest, note: file.note.clone() });
    }
    file
}

/// Hashes a file or takes it from the memo; returns the stamp if it should be memoised.
fn one(name: String, path: PathBuf, memo: &Memo, inspect: Inspect) -> Result<(Ingested, Option<Stamp>)> {
    let stamp = Stamp::of(&std::fs::metadata(&path).map_err(Error::io("read", &path))?);
    if let Some(known) = memo.get(&path, &stamp) {
        return Ok((Ingested { name, path, digest: known.digest, note: known.note }, None));
    }
    let settled = stamp.is_settled();
    let bytes = regular::read_open(regular::open_named(&path)?, &path, MAX_BYTES)?;
    let digest = if bytes.len() >= LARGE { Digest::from_bytes(*blake3::Hasher::new().update_rayon(&bytes).finalize().as_bytes()) } else { Digest::of(&bytes) };
    let note = inspect(&bytes);
    Ok((Ingested { name, path, digest, note }, settled.then_some(stamp)))
}

/// The digest of a list of files: names and contents, not locations.
pub fn digest_of(files: &[Ingested]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hilum.folder.v1\0");
    for file in files {
        hasher.update(&(file.name.len() as u64).to_le_bytes());
        hasher.update(file.name.as_bytes());
        hasher.update(file.digest.bytes());
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::SystemTime;

    fn look(path: &Path, memo: &mut Memo, inspect: Inspect) -> Vec<Ingested> {
        let within = path.canonicalize().unwrap();
        directory(&Place { directory: path, within: &within, except: &[] }, memo, &|_| true, inspect).unwrap().files
    }

    #[test]
    fn a_second_look_opens_nothing_and_an_edit_with_the_old_mtime_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        fs::write(&path, "aaaa").unwrap();
        fs::write(dir.path().join(".hidden"), "x").unwrap();
        // Times must settle before they may be trusted.
        while !Stamp::of(&fs::metadata(&path).unwrap()).is_settled() {
            std::thread::yield_now();
        }
        let looks = AtomicUsize::new(0);
        let inspect = |bytes: &[u8]| {
            looks.fetch_add(1, Ordering::SeqCst);
            format!("{} bytes", bytes.len())
        };
        let mut memo = Memo::default();
        let first = look(dir.path(), &mut memo, &inspect);
        assert_eq!((first.len(), first[0].note.as_str(), first[0].digest), (1, "4 bytes", Digest::of(b"aaaa")));
        let saved = dir.path().join(".memo");
        memo.save(&saved).unwrap();
        let mut memo = Memo::load(&saved);
        assert_eq!(look(dir.path(), &mut memo, &inspect), first);
        assert_eq!(looks.load(Ordering::SeqCst), 1, "the second look opened nothing");

        let mtime = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "bbbb").unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(mtime).unwrap();
        assert_eq!(look(dir.path(), &mut memo, &inspect)[0].digest, Digest::of(b"bbbb"));
        assert!(mtime < SystemTime::now());
    }
    #[test]
    fn what_is_excluded_is_skipped() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.png", "results/b.png", "deep/results/c.png", "deep/store/d.png", "results-of-others/e.png"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        let real = dir.path().canonicalize().unwrap();
        let except = [real.join("results"), real.join("deep/store"), "/elsewhere".into()];
        // Another way to write the same directory.
        let place = Place { directory: &dir.path().join("deep/.."), within: &real, except: &except };
        let found = directory(&place, &mut Memo::default(), &|_| true, &|_| String::new()).unwrap().files;
        let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["a.png", "deep/results/c.png", "results-of-others/e.png"]);
    }

    #[test]
    fn links_are_followed_within_the_boundary_and_reported_beyond_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        for name in ["data/images/a.png", "data/elsewhere/b.png", "data/elsewhere/c.png", "secret/d.png"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        for (to, from) in [
            ("../elsewhere/b.png", "b.png"),
            ("../elsewhere", "more"),
            ("../../secret", "out"),
            ("../../secret/d.png", "d.png"),
            ("..", "round"),
            ("nowhere", "gone.png"),
        ] {
            std::os::unix::fs::symlink(to, data.join("images").join(from)).unwrap();
        }
        let within = data.canonicalize().unwrap();
        let place = Place { directory: &data.join("images"), within: &within, except: &[] };
        let found = directory(&place, &mut Memo::default(), &|_| true, &|_| String::new()).unwrap();
        let names: Vec<&str> = found.files.iter().map(|f| f.name.as_str()).collect();
        assert!(["a.png", "b.png", "more/b.png", "more/c.png"].iter().all(|n| names.contains(n)), "{names:?}");
        assert!(!names.iter().any(|n| n.contains("d.png")));
        let passed: Vec<(&str, bool)> = found.passed_over.iter().filter(|p| !p.name.contains('/')).map(|p| (p.name.as_str(), p.is_directory)).collect();
        assert_eq!(passed, [("d.png", false), ("gone.png", false), ("out", true), ("round", true)]);
        // Directories that link to each other end.
        for (from, to) in [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")] {
            fs::create_dir_all(data.join("net").join(from)).unwrap();
            fs::write(data.join("net").join(from).join("x.png"), from).unwrap();
            std::os::unix::fs::symlink(format!("../{to}"), data.join("net").join(from).join(to)).unwrap();
        }
        assert!(look(&data.join("net"), &mut Memo::default(), &|_| String::new()).len() < 40);
    }

    #[test]
    fn what_is_not_a_file_is_not_waited_for() {
        let (_dir, path) = crate::regular::tests::place();
        let asked = path.clone();
        crate::regular::tests::with_hostile(&path, move |form| {
            let read = file(&asked, &mut Memo::default(), &|_| String::new());
            // A link is the user's own.
            assert_eq!(read.is_ok(), form == "link", "{form}");
        });
    }
}
