//! Re-hashing everything in a store.

use crate::erasure::{self, ErasedBy};
use crate::ledger::{Lost, Soundness};
use crate::{Digest, Ledger, Result, Store, WritableStore, freed, journal};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a verification found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Objects whose bytes are those of their name.
    pub intact: usize,
    /// Objects that are damaged or missing, and who made them.
    pub faults: Vec<Fault>,
    /// Journals with a line that breaks the chain or cannot be read: the run and the line, counted from 1 (that line, or the one
    /// before it).
    pub broken_journals: Vec<(String, usize)>,
    /// Runs whose journals have no line any more.
    pub empty_journals: Vec<String>,
    /// Receipts whose keys are not those of their recipes: the run and the line, counted from 1. One of both was altered.
    pub altered_receipts: Vec<(String, usize)>,
    /// Objects that are not there since a patient was erased, which is no fault.
    pub erased: Vec<Erased>,
    /// Results that were reused and whose receipts are in no journal: one was cut short, altered or removed.
    pub lost_receipts: Vec<Lost>,
}

/// A damaged or missing object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The object.
    pub digest: Digest,
    /// `damaged`; `missing`; or `remaining`, if it should be erased and is there.
    pub kind: &'static str,
    /// Where it belongs, such as `quickstart split.train samples.csv`, with the run that made it.
    pub made_by: Vec<String>,
}

/// An object that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The object.
    pub digest: Digest,
    /// Where that stands.
    #[serde(flatten)]
    pub by: ErasedBy,
    /// Where it belonged, with the run that made it.
    pub made_by: Vec<String>,
}

impl Report {
    /// True if everything is intact.
    pub fn is_intact(&self) -> bool {
        self.count() == 0
    }

    /// How many faults there are.
    pub fn count(&self) -> usize {
        // Taken apart without `..`: a field that is added later does not compile until it is counted here.
        let Report { intact: _, faults, broken_journals, empty_journals, altered_receipts, erased: _, lost_receipts } = self;
        faults.len() + broken_journals.len() + empty_journals.len() + altered_receipts.len() + lost_receipts.len()
    }
}

/// Hashes every object, looks for every object that a receipt names, and reads every journal along its chain.
/// Damaged objects are moved to the quarantine, so that the next run recomputes them.
pub fn verify(store: &WritableStore, ledger: &Ledger) -> Result<Report> {
    let objects = store.objects()?;
    let present: BTreeSet<Digest> = objects.iter().map(|o| o.0).collect();
    // Who made what is read first: a damaged tree document could not name its files any more.
    let owners = owners(store, ledger)?;
    let damaged: Vec<Digest> = objects
        .par_iter()
        .map(|(digest, _)| Ok((store.found(digest)? != Some(*digest)).then_some(*digest)))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let fault = |digest: &Digest, kind| {
        let made_by = owners.made.get(digest).or_else(|| owners.listed.get(digest));
        Fault { digest: *digest, kind, made_by: made_by.cloned().unwrap_or_default() }
    };
    let mut report = Report { intact: objects.len() - damaged.len(), ..Report::default() };
    for digest in &damaged {
        report.faults.push(fault(digest, "damaged"));
        store.set_aside(digest);
    }
    let (freed, erased) = (freed::all(store)?, erasure::all(store)?);
    // What a later run made again is expected to be there.
    let is_newest = |digest: &Digest, at: u64| owners.newest.get(digest).is_none_or(|made| *made <= at);
    let is_freed = |digest: &Digest| freed.get(digest).is_some_and(|at| is_newest(digest, *at));
    let is_erased = |digest: &Digest| erased.get(digest).is_some_and(|by| is_newest(digest, by.number));
    report.faults.extend(owners.made.keys().filter(|d| !present.contains(d) && !is_freed(d) && !is_erased(d)).map(|d| fault(d, "missing")));
    let mut erased: Vec<(&Digest, &ErasedBy)> = erased.iter().filter(|(digest, _)| is_erased(digest)).collect();
    erased.sort_by_key(|(digest, _)| **digest);
    for (digest, by) in erased {
        let found = fault(digest, "remaining");
        match present.contains(digest) {
            true => report.faults.push(found),
            false => report.erased.push(Erased { digest: *digest, by: by.clone(), made_by: found.made_by }),
        }
    }
    for run in journal::run_names(store)? {
        let read = Soundness::of(&journal::read(store, &run)?);
        if read.is_empty {
            report.empty_journals.push(run);
        } else {
            report.broken_journals.extend(read.altered.map(|line| (run.clone(), line)));
            report.altered_receipts.extend(read.miskeyed.filter(|line| read.altered.is_none_or(|altered| *line < altered)).map(|line| (run, line)));
        }
    }
    report.lost_receipts = ledger.lost();
    Ok(report)
}

/// For every object that the newest receipt of a key names: where it belongs and who made it.
#[derive(Default)]
struct Owners {
    /// Outputs.
    made: BTreeMap<Digest, Vec<String>>,
    /// The number of the newest run that made an object, or stored a list that its recipe names.
    newest: BTreeMap<Digest, u64>,
    /// Lists of images that recipes name. They only serve explanations, so that none is missed where it is not there.
    listed: BTreeMap<Digest, Vec<String>>,
}

