//! Writing results: read-only copies of artifacts under a results directory, and a list of what was written, so that
//! a modified result is noticed, set aside and restored.
//!
//! The note lies elsewhere, in a private directory: results contain only what may be shared. Nothing is written, moved or removed but
//! below the directory, through no link, whenever it is put there (`dir`), and nothing is removed that is not, byte for byte, what was
//! laid out.

use crate::dir::Dir;
use crate::effects::{self, Op};
use crate::marks::mark;
use crate::memo::{Stamp, read_private};
use crate::store::Presence;
use crate::{Digest, Error, Result, Store, names};
use rayon::prelude::*;
use rustix::fs::{FileType, Stat};
use std::collections::HashMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A file to be written under a results directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its path below the directory.
    pub path: String,
    /// Its object.
    pub digest: Digest,
}

/// What a checkout did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files that were written.
    pub written: usize,
    /// Files that were modified: their path, and where the modified file is now.
    pub edited: Vec<(String, String)>,
    /// Files that no longer belong there and were removed.
    pub removed: usize,
}

/// The note as older programs left it among the results.
const OLD_NOTE: &str = ".laid-out";

/// What is being written, at the top of the results: what a killed run leaves there is found by one look.
const NEW: &str = ".new";
/// Directories of results are as open as the user's mask says.
const MODE: rustix::fs::RawMode = 0o777;

/// What was laid out at a path, and how it looked to `stat` then.
struct Line {
    digest: Digest,
    stamp: Stamp,
}

/// What becomes of files that were laid out before and are not wanted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// They go: what is wanted is all there is.
    Removed,
    /// They stay until more is known: a run that did not finish knows only a part of what will be wanted.
    Kept,
}

/// Lays `wanted` out under `directory`, which belongs to this function alone; what it did not write stays. A directory that is
/// already as wanted is not written to. `note` is a file of its own.
pub fn check_out(store: &Store, directory: &Path, note: &Path, wanted: &[Wanted], rest: Rest) -> Result<Outcome> {
    if let Some(bad) = wanted.iter().find(|w| !names::is_plain(&w.path)) {
        return Err(Error::Record { path: directory.to_path_buf(), why: format!("`{}` is not a valid name of a result", bad.path.escape_debug()) });
    }
    if is_as_wanted(directory, note, wanted, rest) {
        return Ok(Outcome::default());
    }
    let results = open(directory).map_err(refused)?;
    // One run at a time lays out; the other then finds it done. The lock dies with its process.
    results.lock()?;
    // Older programs kept the note here; it may be forged.
    let _ = results.remove_file(OLD_NOTE);
    lay_out(store, &results, note, wanted, rest)
}

/// Creates the directory of results, so that what keeps it from being written to is known before anything is computed.
///
/// # Errors
/// If it cannot be created or written to, or is no directory.
pub fn prepare(directory: &Path) -> Result<()> {
    open(directory).map_err(refused)?;
    check_writable(directory)
}

/// Whether files can be created in a directory.
///
/// # Errors
/// What the system says if not.
pub fn check_writable(directory: &Path) -> Result<()> {
    use rustix::fs::Access;
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(|e| Error::io("write to", directory)(e.into()))
}

/// The directory of results. What lies above it is the user's.
fn open(directory: &Path) -> Result<Dir> {
    let (above, name) = directory.parent().zip(directory.file_name()).map_or((directory, None), |(above, name)| (above, Some(name)));
    if !above.is_dir() {
        effects::perform(Op::NewPath(above), || std::fs::create_dir_all(above)).map_err(Error::io("create", above))?;
    }
    let above = Dir::named(above)?;
    match name {
        Some(name) => above.sub_or_create(name, MODE),
        None => Ok(above),
    }
}

/// A link in the way of a result would lead out of the directory.
fn refused(e: Error) -> Error {
    match e {
        Error::Foreign { path, what: "a link", .. } => Error::Link { path },
        other => other,
    }
}

/// The directories below the results, one at a time: files are wanted directory by directory, so that the last one is mostly the next one.
struct Directories<'a> {
    results: &'a Dir,
    last: Option<(String, Dir)>,
}

impl Directories<'_> {
    /// The directory of a file.
    fn of(&mut self, path: &str, step: impl Fn(&Dir, &str) -> Result<Dir>) -> Result<&Dir> {
        let Some((directory, _)) = path.rsplit_once('/') else { return Ok(self.results) };
        let open = || directory.split('/').try_fold(None, |above: Option<Dir>, name| step(above.as_ref().unwrap_or(self.results), name).map(Some));
        if self.last.as_ref().is_none_or(|(last, _)| last != directory) {
            self.last = open().map_err(refused)?.map(|dir| (directory.to_owned(), dir));
        }
        Ok(self.last.as_ref().map_or(self.results, |(_, dir)| dir))
    }
}

