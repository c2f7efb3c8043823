//! Looking at all checkpoints of a store: each against the journal that it is of, and along their chain. Independent of objects and of
//! what journals say.

use super::checkpoint::{self, Written};
use super::cosignature;
use super::dsse::Signed;
use super::keys::PublicKey;
use super::merkle;
use crate::dir::Dir;
use crate::journal::{Event, scan};
use crate::journal_file::JOURNAL;
use crate::{Result, Sha256, Store, journal, lock};
use rustix::fs::FileType;
use serde::Serialize;
use std::collections::BTreeMap;

/// A run with a checkpoint.
#[derive(Debug, Clone, Serialize)]
pub struct Checkpointed {
    /// What the checkpoint says.
    #[serde(flatten)]
    pub says: super::LedgerCheckpoint,
    /// The SHA-256 of its payload: who has this has all runs up to it.
    pub digest: Sha256,
    /// By whom it is signed.
    #[serde(flatten)]
    pub signed: Signed,
    /// Who signed it later, and what was meant.
    pub cosignatures: Vec<cosignature::Found>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "fault")]
#[allow(missing_docs)]
pub enum Fault {
    /// The file is no checkpoint or cosignature in the spelling in which they are written.
    Unreadable { run: String, file: String },
    /// It is that of another run.
    OfAnotherRun { run: String, of: String },
    /// A run that ended by itself has no checkpoint, though others have that ended later: it was removed.
    Removed { run: String },
    /// Lines are gone: the first of them, counted from 1, and how many there were.
    Shorter { run: String, line: usize, size: u64 },
    /// There are lines behind the last one: the first of them, counted from 1.
    Longer { run: String, line: usize },
    /// The lines are others. The chain within the journal says which; where it is whole, the last one was altered, or all behind an
    /// altered one were written again.
    Altered { run: String, line: usize, is_chained: bool },
    /// The checkpoint before it is not in the store: it or its run was removed or altered.
    Gap { run: String, prev_checkpoint: Sha256 },
    /// It follows the same checkpoint as that of another run, or is in another place than behind it.
    Fork { run: String, other: String },
    /// It names a trusted key that has not signed it.
    Forged { run: String, key: String },
    /// Trusted keys were named, and none of them has signed or cosigned it; or there is no checkpoint to sign.
    Untrusted { run: String },
    /// A cosignature is for another checkpoint.
    Elsewhere { run: String, key: String },
}

