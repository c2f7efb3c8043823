//! What a trace rests on: whether the artifacts in it are as recorded, and who vouches for the journals that say so.

use super::super::trust::{self, short};
use crate::provenance::{Node, Provenance, removed};
use hilum_cache::evidence::{Checkpointed, Signed, chain};
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Result, Store};
use hilum_stages::words::counted;
use std::collections::{BTreeMap, BTreeSet};

/// The lines at the end of a trace.
///
/// # Errors
/// If an object or a file of the ledger cannot be read.
pub(super) fn lines(store: &Store, graph: &Provenance) -> Result<Vec<String>> {
    let mut all = vec![artifacts(store, graph)?];
    all.extend(signatures(store, graph)?);
    Ok(all)
}

fn artifacts(store: &Store, graph: &Provenance) -> Result<String> {
    let all: BTreeMap<Digest, &Artifact> = reached(graph).into_iter().flat_map(made).map(|artifact| (artifact.digest, artifact)).collect();
    let removed = removed(store)?;
    let [mut intact, mut gone, mut wrong] = [0; 3];
    for artifact in all.values() {
        match store.has_intact(artifact) {
            true => intact += 1,
            false if removed.contains(&artifact.digest) => gone += 1,
            false => wrong += 1,
        }
    }
    let mut parts = vec![format!("{intact} of {} as recorded", counted(all.len(), "artifact", "artifacts"))];
    parts.extend((gone > 0).then(|| format!("{gone} removed on purpose")));
    parts.extend((wrong > 0).then(|| format!("{wrong} DAMAGED or missing: see `hilum verify`")));
    Ok(format!("state    {}", parts.join(", ")))
}

/// The stages from which an edge leads to what was asked for, and these.
fn reached(graph: &Provenance) -> Vec<&Node> {
    let (mut waiting, mut seen) = (graph.roots.clone(), BTreeSet::new());
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            waiting.extend(graph.nodes[id].inputs.iter().filter_map(|edge| edge.from.as_ref()).map(|source| source.node));
        }
    }
    seen.into_iter().map(|id| &graph.nodes[id]).collect()
}

fn made(node: &Node) -> impl Iterator<Item = &Artifact> {
    node.result.iter().flat_map(|result| result.outputs.values())
}

fn signatures(store: &Store, graph: &Provenance) -> Result<Vec<String>> {
    let runs: BTreeSet<&str> = reached(graph).into_iter().filter_map(|node| node.result.as_ref()).map(|made| made.run.as_str()).collect();
    let examined = chain::examine(store, &[])?;
    let of_run = |run: &str| examined.checkpoints.iter().find(|found| found.says.run == run);
    let mut by: BTreeMap<String, usize> = BTreeMap::new();
    for run in &runs {
        *by.entry(of_run(run).map_or_else(|| "without a checkpoint".to_owned(), signed)).or_default() += 1;
    }
    let parts: Vec<String> = by.into_iter().map(|(how, count)| format!("{} {how}", counted(count, "run", "runs"))).collect();
    let faults = examined.faults.iter().filter(|fault| runs.contains(fault.run())).count();
    let chain = if faults == 0 { "journals as in their checkpoints".to_owned() } else { format!("{} in journals", counted(faults, "FAULT", "FAULTS")) };
    let head = examined.checkpoints.last().map_or_else(String::new, |last| format!("; head sha256:{}", short(&last.digest.hex())));
    let first = format!("ledger   {chain}{head}");
    Ok(std::iter::once(first).chain(parts.into_iter().map(|part| format!("         {part}"))).collect())
}

fn signed(found: &Checkpointed) -> String {
    let mut words = match &found.signed {
        Signed::ByUnknown(key) => format!("signed as {}, not checked here", short(key)),
        other => trust::signed(other),
    };
    let meanings: BTreeSet<&str> = found.cosignatures.iter().map(|cosigned| cosigned.says.meaning.name()).collect();
    if !meanings.is_empty() {
        words += &format!(", cosigned for {}", meanings.into_iter().collect::<Vec<_>>().join(" and "));
    }
    words
}
