//! Finding what is traced, by a stage's name or by bytes, in the newest run of each study that has it.

use super::history::{History, RunId};
use crate::pipeline::binding::Binding;
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_cache::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// A stage of a run, and which part of its result is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The run.
    pub run: RunId,
    /// The stage, with its cell.
    pub stage: String,
    /// An output or a file of it; none if the whole stage is meant.
    pub part: Option<Part>,
}

/// An output of a stage, or a file of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The output port.
    pub port: String,
    /// The file's name below the output.
    pub file: Option<String>,
    /// Digest of the file or of the output.
    pub digest: Digest,
    /// The same bytes for outside readers.
    pub sha256: Sha256,
}

impl Part {
    pub(super) fn file(port: &str, file: &Entry) -> Part {
        Part { port: port.to_owned(), file: Some(file.name.clone()), digest: file.digest, sha256: file.sha256 }
    }
    pub(super) fn whole(port: &str, artifact: &Artifact) -> Part {
        Part { port: port.to_owned(), file: None, digest: artifact.digest, sha256: artifact.sha256 }
    }
}

impl History<'_> {
    /// Stages that a binding selects: of each study those of its newest graph that has any, each in the newest run that contains a
    /// result of it. Axes may be written in any order. Newest studies first.
    pub fn selected(&self, wanted: &Binding) -> Vec<Origin> {
        let mut studies = BTreeSet::new();
        let mut out = vec![];
        for newest in (0..self.runs.len()).rev() {
            let study = &self.runs[newest].study;
            let names: Vec<&str> = self.stages(newest).filter(|name| wanted.selects(name)).collect();
            if names.is_empty() || !studies.insert(study) {
                continue;
            }
            let runs = || (0..=newest).rev().filter(|run| self.runs[*run].study == *study);
            out.extend(names.into_iter().filter_map(|stage| runs().find_map(|run| self.with_port(run, stage, wanted.port.as_deref()))));
        }
        out
    }

    /// A stage in a run that contains a result of it, and of this output.
    fn with_port(&self, run: RunId, stage: &str, port: Option<&str>) -> Option<Origin> {
        let receipt = &self.receipts[self.receipt_in_run(run, stage)?].0;
        let part = match port {
            Some(port) => Some(Part::whole(port, receipt.outputs.get(port)?)),
            None => None,
        };
        Some(Origin { run, stage: stage.to_owned(), part })
    }

    /// Every stage that made an artifact or a file with such digests: each in the newest run of its study in which it did.
    pub fn holding(&self, is_it: &dyn Fn(&Digest, &Sha256) -> bool) -> Vec<Origin> {
        let mut files: HashMap<Digest, Vec<Entry>> = HashMap::new();
        let mut parts: HashMap<usize, Vec<Part>> = HashMap::new();
        for (at, (receipt, _)) in self.receipts.iter().enumerate() {
            for (port, artifact) in receipt.outputs.iter() {
                // An artifact that was removed since has no files to look at, and is still known by its own digest.
                let files = files.entry(artifact.digest).or_insert_with(|| self.store.files(artifact).unwrap_or_default());
                let file = files.iter().find(|f| is_it(&f.digest, &f.sha256)).map(|f| Part::file(port, f));
                let whole = || is_it(&artifact.digest, &artifact.sha256).then(|| Part::whole(port, artifact));
                if let Some(part) = file.or_else(whole) {
                    parts.entry(at).or_default().push(part);
                }
            }
        }
        let mut seen = BTreeSet::new();
        let mut out = vec![];
        for run in (0..self.runs.len()).rev() {
            for stage in self.stages(run) {
                for part in self.receipt_in_run(run, stage).and_then(|at| parts.get(&at)).into_iter().flatten() {
                    if seen.insert((&self.runs[run].study, stage, &part.port, &part.file)) {
                        out.push(Origin { run, stage: stage.to_owned(), part: Some(part.clone()) });
                    }
                }
            }
        }
        out
    }
}
