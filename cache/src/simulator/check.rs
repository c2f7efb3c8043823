//! What a store has to keep, whatever happened: looked at by a process without faults, before and after it recovers.

use super::job::Job;
use super::model::{Model, stage_of};
use super::study::VARIANTS;
use crate::memo::Stamp;
use crate::{Digest, Error, Ledger, Store, WritableStore, evidence, journal, verify};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;

/// What is found right after the fault, by a reader that changes nothing.
pub(crate) fn after_the_fault(base: &Path, model: &Mutex<Model>) {
    let store = Store::open(&base.join("store")).expect("a store that opens");
    let ledger = Ledger::load(&store).expect("journals that can be read");
    receipts(&store, &ledger, model);
    results(base, model);
}

/// Recovers as the next run does, and looks again.
pub(crate) fn after_recovery(base: &Path, variant: usize, model: &Mutex<Model>) {
    complete(base, variant, model);
    let store = WritableStore::open(&base.join("store")).expect("a store that opens");
    let ledger = Ledger::load(&store).expect("journals that can be read");
    verified(&store, &ledger, model);
    receipts(&store, &ledger, model);
    if !model.lock().unwrap().rotten.is_empty() {
        // What `verify` moved aside is made again.
        complete(base, variant, model);
        let fresh = WritableStore::open(&base.join("store")).expect("a store that opens");
        model.lock().unwrap().rotten.retain(|digest| !matches!(fresh.found(digest), Ok(Some(found)) if found == *digest));
    }
    for stage in &VARIANTS[variant] {
        let fresh = Store::open(&base.join("store")).expect("a store that opens");
        assert!(fresh.has_intact(&stage.artifact), "{}: not there after a run without faults", stage.name);
        for wanted in stage.wanted() {
            let path = base.join("results/s").join(&wanted.path);
            assert!(fs::read(&path).is_ok_and(|bytes| Digest::of(&bytes) == wanted.digest), "{}: not what the run made", wanted.path);
        }
    }
    left_behind(base);
}

/// A run without faults, again if it came upon an object that a fault damaged.
fn complete(base: &Path, variant: usize, model: &Mutex<Model>) {
    let mut found = BTreeSet::new();
    loop {
        match (Job::Run { variant, stages: 3 }).perform(base, model) {
            Ok(()) => return,
            Err(Error::Damaged(digest)) if model.lock().unwrap().rotten.contains(&digest) && found.insert(digest) => {}
            Err(e) => panic!("a run without faults: {e}"),
        }
    }
}

fn receipts(store: &Store, ledger: &Ledger, model: &Mutex<Model>) {
    let model = model.lock().unwrap();
    let found = ledger.receipts();
    for (receipt, run) in &found {
        assert!(model.attempted.iter().any(|(of, wanted)| of == run && wanted == receipt), "a receipt of {} that run {run} never wrote", receipt.stage);
    }
    for (run, key) in &model.acknowledged {
        let stage = stage_of(key);
        assert!(found.iter().any(|(receipt, of)| of == run && receipt.key == *key), "the receipt of {} in run {run} is lost", stage.name);
        let newest = ledger.find(key).expect("a receipt").0;
        assert_eq!(newest.outputs.values().collect::<Vec<_>>(), [&stage.artifact], "other outputs of {}", stage.name);
        let is_promised = model.is_promised(stage);
        assert!(!is_promised || store.has_intact(&stage.artifact), "an object of {} is lost", stage.name);
        for digest in stage.objects() {
            match store.read(&digest) {
                Ok(bytes) => assert_eq!(Digest::of(&bytes), digest, "wrong bytes under a digest"),
                Err(Error::Missing(_) | Error::Damaged(_)) if !is_promised => {}
                Err(e) => panic!("an object of {}: {e}", stage.name),
            }
        }
    }
}

