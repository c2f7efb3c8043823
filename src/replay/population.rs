//! The results that can be drawn: those that current results rest on. Independent of how they are drawn.

use crate::provenance::{History, RunId};
use hilum_cache::{Sha256, StageKey, canonical};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A result, by the receipt that recorded it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unit {
    /// The run that wrote the receipt.
    pub run: String,
    /// The stage, by its name in that run.
    pub stage: String,
    /// The key of its recipe.
    pub key: StageKey,
}

/// The results that current results rest on.
#[derive(Debug, Default)]
pub struct Population {
    /// In the order of their runs, stages and keys, each once; with the place of each in [`History::receipts`].
    pub units: BTreeMap<Unit, usize>,
    /// Results of runs without a checkpoint, which no head of the ledger fixes: they are not drawn from.
    pub without_checkpoint: usize,
}

impl Population {
    /// The SHA-256 of the units in canonical spelling: whoever draws again sees whether it is from the same ones.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&canonical::to_bytes(&self.units.keys().collect::<Vec<_>>()))
    }
}

/// Of each study, the stages of its newest graph, each in the newest run that has a result of it; and every stage that was bound to one
/// of them in the graph of that run, to those, and so on. `fixed` says of a run whether its lines are fixed by the head of the ledger.
pub fn population(history: &History, fixed: impl Fn(&str) -> bool) -> Population {
    let has_receipt = |run, stage: &str| history.result(run, stage).is_some();
    let mut next: Vec<(RunId, String)> = history.current(has_receipt).into_iter().map(|(run, stage)| (run, stage.to_owned())).collect();
    let mut seen: BTreeSet<(RunId, String)> = next.iter().cloned().collect();
    let mut out = Population::default();
    let mut left_out = BTreeSet::new();
    while let Some((run, stage)) = next.pop() {
        if let Some(at) = history.result(run, &stage) {
            let unit = Unit::of(history, at);
            if fixed(&unit.run) {
                out.units.insert(unit, at);
            } else {
                left_out.insert(unit);
            }
        }
        let bound = history.bound(run, &stage).iter().flat_map(|(_, outputs)| outputs);
        next.extend(bound.map(|output| (run, output.stage.clone())).filter(|place| seen.insert(place.clone())));
    }
    out.without_checkpoint = left_out.len();
    out
}

impl Unit {
    /// That of the receipt at this place of [`History::receipts`].
    pub fn of(history: &History, at: usize) -> Unit {
        let (receipt, run) = &history.receipts()[at];
        Unit { run: history.name(*run).to_owned(), stage: receipt.stage.clone(), key: receipt.key }
    }
}
