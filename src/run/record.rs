//! What a run writes into its journal: never paths, host or user.

use crate::checks::Finding;
use crate::lineage;
use crate::pipeline::model::StageId;
use crate::pipeline::{Pipeline, resolved};
use crate::run::environment;
use crate::workspace::Workspace;
use hilum_cache::evidence::{SigningKey, checkpoint};
use hilum_cache::journal::{Event, Failure, Finished};
use hilum_cache::{Journal, Receipt, Result, StageKey, WritableStore, journal};

/// Writes a run's journal.
pub struct Recorder<'a> {
    journal: Journal,
    workspace: &'a Workspace,
    study: String,
    /// The findings that the journal says hold, each with the number of its line.
    found: Vec<(u64, hilum_cache::journal::Finding)>,
    /// The checks that it says are decided; none before it says so of any.
    decided: Option<Vec<&'static str>>,
}

impl<'a> Recorder<'a> {
    /// Starts the journal of a run of a study.
    pub fn begin(mut journal: Journal, workspace: &'a Workspace, p: &Pipeline) -> Result<Self> {
        let resolved = resolved::to_json(p);
        journal.append(&Event::Started { study: p.study.clone(), pipeline: environment::study_digest(&resolved), resolved })?;
        Ok(Recorder { journal, workspace, study: p.study.clone(), found: vec![], decided: None })
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
        let message = self.workspace.places().scrubbed(message);
        self.journal.append(&Event::Failed(Failure { study: self.study.clone(), stage: stage.to_owned(), message }))
    }
    /// The checks were made: `found` is all that they find by now, of which the journal may say some already, and these are decided.
    /// When this returns it is on the disk, so that nothing goes on without it.
    pub fn checked(&mut self, p: &Pipeline, found: &[Finding], decided: Vec<&'static str>) -> Result<()> {
        let now: Vec<_> = found.iter().map(|f| f.record(p)).collect();
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.found).into_iter().partition(|(_, f)| now.contains(f));
        let before = kept.len();
        self.found = kept;
        for finding in now {
            if !self.found.iter().any(|(_, known)| *known == finding) {
                let line = self.journal.length();
                self.journal.append(&Event::Finding(finding.clone()))?;
                self.found.push((line, finding));
            }
        }
        if self.found.len() > before || !gone.is_empty() || self.decided.as_ref() != Some(&decided) {
            let gone = gone.into_iter().map(|(line, _)| line).collect();
            self.journal.append(&Event::Checked { decided: decided.iter().map(|id| (*id).to_owned()).collect(), gone })?;
            self.decided = Some(decided);
        }
        Ok(())
    }
    /// The run has finished: its last line is written, and the checkpoint that says which lines there are.
    pub fn finished(&mut self, counts: Finished, store: &WritableStore, signer: Option<&SigningKey>) -> Result<()> {
        // Torn lines of runs that were killed meanwhile go aside before their checkpoints are written.
        for (of, bytes) in journal::repair(store)? {
            self.recovered(&of, bytes)?;
        }
        self.journal.append(&Event::Finished(counts))?;
        checkpoint::write(store, self.journal.run(), signer)
    }
}

/// The local flow of every output, for a receipt.
pub fn flows(p: &Pipeline, id: StageId) -> std::collections::BTreeMap<String, hilum_cache::receipt::LocalFlow> {
    let stage = &p.stages[id];
    stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name)).map(|o| (o.name.to_owned(), lineage::local_flow(stage, o))).collect()
}
