//! Removing what no kept run needs.
//!
//! Roots are the receipts that the newest runs wrote or reused. Journals are never removed: they are the record. Nor are lists of
//! files and the small tables that say who and what is in an artifact: what becomes of images and weights outside must stay
//! known.

use crate::checkpoint::{self, Checkpoints};
use crate::lock::{self, StoreLock};
use crate::marks::mark;
use crate::{Digest, Ledger, Result, RunRecord, StageKey, Store, WritableStore, freed, journal};
use std::collections::{BTreeSet, HashSet};

/// What to keep.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep {
    /// Keep what the newest N runs need; all runs where not given.
    pub runs: Option<usize>,
    /// Then drop the oldest runs until the objects take at most this many bytes.
    pub max_size: Option<u64>,
}

/// True for a file, by the type of its artifact and its name, that says who and what is in the artifact.
pub type IsRecord<'a> = &'a dyn Fn(&str, &str) -> bool;

/// What was, or would be, removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Objects removed.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that stay.
    pub kept_bytes: u64,
    /// Kept runs with damaged journals, and the line: what they need is unknown, so everything is kept.
    pub damaged: Vec<(String, usize)>,
}

/// What would be removed; removes nothing.
pub fn would_remove(store: &Store, ledger: &Ledger, keep: Keep, is_record: IsRecord) -> Result<Removed> {
    unneeded(store, ledger, keep, is_record).map(|(removed, _)| removed)
}

/// Removes objects that no kept run needs, and abandoned work in `tmp`. Fails while a run or a reader is active.
pub fn collect(store: &WritableStore, keep: Keep, is_record: IsRecord) -> Result<Removed> {
    let _alone = StoreLock::own(store)?;
    // Read under the lock: a run that ended a moment ago is known.
    let ledger = &Ledger::load(store)?;
    let (removed, objects) = unneeded(store, ledger, keep, is_record)?;
    freed::note(store, &objects)?;
    for digest in objects {
        store.remove(&digest)?;
    }
    sweep(store);
    // Checkpoints of finished trainings are removed; those of stopped ones are kept.
    let is_finished = |key: &StageKey| ledger.outputs(key).is_some_and(|o| o.values().all(|a| store.has_intact(a)));
    for (key, _) in checkpoint::all(store).into_iter().filter(|(key, _)| is_finished(key)) {
        Checkpoints::of(store, &key).try_remove()?;
    }
    Ok(removed)
}

/// Objects that no kept run needs, and how much they are.
fn unneeded(store: &Store, ledger: &Ledger, keep: Keep, is_record: IsRecord) -> Result<(Removed, Vec<Digest>)> {
    let objects = store.objects()?;
    let runs = journal::study_runs(store)?;
    let mut first = runs.len() - keep.runs.unwrap_or(runs.len()).min(runs.len());
    let damaged = damaged(store, &runs[first..]);
    let records = records(store, ledger, is_record);
    let mut needed = needed_by(store, ledger, &runs[first..])?;
    let size = |needed: &HashSet<Digest>| objects.iter().filter(|o| needed.contains(&o.0)).map(|o| o.1).sum::<u64>();
    while let Some(max) = keep.max_size
        && first < runs.len()
        && size(&needed) > max
    {
        first += 1;
        needed = needed_by(store, ledger, &runs[first..])?;
    }
    needed.extend(records);
    if !damaged.is_empty() {
        mark!("damaged-journal-keeps-all");
        needed.extend(objects.iter().map(|o| o.0));
    }
    let kept_bytes = size(&needed);
    let (digests, sizes): (Vec<Digest>, Vec<u64>) = objects.into_iter().filter(|o| !needed.contains(&o.0)).unzip();
    Ok((Removed { objects: digests.len(), bytes: sizes.iter().sum(), kept_bytes, damaged }, digests))
}

/// The objects that were removed, ever: one that a later run made again may be there.
///
/// # Errors
/// If the list of them cannot be read.
pub fn removed(store: &Store) -> Result<HashSet<Digest>> {
    Ok(freed::all(store)?.into_keys().collect())
}

