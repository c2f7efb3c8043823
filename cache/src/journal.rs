//! The append-only journal of one run: one canonical JSON line per event, each with the sha256 of the line before.
//!
//! A line is `{"v":1,"seq":n,"prev":"…","time":"…","type":"…", …}`. The journal is the source of truth for receipts: what
//! has no line did not happen. A torn last line (the process died while writing) is recovered from by [`repair`].
//!
//! The first line begins with the run's `number`, one more than any before: runs are newer or older by it, and never by a
//! clock, which may be set back. Journals of older programs have no number and come first, by their names.
//!
//! What a line says is an [`Event`]: [`Journal::append`] is the one writer and [`entries`] the one reader, which skips what it does
//! not know. Independent of what follows from events: [`RunRecord`](crate::RunRecord) and [`Ledger`](crate::Ledger).

#[cfg(test)]
mod agreement;
mod entry;
mod event;
#[cfg(test)]
mod hostile;
pub(crate) mod scan;

pub use entry::{Entry, entries, objects};
pub(crate) use entry::{entry, of_bytes, receipt};
pub use event::{Audit, Event, Failure, Finding, Finished, ReplayOutcome, Replayed, Severity};

use crate::dir::Dir;
use crate::effects::{self, Op};
use crate::journal_file::JOURNAL as FILE;
use crate::marks::mark;
use crate::{Error, Result, Sha256, Store, WritableStore, canonical, clock, lock, regular};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

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
    /// The run's directory, in which the file has another name until its first line is on the disk: a journal without a line is
    /// one whose lines were removed.
    unnamed: Option<Dir>,
}

/// The name of a journal without a line yet.
const UNNAMED: &str = "journal.begun";

impl Journal {
    /// Starts a run: creates a directory with a unique name. The run is there once its journal has a line.
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
                    let (file, path) = (directory.create_log(UNNAMED)?, directory.path().join(FILE));
                    effects::lock(&file, false).map_err(Error::io("lock", &path))?;
                    runs.sync()?;
                    return Ok(Journal { run, number, path, file, seq: 0, prev: Sha256::of(b""), is_closed: false, unnamed: Some(directory) });
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

    /// How many lines it has: the `seq` of the next one.
    pub fn length(&self) -> u64 {
        self.seq
    }

    /// Appends one event. When this returns, the lines that later ones rely on are on the disk.
    ///
    /// # Errors
    /// If the line is too long or cannot be written: there is nothing of it then. If that is not certain, nothing can be appended any
    /// more.
    pub fn append(&mut self, event: &Event) -> Result<()> {
        let bytes = line(event, (self.seq == 0).then_some(self.number), self.seq, &self.prev, clock::now());
        let digest = Sha256::of(&bytes[..bytes.len() - 1]);
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
        let written = written.and_then(|()| if event.is_durable() || self.unnamed.is_some() { sync() } else { Ok(()) });
        if let Err(e) = written {
            // A disk that filled up in the middle of a line must not leave half of it before the next.
            let is_undone = effects::perform(Op::Change(&self.file), || self.file.set_len(before)).is_ok();
            if is_undone {
                mark!("half-line-undone");
            }
            // After a sync that failed, another one says nothing about what was written before.
            self.is_closed = !is_undone || is_written;
            return Err(Error::io("write", &self.path)(e));
        }
        if let Some(directory) = self.unnamed.take() {
            // Where this fails, the run never was: whether its line is found later is not known.
            let named = directory.rename(UNNAMED, &directory, FILE).and_then(|()| directory.sync());
            self.is_closed = named.is_err();
            named?;
        }
        self.seq += 1;
        self.prev = digest;
        Ok(())
    }
}

