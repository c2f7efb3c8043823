//! The cache index: receipts by key, and the last receipt of each stage of each study, read from all journals.
//!
//! Loading scans journals as bytes and parses a receipt only when it is asked for: a store of ten thousand receipts
//! must not cost a run that has nothing to do.

use crate::journal::{Entry, Event, scan};
use crate::marks::mark;
use crate::receipt::Outputs;
use crate::{Digest, Receipt, Result, StageKey, Store, journal, recipe};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Receipts and the last outcome of stages.
pub struct Ledger {
    runs: Vec<RunBytes>,
    /// All receipts, and lines that say of stages that they are up to date; of each run in order.
    places: Vec<Place>,
    /// The newest receipt of each key.
    newest: ByDigest<usize>,
    /// Outputs that were read ahead.
    ahead: ByDigest<Arc<Outputs>>,
}

type ByDigest<T> = HashMap<Digest, T, BuildHasherDefault<FirstBytes>>;

/// A line of a run.
struct Place {
    run: usize,
    line: Range<usize>,
    /// The key of a receipt; none of lines that say of stages that they are up to date.
    key: Option<StageKey>,
}

/// Digests are hashes already: their first bytes do.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        let first = bytes.iter().take(8);
        self.0 = first.fold(self.0, |h, b| h << 8 | u64::from(*b));
    }
    fn write_usize(&mut self, _: usize) {}
    fn finish(&self) -> u64 {
        self.0
    }
}

struct RunBytes {
    name: String,
    bytes: Vec<u8>,
    /// True for the journal of something that is no run of a study.
    is_audit: bool,
}

/// A receipt as it stands in a journal. It is taken apart whenever it is asked for, so that those of a large study need no memory
/// of their own.
#[derive(Clone, Copy)]
pub struct ReceiptLine<'a>(&'a [u8]);

/// How a journal reads. Lines are counted from 1. One that was cut between two lines reads as that of a run that was killed there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Soundness {
    /// The first line that does not follow from those before it, or that cannot be read although this program knows its type: it, or
    /// the line before it, was altered.
    pub altered: Option<usize>,
    /// The first line of a type that this program does not know.
    pub unknown: Option<usize>,
    /// True if it ends in the middle of a line: its writer is at it, or died.
    pub is_torn: bool,
    /// True if it has no whole line. A journal gets its name with its first one, so that its lines were removed.
    pub is_empty: bool,
    /// The first receipt whose key is not that of its recipe: one of them was altered.
    pub miskeyed: Option<usize>,
}

impl Soundness {
    /// How these bytes of a journal read.
    pub(crate) fn of(bytes: &[u8]) -> Soundness {
        let is_torn = bytes.last().is_some_and(|last| *last != b'\n');
        let is_empty = scan::lines(bytes, 0).next().is_none();
        let mut found = Soundness { altered: journal::first_broken_line(bytes), unknown: None, is_torn, is_empty, miskeyed: None };
        for (line, at) in scan::lines(bytes, 0).zip(1..) {
            let line = &bytes[line];
            match journal::entry(line) {
                Some(entry) if entry.event.is_some() => {
                    if matches!(entry.event, Some(Event::Receipt { .. })) && !has_its_key(line) {
                        found.miskeyed = found.miskeyed.or(Some(at));
                    }
                }
                Some(entry) if !entry.is_spoilt() => found.unknown = found.unknown.or(Some(at)),
                _ => found.altered = Some(found.altered.map_or(at, |altered| altered.min(at))),
            }
        }
        found
    }

    /// The first line of which is known that it, or the line before it, was altered.
    pub fn first_altered(&self) -> Option<usize> {
        self.altered.into_iter().chain(self.miskeyed).min()
    }
}

/// True for a receipt whose key is that of its recipe, as it stands there: older programs spelled some members otherwise.
fn has_its_key(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Part {
        key: StageKey,
        recipe: serde_json::Value,
    }
    journal::receipt(line).is_some_and(|part: Part| part.key == recipe::key_of(&part.recipe))
}

/// A result that a run reused and of which no journal has the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The key of its recipe.
    pub key: StageKey,
    /// The study that reused it.
    pub study: String,
    /// The stage that did.
    pub stage: String,
    /// The run in which it did.
    pub run: String,
}

impl ReceiptLine<'_> {
    /// What it says.
    pub fn read(&self) -> Receipt {
        journal::receipt(self.0).expect("BUG: it was read before")
    }
}