impl Fault {
    /// The run at which it shows.
    pub fn run(&self) -> &str {
        match self {
            Fault::Unreadable { run, .. }
            | Fault::OfAnotherRun { run, .. }
            | Fault::Removed { run }
            | Fault::Shorter { run, .. }
            | Fault::Longer { run, .. }
            | Fault::Altered { run, .. }
            | Fault::Gap { run, .. }
            | Fault::Fork { run, .. }
            | Fault::Forged { run, .. }
            | Fault::Untrusted { run }
            | Fault::Elsewhere { run, .. } => run,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Examined {
    /// The checkpoints, by their places in the chain.
    pub checkpoints: Vec<Checkpointed>,
    /// What does not fit, by runs, oldest first.
    pub faults: Vec<Fault>,
    /// Runs without a checkpoint: they go on, were killed, or are of an older program; or it was removed.
    pub without: Vec<String>,
}

/// Looks at all checkpoints of a store. `trusted` are the keys that the caller trusts, which must come from somewhere else than the
/// store; where there are some, every checkpoint must be signed by one of them.
///
/// # Errors
/// If a file cannot be read.
pub fn examine(store: &Store, trusted: &[PublicKey]) -> Result<Examined> {
    let (mut out, mut found) = (Examined::default(), vec![]);
    // Runs that ended by themselves and have no checkpoint, with the time of that; and when those started that have one.
    let (mut ended, mut started): (Vec<(String, String)>, Vec<String>) = (vec![], vec![]);
    let Some(directory) = runs_of(store)? else { return Ok(out) };
    // What ends meanwhile would be half there.
    directory.lock()?;
    let runs = journal::run_names(store)?;
    let without_journal = without_journal(store, &directory, &runs)?;
    for (run, has_journal) in runs.into_iter().map(|run| (run, true)).chain(without_journal.into_iter().map(|run| (run, false))) {
        let bytes = if has_journal { journal::read(store, &run)? } else { vec![] };
        let written = checkpoint::read(store, &run)?;
        match &written {
            Some(Some(written)) => out.faults.extend(of_journal(&run, written, &bytes)),
            Some(None) => {
                out.faults.push(Fault::Unreadable { run: run.clone(), file: checkpoint::FILE.to_owned() });
                out.faults.extend(empty_line(&run, &bytes));
            }
            None => {
                out.faults.extend(empty_line(&run, &bytes));
                // Whoever holds it goes on, or is about to write it.
                let is_held = lock::is_held(&directory.sub(&run)?, JOURNAL);
                if !is_held && !trusted.is_empty() {
                    out.faults.push(Fault::Untrusted { run: run.clone() });
                }
                let last = scan::lines(&bytes, 0)
                    .last()
                    .and_then(|line| journal::entry(&bytes[line]))
                    .filter(|entry| !is_held && matches!(entry.event, Some(Event::Finished(_))));
                ended.extend(last.map(|entry| (entry.time, run.clone())));
                out.without.push(run.clone());
            }
        }
        let written = written.flatten();
        let signed = written.as_ref().map(|written| written.envelope.signed(trusted));
        let (cosignatures, unreadable) = cosignature::all(store, &run, trusted)?;
        out.faults.extend(unreadable.into_iter().map(|file| Fault::Unreadable { run: run.clone(), file }));
        let digest = written.as_ref().map(|written| written.digest);
        let is_cosigned = || cosignatures.iter().any(|c| matches!(c.signed, Signed::By(_)) && Some(c.says.checkpoint) == digest);
        out.faults.extend(match &signed {
            Some(Signed::Forged(key)) => Some(Fault::Forged { run: run.clone(), key: key.clone() }),
            Some(Signed::No | Signed::ByUnknown(_)) if !trusted.is_empty() && !is_cosigned() => Some(Fault::Untrusted { run: run.clone() }),
            _ => None,
        });
        out.faults.extend(cosignatures.iter().filter_map(|found| match &found.signed {
            Signed::Forged(key) => Some(Fault::Forged { run: run.clone(), key: key.clone() }),
            Signed::By(key) | Signed::ByUnknown(key) if Some(found.says.checkpoint) != digest || found.says.run != run => {
                Some(Fault::Elsewhere { run: run.clone(), key: key.clone() })
            }
            _ => None,
        }));
        if let (Some(written), Some(signed)) = (written, signed) {
            started.extend(scan::lines(&bytes, 0).next().and_then(|line| journal::entry(&bytes[line])).map(|first| first.time));
            found.push((run, written.digest, Checkpointed { says: written.says, digest: written.digest, signed, cosignatures }));
        }
    }
    out.faults.extend(of_chain(&found));
    out.checkpoints = found.into_iter().map(|found| found.2).collect();
    // Whoever started after it had ended, and has a checkpoint, would have written it.
    let newest = started.into_iter().max();
    let removed = ended.into_iter().filter(|(time, _)| newest.as_ref().is_some_and(|newest| time < newest));
    out.faults.extend(removed.map(|(_, run)| Fault::Removed { run }));
    out.checkpoints.sort_by_key(|found| found.says.index);
    Ok(out)
}

/// The directory of the runs, if there is one yet.
fn runs_of(store: &Store) -> Result<Option<Dir>> {
    match store.directory("runs") {
        Err(e) if e.is_not_found() => Ok(None),
        opened => opened.map(Some),
    }
}

/// Directories with a checkpoint that have no journal any more.
fn without_journal(store: &Store, directory: &Dir, runs: &[String]) -> Result<Vec<String>> {
    let mut names: Vec<String> = directory.names()?.into_iter().filter_map(|name| name.into_string().ok()).filter(|name| !runs.contains(name)).collect();
    names.sort();
    names.retain(|name| directory.kind(name) == Some(FileType::Directory));
    let mut found = vec![];
    for name in names {
        if checkpoint::read(store, &name)?.is_some() {
            found.push(name);
        }
    }
    Ok(found)
}

/// The first empty line: readers pass over it, and nobody wrote it.
fn empty_line(run: &str, bytes: &[u8]) -> Option<Fault> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.next_back();
    let line = lines.position(<[u8]>::is_empty)? + 1;
    Some(Fault::Altered { run: run.to_owned(), line, is_chained: false })
}

/// A checkpoint against the journal that lies beside it.
fn of_journal(run: &str, written: &Written, bytes: &[u8]) -> Option<Fault> {
    let (says, run) = (&written.says, run.to_owned());
    if says.run != run {
        return Some(Fault::OfAnotherRun { run, of: says.run.clone() });
    }
    let (leaves, head) = checkpoint::leaves_and_head(bytes);
    let size = leaves.len() as u64;
    if let Some(empty) = empty_line(&run, bytes) {
        return Some(empty);
    }
    let is_torn = bytes.last().is_some_and(|last| *last != b'\n');
    let is_prefix = |n: usize| merkle::root(&leaves[..n]) == says.root;
    // Of no line, none is broken.
    let broken = journal::first_broken_line(bytes).filter(|_| !leaves.is_empty());
    match size.cmp(&says.size) {
        std::cmp::Ordering::Less => Some(match broken {
            // A line in the middle is gone where the chain breaks, and the end where it does not.
            Some(line) => Fault::Altered { run, line, is_chained: false },
            None => Fault::Shorter { run, line: leaves.len() + 1, size: says.size },
        }),
        std::cmp::Ordering::Greater if is_prefix(says.size as usize) => Some(Fault::Longer { run, line: says.size as usize + 1 }),
        std::cmp::Ordering::Equal if is_torn => Some(Fault::Longer { run, line: leaves.len() + 1 }),
        std::cmp::Ordering::Equal if is_prefix(leaves.len()) && head == says.head => None,
        _ => Some(Fault::Altered { run, line: broken.unwrap_or(leaves.len().max(1)), is_chained: broken.is_none() }),
    }
}

/// Checkpoints along their chain.
fn of_chain(found: &[(String, Sha256, Checkpointed)]) -> Vec<Fault> {
    let places: BTreeMap<String, (u64, &str)> = found.iter().map(|(run, digest, one)| (digest.hex(), (one.says.index, run.as_str()))).collect();
    let (mut faults, mut followers): (Vec<Fault>, BTreeMap<Option<String>, &str>) = (vec![], BTreeMap::new());
    for (run, _, Checkpointed { says, .. }) in found {
        let before = says.prev_checkpoint.map(|digest| digest.hex());
        let place = before.as_ref().map(|digest| places.get(digest));
        match (place, says.prev_checkpoint) {
            (Some(None), Some(prev_checkpoint)) => faults.push(Fault::Gap { run: run.clone(), prev_checkpoint }),
            (Some(Some((index, other))), _) if index + 1 != says.index => faults.push(Fault::Fork { run: run.clone(), other: (*other).to_owned() }),
            (None, _) if says.index != 0 => faults.push(Fault::Unreadable { run: run.clone(), file: checkpoint::FILE.to_owned() }),
            _ => {}
        }
        if let Some(other) = followers.insert(before, run) {
            faults.push(Fault::Fork { run: run.clone(), other: other.to_owned() });
        }
    }
    faults
}

#[cfg(test)]
mod tests;
