//! Lineage beyond the study: a file that comes from outside may be one that this store made, in this study or another. Its
//! lineage is composed from receipts: all that gave this object, since equal bytes may have several origins. What was removed
//! since leaves a gap, which is said; the rest counts all the same.

use super::Evidence;
use super::roster::{PatientsAndImages, Roster};
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Error, Receipt, Recipe, Result};
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::fit::NotWritten;
use hilum_stages::contract::stage::Takes;
use hilum_stages::data::sample::Sample;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The receipts of a store by their outputs; read on demand.
#[derive(Default)]
pub(super) struct History {
    index: Option<Index>,
    known: HashMap<Digest, Option<Arc<Origins>>>,
}

/// An import of this study or another.
pub(super) struct OldImport {
    /// The namespace of its identifiers, where its study said one.
    pub(super) declared: Option<String>,
    pub(super) patients: Artifact,
    pub(super) samples: Artifact,
}

/// What reached an object.
pub(super) struct Origins {
    pub(super) reach: PatientsAndImages,
    /// False if a part of what it was made of is no longer in the store.
    pub(super) is_whole: bool,
}

struct Index {
    receipts: Vec<Receipt>,
    /// Artifacts and files, with the receipts and ports that gave them.
    made: HashMap<Digest, Vec<(usize, String)>>,
}

impl Index {
    fn of(evidence: &Evidence) -> Index {
        let earlier = evidence.ledger.receipts().into_iter().map(|(r, _)| r);
        let receipts: Vec<Receipt> = earlier.chain(evidence.made.iter().cloned()).collect();
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

    /// The table of samples with this digest, if it is one.
    fn table(&self, digest: &Digest) -> Option<&Artifact> {
        let (at, port) = self.made.get(digest)?.first()?;
        self.receipts[*at].outputs.get(port).filter(|a| a.digest == *digest && ArtifactType::Samples.is(a))
    }
}

impl History {
    /// Everything that reached an object; none if this store did not make it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) fn origins(&mut self, object: &Digest, roster: &mut Roster, evidence: &Evidence) -> Result<Option<Arc<Origins>>> {
        if let Some(known) = self.known.get(object) {
            return Ok(known.clone());
        }
        let index = self.index.get_or_insert_with(|| Index::of(evidence));
        let origins = if index.made.contains_key(object) { Some(Arc::new(Walk::from(*object, index, roster, evidence)?)) } else { None };
        self.known.insert(*object, origins.clone());
        Ok(origins)
    }

    /// Imports that named patients under the key of this study.
    pub(super) fn imports(&mut self, evidence: &Evidence) -> Vec<OldImport> {
        let index = self.index.get_or_insert_with(|| Index::of(evidence));
        let under_it = index.receipts.iter().filter(|r| r.recipe.pseudonyms.as_deref() == Some(evidence.pseudonyms));
        let old = |r: &Receipt| {
            // Recipes hold no paths, by which an undeclared namespace would be called.
            let declared = r.recipe.parameters.get("patients").and_then(|name| name.as_str()).map(str::to_owned);
            Some(OldImport { declared, patients: r.outputs.get("patients")?.clone(), samples: r.outputs.get("samples")?.clone() })
        };
        let mut seen = HashSet::new();
        under_it.filter_map(old).filter(|o| seen.insert((o.declared.clone(), o.patients.digest, o.samples.digest))).collect()
    }

    /// The rows that this store wrote about images that it made: a translation shows the patient of its parent. Images of which
    /// it knows nothing are left out.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) fn rows(&mut self, images: &HashSet<Digest>, evidence: &Evidence) -> Result<Vec<Sample>> {
        let index = self.index.get_or_insert_with(|| Index::of(evidence));
        let (mut rows, mut read) = (vec![], HashSet::new());
        for (at, port) in images.iter().flat_map(|i| index.made.get(i).into_iter().flatten()) {
            let Some(table) = index.receipts[*at].outputs.get(port).filter(|a| ArtifactType::Samples.is(a) && read.insert(a.digest)) else { continue };
            match evidence.tables.samples(evidence.store, table) {
                Ok(all) => rows.extend(all.iter().filter(|r| images.contains(&r.image)).cloned()),
                Err(Error::Missing(_) | Error::Damaged(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(rows)
    }
}

/// A stage as a record has it, if this program knows the kind, and these parameters of it.
pub(super) fn recorded(kind: &str, parameters: &Value) -> Option<Box<dyn hilum_stages::contract::kind::AnyStage>> {
    KINDS.iter().find(|k| k.name == kind).and_then(|k| (k.decode)(parameters.clone(), &NotWritten).ok())
}

/// How much a recorded stage took of what it was given at a port; all of it, where this program does not know the kind or these parameters.
pub fn taken(recipe: &Recipe, port: &str) -> Takes {
    recorded(&recipe.kind, &recipe.parameters).map_or(Takes::All, |stage| stage.takes(port))
}

struct Walk<'a> {
    index: &'a Index,
    origins: Origins,
    /// Objects whose makers are looked at next.
    queue: Vec<Digest>,
}

impl Walk<'_> {
    /// All that reached an object.
    fn from(object: Digest, index: &Index, roster: &mut Roster, evidence: &Evidence) -> Result<Origins> {
        let mut walk = Walk { index, origins: Origins { reach: PatientsAndImages::default(), is_whole: true }, queue: vec![object] };
        let mut seen = HashSet::new();
        while let Some(object) = walk.queue.pop() {
            for (at, port) in index.made.get(&object).into_iter().flatten() {
                if seen.insert((*at, port.clone())) {
                    walk.follow(&index.receipts[*at], port, roster, evidence)?;
                }
            }
        }
        Ok(walk.origins)
    }

    /// Adds what one output took from its inputs.
    fn follow(&mut self, receipt: &Receipt, port: &str, roster: &mut Roster, evidence: &Evidence) -> Result<()> {
        let Some(flow) = receipt.flow.get(port) else { return Ok(()) };
        // Its initial weights may be of this store, too.
        self.queue.extend(receipt.recipe.sources.values());
        for name in flow.contains.iter().chain(&flow.influenced) {
            let digests: Vec<Digest> = match receipt.recipe.inputs.get(name) {
                Some(Input::One(d)) => vec![*d],
                Some(Input::List(all)) => all.clone(),
                Some(Input::Gathered(all)) => all.iter().map(|g| g.digest).collect(),
                Some(Input::Lookup { .. }) | None => vec![],
            };
            let takes = taken(&receipt.recipe, name);
            for digest in digests {
                let Some(table) = self.index.table(&digest) else {
                    // Every input was made by a stage, unless its receipt is gone.
                    self.origins.is_whole &= self.index.made.contains_key(&digest);
                    self.queue.push(digest);
                    continue;
                };
                let held = match roster.table(table, None, evidence) {
                    Err(Error::Missing(_) | Error::Damaged(_)) => {
                        self.origins.is_whole = false;
                        continue;
                    }
                    other => other?,
                };
                // A table is what it contains, wherever it was drawn from; but synthetic rows have a generator behind them.
                match &takes {
                    Takes::Labels(labels) => {
                        for of_label in labels.iter().filter_map(|l| held.by_label.get(l)) {
                            self.origins.reach.add(&of_label.reach);
                            self.queue.extend(&of_label.generators);
                        }
                    }
                    Takes::All | Takes::Some | Takes::Any => {
                        self.origins.reach.add(&held.all);
                        self.queue.extend(held.generators.keys().flatten());
                    }
                }
            }
        }
        Ok(())
    }
}