fn owners(store: &Store, ledger: &Ledger) -> Result<Owners> {
    let numbers: BTreeMap<String, u64> = journal::runs(store)?.into_iter().map(|(number, name)| (name, number)).collect();
    let mut newest = BTreeMap::new();
    for (receipt, run) in ledger.receipts() {
        newest.insert(receipt.key, (receipt, run));
    }
    let mut out = Owners::default();
    for (receipt, run) in newest.values() {
        let number = numbers.get(*run).copied().unwrap_or(0);
        for (port, input) in &receipt.recipe.inputs {
            if let Some(list) = input.list() {
                let whose = format!("{} {}, the images of its input `{port}`, written by run {run}", receipt.study, receipt.stage);
                out.listed.entry(*list).or_default().push(whose);
                let newest: &mut u64 = out.newest.entry(*list).or_default();
                *newest = number.max(*newest);
            }
        }
        for (port, artifact) in receipt.outputs.iter() {
            let whose = format!("{} {}.{port}", receipt.study, receipt.stage);
            let mut made = |digest, whose| {
                out.made.entry(digest).or_default().push(whose);
                let newest: &mut u64 = out.newest.entry(digest).or_default();
                *newest = number.max(*newest);
            };
            made(artifact.digest, format!("{whose}, written by run {run}"));
            if artifact.file.is_none()
                && let Ok(bytes) = store.read_unverified(&artifact.digest)
                && let Ok(tree) = serde_json::from_slice::<crate::tree::Tree>(&bytes)
            {
                for file in tree.files {
                    made(file.digest, format!("{whose} {}, written by run {run}", file.name));
                }
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Event, Finished};
    use crate::receipt::tests::receipt;
    use crate::{Journal, StageKey};
    use std::fs;

    /// A store with a run that computed `a` and `b`, and one that reused `a`; gives the lines of both journals.
    fn two_runs(store: &WritableStore) -> [(String, Vec<String>); 2] {
        let key = |name: &str| StageKey(Digest::of(name.as_bytes()));
        let started = Event::Started { study: "t".into(), pipeline: Digest::of(b""), resolved: serde_json::Value::Null };
        let made = |name: &str| Event::Receipt { receipt: Box::new(receipt(name, key(name))) };
        let finished = Event::Finished(Finished { executed: 2, reused: 0, failed: 0, skipped: 0, cancelled: false });
        let reused = Event::Reused { study: "t".into(), stages: [("again".to_owned(), key("a"))].into() };
        [vec![started.clone(), made("a"), made("b"), finished.clone()], vec![started, reused, finished]].map(|events| {
            let mut journal = Journal::begin(store).unwrap();
            events.iter().for_each(|event| journal.append(event).unwrap());
            let text = String::from_utf8(journal::read(store, journal.run()).unwrap()).unwrap();
            (journal.run().to_owned(), text.lines().map(|line| format!("{line}\n")).collect())
        })
    }

    /// Empty, broken and lost: how many of each are found.
    fn found(store: &WritableStore) -> [usize; 3] {
        let report = verify(store, &Ledger::load(store).unwrap()).unwrap();
        assert_eq!((report.is_intact(), report.faults.len()), (report.count() == 0, 0));
        [report.empty_journals.len(), report.broken_journals.len(), report.lost_receipts.len()]
    }

    #[test]
    fn a_journal_that_was_emptied_or_cut_short_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let [(run, lines), (later, _)] = two_runs(&store);
        let path = store.run_dir(&run).join("journal.jsonl");
        assert_eq!(found(&store), [0, 0, 0]);
        // Bytes, whole lines, and the start of a line alone; each time the later run names what is gone.
        for (text, expected) in [("", [1, 0, 1]), ("\n\n", [1, 0, 1]), (&lines[0][..20], [1, 0, 1]), (lines[0].as_str(), [0, 0, 1])] {
            fs::write(&path, text).unwrap();
            assert_eq!(found(&store), expected, "{text:?}");
        }
        let lost = Ledger::load(&store).unwrap().lost();
        let expected = Lost { key: StageKey(Digest::of(b"a")), study: "t".into(), stage: "again".into(), run: later };
        assert_eq!(lost, [expected]);
        // What is cut off behind everything that a later run names looks like the journal of a run that was killed there.
        fs::write(&path, lines[..2].concat()).unwrap();
        assert_eq!(found(&store), [0, 0, 0]);
    }

    /// The chain says nothing of the last line, whose digest stands nowhere.
    #[test]
    fn a_last_line_that_says_nothing_any_more_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let [(run, lines), _] = two_runs(&store);
        let path = store.run_dir(&run).join("journal.jsonl");
        let mut receipt: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
        for (member, empty) in [("/receipt", "{}"), ("/receipt/recipe", "{}"), ("/receipt/key", "\"\"")] {
            let before = std::mem::replace(receipt.pointer_mut(member).unwrap(), serde_json::from_str(empty).unwrap());
            fs::write(&path, format!("{}{receipt}\n", lines[0])).unwrap();
            assert_eq!(found(&store), [0, 1, 1], "{member}");
            *receipt.pointer_mut(member).unwrap() = before;
        }
        fs::write(&path, format!("{}{receipt}\n", lines[0])).unwrap();
        assert_eq!(found(&store), [0, 0, 0]);
    }
}