/// Removes temporary files of dead runs. Call only while no other run is active.
pub fn sweep(store: &WritableStore) {
    if let Ok(tmp) = store.directory("tmp") {
        for name in tmp.names().unwrap_or_default() {
            // What cannot be removed now is removed next time.
            let _ = tmp.remove_all(name);
        }
    }
    if let Ok(locks) = store.directory("locks") {
        for name in locks.names().unwrap_or_default() {
            if name != lock::STORE && !lock::is_held(&locks, &name) {
                mark!("dead-lock-swept");
                let _ = locks.remove_file(name);
            }
        }
    }
}

/// What says who and what is in every artifact that was ever made.
fn records(store: &Store, ledger: &Ledger, is_record: IsRecord) -> HashSet<Digest> {
    let mut out = HashSet::new();
    for artifact in ledger.receipts().iter().flat_map(|(r, _)| r.outputs.values()) {
        let Ok(files) = store.files(artifact) else { continue };
        out.extend(Some(artifact.digest).filter(|_| artifact.file.is_none()));
        out.extend(files.iter().filter(|f| is_record(&artifact.kind, &f.name)).map(|f| f.digest));
    }
    out
}

fn needed_by(store: &Store, ledger: &Ledger, runs: &[String]) -> Result<HashSet<Digest>> {
    let mut keys: BTreeSet<StageKey> = BTreeSet::new();
    for run in runs {
        keys.extend(RunRecord::read(store, run)?.ends.iter().map(|(_, end)| end.key()));
    }
    let mut needed = HashSet::new();
    for (receipt, _) in keys.iter().filter_map(|key| ledger.find(key)) {
        for artifact in receipt.outputs.values() {
            needed.insert(artifact.digest);
            needed.extend(store.files(artifact).unwrap_or_default().into_iter().map(|f| f.digest));
        }
        for input in receipt.recipe.inputs.values() {
            needed.extend(input.list());
        }
    }
    Ok(needed)
}

/// Runs whose journals cannot be understood to their end, and the line: damaged ones, and those of newer programs.
fn damaged(store: &Store, runs: &[String]) -> Vec<(String, usize)> {
    let broken = |run: &String| {
        let bytes = journal::read(store, run).unwrap_or_default();
        let unknown = || RunRecord::read(store, run).ok()?.first_unknown;
        Some((run.clone(), journal::first_broken_line(&bytes).or_else(unknown)?))
    };
    runs.iter().filter_map(broken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Journal;
    use crate::journal::{Event, Finished};
    use crate::marks::hit;
    use std::fs;

    #[test]
    fn a_kept_run_whose_journal_is_damaged_keeps_everything() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let object = store.put(b"image").unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        journal.append(&Event::Finished(Finished { executed: 0, reused: 0, failed: 0, skipped: 0, cancelled: false })).unwrap();
        let (run, path) = (journal.run().to_owned(), store.run_dir(journal.run()).join("journal.jsonl"));
        drop(journal);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&b"{}\n"[..], &whole].concat()).unwrap();
        let keep = Keep { runs: Some(1), max_size: None };
        {
            hit!("damaged-journal-keeps-all");
            let removed = collect(&store, keep, &|_, _| false).unwrap();
            assert_eq!((removed.objects, removed.damaged), (0, vec![(run, 1)]));
        }
        fs::write(&path, whole).unwrap();
        assert_eq!(collect(&store, keep, &|_, _| false).unwrap().objects, 1);
        assert!(store.read(&object.digest).is_err());
    }

    #[test]
    fn a_kept_run_of_a_newer_program_keeps_everything() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        store.put(b"image").unwrap();
        let mut journal = Journal::begin(&store).unwrap();
        journal.append(&Event::Recovered { of: "r".into(), bytes: 1 }).unwrap();
        let (run, path) = (journal.run().to_owned(), store.run_dir(journal.run()).join("journal.jsonl"));
        drop(journal);
        let first = fs::read_to_string(&path).unwrap();
        let newer = format!(r#"{{"prev":"{}","seq":1,"time":"","type":"receipt-2","v":1}}"#, crate::Sha256::of(first.trim_end().as_bytes()).hex());
        fs::write(&path, format!("{first}{newer}\n")).unwrap();
        assert_eq!(journal::first_broken_line(&fs::read(&path).unwrap()), None, "the chain is whole");
        let removed = collect(&store, Keep { runs: Some(1), max_size: None }, &|_, _| false).unwrap();
        assert_eq!((removed.objects, removed.damaged), (0, vec![(run, 2)]));
    }
}
