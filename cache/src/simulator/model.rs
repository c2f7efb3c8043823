//! What a store was told and answered, from which follows what it has to know after any fault. Independent of files.

use super::study::{Stage, VARIANTS};
use crate::{Digest, Receipt, StageKey};
use std::collections::{BTreeMap, BTreeSet};

/// The promises that a store has made.
#[derive(Default)]
pub(crate) struct Model {
    /// Receipts that were to be written, by runs.
    pub(crate) attempted: Vec<(String, Receipt)>,
    /// Receipts whose durable line was acknowledged.
    pub(crate) acknowledged: BTreeSet<(String, StageKey)>,
    /// What runs wrote or reused.
    runs: BTreeMap<String, Uses>,
    /// Keys whose objects `gc` may have removed.
    pub(crate) forsaken: BTreeSet<StageKey>,
    /// Objects that a fault damaged.
    pub(crate) rotten: BTreeSet<Digest>,
    /// Checkpoints that were to be saved.
    pub(crate) checkpoints: BTreeSet<(StageKey, u64)>,
    /// Runs with lines that were not durable when the power failed: a sector of them may be missing.
    pub(crate) torn: BTreeSet<String>,
    pub(crate) power_failed: bool,
}

#[derive(Default)]
struct Uses {
    durable: BTreeSet<StageKey>,
    pending: BTreeSet<StageKey>,
    has_pending: bool,
}

impl Model {
    /// A run was begun.
    pub(crate) fn began(&mut self, run: &str) {
        self.runs.entry(run.to_owned()).or_default();
    }

    /// A line is about to be written: it may be there from now on, without being promised.
    pub(crate) fn attempts(&mut self, run: &str) {
        self.runs.entry(run.to_owned()).or_default().has_pending = true;
    }

    /// A line about some keys was acknowledged. One that is durable makes durable what is before it.
    pub(crate) fn acknowledges(&mut self, run: &str, keys: impl IntoIterator<Item = StageKey>, is_durable: bool) {
        let uses = self.runs.entry(run.to_owned()).or_default();
        uses.pending.extend(keys);
        if is_durable {
            uses.durable.append(&mut uses.pending);
            uses.has_pending = false;
        }
    }

    /// A receipt was acknowledged, and with it the objects that it names.
    pub(crate) fn is_made(&mut self, run: &str, key: StageKey) {
        self.acknowledges(run, [key], true);
        self.acknowledged.insert((run.to_owned(), key));
        self.forsaken.remove(&key);
    }

    /// `gc` removed what none of these runs needs, or died over it.
    pub(crate) fn cleaned(&mut self, kept: &[String]) {
        let kept: BTreeSet<StageKey> = kept.iter().filter_map(|run| self.runs.get(run)).flat_map(|uses| uses.durable.union(&uses.pending).copied()).collect();
        self.forsaken.extend(self.acknowledged.iter().map(|a| a.1).filter(|key| !kept.contains(key)));
    }

    /// The power failed: what was not durable was never promised.
    pub(crate) fn power_fails(&mut self) {
        self.power_failed = true;
        for (run, uses) in &mut self.runs {
            if std::mem::take(&mut uses.has_pending) {
                self.torn.insert(run.clone());
            }
            uses.pending.clear();
        }
    }

    /// True if the objects of a stage must be whole.
    pub(crate) fn is_promised(&self, stage: &Stage) -> bool {
        !self.forsaken.contains(&stage.key)
            && self.acknowledged.iter().any(|a| a.1 == stage.key)
            && !stage.objects().any(|digest| self.rotten.contains(&digest))
    }
}

/// The stage of a key.
pub(crate) fn stage_of(key: &StageKey) -> &'static Stage {
    VARIANTS.iter().flatten().find(|stage| stage.key == *key).expect("a key of a stage")
}
