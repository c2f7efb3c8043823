//! Results that are no longer what a run wrote: files below a directory of results, against what the runs of their studies laid out
//! there. Independent of where results should lie.

use super::history::History;
use crate::run::results;
use hilum_cache::{Result, Sha256, store};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A file that contains other bytes than any run of its study wrote there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedResult {
    /// The file.
    pub path: PathBuf,
    /// What the newest run that has it recorded.
    pub recorded: Sha256,
    /// What it is now.
    pub found: Sha256,
    /// The stage that wrote it.
    pub stage: String,
    /// The run in which it did.
    pub run: String,
}

/// What is known of one name among the results of a study: all digests that were laid out there, and who was the last.
struct Known {
    digests: HashSet<String>,
    recorded: Sha256,
    stage: String,
    run: String,
}

impl History<'_> {
    /// The files below `results/STUDY` of all studies that were changed since, in the order of their paths. Files that no run wrote are
    /// passed over.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn changed_results(&self, results: &Path) -> Result<Vec<ChangedResult>> {
        let studies: BTreeMap<&str, ()> = self.runs.iter().filter(|run| !run.study.is_empty()).map(|run| (run.study.as_str(), ())).collect();
        let mut changed = vec![];
        for study in studies.into_keys() {
            let directory = results.join(study);
            if !directory.is_dir() {
                continue;
            }
            let known = self.laid_out_of(study);
            for entry in WalkDir::new(&directory).sort_by_file_name().into_iter().filter_map(std::result::Result::ok).filter(|e| e.file_type().is_file()) {
                let name = entry.path().strip_prefix(&directory).ok().and_then(Path::to_str);
                let Some(known) = name.and_then(|name| known.get(name)) else { continue };
                let (digest, found, _) = store::hash_file(entry.path())?;
                if !known.digests.contains(&digest.hex()) {
                    let Known { recorded, stage, run, .. } = known;
                    changed.push(ChangedResult { path: entry.into_path(), recorded: *recorded, found, stage: stage.clone(), run: run.clone() });
                }
            }
        }
        Ok(changed)
    }

    /// Everything that the runs of a study laid out, by names below its results.
    fn laid_out_of(&self, study: &str) -> BTreeMap<String, Known> {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let mut seen = HashSet::new();
        for run in (0..self.runs.len()).rev().filter(|run| self.runs[*run].study == study) {
            for stage in self.stages(run) {
                let Some(at) = self.receipt_in_run(run, stage).filter(|at| seen.insert((stage.to_owned(), *at))) else { continue };
                let (receipt, by) = &self.receipts[at];
                for (port, artifact) in receipt.outputs.iter() {
                    for (name, file) in results::laid_out(stage, port, artifact, self.store).unwrap_or_default() {
                        let new = || Known { digests: HashSet::new(), recorded: file.sha256, stage: stage.to_owned(), run: self.runs[*by].name.clone() };
                        known.entry(name).or_insert_with(new).digests.insert(file.digest.hex());
                    }
                }
            }
        }
        known
    }
}