/// `verify` reports what a fault damaged, and nothing else.
fn verified(store: &WritableStore, ledger: &Ledger, model: &Mutex<Model>) {
    let report = verify::verify(store, ledger).expect("a store that can be verified");
    let model = model.lock().unwrap();
    for fault in &report.faults {
        let forsaken = model.forsaken.iter().flat_map(|key| stage_of(key).objects()).any(|digest| digest == fault.digest);
        let is_known = model.rotten.contains(&fault.digest) || model.power_failed && forsaken;
        assert!(is_known, "verify says that {} is {}: {:?}", fault.digest, fault.kind, fault.made_by);
    }
    for digest in &model.rotten {
        assert!(!matches!(store.found(digest), Ok(Some(found)) if found != *digest), "verify did not find {digest}");
    }
    assert!(report.empty_journals.is_empty(), "nobody emptied the journals of {:?}", report.empty_journals);
    let broken: BTreeSet<&String> = report.broken_journals.iter().map(|(run, _)| run).collect();
    for run in journal::run_names(store).expect("runs") {
        let bytes = journal::read(store, &run).expect("a journal");
        assert!(bytes.last().is_none_or(|last| *last == b'\n'), "a torn line in {run} after recovery");
        let is_whole = journal::first_broken_line(&bytes).is_none();
        assert_eq!(!is_whole, broken.contains(&run), "the journal of {run}");
        assert!(is_whole || model.torn.contains(&run), "the journal of {run} is broken, and no power failed while it was written");
    }
    let examined = evidence::chain::examine(store, &[]).expect("checkpoints that can be read");
    let due = |fault: &evidence::Fault| !model.torn.contains(fault.run());
    assert!(!examined.faults.iter().any(due), "nobody touched the ledger: {:?}", examined.faults);
    assert!(examined.without.is_empty(), "runs without a checkpoint after one that ended alone: {:?}", examined.without);
}

/// Results are old, new or absent. Only what was not made durable may be half there, until the next run.
fn results(base: &Path, model: &Mutex<Model>) {
    let model = model.lock().unwrap();
    if model.power_failed {
        return;
    }
    for path in files_below(&base.join("results")) {
        let name = path.strip_prefix(base.join("results")).expect("below").to_str().expect("a name").to_owned();
        let bytes = fs::read(&path).expect("a result");
        let is_known = VARIANTS
            .iter()
            .flatten()
            .flat_map(|stage| stage.wanted())
            .any(|wanted| format!("s/{}", wanted.path) == name && wanted.digest == Digest::of(&bytes));
        // What was laid out and not noted, and then removed from the store, looks like the user's work.
        let is_aside = name.contains(".edited-") && !(model.forsaken.is_empty() && model.rotten.is_empty());
        assert!(is_known || name == "s/.new" || is_aside, "results/{name} is neither old nor new");
    }
}

/// How results look to `stat`, by their paths.
pub(crate) fn stamps(base: &Path) -> BTreeMap<String, Stamp> {
    let results = base.join("results/s");
    let name = |path: &Path| path.strip_prefix(&results).expect("below").to_str().expect("a name").to_owned();
    files_below(&results).iter().map(|path| (name(path), Stamp::of(&path.metadata().expect("a result")))).collect()
}

/// A result that is as it was noted before the power failed has the bytes that were noted: nobody would look again.
pub(crate) fn noted(base: &Path, before: &BTreeMap<String, Stamp>) {
    let note = fs::read_to_string(base.join("private/laid-out")).unwrap_or_default();
    for line in note.lines() {
        let [digest, stamp, path] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("a note that cannot be read: {line}") };
        let Ok(bytes) = fs::read(base.join("results/s").join(path)) else { continue };
        if before.get(path).is_some_and(|then| Stamp::parse(stamp) == Some(*then) && then.size() == bytes.len() as u64) {
            assert_eq!(Digest::of(&bytes).hex(), digest, "results/s/{path} is noted and was not durable");
        }
    }
}

/// Nothing lies around after a run that was alone.
fn left_behind(base: &Path) {
    let store = base.join("store");
    assert!(files_below(&store.join("tmp")).is_empty(), "something is left in tmp: {:?}", files_below(&store.join("tmp")));
    let locks: Vec<_> = files_below(&store.join("locks")).into_iter().filter(|path| !path.ends_with("store")).collect();
    assert!(locks.is_empty(), "locks are left: {locks:?}");
    assert!(!base.join("results/s/.new").exists(), "a file is left in the results");
}

fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    walkdir::WalkDir::new(directory).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect()
}
