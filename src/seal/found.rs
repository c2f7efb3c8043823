//! The seals that a store records, and whether they were there before anybody looked.

use super::Plan;
use crate::looks;
use hilum_cache::evidence::Signed;
use hilum_cache::evidence::checkpoint::of_run;
use hilum_cache::journal::{self, Event};
use hilum_cache::{Digest, Error, Ledger, Result, Store};
use std::collections::BTreeSet;

/// A plan that was sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Seal {
    /// The journal that has it.
    pub run: String,
    /// When it was sealed (RFC 3339, UTC).
    pub time: String,
    /// The plan; none if this program cannot read it.
    pub plan: Option<Plan>,
    /// The id of the key that its record names; that is not checked here.
    pub key: Option<String>,
    /// True if its journal is not as it was written.
    pub is_altered: bool,
    /// Plans of the study that were sealed before it.
    pub earlier: usize,
    /// Its place among all runs, oldest first.
    at: usize,
}

/// The newest seal of a study that is older than a run, or of all if none is named.
///
/// # Errors
/// If a journal or a checkpoint cannot be read.
pub fn newest(store: &Store, ledger: &Ledger, study: &str, before: Option<&str>) -> Result<Option<Seal>> {
    let mut found: Option<Seal> = None;
    // To read every line of a large store takes longer than to plan.
    let of_studies: BTreeSet<String> = journal::study_runs(store)?.into_iter().collect();
    for (at, run) in journal::run_names(store)?.into_iter().enumerate() {
        if before == Some(run.as_str()) {
            break;
        }
        if of_studies.contains(&run) {
            continue;
        }
        let mut plans = vec![];
        ledger.walk(&run, |entry, _| {
            if let Some(Event::Sealed { study: of, plan }) = entry.event
                && of == study
            {
                plans.push((entry.time, Plan::read(&plan)));
            }
        });
        for (time, plan) in plans {
            let earlier = found.as_ref().map_or(0, |seal| seal.earlier + 1);
            found = Some(Seal { run: run.clone(), time, plan, key: None, is_altered: false, earlier, at });
        }
    }
    let Some(mut seal) = found else { return Ok(None) };
    seal.is_altered = ledger.soundness(&seal.run).is_some_and(|journal| journal.is_empty || journal.first_altered().is_some());
    match of_run(store, &seal.run) {
        Ok((envelope, says)) => {
            seal.key = match envelope.signed(&[]) {
                Signed::No => None,
                Signed::By(key) | Signed::ByUnknown(key) | Signed::Forged(key) => Some(key),
            };
            seal.is_altered |= journal::entries(store, &seal.run)?.len() as u64 != says.size;
        }
        // Of a seal that was interrupted, or whose checkpoint was removed: nobody vouches for it.
        Err(Error::Record { .. }) => {}
        Err(e) => return Err(e),
    }
    Ok(Some(seal))
}

#[cfg(test)]
impl Seal {
    /// One that nobody signed and that cannot be read.
    pub(crate) fn test(run: &str, earlier: usize) -> Seal {
        Seal { run: run.to_owned(), time: "2026-11-30T20:43:48.300Z".into(), plan: None, key: None, is_altered: false, earlier, at: 0 }
    }
}

impl Seal {
    /// Runs that evaluated on one of these tables and are not newer than the seal: it was not there before they looked.
    ///
    /// # Errors
    /// If the journals cannot be listed.
    pub fn looks_before(&self, store: &Store, ledger: &Ledger, tests: &BTreeSet<Digest>) -> Result<Vec<String>> {
        let looked: BTreeSet<String> = looks::runs_of(store, ledger, tests)?.into_iter().map(|(run, _)| run).collect();
        let order = journal::run_names(store)?;
        Ok(order.into_iter().take(self.at + 1).filter(|run| looked.contains(run)).collect())
    }
}
