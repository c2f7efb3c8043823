//! Lineage beyond the study: a file that comes from outside may be one that this store made, in this study or another. Its
//! lineage is composed from receipts: all that gave this object, since equal bytes may have several origins.

use super::Evidence;
use super::roster::{Reach, Roster};
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Error, Receipt, Result};
use hilum_stages::KINDS;
use hilum_stages::contract::stage::Takes;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// The receipts of a store by what they made; read only where somebody asks.
#[derive(Default)]
pub(super) struct History(OnceCell<Index>);

struct Index {
    receipts: Vec<Receipt>,
    /// Artifacts and files, with the receipts and ports that gave them.
    made: HashMap<Digest, Vec<(usize, String)>>,
}

impl Index {
    fn of(evidence: &Evidence) -> Index {
        let receipts: Vec<Receipt> = evidence.ledger.receipts().into_iter().map(|(r, _)| r).collect();
        let mut made: HashMap<Digest, Vec<(usize, String)>> = HashMap::new();
        for (at, receipt) in receipts.iter().enumerate() {
            for (port, artifact) in receipt.outputs.iter() {
                // An artifact that was removed since has no files to look at, and is still known by its own digest.
                let files = evidence.store.files(artifact).unwrap_or_default();
                for digest in files.iter().map(|f| f.digest).chain([artifact.digest]) {
                    let makers = made.entry(digest).or_default();
                    if makers.last().is_none_or(|m| m.0 != at) {
                        makers.push((at, port.clone()));
                    }
                }
            }
        }
        Index { receipts, made }
    }
}

impl Index {
    /// The table of samples with this digest, where it is one.
    fn table(&self, digest: &Digest) -> Option<&Artifact> {
        let (at, port) = self.made.get(digest)?.first()?;
        self.receipts[*at].outputs.get(port).filter(|a| a.digest == *digest && a.kind == "samples")
    }
}

impl History {
    /// Everything that reached an object; none where this store did not make it, or holds no more what it was made of.
    pub(super) fn reach(&self, object: &Digest, roster: &mut Roster, evidence: &Evidence) -> Result<Option<Reach>> {
        let index = self.0.get_or_init(|| Index::of(evidence));
        if !index.made.contains_key(object) {
            return Ok(None);
        }
        let mut walk = Walk { index, reach: Reach::default(), queue: vec![*object] };
        let mut seen = HashSet::new();
        while let Some(object) = walk.queue.pop() {
            for (at, port) in index.made.get(&object).into_iter().flatten() {
                if seen.insert((*at, port.clone())) {
                    match walk.follow(&index.receipts[*at], port, roster, evidence) {
                        Err(Error::Missing(_) | Error::Damaged(_)) => return Ok(None),
                        other => other?,
                    }
                }
            }
        }
        Ok(Some(walk.reach))
    }
}

struct Walk<'a> {
    index: &'a Index,
    reach: Reach,
    /// Objects whose makers are looked at next.
    queue: Vec<Digest>,
}

impl Walk<'_> {
    /// Adds what one output took from its inputs.
    fn follow(&mut self, receipt: &Receipt, port: &str, roster: &mut Roster, evidence: &Evidence) -> Result<()> {
        let Some(flow) = receipt.flow.get(port) else { return Ok(()) };
        // Files that it began with may be of this store, too.
        self.queue.extend(receipt.recipe.sources.values());
        let stage = KINDS.iter().find(|k| k.name == receipt.recipe.kind).and_then(|k| (k.decode)(receipt.recipe.parameters.clone()).ok());
        for name in flow.contains.iter().chain(&flow.influenced) {
            let digests: Vec<Digest> = match receipt.recipe.inputs.get(name) {
                Some(Input::One(d)) => vec![*d],
                Some(Input::List(all)) => all.clone(),
                Some(Input::Gathered(all)) => all.iter().map(|g| g.digest).collect(),
                Some(Input::Lookup { .. }) | None => vec![],
            };
            let takes = stage.as_ref().map_or(Takes::All, |s| s.takes(name));
            for digest in digests {
                let Some(table) = self.index.table(&digest) else {
                    self.queue.push(digest);
                    continue;
                };
                let held = roster.table(table, None, evidence)?;
                match &takes {
                    Takes::Labels(labels) => labels.iter().filter_map(|l| held.by_label.get(l)).for_each(|r| self.reach.add(r)),
                    Takes::All | Takes::Some | Takes::Any => self.reach.add(&held.all),
                }
                // A table is what it holds, wherever it was drawn from; but synthetic rows have origins of their own.
                if !held.generators.is_empty() {
                    self.queue.push(digest);
                    self.queue.extend(held.generators.keys().flatten());
                }
            }
        }
        Ok(())
    }
}
