//! Re-hashing everything in a store.

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
    /// Journals whose chain is broken: the run and the line, counted from 1 (that line, or the one before it).
    pub broken_journals: Vec<(String, usize)>,
}

/// A damaged or missing object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The object.
    pub digest: Digest,
    /// `damaged` or `missing`.
    pub kind: &'static str,
    /// Where it belongs, such as `quickstart split.train samples.csv`, with the run that made it.
    pub made_by: Vec<String>,
}

impl Report {
    /// True if everything is intact.
    pub fn is_intact(&self) -> bool {
        self.faults.is_empty() && self.broken_journals.is_empty()
    }
}

/// Hashes every object, looks for every object that a receipt names, and follows the chain of every journal.
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
    let freed = freed::all(store)?;
    let is_freed = |digest: &Digest| freed.get(digest).is_some_and(|at| owners.newest.get(digest).is_none_or(|made| made <= at));
    report.faults.extend(owners.made.keys().filter(|d| !present.contains(d) && !is_freed(d)).map(|d| fault(d, "missing")));
    for run in journal::run_names(store)? {
        let bytes = journal::read(store, &run)?;
        report.broken_journals.extend(journal::first_broken_line(&bytes).map(|line| (run, line)));
    }
    Ok(report)
}

/// For every object that the newest receipt of a key names: where it belongs and who made it.
#[derive(Default)]
struct Owners {
    /// Outputs.
    made: BTreeMap<Digest, Vec<String>>,
    /// The number of the newest run that made an object.
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
        for (port, input) in &receipt.recipe.inputs {
            if let Some(list) = input.list() {
                let whose = format!("{} {}, the images of its input `{port}`, written by run {run}", receipt.study, receipt.stage);
                out.listed.entry(*list).or_default().push(whose);
            }
        }
        for (port, artifact) in receipt.outputs.iter() {
            let whose = format!("{} {}.{port}", receipt.study, receipt.stage);
            let number = numbers.get(*run).copied().unwrap_or(0);
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
