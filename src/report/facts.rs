//! What a report is about: what the journal of a run and the store say. Independent of kinds, of tables and of the page.

use super::artifacts::{ReportArtifact, Subject};
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::journal::{Failure, Finding};
use hilum_cache::{Ledger, Receipt, Result, RunRecord, Store};
use hilum_stages::training::snapshot::Preview;
use serde_json::Value;

/// The facts behind a report.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) run: String,
    pub(super) study: String,
    pub(super) description: String,
    pub(super) started: String,
    pub(super) is_finished: bool,
    pub(super) resolved: Value,
    /// Receipts by stage, in the order of the study; true where this run wrote it.
    pub(super) stages: Vec<(String, Option<(Receipt, bool)>)>,
    pub(super) findings: Vec<Finding>,
    pub(super) failures: Vec<Failure>,
    /// Unfinished trainings: the step of the latest checkpoint, and its preview.
    pub(super) under_way: Vec<(String, u64, Preview)>,
}

impl Facts {
    /// The facts of a run.
    ///
    /// # Errors
    /// If its journal cannot be read.
    pub(super) fn read(store: &Store, ledger: &Ledger, run: &str) -> Result<Facts> {
        let record = RunRecord::read(store, run)?;
        let mut known = record.results(ledger);
        let resolved = record.resolved;
        let names: Vec<String> = resolved["order"].as_array().map_or_else(
            || resolved["stages"].as_object().into_iter().flatten().map(|(n, _)| n.clone()).collect(),
            |order| order.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
        );
        let mut under_way = vec![];
        for (stage, key) in record.stages_started.into_iter().filter(|(stage, _)| !known.contains_key(stage)) {
            if let Some((step, bytes)) = Checkpoints::of(store, &key).latest()
                && let Some(preview) = Preview::of(bytes)
            {
                under_way.push((stage, step, preview));
            }
        }
        Ok(Facts {
            under_way,
            run: record.name,
            study: record.study,
            description: resolved["description"].as_str().unwrap_or_default().to_owned(),
            started: record.started,
            is_finished: record.finished.is_some(),
            findings: record.findings,
            failures: record.failures,
            stages: names.into_iter().map(|n| (n.clone(), known.remove(&n))).collect(),
            resolved,
        })
    }

    /// The receipts that there are, in the order of the study.
    pub(super) fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.stages.iter().filter_map(|(_, r)| r.as_ref().map(|r| &r.0))
    }

    /// The artifacts that any of these subjects is, subject by subject in the order of the study.
    ///
    /// # Errors
    /// If the list of an artifact's files cannot be read.
    pub(super) fn found(&self, store: &Store, subjects: &[Subject]) -> Result<Vec<ReportArtifact<'_>>> {
        let mut found = vec![];
        for subject in subjects {
            for receipt in self.receipts() {
                for (_, artifact) in receipt.outputs.iter() {
                    found.extend(ReportArtifact::of(*subject, receipt, artifact, store)?);
                }
            }
        }
        Ok(found)
    }
}
