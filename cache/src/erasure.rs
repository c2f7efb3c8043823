//! Removing objects for good, since a patient is erased, with a line in a journal that says so: whoever looks for them later learns
//! that they were erased and are not missing. Independent of who is erased, and of which objects that concerns.

use crate::checkpoint::Checkpoints;
use crate::journal::{self, Audit, Event};
use crate::lock::StoreLock;
use crate::{Digest, Journal, Result, StageKey, Store, WritableStore, gc};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// Objects that one line names: more would make it longer than lines may be.
const OBJECTS_OF_A_LINE: usize = 10_000;

/// Where it stands that an object was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedBy {
    /// The run whose journal says so.
    pub run: String,
    /// The line there, counted from 1.
    pub line: u64,
    /// The number of that run: what a newer one made is there again.
    #[serde(skip)]
    pub(crate) number: u64,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Objects that were there.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// All objects that were erased, ever: one that a later run made again may be there.
///
/// # Errors
/// If a journal cannot be read.
pub fn all(store: &Store) -> Result<HashMap<Digest, ErasedBy>> {
    let mut out = HashMap::new();
    for (number, run) in journal::runs(store)? {
        let bytes = journal::read(store, &run)?;
        if !matches!(journal::audit_of(&bytes), Some((Audit::Erasure, _))) {
            continue;
        }
        for entry in journal::of_bytes(&bytes) {
            if let Some(Event::Erased { objects }) = entry.event {
                let by = ErasedBy { run: run.clone(), line: entry.seq + 1, number };
                out.extend(objects.into_iter().map(|digest| (digest, by.clone())));
            }
        }
    }
    Ok(out)
}

