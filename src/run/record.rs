//! What a run writes into its journal: never paths, host or user.

use crate::checks::Finding;
use crate::lineage;
use crate::pipeline::model::StageId;
use crate::pipeline::{Pipeline, resolved};
use crate::run::environment;
use crate::workspace::Workspace;
use hilum_cache::{Journal, Receipt, Result, StageKey};
use serde_json::{Map, Value, json};

/// Writes a run's journal.
pub struct Recorder<'a> {
    journal: Journal,
    workspace: &'a Workspace,
    study: String,
}

fn body(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

impl<'a> Recorder<'a> {
    /// Starts the journal of a run of a study.
    pub fn begin(mut journal: Journal, workspace: &'a Workspace, p: &Pipeline) -> Result<Self> {
        let resolved = resolved::to_json(p);
        journal.append("started", body(json!({ "study": p.study, "pipeline": environment::study_digest(&resolved), "resolved": resolved })), true)?;
        Ok(Recorder { journal, workspace, study: p.study.clone() })
    }
    /// The run's name.
    pub fn run(&self) -> &str {
        self.journal.run()
    }
    /// A torn line of an earlier run was moved aside.
    pub fn recovered(&mut self, run: &str, bytes: usize) -> Result<()> {
        self.journal.append("recovered", body(json!({ "of": run, "bytes": bytes })), false)
    }
    /// A long stage has started: a report finds its checkpoints by the key.
    pub fn begun(&mut self, stage: &str, key: &StageKey) -> Result<()> {
        self.journal.append("begun", body(json!({ "stage": stage, "key": key.to_string() })), false)
    }
    /// A stage was executed.
    pub fn receipt(&mut self, receipt: &Receipt) -> Result<()> {
        self.journal.append("receipt", body(json!({ "receipt": receipt })), true)
    }
    /// Stages are up to date.
    pub fn reused(&mut self, stages: &[(String, StageKey)]) -> Result<()> {
        let stages: Map<String, Value> = stages.iter().map(|(s, k)| (s.clone(), k.to_string().into())).collect();
        self.journal.append("reused", body(json!({ "study": self.study, "stages": stages })), false)
    }
    /// A stage failed.
    pub fn failed(&mut self, stage: &str, message: &str) -> Result<()> {
        let message = scrub(message, self.workspace);
        self.journal.append("failed", body(json!({ "study": self.study, "stage": stage, "message": message })), false)
    }
    /// A check found something.
    pub fn finding(&mut self, p: &Pipeline, f: &Finding) -> Result<()> {
        self.journal.append("finding", body(f.to_json(p)), false)
    }
    /// The run has finished.
    pub fn finished(&mut self, counts: Value) -> Result<()> {
        self.journal.append("finished", body(counts), true)
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
