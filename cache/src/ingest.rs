//! Hashing the files that a user names, in parallel and without copying them.
//!
//! The caller may look at the bytes of each file while they are in memory (`inspect`); what it says is remembered
//! with the digest, so that a second import opens no file at all.

use crate::memo::{Memo, Remembered, Stamp};
use crate::{Digest, Error, Result};
use rayon::prelude::*;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file that was hashed or remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Its name below the folder, with `/` between parts.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What the inspection said of them.
    pub note: String,
}

/// Looks at a file's bytes and says something about them in one line.
pub type Inspect<'a> = &'a (dyn Fn(&[u8]) -> String + Sync);

/// Files of at least this size are mapped instead of read.
const MAPPED: u64 = 4 << 20;

/// Hashes every regular file below `folder` whose name `wanted` accepts, sorted by name. Links are not followed, hidden
/// files and folders are passed over, and so is what lies below `except`, paths without links in them.
pub fn folder(folder: &Path, memo: &mut Memo, wanted: &(dyn Fn(&str) -> bool + Sync), except: &[PathBuf], inspect: Inspect) -> Result<Vec<Ingested>> {
    let mut names = vec![];
    // No link is followed below the folder, so only its own path has to be made real.
    let real = folder.canonicalize().map_err(Error::io("read", folder))?;
    let excepted: Vec<&Path> = except.iter().filter_map(|e| e.strip_prefix(&real).ok()).collect();
    let visible = |e: &walkdir::DirEntry| {
        let below = || e.path().strip_prefix(folder).expect("BUG: walked below");
        e.depth() == 0 || !e.file_name().as_encoded_bytes().starts_with(b".") && (excepted.is_empty() || !excepted.contains(&below()))
    };
    for entry in walkdir::WalkDir::new(folder).follow_links(false).into_iter().filter_entry(visible) {
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(folder).to_path_buf();
            Error::io("list", &path)(e.into())
        })?;
        if entry.file_type().is_file() {
            let name = spelled(entry.path().strip_prefix(folder).expect("BUG: walked below"));
            if wanted(&name) {
                names.push((name, entry.into_path()));
            }
        }
    }
    names.par_sort_unstable();
    let known = &*memo;
    let found: Vec<(Ingested, Option<Stamp>)> =
        names.into_par_iter().with_min_len(64).map(|(name, path)| one(name, path, known, inspect)).collect::<Result<_>>()?;
    Ok(found.into_iter().map(|(file, fresh)| remember(memo, file, fresh)).collect())
}

/// A name as text. Of one that is not UTF-8, as old archives have them, other bytes are spelt `\xE9`, so that two names stay two.
fn spelled(name: &Path) -> String {
    name.to_str().map_or_else(|| name.as_os_str().as_bytes().escape_ascii().to_string(), str::to_owned)
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

/// Hashes a file, or remembers it; the stamp is given where the memo should learn it.
fn one(name: String, path: PathBuf, memo: &Memo, inspect: Inspect) -> Result<(Ingested, Option<Stamp>)> {
    let stamp = Stamp::of(&std::fs::metadata(&path).map_err(Error::io("read", &path))?);
    if let Some(known) = memo.get(&path, &stamp) {
        return Ok((Ingested { name, path, digest: known.digest, note: known.note }, None));
    }
    let settled = stamp.is_settled();
    let mut file = File::open(&path).map_err(Error::io("read", &path))?;
    let size = file.metadata().map_err(Error::io("read", &path))?.len();
    let (digest, note) = if size >= MAPPED {
        // Mapped by blake3 itself and hashed on all cores; the inspection reads the bytes once more.
        let mut hasher = blake3::Hasher::new();
        hasher.update_mmap_rayon(&path).map_err(Error::io("read", &path))?;
        let mut bytes = Vec::with_capacity(size as usize);
        file.read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        (Digest::from_bytes(*hasher.finalize().as_bytes()), inspect(&bytes))
    } else {
        let mut bytes = Vec::with_capacity(size as usize + 1);
        file.read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        (Digest::of(&bytes), inspect(&bytes))
    };
    Ok((Ingested { name, path, digest, note }, settled.then_some(stamp)))
}

/// The digest of a list of files: names and contents, not places.
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
        let first = folder(dir.path(), &mut memo, &|_| true, &[], &inspect).unwrap();
        assert_eq!((first.len(), first[0].note.as_str(), first[0].digest), (1, "4 bytes", Digest::of(b"aaaa")));
        let saved = dir.path().join(".memo");
        memo.save(&saved).unwrap();
        let mut memo = Memo::load(&saved);
        assert_eq!(folder(dir.path(), &mut memo, &|_| true, &[], &inspect).unwrap(), first);
        assert_eq!(looks.load(Ordering::SeqCst), 1, "the second look opened nothing");

        let mtime = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "bbbb").unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(mtime).unwrap();
        assert_eq!(folder(dir.path(), &mut memo, &|_| true, &[], &inspect).unwrap()[0].digest, Digest::of(b"bbbb"));
        assert!(mtime < SystemTime::now());
    }
    #[test]
    fn what_is_excepted_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.png", "results/b.png", "deep/results/c.png", "deep/store/d.png", "results-of-others/e.png"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        let real = dir.path().canonicalize().unwrap();
        let except = [real.join("results"), real.join("deep/store"), "/elsewhere".into()];
        // Another way to write the same folder.
        let found = folder(&dir.path().join("deep/.."), &mut Memo::default(), &|_| true, &except, &|_| String::new()).unwrap();
        let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["a.png", "deep/results/c.png", "results-of-others/e.png"]);
    }
}
