//! Which checkpoints an erasure takes: those of trainings that were stopped and of which it is not known that the patient had nothing to do
//! with them. A training that was stopped has no receipt; what it was given is in the graph of the run that started it.

use crate::patients::{Found, Reached};
use crate::provenance::History;
use hilum_cache::{Digest, Result, RunRecord, StageKey, Store, checkpoint};
use hilum_stages::KINDS;
use hilum_stages::contract::fit::NotWritten;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Trainings whose checkpoints go; those of clean results, by their keys, stay.
///
/// # Errors
/// If the store cannot be read.
pub(super) fn taken(store: &Store, found: &[Found], clean: &HashSet<StageKey>) -> Result<Vec<StageKey>> {
    let mut stopped: HashMap<StageKey, bool> = checkpoint::all(store).into_iter().map(|(key, _)| (key, clean.contains(&key))).collect();
    if stopped.values().all(|stays| *stays) {
        return Ok(vec![]);
    }
    // Bytes that one result has of somebody and another has of nobody count as somebody's.
    let mut by_digest: HashMap<Digest, bool> = HashMap::new();
    for found in found {
        if let Some(digest) = found.result.digest {
            *by_digest.entry(digest).or_insert(true) &= found.reached == Reached::Not;
        }
    }
    let history = History::read(store)?;
    for run in 0..history.runs() {
        let record = RunRecord::read(store, history.name(run))?;
        for (stage, key) in &record.stages_started {
            let Some(stays) = stopped.get_mut(key) else { continue };
            let inputs: Vec<_> = history.bound(run, stage).iter().flat_map(|(_, outputs)| outputs).collect();
            let digest = |output: &&crate::provenance::Output| {
                let at = history.result(run, &output.stage)?;
                history.receipts()[at].0.outputs.get(&output.port).map(|artifact| artifact.digest)
            };
            let is_clean = |output: &&crate::provenance::Output| digest(output).is_some_and(|digest| by_digest.get(&digest) == Some(&true));
            *stays |= !inputs.is_empty() && inputs.iter().all(is_clean) && !reads_files(&record.resolved["stages"][stage]);
        }
    }
    let mut out: Vec<StageKey> = stopped.into_iter().filter(|(_, stays)| !stays).map(|(key, _)| key).collect();
    out.sort_unstable_by_key(|key| key.0);
    Ok(out)
}

/// True if a stage reads a file from outside, such as weights, as far as this program knows its parameters.
fn reads_files(stage: &Value) -> bool {
    let kind = KINDS.iter().find(|kind| stage["stage"] == kind.name);
    let read = kind.and_then(|kind| (kind.decode)(stage["with"].clone(), &NotWritten).ok());
    read.is_none_or(|stage| !stage.sources().is_empty())
}