/// Writes down that these objects are erased, and removes them; the checkpoints of these trainings; and what was damaged, moved aside
/// or abandoned, since nobody knows what is in it.
///
/// # Errors
/// [`Error::Busy`](crate::Error::Busy) while a run or a reader is active; or if something cannot be written or removed: what the
/// journal says is erased may be there then, and `verify` says so.
pub fn erase(store: &WritableStore, journal: &mut Journal, objects: &BTreeSet<Digest>, trainings: &[StageKey]) -> Result<Erased> {
    let _alone = StoreLock::own(store)?;
    let objects: Vec<Digest> = objects.iter().copied().collect();
    for some in objects.chunks(OBJECTS_OF_A_LINE) {
        journal.append(&Event::Erased { objects: some.to_vec() })?;
    }
    // Nothing names these: if they were last, a process that is killed meanwhile would leave them there unseen.
    for key in trainings {
        Checkpoints::of(store, key).try_remove()?;
    }
    let quarantine = store.directory("quarantine")?;
    for name in quarantine.names()? {
        quarantine.remove_all(name)?;
    }
    gc::sweep(store);
    let sizes: HashMap<Digest, u64> = store.objects()?.into_iter().collect();
    let mut erased = Erased::default();
    for digest in &objects {
        store.remove(digest)?;
        if let Some(size) = sizes.get(digest) {
            erased.objects += 1;
            erased.bytes += size;
        }
    }
    store.sync_shards(objects.iter().filter(|digest| sizes.contains_key(digest)))?;
    Ok(erased)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Finished;
    use crate::receipt::Outputs;
    use crate::receipt::tests::receipt;
    use crate::{Artifact, Ledger, verify};

    /// A store with a run that made two artifacts of one file.
    fn made(store: &WritableStore, texts: &[&str]) -> Vec<Digest> {
        let mut journal = Journal::begin(store).unwrap();
        journal.append(&Event::Started { study: "t".into(), pipeline: Digest::of(b""), resolved: serde_json::Value::Null }).unwrap();
        let digests = texts.iter().map(|text| {
            let blob = store.put(text.as_bytes()).unwrap();
            let mut receipt = receipt(text, StageKey(Digest::of(text.as_bytes())));
            let artifact = Artifact { kind: "table".into(), digest: blob.digest, sha256: blob.sha256, bytes: blob.size, file: Some("t.csv".into()) };
            receipt.outputs = Outputs::from_iter([("table".to_owned(), artifact)]);
            (receipt.recipe.parameters, receipt.key) = (serde_json::Value::from(*text), StageKey(Digest::of(b"")));
            receipt.key = receipt.recipe.key();
            journal.append(&Event::Receipt { receipt: Box::new(receipt) }).unwrap();
            blob.digest
        });
        let digests = digests.collect();
        journal.append(&Event::Finished(Finished { executed: 2, reused: 0, failed: 0, skipped: 0, cancelled: false })).unwrap();
        digests
    }

    fn audit(store: &WritableStore) -> Journal {
        let mut journal = Journal::begin(store).unwrap();
        journal.append(&Event::AuditStarted { audit: Audit::Erasure, study: "t".into() }).unwrap();
        journal
    }

    fn verified(store: &WritableStore) -> verify::Report {
        verify::verify(store, &Ledger::load(store).unwrap()).unwrap()
    }

    #[test]
    fn what_is_erased_is_gone_and_not_missing_until_it_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let [patient, other] = made(&store, &["patient", "other"])[..] else { panic!("two artifacts") };
        std::fs::write(dir.path().join("quarantine/aside"), "patient").unwrap();
        let mut journal = audit(&store);
        let erased = erase(&store, &mut journal, &[patient].into(), &[]).unwrap();
        let (run, line) = (journal.run().to_owned(), journal.length());
        drop(journal);
        assert_eq!(erased, Erased { objects: 1, bytes: 7 });
        assert!(store.read(&patient).is_err() && store.read(&other).is_ok());
        assert_eq!(std::fs::read_dir(dir.path().join("quarantine")).unwrap().count(), 0);
        let report = verified(&store);
        assert_eq!((report.count(), report.erased.len()), (0, 1), "{report:?}");
        assert_eq!((&report.erased[0].by.run, report.erased[0].by.line), (&run, line));
        // A later run made it again: if it is gone then, it is missing.
        made(&store, &["patient"]);
        assert_eq!((verified(&store).count(), verified(&store).erased.len()), (0, 0));
        store.remove(&patient).unwrap();
        assert_eq!(verified(&store).faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), ["missing"]);
    }

    #[test]
    fn a_list_that_a_later_recipe_names_may_be_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let run = |store: &WritableStore| {
            let list = store.put(b"a list of images").unwrap().digest;
            let mut receipt = receipt("a", StageKey(Digest::of(b"")));
            receipt.recipe.inputs.insert("images".into(), crate::recipe::Input::Lookup { lookup: list, images: 1 });
            receipt.key = receipt.recipe.key();
            Journal::begin(store).unwrap().append(&Event::Receipt { receipt: Box::new(receipt) }).unwrap();
            list
        };
        let list = run(&store);
        erase(&store, &mut audit(&store), &[list].into(), &[]).unwrap();
        assert_eq!((verified(&store).count(), verified(&store).erased.len()), (0, 1));
        assert_eq!(run(&store), list);
        assert_eq!((verified(&store).count(), verified(&store).erased.len()), (0, 0));
    }

    /// As after a power failure between the line and the removal.
    #[test]
    fn what_should_be_gone_and_is_there_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let patient = made(&store, &["patient", "other"])[0];
        audit(&store).append(&Event::Erased { objects: vec![patient] }).unwrap();
        assert_eq!(verified(&store).faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), ["remaining"]);
    }

    #[test]
    fn an_erasure_is_no_run_of_its_study() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        made(&store, &["a"]);
        let before = Ledger::load(&store).unwrap().newest_of_study("t").map(|newest| newest.len());
        drop(audit(&store));
        assert_eq!(Ledger::load(&store).unwrap().newest_of_study("t").map(|newest| newest.len()), before);
        // What the newest run needs is kept, be there audits after it or not.
        let keep = gc::Keep { runs: Some(1), max_size: None };
        assert_eq!(gc::collect(&store, keep, &|_, _| false).unwrap().objects, 0);
    }
}