/// True if every wanted file, and no other, was laid out and none was touched since.
fn is_as_wanted(directory: &Path, note: &Path, wanted: &[Wanted], rest: Rest) -> bool {
    let note = read_private(note).unwrap_or_default();
    let text = String::from_utf8_lossy(&note);
    let known = read_note(&text);
    let fine = |w: &Wanted| known.get(w.path.as_str()).is_some_and(|l| l.digest == w.digest && stamp_of(&directory.join(&w.path)) == Some(l.stamp));
    let nothing_left = std::fs::symlink_metadata(directory.join(NEW)).is_err();
    nothing_left && (known.len() == wanted.len() || rest == Rest::Kept) && wanted.par_iter().with_min_len(256).all(fine)
}

fn lay_out(store: &Store, results: &Dir, note: &Path, wanted: &[Wanted], rest: Rest) -> Result<Outcome> {
    let bytes = read_private(note).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut known = read_note(&text);
    let mut outcome = Outcome::default();
    let mut stamps = Vec::with_capacity(wanted.len());
    let mut directories = Directories { results, last: None };
    // A killed run left it there.
    let _ = results.remove_file(NEW);
    for want in wanted {
        let directory = directories.of(&want.path, |above, name| above.sub_or_create(name, MODE))?;
        let name = last_part(&want.path);
        let there = directory.metadata(name)?;
        let now = there.as_ref().and_then(stamp_of_file);
        let before = known.remove(want.path.as_str());
        if let (Some(line), Some(now)) = (&before, now)
            && line.stamp == now
            && line.digest == want.digest
        {
            stamps.push(now);
            continue;
        }
        if there.is_some() && (now.is_none() || before.as_ref().map(|l| l.stamp) != now) {
            // Not as we left it: equal bytes are only noted again, other bytes are the user's work and are set aside.
            let found = now.map(|_| hash(directory, name)).transpose()?;
            if found == Some(want.digest) {
                mark!("result-noted-again");
                stamps.extend(now);
                continue;
            }
            // What the store contains was laid out from it, by whatever note: the results of a study that moved, say.
            let is_ours = |found: Digest| before.as_ref().is_some_and(|l| l.digest == found) || store.presence(&found, None) == Presence::Intact;
            if !found.is_some_and(is_ours) {
                mark!("edited-result-aside");
                outcome.edited.push((want.path.clone(), set_aside(directory, name)?));
            }
        }
        stamps.push(write(store, &want.digest, results, directory, name)?);
        outcome.written += 1;
    }
    let mut others: Vec<(&str, Line)> = known.into_iter().collect();
    others.sort_by_key(|r| r.0);
    let (kept, gone) = if rest == Rest::Kept { (others, vec![]) } else { (vec![], others) };
    for (path, line) in gone {
        let Ok(directory) = directories.of(path, |above, name| above.sub(name)) else { continue };
        let name = last_part(path);
        if directory.kind(name) == Some(FileType::RegularFile) {
            if hash(directory, name)? == line.digest {
                directory.remove_file(name)?;
                outcome.removed += 1;
            } else {
                outcome.edited.push((path.to_owned(), set_aside(directory, name)?));
            }
            directories.last = None;
            remove_empty_parents(results, path);
        }
    }
    // The note says that the results are as they are: they have to be, wherever the power fails.
    results.sync_all()?;
    let line = |digest: &Digest, stamp: &Stamp, path: &str| format!("{}\t{stamp}\t{path}\n", digest.hex());
    let laid = wanted.iter().zip(&stamps).map(|(w, s)| line(&w.digest, s, &w.path));
    let lines: String = laid.chain(kept.iter().map(|(path, l)| line(&l.digest, &l.stamp, path))).collect();
    crate::memo::write_private(note, lines.as_bytes())?;
    Ok(outcome)
}

/// Lays one file out; gives how it looks then.
fn write(store: &Store, digest: &Digest, results: &Dir, directory: &Dir, name: &str) -> Result<Stamp> {
    let object = store.open_verified(digest)?;
    let (file, path) = (results.copy_in(&object, NEW)?, directory.path().join(name));
    effects::perform(Op::Change(&file), || file.set_permissions(Permissions::from_mode(0o444))).map_err(Error::io("protect", &path))?;
    effects::perform(Op::Change(&file), || file.set_modified(std::time::SystemTime::now())).map_err(Error::io("date", &path))?;
    results.rename(NEW, directory, name)?;
    // Only now: a new name is a change that file systems note.
    Ok(Stamp::of(&file.metadata().map_err(Error::io("read", &path))?))
}

