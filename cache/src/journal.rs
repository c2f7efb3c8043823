//! The append-only journal of one run: one canonical JSON line per event, each with the sha256 of the line before.
//!
//! A line is `{"v":1,"seq":n,"prev":"…","time":"…","type":"…", …}`. The journal is the source of truth for receipts: what
//! has no line did not happen. A torn last line (the process died while writing) is recovered from by [`repair`].
//!
//! The first line begins with the run's `number`, one more than any before: runs are newer or older by it, and never by a
//! clock, which may be set back. Journals of older programs have no number and come first, by their names.

use crate::dir::Dir;
use crate::effects::{self, Op};
use crate::marks::mark;
use crate::{Error, Result, Sha256, Store, WritableStore, canonical, clock, lock, regular};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

const FILE: &str = "journal.jsonl";

/// The journal of an active run; its lock dies with the process.
pub struct Journal {
    run: String,
    number: u64,
    path: PathBuf,
    file: File,
    seq: u64,
    prev: Sha256,
    /// True if what is on the disk is not known any more: no line can follow.
    is_closed: bool,
}

impl Journal {
    /// Starts a run: creates a directory with a unique name and an empty journal.
    pub fn begin(store: &WritableStore) -> Result<Journal> {
        let number = runs(store)?.last().map_or(0, |last| last.0) + 1;
        let time = clock::now();
        let stamp = format!("{}-{}", &time[..10], time[11..19].replace(':', ""));
        let runs = store.directory("runs")?;
        for attempt in 0u32.. {
            // The process number only keeps two runs of one second apart; it is hashed away.
            let salt = blake3::hash(format!("{time} {} {attempt}", std::process::id()).as_bytes());
            // Milliseconds first: runs of one second, too, sort as they began.
            let run = format!("{stamp}-{}{}", &time[20..23], &salt.to_hex()[..3]);
            match runs.create_dir(run.as_ref(), 0o700) {
                Ok(()) => {
                    let directory = runs.sub(&run)?;
                    let (file, path) = (directory.create_log(FILE)?, directory.path().join(FILE));
                    effects::lock(&file, false).map_err(Error::io("lock", &path))?;
                    directory.sync()?;
                    runs.sync()?;
                    return Ok(Journal { run, number, path, file, seq: 0, prev: Sha256::of(b""), is_closed: false });
                }
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        unreachable!("BUG: every name is taken")
    }

    /// The run's name.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Appends one event; `durable` lines are on the disk when this returns.
    ///
    /// # Errors
    /// If it cannot be written: there is nothing of it then. If that is not certain, nothing can be appended any more.
    pub fn append(&mut self, kind: &str, body: Map<String, Value>, durable: bool) -> Result<()> {
        let mut line = body;
        if self.seq == 0 {
            line.insert("number".into(), self.number.into());
        }
        line.insert("v".into(), 1.into());
        line.insert("seq".into(), self.seq.into());
        line.insert("prev".into(), self.prev.hex().into());
        line.insert("time".into(), clock::now().into());
        line.insert("type".into(), kind.into());
        let mut bytes = canonical::to_bytes(&line);
        let digest = Sha256::of(&bytes);
        bytes.push(b'\n');
        if bytes.len() as u64 > regular::RECORD {
            return Err(Error::TooLarge { path: self.path.clone(), what: "would have a line of", limit: regular::RECORD });
        }
        if self.is_closed {
            mark!("journal-closed");
            return Err(Error::io("write", &self.path)(std::io::Error::other("an earlier line could not be written")));
        }
        let before = self.file.metadata().map_err(Error::io("read", &self.path))?.len();
        let sync = || effects::perform(Op::SyncFile(&self.file), || self.file.sync_data());
        let written = effects::write_all(&self.file, &bytes);
        let is_written = written.is_ok();
        let written = written.and_then(|()| if durable { sync() } else { Ok(()) });
        if let Err(e) = written {
            // A disk that filled up in the middle of a line must not leave half of it before the next.
            let is_undone = effects::perform(Op::Change(&self.file), || self.file.set_len(before)).is_ok();
            mark!("half-line-undone");
            // After a sync that failed, another one says nothing about what was written before.
            self.is_closed = !is_undone || is_written;
            return Err(Error::io("write", &self.path)(e));
        }
        self.seq += 1;
        self.prev = digest;
        Ok(())
    }
}

/// One complete line of a journal.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its event type.
    pub kind: String,
    /// The whole object.
    pub body: Value,
}

/// The lines of a journal that read, in order: neither a torn last line nor a damaged one hides the others.
/// [`first_broken_line`] says whether one is missing. Neither the journal nor the two directories above it, which are the store's, may be
/// links.
pub fn lines(path: &Path) -> Result<Vec<Line>> {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_owned();
    let mut above = path.ancestors().skip(1);
    let (run, runs) = (name(above.next()), name(above.next()));
    let directory = Dir::named(above.next().unwrap_or(Path::new("")))?.sub(runs)?.sub(run)?;
    let bytes = regular::read_lines(directory.open_file(name(Some(path)))?, path)?;
    let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let read = |line: &[u8]| {
        let body: Value = serde_json::from_slice(line).ok()?;
        Some(Line { kind: body.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(), body })
    };
    Ok(bytes[..whole].split(|&b| b == b'\n').filter_map(read).collect())
}

/// The bytes of a run's journal.
pub(crate) fn read(store: &Store, run: &str) -> Result<Vec<u8>> {
    read_in(&store.directory("runs")?.sub(run)?)
}

fn read_in(directory: &Dir) -> Result<Vec<u8>> {
    regular::read_lines(directory.open_file(FILE)?, &directory.path().join(FILE))
}

/// How long a run's journal is.
pub(crate) fn length(store: &Store, run: &str) -> Result<usize> {
    let stat = store.directory("runs")?.sub(run)?.metadata(FILE)?;
    Ok(stat.map_or(0, |stat| crate::memo::Stamp::of_handle(&stat).size() as usize))
}

/// The number that a journal begins with; 0 where it has none.
pub(crate) fn number_of(bytes: &[u8]) -> u64 {
    let digits = bytes.strip_prefix(br#"{"number":"#).unwrap_or_default();
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
    std::str::from_utf8(&digits[..end]).ok().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// The first line that breaks the chain of a journal, counted from 1: that line, or the one before it, was altered.
pub fn first_broken_line(bytes: &[u8]) -> Option<usize> {
    let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let mut prev = Sha256::of(b"");
    for (n, line) in bytes[..whole].split(|&b| b == b'\n').filter(|l| !l.is_empty()).enumerate() {
        let intact = serde_json::from_slice::<Value>(line)
            .is_ok_and(|body| body.get("prev").and_then(Value::as_str) == Some(&prev.hex()) && body.get("seq").and_then(Value::as_u64) == Some(n as u64));
        if !intact {
            return Some(n + 1);
        }
        prev = Sha256::of(line);
    }
    None
}

/// Moves torn last lines of journals that no process writes to aside; gives `(run, bytes)` of each.
pub fn repair(store: &WritableStore) -> Result<Vec<(String, usize)>> {
    let mut out = vec![];
    for run in run_names(store)? {
        let directory = store.directory("runs")?.sub(&run)?;
        if read_in(&directory)?.last().is_none_or(|last| *last == b'\n') || lock::is_held(&directory, FILE) {
            continue;
        }
        // Once more: its writer may have finished the line in between, and others after it.
        let bytes = read_in(&directory)?;
        let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            directory.replace(format!("torn-at-{whole}"), &[&bytes[whole..]])?;
            // A new file, and not this one made shorter: it may have a second name somewhere else.
            directory.replace(FILE, &[&bytes[..whole]])?;
            directory.sync()?;
            mark!("torn-line-aside");
            out.push((run, bytes.len() - whole));
        }
    }
    Ok(out)
}

/// Names of all runs, oldest first.
pub fn run_names(store: &Store) -> Result<Vec<String>> {
    Ok(runs(store)?.into_iter().map(|r| r.1).collect())
}

/// Numbers and names of all runs, oldest first. Foreign files, such as those of a desktop, are ignored.
pub(crate) fn runs(store: &Store) -> Result<Vec<(u64, String)>> {
    let runs = match store.directory("runs") {
        Err(e) if e.is_not_found() => return Ok(vec![]),
        opened => opened?,
    };
    let mut all = vec![];
    for name in runs.names()? {
        let Ok(name) = name.into_string() else { continue };
        let journal = match runs.sub(&name).and_then(|directory| directory.open_file(FILE)) {
            Ok(journal) => journal,
            Err(Error::Foreign { what: "a file", .. }) => continue,
            Err(e) if e.is_not_found() => continue,
            // A run that seems to be there and cannot be read is not passed over: what it needs would not be known.
            Err(e) => return Err(e),
        };
        let mut beginning = vec![];
        let path = store.run_dir(&name).join(FILE);
        journal.take(32).read_to_end(&mut beginning).map_err(Error::io("read", &path))?;
        all.push((number_of(&beginning), name));
    }
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::hit;
    use serde_json::json;
    use std::fs;
    use std::io::Write;

    fn event(n: u64) -> Map<String, Value> {
        json!({"n": n}).as_object().unwrap().clone()
    }

    #[test]
    fn lines_are_chained_and_an_edit_shows() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        for n in 0..4 {
            journal.append("event", event(n), n == 2).unwrap();
        }
        let path = journal.path.clone();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(first_broken_line(text.as_bytes()), None);
        assert_eq!(first_broken_line(text.replace("\"n\":1", "\"n\":9").as_bytes()), Some(3), "the second line, which the third names");
        assert_eq!(lines(&path).unwrap().len(), 4);
    }

    #[test]
    fn a_torn_last_line_is_ignored_and_moved_aside_once_the_writer_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        journal.append("event", event(0), true).unwrap();
        journal.file.write_all(b"{\"half\":").unwrap();
        let path = journal.path.clone();
        assert_eq!(lines(&path).unwrap().len(), 1);
        drop(journal);
        hit!("torn-line-aside");
        assert_eq!(repair(&store).unwrap().iter().map(|r| r.1).collect::<Vec<_>>(), [8]);
        assert!(fs::read(&path).unwrap().ends_with(b"\n"));
        assert!(repair(&store).unwrap().is_empty());
    }
}
