//! What an export is about: the record of a run, the graph of its stages, and which of their objects are still there. Independent of
//! formats.

use super::error::{Error, Result};
use super::forbidden::without_names;
use super::vouched;
use crate::language;
use crate::provenance::{self, Computed, History, Node, NodeId, Provenance};
use crate::tables::{Summary, Tables};
use crate::workspace::signing;
use hilum_cache::evidence::Checkpointed;
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_cache::{Digest, Error as StoreError, Ledger, Receipt, RunRecord, Store, journal};
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::kind::StageKind;
use hilum_stages::data::sample::Sample;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// A run.
pub(super) struct Facts<'a> {
    pub(super) store: &'a Store,
    pub(super) run: String,
    /// Its checkpoint, with those who say that they signed it; none if the run goes on or was killed.
    pub(super) checkpoint: Option<Checkpointed>,
    pub(super) record: RunRecord,
    /// When the last line of its journal was written.
    pub(super) ended: String,
    /// Its stages in the order of the study, and what else they were made of.
    pub(super) graph: Provenance,
    /// Receipts by stage: recipes and notes.
    receipts: BTreeMap<String, Receipt>,
    removed: HashSet<Digest>,
    tables: Tables,
}

/// A stage that has a result.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) id: NodeId,
    pub(super) node: &'a Node,
    pub(super) result: &'a Computed,
    /// Its recipe with all that was recorded of it.
    pub(super) receipt: &'a Receipt,
}

/// The files of an artifact, as far as they are known.
pub(super) enum Files {
    /// All of them.
    Known(Vec<Entry>),
    /// `hilum gc` removed the list of them.
    Removed,
}

impl<'a> Facts<'a> {
    /// The facts of a run.
    ///
    /// # Errors
    /// If its journal cannot be read, was altered, or does not hold the study.
    pub(super) fn read(store: &'a Store, ledger: &Ledger, run: &str) -> Result<Facts<'a>> {
        let nothing = |why| Error::Nothing { run: run.to_owned(), why };
        let soundness = ledger.soundness(run).unwrap_or_default();
        if let Some(line) = soundness.first_altered() {
            return Err(Error::Altered { run: run.to_owned(), line });
        }
        let mut record = RunRecord::read(store, run)?;
        let history = History::read(store)?;
        let id = history.run(run).filter(|_| record.resolved.is_object()).ok_or_else(|| nothing("its journal does not hold the study"))?;
        let names: Vec<String> = history.stages(id).map(str::to_owned).collect();
        let graph = history.walk(names.iter().map(|name| (id, name.as_str())));
        // What is reused is told by the journals of the runs that made it. The ledger shows what a journal alone does not: lines that
        // were cut off, or all written anew.
        let used: BTreeSet<&str> = graph.nodes.iter().filter_map(|node| node.result.as_ref()).map(|made| made.run.as_str()).chain([run]).collect();
        for of in &used {
            if let Some(line) = ledger.soundness(of).unwrap_or_default().first_altered() {
                return Err(Error::Altered { run: (*of).to_owned(), line });
            }
        }
        let examined = signing::examined(store)?;
        if let Some(fault) = examined.faults.into_iter().find(|fault| used.contains(fault.run())) {
            return Err(Error::Ledger { run: fault.run().to_owned(), fault });
        }
        let checkpoint = examined.checkpoints.into_iter().find(|checkpoint| checkpoint.says.run == run);
        let mut receipts: BTreeMap<String, Receipt> = record.results(ledger).into_iter().map(|(stage, (receipt, _))| (stage, receipt)).collect();
        receipts.values_mut().flat_map(|r| &mut r.notes).for_each(|note| *note = without_names(note));
        for finding in &mut record.findings {
            finding.message = finding.message.as_deref().map(without_names);
            finding.notes.iter_mut().for_each(|note| *note = without_names(note));
        }
        record.failures.iter_mut().for_each(|f| f.message = without_names(&f.message));
        let ended = journal::entries(store, run)?.last().map(|line| line.time.clone()).unwrap_or_default();
        let facts =
            Facts { store, run: run.to_owned(), checkpoint, record, ended, graph, receipts, removed: provenance::removed(store)?, tables: Tables::default() };
        if facts.made().next().is_none() {
            return Err(nothing("none of its stages has a result"));
        }
        Ok(facts)
    }

    /// The stages that have a result, in the order of the study.
    pub(super) fn made(&self) -> impl Iterator<Item = Made<'_>> {
        self.graph.roots.iter().filter_map(|id| self.made_by(*id))
    }