fn set_aside(directory: &Dir, name: &str) -> Result<String> {
    let free = (1u32..).map(|n| format!("{name}.edited-{n}")).find(|free| directory.kind(free).is_none());
    let free = free.expect("BUG: numbers do not end");
    directory.rename(name, directory, &free)?;
    Ok(free)
}

/// Removes the directories above a file that went, from the inside, as far as nothing is in them.
fn remove_empty_parents(results: &Dir, path: &str) {
    let mut directories = Directories { results, last: None };
    let mut at = path;
    while let Some((parent, _)) = at.rsplit_once('/') {
        if directories.of(parent, |above, name| above.sub(name)).and_then(|above| above.remove_dir(last_part(parent))).is_err() {
            return;
        }
        at = parent;
    }
}

fn hash(directory: &Dir, name: &str) -> Result<Digest> {
    Ok(crate::store::hash(&mut directory.open_file(name)?, &directory.path().join(name))?.0)
}

fn last_part(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn stamp_of_file(stat: &Stat) -> Option<Stamp> {
    (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| Stamp::of_handle(stat))
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    std::fs::symlink_metadata(path).ok().as_ref().map(Stamp::of)
}

fn read_note(text: &str) -> HashMap<&str, Line> {
    let line = |l| {
        let mut parts = str::splitn(l, 3, '\t');
        let digest = Digest::from_hex(parts.next()?)?;
        let stamp = Stamp::parse(parts.next()?)?;
        Some((parts.next().filter(|path| names::is_plain(path))?, Line { digest, stamp }))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::WritableStore;
    use crate::marks::hit;
    use std::fs;

    pub(super) fn setup() -> (tempfile::TempDir, WritableStore, Vec<Wanted>) {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&dir.path().join("store")).unwrap();
        let wanted = ["a", "b"].map(|n| Wanted { path: format!("stage/{n}.csv"), digest: store.put(n.as_bytes()).unwrap().digest }).to_vec();
        (dir, store, wanted)
    }

    #[test]
    fn a_second_checkout_writes_nothing() {
        let (dir, store, wanted) = setup();
        let out = dir.path().join("results");
        assert_eq!(check_out(&store, &out, &dir.path().join("note"), &wanted, Rest::Removed).unwrap().written, 2);
        assert_eq!(check_out(&store, &out, &dir.path().join("note"), &wanted, Rest::Removed).unwrap(), Outcome::default());
        assert_eq!(fs::read(out.join("stage/a.csv")).unwrap(), b"a");
    }

    #[test]
    fn a_run_that_did_not_finish_removes_nothing_and_a_note_that_is_lost_sets_nothing_aside() {
        let (dir, store, wanted) = setup();
        let (out, note) = (dir.path().join("results"), dir.path().join("note"));
        check_out(&store, &out, &note, &wanted, Rest::Removed).unwrap();
        assert_eq!(check_out(&store, &out, &note, &wanted[..1], Rest::Kept).unwrap(), Outcome::default());
        assert_eq!(fs::read(out.join("stage/b.csv")).unwrap(), b"b");
        // Another version of a result, and no note of the old one: it is the store's, not the user's work.
        let other = [Wanted { digest: wanted[1].digest, ..wanted[0].clone() }];
        let outcome = check_out(&store, &out, &dir.path().join("lost"), &other, Rest::Kept).unwrap();
        assert_eq!((outcome.written, outcome.edited.len()), (1, 0));
        // The first note still knows what is no longer wanted.
        assert_eq!(check_out(&store, &out, &note, &other, Rest::Removed).unwrap().removed, 1);
    }

    #[test]
    fn an_edited_result_is_set_aside_and_restored() {
        let (dir, store, wanted) = setup();
        let out = dir.path().join("results");
        check_out(&store, &out, &dir.path().join("note"), &wanted, Rest::Removed).unwrap();
        let path = out.join("stage/a.csv");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        hit!("edited-result-aside");
        let outcome = check_out(&store, &out, &dir.path().join("note"), &wanted, Rest::Removed).unwrap();
        assert_eq!(outcome.edited, [("stage/a.csv".to_string(), "a.csv.edited-1".to_string())]);
        assert_eq!(fs::read(&path).unwrap(), b"a");
        assert_eq!(fs::read(out.join("stage/a.csv.edited-1")).unwrap(), b"mine");
    }

    #[test]
    fn the_directory_of_a_renamed_stage_goes() {
        let (dir, store, mut wanted) = setup();
        let out = dir.path().join("results");
        check_out(&store, &out, &dir.path().join("note"), &wanted, Rest::Removed).unwrap();
        wanted.iter_mut().for_each(|w| w.path = w.path.replace("stage/", "renamed/"));
        assert_eq!(check_out(&store, &out, &dir.path().join("note"), &wanted, Rest::Removed).unwrap().removed, 2);
        assert!(!out.join("stage").exists() && out.join("renamed/a.csv").exists());
    }
}
