//! What a run writes into its journal: never paths, host or user.

use crate::checks::Finding;
use crate::lineage;
use crate::pipeline::model::StageId;
use crate::pipeline::{Pipeline, resolved};
use crate::run::environment;
use crate::workspace::Workspace;
use hilum_cache::journal::{Event, Failure, Finished};
use hilum_cache::{Journal, Receipt, Result, StageKey};

/// Writes a run's journal.
pub struct Recorder<'a> {
    journal: Journal,
    workspace: &'a Workspace,
    study: String,
}

impl<'a> Recorder<'a> {
    /// Starts the journal of a run of a study.
    pub fn begin(mut journal: Journal, workspace: &'a Workspace, p: &Pipeline) -> Result<Self> {
        let resolved = resolved::to_json(p);
        journal.append(&Event::Started { study: p.study.clone(), pipeline: environment::study_digest(&resolved), resolved })?;
        Ok(Recorder { journal, workspace, study: p.study.clone() })
    }
    /// The run's name.
    pub fn run(&self) -> &str {
        self.journal.run()
    }
    /// A torn line of an earlier run was moved aside.
    pub fn recovered(&mut self, run: &str, bytes: usize) -> Result<()> {
        self.journal.append(&Event::Recovered { of: run.to_owned(), bytes: bytes as u64 })
    }
    /// A long stage has started: a report finds its checkpoints by the key.
    pub fn begun(&mut self, stage: &str, key: &StageKey) -> Result<()> {
        self.journal.append(&Event::StageStarted { stage: stage.to_owned(), key: *key })
    }
    /// A stage was executed.
    pub fn receipt(&mut self, receipt: &Receipt) -> Result<()> {
        self.journal.append(&Event::Receipt { receipt: Box::new(receipt.clone()) })
    }
    /// Stages are up to date.
    pub fn reused(&mut self, stages: &[(String, StageKey)]) -> Result<()> {
        self.journal.append(&Event::Reused { study: self.study.clone(), stages: stages.iter().cloned().collect() })
    }
    /// A stage failed.
    pub fn failed(&mut self, stage: &str, message: &str) -> Result<()> {
        let message = scrub(message, self.workspace);
        self.journal.append(&Event::Failed(Failure { study: self.study.clone(), stage: stage.to_owned(), message }))
    }
    /// A check found something.
    pub fn finding(&mut self, p: &Pipeline, f: &Finding) -> Result<()> {
        self.journal.append(&Event::Finding(f.record(p)))
    }
    /// The run has finished.
    pub fn finished(&mut self, counts: Finished) -> Result<()> {
        self.journal.append(&Event::Finished(counts))
    }
}

/// Takes the directories of this machine out of a message.
fn scrub(text: &str, w: &Workspace) -> String {
    let mut directories: Vec<(String, String)> = w.data.iter().map(|(n, d)| (d.display().to_string(), format!("{n}:"))).collect();
    for (path, name) in [(&w.store, "STORE"), (&w.results, "RESULTS"), (&w.private, "PRIVATE"), (&w.directory, "STUDY")] {
        directories.push((path.display().to_string(), name.into()));
        directories.extend(path.canonicalize().map(|p| (p.display().to_string(), name.into())));
    }
    directories.retain(|(path, _)| path.len() > 1);
    directories.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    directories.iter().fold(text.to_owned(), |text, (path, name)| text.replace(path, name))
}

/// The local flow of every output, for a receipt.
pub fn flows(p: &Pipeline, id: StageId) -> std::collections::BTreeMap<String, hilum_cache::receipt::LocalFlow> {
    let stage = &p.stages[id];
    stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name)).map(|o| (o.name.to_owned(), lineage::local_flow(stage, o))).collect()
}