    /// A stage, if it has a result.
    pub(super) fn made_by(&self, id: NodeId) -> Option<Made<'_>> {
        let node = &self.graph.nodes[id];
        Some(Made { id, node, result: node.result.as_ref()?, receipt: self.receipts.get(&node.stage)? })
    }

    /// The stages of the study that neither have a result nor failed.
    pub(super) fn not_run(&self) -> Vec<&str> {
        let has_failed = |stage: &str| self.record.failures.iter().any(|f| f.stage == stage);
        let nodes = self.graph.roots.iter().filter(|id| self.made_by(**id).is_none()).map(|id| self.graph.nodes[*id].stage.as_str());
        nodes.filter(|stage| !has_failed(stage)).collect()
    }

    /// True if the run ended by itself, and every stage has a result.
    pub(super) fn is_complete(&self) -> bool {
        self.record.finished.is_some_and(|f| !f.cancelled && f.failed == 0) && self.not_run().is_empty() && self.record.failures.is_empty()
    }

    /// In a sentence why the run is not complete, if it is not.
    pub(super) fn incomplete(&self) -> Option<String> {
        let (failed, not_run) = (self.record.failures.len(), self.not_run().len());
        let counts = || format!("{} failed, and {} without a result", counted(failed, "stage", "stages"), counted(not_run, "stage", "stages"));
        // A run that was killed or goes on may have a result for every stage that it came to.
        let was_cut = self.record.finished.is_none_or(|f| f.cancelled) && failed + not_run == 0;
        (!self.is_complete()).then(|| format!("the run is not complete: {}", if was_cut { "it was interrupted, or goes on".to_owned() } else { counts() }))
    }

    /// The rows of a table of samples.
    ///
    /// # Errors
    /// If it is damaged or missing.
    pub(super) fn samples(&self, artifact: &Artifact) -> Result<Arc<Vec<Sample>>> {
        Ok(self.tables.samples(self.store, artifact)?)
    }

    /// True if `gc` removed an object; one that is missing otherwise is a damage.
    pub(super) fn is_removed(&self, object: &Digest) -> bool {
        self.removed.contains(object) && matches!(self.store.plain_path(object), Err(StoreError::Missing(_)))
    }

    /// The files of an artifact.
    ///
    /// # Errors
    /// If the list of them is damaged, or missing without having been removed.
    pub(super) fn files(&self, artifact: &Artifact) -> Result<Files> {
        match self.store.files(artifact) {
            Err(StoreError::Missing(list)) if self.is_removed(&list) => Ok(Files::Removed),
            files => Ok(Files::Known(files?)),
        }
    }

    /// The file of a network's weights; none if the list of its files was removed.
    ///
    /// # Errors
    /// If that list is damaged, or missing without having been removed.
    pub(super) fn weights(&self, artifact: &Artifact) -> Result<Option<Entry>> {
        let Files::Known(files) = self.files(artifact)? else { return Ok(None) };
        Ok(files.into_iter().find(|file| file.name.ends_with(".safetensors")))
    }

    /// True if a program draws all images that come into the study: they show no patient.
    pub(super) fn is_drawn(&self) -> bool {
        // Files from outside, such as weights to begin with, may come from images of patients.
        let is_closed = self.made().all(|m| m.receipt.recipe.sources.is_empty());
        is_closed && language::are_drawn(self.graph.nodes.iter().map(|node| node.kind.as_str()))
    }

    /// The stages that an output of a stage went into, or any of its outputs.
    pub(super) fn takers(&self, id: NodeId, output: Option<&str>) -> impl Iterator<Item = Made<'_>> {
        self.made().filter(move |m| m.inputs().any(|(_, from, taken)| from == id && output.is_none_or(|o| o == taken)))
    }

    /// A stage and everything that it was made of.
    pub(super) fn ancestors(&self, id: NodeId) -> BTreeSet<NodeId> {
        let (mut seen, mut left) = (BTreeSet::new(), vec![id]);
        while let Some(next) = left.pop() {
            if seen.insert(next) {
                left.extend(self.graph.nodes[next].inputs.iter().filter_map(|edge| edge.from.as_ref().map(|s| s.node)));
            }
        }
        seen
    }

    /// The counts of a table of samples; none if it was removed.
    ///
    /// # Errors
    /// If it is damaged.
    pub(super) fn summary(&self, artifact: &Artifact) -> Result<Option<Arc<Summary>>> {
        let Files::Known(files) = self.files(artifact)? else { return Ok(None) };
        if files.iter().any(|f| self.is_removed(&f.digest)) { Ok(None) } else { Ok(Some(self.tables.summary(self.store, artifact)?)) }
    }

    /// What the journal says of the run and of every stage, as a document.
    pub(super) fn journal(&self) -> Value {
        let stage = |m: Made| {
            let r = m.receipt;
            json!({
                "stage": m.node.stage, "kind": m.node.kind, "kind_version": r.recipe.version, "key": m.result.key,
                "computed_by": { "run": m.result.run, "study": m.result.study, "stage": m.result.stage },
                "started": m.result.started, "millis": m.result.millis, "seed": m.result.seed, "engine": m.result.engine,
                "determinism": r.determinism, "parameters": r.recipe.parameters, "sources": r.recipe.sources, "notes": r.notes,
                "flow": r.flow, "outputs": m.result.outputs, "environment": m.result.environment,
            })
        };
        json!({
            "run": self.run, "study": self.record.study, "started": self.record.started, "ended": self.ended, "finished": self.record.finished,
            "checkpoint": vouched::document(self.checkpoint.as_ref()),
            "stages": self.made().map(stage).collect::<Vec<_>>(), "stages_without_result": self.not_run(),
            "failures": self.record.failures, "findings": self.record.findings,
        })
    }
}

