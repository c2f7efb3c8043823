//! The checkpoint of a run: how long its journal is, what it hashes to, and which checkpoint came before it. So no line can be cut off,
//! and no run taken away from between others, unseen. The last thing that a run writes; a run that was killed gets its checkpoint from
//! the next one that ends.

use super::dsse::Envelope;
use super::keys::SigningKey;
use super::merkle;
use crate::journal::{self, Event, scan};
use crate::journal_file::JOURNAL;
use crate::marks::mark;
use crate::{Error, Result, Sha256, Store, WritableStore, canonical, clock, effects, lock, regular};
use serde::{Deserialize, Serialize};

/// The type of its payload.
pub const KIND: &str = "application/vnd.hilum.checkpoint+json";
/// Its file in the directory of the run.
pub(super) const FILE: &str = "checkpoint.dsse.json";

/// What is said of the journal of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerCheckpoint {
    /// The version of this format.
    pub v: u64,
    /// The run.
    pub run: String,
    /// Its study; empty if its journal does not say.
    pub study: String,
    /// Its place among the checkpoints of the store, from 0.
    pub index: u64,
    /// The lines of its journal.
    pub size: u64,
    /// The SHA-256 of the last of them.
    pub head: Sha256,
    /// The root of their Merkle tree (RFC 6962).
    pub root: Sha256,
    /// The SHA-256 of the payload of the checkpoint before it; none of the first.
    pub prev_checkpoint: Option<Sha256>,
    /// When it was written (RFC 3339, UTC).
    pub time: String,
}

/// The version of checkpoints that this program writes and reads.
const VERSION: u64 = 1;

/// A checkpoint as it is in the store.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) envelope: Envelope,
    pub(super) says: LedgerCheckpoint,
    /// The SHA-256 of its payload, by which others refer to it.
    pub(super) digest: Sha256,
}

impl Written {
    /// Reads an envelope; none if there is no checkpoint in it that this program knows.
    pub(super) fn of(envelope: Envelope) -> Option<Written> {
        let (says, payload): (LedgerCheckpoint, _) = envelope.says(KIND)?;
        let is_whole = says.v == VERSION && is_time(&says.time) && says.size.max(says.index) < 1 << 53;
        is_whole.then(|| Written { envelope, digest: Sha256::of(&payload), says })
    }
}

/// True for a time as journals and checkpoints have it, `2026-11-30T20:43:48.300Z`: so spelled, times are in their order as texts.
pub(super) fn is_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00.000Z";
    text.len() == shape.len() && text.bytes().zip(shape).all(|(byte, due)| if *due == b'0' { byte.is_ascii_digit() } else { byte == *due })
}

/// The checkpoint of a run, if there is one; none within if it cannot be read, be it no file at all.
pub(super) fn read(store: &Store, run: &str) -> Result<Option<Option<Written>>> {
    match store.directory("runs")?.sub(run)?.read(FILE, regular::RECORD) {
        Ok(bytes) => Ok(Some(Envelope::read(&bytes).and_then(Written::of))),
        Err(e) if e.is_not_found() => Ok(None),
        Err(Error::Foreign { .. } | Error::TooLarge { .. }) => Ok(Some(None)),
        Err(e) => Err(e),
    }
}

/// The hashes of all lines, as leaves, and the SHA-256 of the last.
pub(super) fn leaves_and_head(bytes: &[u8]) -> (Vec<Sha256>, Sha256) {
    let lines = || scan::lines(bytes, 0).map(|line| &bytes[line]);
    (lines().map(merkle::leaf).collect(), Sha256::of(lines().last().unwrap_or_default()))
}

/// The study that a journal names first.
fn study(bytes: &[u8]) -> String {
    let named = |line: std::ops::Range<usize>| match journal::entry(&bytes[line])?.event? {
        Event::Started { study, .. } | Event::Reused { study, .. } => Some(study),
        Event::Receipt { receipt } => Some(receipt.study),
        _ => None,
    };
    scan::lines(bytes, 0).find_map(named).unwrap_or_default()
}

/// Writes the checkpoint of the run `own`, which has written its last line, and those of earlier runs that were killed before theirs.
/// Only its own is signed: whoever holds the key has not seen how the lines of another came to be.
///
/// # Errors
/// If a journal or a checkpoint cannot be read or written.
pub fn write(store: &WritableStore, own: &str, key: Option<&SigningKey>) -> Result<()> {
    let runs = store.directory("runs")?;
    // One after the other: each names the one before it.
    runs.lock()?;
    let (mut last, mut without): (Option<Written>, Vec<String>) = (None, vec![]);
    for run in journal::run_names(store)? {
        match read(store, &run)? {
            Some(Some(found)) => last = last.filter(|last| last.says.index >= found.says.index).or(Some(found)),
            // What cannot be read is left for `verify` to say.
            Some(None) => {}
            None if run == own || !lock::is_held(&runs.sub(&run)?, JOURNAL) => without.push(run),
            None => {}
        }
    }
    // Its own is the last, and those of others come before it.
    without.sort_by_key(|run| run == own);
    for run in without {
        let bytes = journal::read(store, &run)?;
        if run != own && bytes.last().is_none_or(|last| *last != b'\n') {
            // Its torn end is moved aside when the next run starts.
            continue;
        }
        if run != own {
            mark!("checkpoint-for-another");
            // Whoever wrote it was killed before its last lines were on the disk, where the power may still take them away.
            let journal = runs.sub(&run)?.open_file(JOURNAL)?;
            effects::sync(&journal).map_err(Error::io("sync", &store.run_dir(&run)))?;
        }
        let (leaves, head) = leaves_and_head(&bytes);
        let says = LedgerCheckpoint {
            v: VERSION,
            study: study(&bytes),
            index: last.as_ref().map_or(0, |last| last.says.index + 1),
            size: leaves.len() as u64,
            head,
            root: merkle::root(&leaves),
            prev_checkpoint: last.as_ref().map(|last| last.digest),
            time: clock::now(),
            run,
        };
        let envelope = Envelope::of(KIND, &canonical::to_bytes(&says), key.filter(|_| says.run == own));
        let directory = runs.sub(&says.run)?;
        directory.replace(FILE, &[&envelope.to_bytes()])?;
        directory.sync()?;
        last = Written::of(envelope);
    }
    Ok(())
}

/// Why a checkpoint cannot be read that is there.
pub const UNREADABLE: &str = "is no checkpoint as they are written";

/// The checkpoint of a run as an envelope, with what it says.
///
/// # Errors
/// If the run has none that can be read.
pub fn of_run(store: &Store, run: &str) -> Result<(Envelope, LedgerCheckpoint)> {
    match read(store, run)? {
        Some(Some(found)) => Ok((found.envelope, found.says)),
        other => {
            let why = if other.is_some() { UNREADABLE } else { "is not there: the run goes on, was killed, or is of an older program" };
            Err(Error::Record { path: store.run_dir(run).join(FILE), why: why.to_owned() })
        }
    }
}