/// An event as a line, with its newline.
fn line<E: Serialize>(event: &E, number: Option<u64>, seq: u64, prev: &Sha256, time: String) -> Vec<u8> {
    let event = serde_json::to_value(event).expect("BUG: events are plain JSON");
    let Value::Object(mut line) = event else { unreachable!("BUG: an event is an object") };
    line.extend(number.map(|n| ("number".into(), n.into())));
    line.insert("v".into(), entry::VERSION.into());
    line.insert("seq".into(), seq.into());
    line.insert("prev".into(), prev.hex().into());
    line.insert("time".into(), time.into());
    let mut bytes = canonical::to_bytes(&line);
    bytes.push(b'\n');
    bytes
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

/// How much of a journal has the number of its run. Of what stands before it in a first line, only `audit` is as long as a word.
const BEGINNING: usize = 64;

/// The number of the run, in the first line of its journal; 0 where it has none.
pub(crate) fn number_of(bytes: &[u8]) -> u64 {
    const MEMBER: &[u8] = br#""number":"#;
    let beginning = &bytes[..bytes.len().min(BEGINNING)];
    let first = &beginning[..memchr::memchr(b'\n', beginning).unwrap_or(beginning.len())];
    // In a text within the line, a quote has a backslash before it.
    let digits = memchr::memmem::find(first, MEMBER).map_or(&[][..], |at| &first[at + MEMBER.len()..]);
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
    std::str::from_utf8(&digits[..end]).ok().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What a journal is the record of, if it is no run of a study, and of which study it is.
pub(crate) fn audit_of(bytes: &[u8]) -> Option<(Audit, String)> {
    let first = scan::lines(bytes, 0).next()?;
    match entry(&bytes[first])?.event? {
        Event::AuditStarted { audit, study } => Some((audit, study)),
        _ => None,
    }
}

/// The first line that breaks the chain of a journal, counted from 1: that line, or the one before it, was altered. The first one
/// where there is none: a journal gets its name with a line.
pub fn first_broken_line(bytes: &[u8]) -> Option<usize> {
    let mut prev = Sha256::of(b"");
    if scan::lines(bytes, 0).next().is_none() {
        return Some(1);
    }
    for (n, line) in scan::lines(bytes, 0).map(|line| &bytes[line]).enumerate() {
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

/// Names of the runs of studies, oldest first, without the audits among them.
///
/// # Errors
/// If a journal cannot be read.
pub fn study_runs(store: &Store) -> Result<Vec<String>> {
    let mut out = vec![];
    for run in run_names(store)? {
        if audit_of(&read(store, &run)?).is_none() {
            out.push(run);
        }
    }
    Ok(out)
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
        journal.take(BEGINNING as u64).read_to_end(&mut beginning).map_err(Error::io("read", &path))?;
        all.push((number_of(&beginning), name));
    }
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::hit;
    use std::fs;
    use std::io::Write;

    fn event(n: u64) -> Event {
        Event::Recovered { of: "r".into(), bytes: n }
    }

    #[test]
    fn lines_are_chained_and_an_edit_shows() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        for n in 0..4 {
            journal.append(&event(n)).unwrap();
        }
        let text = fs::read_to_string(&journal.path).unwrap();
        assert_eq!(first_broken_line(text.as_bytes()), None);
        assert_eq!(first_broken_line(text.replace("\"bytes\":1", "\"bytes\":9").as_bytes()), Some(3), "the second line, which the third names");
        let read = entries(&store, journal.run()).unwrap();
        assert_eq!(read.iter().map(|e| (e.seq, e.event.clone())).collect::<Vec<_>>(), [0, 1, 2, 3].map(|n| (n, Some(event(n)))));
    }

    #[test]
    fn the_number_of_a_run_is_found_whatever_begins_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let events = [Audit::Erasure, Audit::Replay, Audit::Seal].map(|audit| Event::AuditStarted { audit, study: "s".into() });
        let names: Vec<String> = events
            .into_iter()
            .chain([event(1), Event::Started { study: "s".into(), pipeline: crate::Digest::of(b""), resolved: Value::Null }])
            .map(|event| {
                let mut journal = Journal::begin(&store).unwrap();
                journal.append(&event).unwrap();
                journal.run().to_owned()
            })
            .collect();
        assert_eq!(runs(&store).unwrap(), (1..).zip(names).collect::<Vec<_>>(), "newer ones have larger numbers");
        assert_eq!(number_of(br#"{"audit":"\"number\":9","number":3}"#), 3);
        assert_eq!([number_of(b"{}\n{\"number\":4}"), number_of(b"")], [0, 0]);
    }

    /// These bytes are what stores consist of, and what the chain hashes.
    #[test]
    fn a_line_is_canonical_with_its_envelope() {
        let prev = Sha256::of(b"");
        let written = |number, seq| String::from_utf8(line(&event(5), number, seq, &prev, "T".into())).unwrap();
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            written(Some(2), 0),
            format!("{{\"bytes\":5,\"number\":2,\"of\":\"r\",\"prev\":\"{hash}\",\"seq\":0,\"time\":\"T\",\"type\":\"recovered\",\"v\":1}}\n")
        );
        assert_eq!(written(None, 1), format!("{{\"bytes\":5,\"of\":\"r\",\"prev\":\"{hash}\",\"seq\":1,\"time\":\"T\",\"type\":\"recovered\",\"v\":1}}\n"));
    }

    /// What an older program wrote is read as events and written from them again, byte by byte.
    #[test]
    fn lines_are_written_as_they_ever_were() {
        let runs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/old-store/runs");
        let (mut prev, mut kinds) = (Sha256::of(b""), std::collections::BTreeSet::new());
        let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap();
        for text in fs::read_to_string(run.path().join(FILE)).unwrap().lines() {
            let Entry { seq, time, kind, event } = entry(text.as_bytes()).unwrap();
            let written = String::from_utf8(line(&event.unwrap(), None, seq, &prev, time)).unwrap();
            // The event of a stage that started had another name then, and so had a member of inputs that are looked up.
            let written = written.replace("\"type\":\"stage-started\"", "\"type\":\"begun\"");
            if !text.contains("\"lookup\":") {
                assert_eq!(written.trim_end(), text);
                kinds.insert(kind);
            }
            prev = Sha256::of(text.as_bytes());
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["begun", "finished", "receipt", "reused", "started"]);
    }

    #[test]
    fn a_line_that_a_newer_program_wrote_is_there_and_says_nothing() {
        let line = br#"{"of":"r","bytes":1,"seq":4,"time":"T","type":"later","v":1}"#;
        assert_eq!(entry(line), Some(Entry { seq: 4, time: "T".into(), kind: "later".into(), event: None }));
        let newer = br#"{"of":"r","bytes":1,"seq":4,"time":"T","type":"recovered","v":2}"#;
        assert_eq!(entry(newer).map(|e| (e.kind, e.event)), Some(("recovered".into(), None)), "what its members mean is not known");
        let longer = br#"{"of":"r","bytes":1,"seq":4,"since":{"x":[]},"time":"T","type":"recovered","v":1}"#;
        assert_eq!(entry(longer).and_then(|e| e.event), Some(event(1)), "members may be added");
        assert_eq!(entry(b"{\"seq\":"), None);
    }

    /// So that one which is there and has no line was emptied.
    #[test]
    fn a_journal_is_there_with_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        assert!(run_names(&store).unwrap().is_empty() && !journal.path.exists());
        // A line of a type that need not be on the disk, too.
        journal.append(&event(0)).unwrap();
        assert_eq!(run_names(&store).unwrap(), [journal.run()]);
        assert!(lock::is_held(&store.directory("runs").unwrap().sub(journal.run()).unwrap(), FILE), "by its new name, too");
        journal.append(&event(1)).unwrap();
        assert_eq!((fs::read_dir(journal.path.parent().unwrap()).unwrap().count(), entries(&store, journal.run()).unwrap().len()), (1, 2));
    }

    #[test]
    fn a_torn_last_line_is_ignored_and_moved_aside_once_the_writer_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        journal.append(&event(0)).unwrap();
        journal.file.write_all(b"{\"half\":").unwrap();
        let (run, path) = (journal.run().to_owned(), journal.path.clone());
        assert_eq!(entries(&store, &run).unwrap().len(), 1);
        drop(journal);
        hit!("torn-line-aside");
        assert_eq!(repair(&store).unwrap().iter().map(|r| r.1).collect::<Vec<_>>(), [8]);
        assert!(fs::read(&path).unwrap().ends_with(b"\n"));
        assert!(repair(&store).unwrap().is_empty());
    }
}