impl<'a> Made<'a> {
    /// An output as a study writes it.
    pub(super) fn output(&self, port: &str) -> String {
        provenance::output(&self.node.stage, port)
    }

    /// Its outputs of a type.
    pub(super) fn of_type(&self, wanted: ArtifactType) -> impl Iterator<Item = (&str, &Artifact)> {
        self.result.outputs.iter().filter(move |(_, a)| wanted.is(a)).map(|(port, a)| (port.as_str(), a))
    }

    /// What it was made of, by port: the stage and the output of it.
    pub(super) fn inputs(self) -> impl Iterator<Item = (&'a str, NodeId, &'a str)> {
        self.node.inputs.iter().filter_map(|e| e.from.as_ref().map(|s| (e.port.as_str(), s.node, s.output.as_str())))
    }
}

/// An artifact in words, by its type.
pub(super) fn described(artifact: &Artifact) -> &str {
    match ArtifactType::of(artifact) {
        Some(ArtifactType::Samples) => "table of images",
        Some(ArtifactType::Images) => "pack of pixels",
        Some(ArtifactType::Masks) => "pack of masks",
        Some(ArtifactType::Patients) => "table of patients",
        Some(ArtifactType::Generator) => "trained generator",
        Some(ArtifactType::Weights) => "trained classifier",
        Some(ArtifactType::Embedding) => "set of features",
        Some(ArtifactType::Scores) => "set of scores",
        Some(ArtifactType::Table) => "table",
        Some(ArtifactType::Figure) => "figure",
        None => &artifact.kind,
    }
}

/// The row of a kind, if this program has it.
pub(super) fn kind(name: &str) -> Option<&'static StageKind> {
    KINDS.iter().find(|k| k.name == name)
}
