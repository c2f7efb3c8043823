//! Laying artifacts out for people: read-only copies under a results folder, and a note of what was laid out, so that
//! a result that a hand has changed is noticed, set aside and restored.
//!
//! The note lies elsewhere, in a private folder: results hold what everybody gets. Nothing is written, moved or removed but
//! below the folder, through no link, and nothing is removed that is not, byte for byte, what was laid out.

use crate::memo::Stamp;
use crate::{Digest, Error, Result, Store, names};
use rayon::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file that should lie under a results folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its path below the folder.
    pub path: String,
    /// Its object.
    pub digest: Digest,
}

/// What a checkout did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files written anew.
    pub written: usize,
    /// Files that a hand had changed: what they were, and where the changed one lies now.
    pub edited: Vec<(String, String)>,
    /// Files that no longer belong there and were removed.
    pub removed: usize,
}

/// The note as older programs left it among the results.
const OLD_NOTE: &str = ".laid-out";

/// What was laid out at a path, and how it looked to `stat` then.
struct Line {
    digest: Digest,
    stamp: Stamp,
}

/// Lays `wanted` out under `folder`, which belongs to this function alone: what it laid out before and is no longer
/// wanted goes; what it did not write stays. A folder that is already as wanted is not written to. `note` is a file of its own.
pub fn check_out(store: &Store, folder: &Path, note: &Path, wanted: &[Wanted]) -> Result<Outcome> {
    if let Some(bad) = wanted.iter().find(|w| !names::is_plain(&w.path)) {
        return Err(Error::Record { path: folder.to_path_buf(), why: format!("`{}` is no name of a result", bad.path.escape_debug()) });
    }
    if is_as_wanted(folder, note, wanted) {
        return Ok(Outcome::default());
    }
    refuse_link(folder)?;
    // One run at a time lays out; the other then finds it done. The lock dies with its process.
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let lock = fs::File::open(folder).map_err(Error::io("open", folder))?;
    lock.lock().map_err(Error::io("lock", folder))?;
    // Older programs kept the note here; whoever handed these results on may have written it.
    let _ = fs::remove_file(folder.join(OLD_NOTE));
    lay_out(store, folder, note, wanted)
}

/// A link in the way of a result would lead out of the folder.
fn refuse_link(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(stat) if stat.is_symlink() => Err(Error::Link { path: path.to_path_buf() }),
        _ => Ok(()),
    }
}

/// Refuses links between the folder and a file below it.
fn refuse_links(folder: &Path, target: &Path) -> Result<()> {
    let mut between = target.ancestors().skip(1).take_while(|above| *above != folder && above.starts_with(folder));
    between.try_for_each(refuse_link)
}

/// True where every wanted file, and no other, was laid out and none was touched since.
fn is_as_wanted(folder: &Path, note: &Path, wanted: &[Wanted]) -> bool {
    let text = fs::read_to_string(note).unwrap_or_default();
    let known = read_note(&text);
    let fine = |w: &Wanted| known.get(w.path.as_str()).is_some_and(|l| l.digest == w.digest && stamp_of(&folder.join(&w.path)) == Some(l.stamp));
    known.len() == wanted.len() && wanted.par_iter().with_min_len(256).all(fine)
}

fn lay_out(store: &Store, folder: &Path, note: &Path, wanted: &[Wanted]) -> Result<Outcome> {
    let text = fs::read_to_string(note).unwrap_or_default();
    let mut known = read_note(&text);
    let mut outcome = Outcome::default();
    let mut stamps = Vec::with_capacity(wanted.len());
    for want in wanted {
        let target = folder.join(&want.path);
        refuse_links(folder, &target)?;
        let now = stamp_of(&target);
        let before = known.remove(want.path.as_str());
        if let (Some(line), Some(now)) = (&before, now)
            && line.stamp == now
            && line.digest == want.digest
        {
            stamps.push(now);
            continue;
        }
        if now.is_some() && before.as_ref().map(|l| l.stamp) != now {
            // Not as we left it: equal bytes are only noted again, other bytes are somebody's work and are set aside.
            let found = crate::store::hash_file(&target)?.0;
            if found != want.digest && before.as_ref().is_none_or(|l| l.digest != found) {
                let aside = set_aside(&target)?;
                outcome.edited.push((want.path.clone(), aside));
            }
        }
        write(store, &want.digest, &target)?;
        outcome.written += 1;
        stamps.push(Stamp::of(&fs::metadata(&target).map_err(Error::io("read", &target))?));
    }
    let mut rest: Vec<(&str, Line)> = known.into_iter().collect();
    rest.sort_by_key(|r| r.0);
    for (path, line) in rest {
        let target = folder.join(path);
        if refuse_links(folder, &target).is_err() {
            continue;
        }
        if fs::symlink_metadata(&target).is_ok_and(|stat| stat.is_file()) {
            if crate::store::hash_file(&target)?.0 == line.digest {
                fs::remove_file(&target).map_err(Error::io("remove", &target))?;
                outcome.removed += 1;
            } else {
                outcome.edited.push((path.to_owned(), set_aside(&target)?));
            }
            remove_empty_parents(folder, &target);
        }
    }
    let lines: String = wanted.iter().zip(&stamps).map(|(w, s)| format!("{}\t{s}\t{}\n", w.digest.hex(), w.path)).collect();
    crate::memo::write_private(note, lines.as_bytes())?;
    Ok(outcome)
}