impl Ledger {
    /// Reads the journals of a store.
    pub fn load(store: &Store) -> Result<Ledger> {
        let mut ledger = Ledger { runs: vec![], places: vec![], newest: HashMap::default(), ahead: HashMap::default() };
        for name in journal::run_names(store)? {
            ledger.add(store, name)?;
        }
        Ok(ledger)
    }

    /// Reads journals that are new or longer than when they were read: another run may have finished something.
    /// The journal of the run `own` is passed over: its receipts are known to the caller.
    pub fn refresh(&mut self, store: &Store, own: &str) -> Result<()> {
        for name in journal::run_names(store)?.into_iter().filter(|n| n != own) {
            let length = journal::length(store, &name)?;
            match self.runs.iter().position(|r| r.name == name) {
                Some(at) if self.runs[at].bytes.len() >= length => {}
                Some(at) => {
                    mark!("journal-grew");
                    let from = self.runs[at].bytes.iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
                    self.runs[at].bytes = journal::read(store, &name)?;
                    self.scan(at, from);
                }
                None => self.add(store, name)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, store: &Store, name: String) -> Result<()> {
        match journal::read(store, &name) {
            Ok(bytes) => {
                let is_audit = journal::audit_of(&bytes).is_some();
                self.runs.push(RunBytes { name, bytes, is_audit });
                self.scan(self.runs.len() - 1, 0);
                Ok(())
            }
            Err(e) if e.is_not_found() => Ok(()),
            Err(e) => Err(e),
        }
    }

    fn scan(&mut self, run: usize, from: usize) {
        let bytes = &self.runs[run].bytes;
        for line in scan::lines(bytes, from) {
            let key = if scan::may_be_receipt(&bytes[line.clone()]) { scan::key(&bytes[line.clone()]) } else { None };
            if let Some(StageKey(key)) = key {
                // A journal that grew is scanned late: what another run wrote after it is newer all the same.
                let newer = self.newest.get(&key).is_none_or(|at| self.places[*at].run <= run);
                if newer {
                    self.ahead.remove(&key);
                    self.newest.insert(key, self.places.len());
                }
            } else if !scan::may_be_reused(&bytes[line.clone()]) {
                continue;
            }
            self.places.push(Place { run, line, key });
        }
    }

    fn line(&self, at: &Place) -> &[u8] {
        &self.runs[at.run].bytes[at.line.clone()]
    }

    /// The newest of the receipts of a key, with its run, as `read` reads it. A line that only seems to be one, since it is damaged or
    /// of a type that is not known, does not hide those before it.
    fn newest<'s, T>(&'s self, key: &StageKey, read: impl Fn(&'s [u8]) -> Option<(StageKey, T)>) -> Option<(T, &'s str)> {
        let read_at = |at: &Place| read(self.line(at)).filter(|found| found.0 == *key).map(|found| (found.1, self.runs[at.run].name.as_str()));
        let newest = &self.places[*self.newest.get(&key.0)?];
        read_at(newest).or_else(|| {
            let mut older: Vec<&Place> = self.places.iter().filter(|at| at.key == Some(*key)).collect();
            older.sort_by_key(|at| std::cmp::Reverse((at.run, at.line.start)));
            older.into_iter().find_map(read_at)
        })
    }

    /// The newest receipt of a key, with the run that wrote it.
    pub fn find(&self, key: &StageKey) -> Option<(Receipt, &str)> {
        self.newest(key, |line| journal::receipt(line).map(|r: Receipt| (r.key, r)))
    }

    /// The outputs of the newest receipt of a key: all that reuse needs, for a fraction of the work.
    pub fn outputs(&self, key: &StageKey) -> Option<Arc<Outputs>> {
        self.ahead.get(&key.0).cloned().or_else(|| self.newest(key, read_outputs).map(|found| found.0))
    }

    /// Reads outputs ahead of time, those of the newest runs first, until `stop` is set: for a thread that would be idle
    /// while the study is parsed.
    pub fn read_ahead(&mut self, stop: &AtomicBool) {
        let mut newest: Vec<(Digest, usize)> = self.newest.iter().map(|(key, at)| (*key, *at)).collect();
        newest.sort_unstable_by_key(|(_, at)| std::cmp::Reverse(*at));
        for (key, at) in newest {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            if let Some((_, outputs)) = read_outputs(self.line(&self.places[at])).filter(|found| found.0.0 == key) {
                self.ahead.insert(key, outputs);
            }
        }
    }

    /// As [`Ledger::find`], without keeping what the receipt says.
    pub fn find_line(&self, key: &StageKey) -> Option<ReceiptLine<'_>> {
        self.newest(key, |line| journal::receipt(line).map(|r: Receipt| (r.key, ReceiptLine(line)))).map(|found| found.0)
    }

    /// Hands over what the lines of a run's journal say, one after the other; with each the line itself. None of them
    /// is kept. False if the run was not there when the journals were read.
    pub fn walk<'l>(&'l self, run: &str, mut take: impl FnMut(Entry, ReceiptLine<'l>)) -> bool {
        let Some(run) = self.runs.iter().find(|r| r.name == run) else { return false };
        for line in scan::lines(&run.bytes, 0).map(|line| &run.bytes[line]) {
            if let Some(entry) = journal::entry(line) {
                take(entry, ReceiptLine(line));
            }
        }
        true
    }

    /// Where the journal of a run is not as its writer left it, as far as that shows; none if the run was not there when the journals
    /// were read.
    pub fn soundness(&self, run: &str) -> Option<Soundness> {
        let run = self.runs.iter().find(|r| r.name == run)?;
        Some(Soundness::of(&run.bytes))
    }

    /// Results that runs reused and of which no receipt is left, each once: whoever reuses a result reads its receipt, so that the
    /// journal which had it was cut short, altered or removed.
    pub fn lost(&self) -> Vec<Lost> {
        let mut out: Vec<Lost> = vec![];
        let mut places: Vec<&Place> = self.places.iter().filter(|at| at.key.is_none()).collect();
        places.sort_by_key(|at| (at.run, at.line.start));
        for at in places {
            let Some(Event::Reused { study, stages }) = journal::entry(self.line(at)).and_then(|e| e.event) else { continue };
            for (stage, key) in stages.into_iter().filter(|(_, key)| self.find_line(key).is_none()) {
                if out.iter().all(|lost| lost.key != key) {
                    out.push(Lost { key, study: study.clone(), stage, run: self.runs[at.run].name.clone() });
                }
            }
        }
        out
    }

    /// All receipts, oldest first, with their runs.
    pub fn receipts(&self) -> Vec<(Receipt, &str)> {
        let mut places: Vec<&Place> = self.places.iter().filter(|at| at.key.is_some()).collect();
        places.sort_by_key(|at| (at.run, at.line.start));
        places.into_iter().filter_map(|at| Some((journal::receipt(self.line(at))?, self.runs[at.run].name.as_str()))).collect()
    }

    /// The key under which each stage ended in the newest run, by stage name, if that is one of this study. Receipts are not read,
    /// but looked at: it is for telling whether there is anything to record, which every run with nothing to do asks.
    pub fn newest_of_study(&self, study: &str) -> Option<HashMap<Cow<'_, str>, StageKey>> {
        let newest = self.runs.iter().rposition(|run| !run.is_audit)?;
        let mut out = HashMap::new();
        for at in self.places.iter().filter(|at| at.run == newest) {
            let line = self.line(at);
            if let Some(key) = at.key {
                let seen = scan::stage_and_study(line).map(|(stage, of)| (of.into(), stage.into(), key));
                let read = || journal::receipt(line).map(|r: Receipt| (r.study.into(), r.stage.into(), r.key));
                let found: Option<(Cow<str>, Cow<str>, StageKey)> = seen.or_else(read);
                if let Some((of, stage, key)) = found {
                    (of == study).then(|| out.insert(stage, key))?;
                }
            } else if let Some(Event::Reused { study: of, stages }) = journal::entry(line).and_then(|e| e.event) {
                (of == study).then(|| out.extend(stages.into_iter().map(|(stage, key)| (stage.into(), key))))?;
            }
        }
        Some(out)
    }

    /// The key under which each stage of a study ended when it was last recorded, by stage name.
    pub fn last_of_study(&self, study: &str) -> HashMap<String, StageKey> {
        let mut out = HashMap::new();
        let mut places: Vec<&Place> = self.places.iter().collect();
        places.sort_by_key(|at| (at.run, at.line.start));
        for line in places.into_iter().map(|at| self.line(at)) {
            match journal::entry(line).and_then(|e| e.event) {
                Some(Event::Receipt { receipt: r }) if r.study == study => drop(out.insert(r.stage, r.key)),
                Some(Event::Reused { study: of, stages }) if of == study => out.extend(stages),
                _ => {}
            }
        }
        out
    }
}

fn read_outputs(line: &[u8]) -> Option<(StageKey, Arc<Outputs>)> {
    #[derive(serde::Deserialize)]
    struct Part {
        key: StageKey,
        outputs: Outputs,
    }
    journal::receipt(line).map(|part: Part| (part.key, Arc::new(part.outputs)))
}
