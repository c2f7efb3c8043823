//! The cache index: receipts by key, and the last receipt of each stage of each study, read from all journals.
//!
//! Loading scans journals as bytes and parses a receipt only when it is asked for: a store of ten thousand receipts
//! must not cost a run that has nothing to do.

use crate::marks::mark;
use crate::receipt::Outputs;
use crate::{Digest, Receipt, Result, StageKey, Store, journal};
use memchr::memmem::find;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Receipts and the last outcome of stages.
pub struct Ledger {
    runs: Vec<RunBytes>,
    /// All receipts, oldest first.
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
}

const KEY: &[u8] = br#""key":"b3:"#;
const RECEIPT: &[u8] = br#""type":"receipt""#;

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
                self.runs.push(RunBytes { name, bytes });
                self.scan(self.runs.len() - 1, 0);
                Ok(())
            }
            Err(e) if e.is_not_found() => Ok(()),
            Err(e) => Err(e),
        }
    }

    fn scan(&mut self, run: usize, from: usize) {
        let bytes = &self.runs[run].bytes;
        let mut start = from;
        while let Some(length) = memchr::memchr(b'\n', &bytes[start..]) {
            let line = start..start + length;
            start = line.end + 1;
            let text = &bytes[line.clone()];
            // Canonical lines end `…,"time":…,"type":"receipt","v":1}`: looking near the end spares most of the work.
            if find(&text[text.len().saturating_sub(64)..], RECEIPT).is_none() {
                continue;
            }
            if let Some(at) = find(text, KEY) {
                let hex = &text[at + KEY.len()..][..64.min(text.len() - at - KEY.len())];
                if let Some(key) = std::str::from_utf8(hex).ok().and_then(Digest::from_hex) {
                    // A journal that grew is scanned late: what another run wrote after it is newer all the same.
                    let newer = self.newest.get(&key).is_none_or(|at| self.places[*at].run <= run);
                    if newer {
                        self.ahead.remove(&key);
                        self.newest.insert(key, self.places.len());
                    }
                    self.places.push(Place { run, line });
                }
            }
        }
    }

    fn read<'a, T: serde::Deserialize<'a>>(&'a self, at: &Place) -> Option<T> {
        #[derive(serde::Deserialize)]
        struct Line<T> {
            receipt: T,
        }
        serde_json::from_slice::<Line<T>>(&self.runs[at.run].bytes[at.line.clone()]).ok().map(|l| l.receipt)
    }

    fn newest(&self, key: &StageKey) -> Option<&Place> {
        self.newest.get(&key.0).map(|at| &self.places[*at])
    }

    /// The newest receipt of a key, with the run that wrote it.
    pub fn find(&self, key: &StageKey) -> Option<(Receipt, &str)> {
        let at = self.newest(key)?;
        self.read(at).map(|r| (r, self.runs[at.run].name.as_str()))
    }

    /// The outputs of the newest receipt of a key: all that reuse needs, for a fraction of the work.
    pub fn outputs(&self, key: &StageKey) -> Option<Arc<Outputs>> {
        self.ahead.get(&key.0).cloned().or_else(|| self.read_outputs(self.newest(key)?))
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
            if let Some(outputs) = self.read_outputs(&self.places[at]) {
                self.ahead.insert(key, outputs);
            }
        }
    }

    fn read_outputs(&self, at: &Place) -> Option<Arc<Outputs>> {
        #[derive(serde::Deserialize)]
        struct Part {
            outputs: Outputs,
        }
        self.read::<Part>(at).map(|p| Arc::new(p.outputs))
    }

    /// All receipts, oldest first, with their runs.
    pub fn receipts(&self) -> Vec<(Receipt, &str)> {
        let mut places: Vec<&Place> = self.places.iter().collect();
        places.sort_by_key(|at| (at.run, at.line.start));
        places.into_iter().filter_map(|at| self.read(at).map(|r| (r, self.runs[at.run].name.as_str()))).collect()
    }

    /// The receipt under which each stage of a study stood when it was last recorded, by stage name.
    pub fn last_of_study(&self, study: &str) -> HashMap<String, StageKey> {
        let mut out = HashMap::new();
        for run in &self.runs {
            let mine = run.bytes.split(|&b| b == b'\n').take_while(|l| !l.is_empty());
            for line in mine {
                let tail = &line[line.len().saturating_sub(64)..];
                let kind = if find(tail, RECEIPT).is_some() {
                    "receipt"
                } else if find(tail, br#""type":"reused""#).is_some() {
                    "reused"
                } else {
                    continue;
                };
                let Ok(body) = serde_json::from_slice::<Value>(line) else { continue };
                let here = if kind == "receipt" { &body["receipt"] } else { &body };
                if here["study"].as_str() != Some(study) {
                    continue;
                }
                let key = |v: &Value| v.as_str().and_then(|s| s.parse().ok()).map(StageKey);
                if kind == "receipt" {
                    if let (Some(stage), Some(key)) = (here["stage"].as_str(), key(&here["key"])) {
                        out.insert(stage.to_owned(), key);
                    }
                } else if let Some(stages) = here["stages"].as_object() {
                    out.extend(stages.iter().filter_map(|(s, k)| Some((s.clone(), key(k)?))));
                }
            }
        }
        out
    }
}