fn write(store: &Store, digest: &Digest, target: &Path) -> Result<()> {
    let object = store.verified_path(digest)?;
    let parent = target.parent().expect("BUG: a result lies in a folder");
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    // What a killed run left under this name goes with the next result that is laid out beside it.
    let new = parent.join(".new");
    let _ = fs::remove_file(&new);
    reflink_copy::reflink_or_copy(&object, &new).map_err(Error::io("write", &new))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o444)).map_err(Error::io("protect", &new))?;
    let file = fs::File::open(&new).map_err(Error::io("open", &new))?;
    file.set_modified(std::time::SystemTime::now()).map_err(Error::io("date", &new))?;
    fs::rename(&new, target).map_err(Error::io("write", target))
}

fn set_aside(target: &Path) -> Result<String> {
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1u32..).map(|n| PathBuf::from(target).with_file_name(format!("{name}.edited-{n}"))).find(|p| !p.exists());
    let free = free.expect("BUG: numbers do not end");
    fs::rename(target, &free).map_err(Error::io("set aside", target))?;
    Ok(free.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

fn remove_empty_parents(folder: &Path, target: &Path) {
    let mut at = target.parent();
    while let Some(parent) = at.filter(|p| *p != folder && p.starts_with(folder)) {
        if fs::remove_dir(parent).is_err() {
            return;
        }
        at = parent.parent();
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    fs::symlink_metadata(path).ok().as_ref().map(Stamp::of)
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
mod tests {
    use super::*;
    use crate::WritableStore;

    fn setup() -> (tempfile::TempDir, WritableStore, Vec<Wanted>) {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&dir.path().join("store")).unwrap();
        let wanted = ["a", "b"].map(|n| Wanted { path: format!("stage/{n}.csv"), digest: store.put(n.as_bytes()).unwrap().digest }).to_vec();
        (dir, store, wanted)
    }

    #[test]
    fn a_second_checkout_writes_nothing() {
        let (dir, store, wanted) = setup();
        let out = dir.path().join("results");
        assert_eq!(check_out(&store, &out, &dir.path().join("note"), &wanted).unwrap().written, 2);
        assert_eq!(check_out(&store, &out, &dir.path().join("note"), &wanted).unwrap(), Outcome::default());
        assert_eq!(fs::read(out.join("stage/a.csv")).unwrap(), b"a");
    }

    #[test]
    fn an_edited_result_is_set_aside_and_restored() {
        let (dir, store, wanted) = setup();
        let out = dir.path().join("results");
        check_out(&store, &out, &dir.path().join("note"), &wanted).unwrap();
        let path = out.join("stage/a.csv");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        let outcome = check_out(&store, &out, &dir.path().join("note"), &wanted).unwrap();
        assert_eq!(outcome.edited, [("stage/a.csv".to_string(), "a.csv.edited-1".to_string())]);
        assert_eq!(fs::read(&path).unwrap(), b"a");
        assert_eq!(fs::read(out.join("stage/a.csv.edited-1")).unwrap(), b"mine");
    }

    #[test]
    fn the_folder_of_a_renamed_stage_goes() {
        let (dir, store, mut wanted) = setup();
        let out = dir.path().join("results");
        check_out(&store, &out, &dir.path().join("note"), &wanted).unwrap();
        wanted.iter_mut().for_each(|w| w.path = w.path.replace("stage/", "renamed/"));
        assert_eq!(check_out(&store, &out, &dir.path().join("note"), &wanted).unwrap().removed, 2);
        assert!(!out.join("stage").exists() && out.join("renamed/a.csv").exists());
    }

    #[test]
    fn nothing_outside_is_touched_whatever_lies_in_the_folder_or_the_note() {
        let (dir, store, wanted) = setup();
        let (out, note) = (dir.path().join("results"), dir.path().join("note"));
        let victims = ["thesis.txt", "known.txt"].map(|name| dir.path().join(name));
        victims.iter().for_each(|v| fs::write(v, "mine").unwrap());
        let hostile = |names: &[&str]| -> String {
            let stamp = Stamp::of(&fs::metadata(&victims[0]).unwrap());
            names.iter().map(|n| format!("{}\t{stamp}\t{n}\n", Digest::of(b"mine").hex())).collect()
        };
        let text = hostile(&["../thesis.txt", "../known.txt", victims[1].to_str().unwrap(), "link/thesis.txt"]);
        fs::create_dir(&out).unwrap();
        std::os::unix::fs::symlink(dir.path(), out.join("link")).unwrap();
        for place in [&note, &out.join(OLD_NOTE)] {
            fs::write(place, &text).unwrap();
        }
        check_out(&store, &out, &note, &wanted).unwrap();
        assert!(victims.iter().all(|v| fs::read(v).unwrap() == b"mine"));
        assert!(!out.join(OLD_NOTE).exists(), "inodes and times of this machine are nobody's result");

        // Links in the place of a folder are refused, and so are names that lead out.
        fs::remove_dir_all(out.join("stage")).unwrap();
        std::os::unix::fs::symlink(dir.path(), out.join("stage")).unwrap();
        assert!(matches!(check_out(&store, &out, &note, &wanted), Err(Error::Link { .. })));
        fs::remove_file(out.join("stage")).unwrap();
        let bad = [Wanted { path: "../a.csv".into(), ..wanted[0].clone() }];
        assert!(matches!(check_out(&store, &out, &note, &bad), Err(Error::Record { .. })));
        assert!(!dir.path().join("a.csv").exists());
    }
}
