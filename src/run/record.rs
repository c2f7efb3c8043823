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
use std::path::Path;

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
        let message = scrub(message, self.workspace);
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

/// Takes the directories of this machine out of a message, and what lies below those that hold what the study reads: names of files
/// and directories there may be those of patients.
fn scrub(text: &str, w: &Workspace) -> String {
    // Each with what stands for it, and whether what is below it has names that hilum gave.
    let mut directories: Vec<(String, String, bool)> = vec![];
    let mut add = |path: &Path, name: String, is_ours: bool| {
        directories.push((path.display().to_string(), name.clone(), is_ours));
        directories.extend(path.canonicalize().map(|p| (p.display().to_string(), name, is_ours)));
    };
    w.data.iter().for_each(|(name, path)| add(path, format!("{name}:"), false));
    add(&w.directory, "STUDY".into(), false);
    [(&w.store, "STORE"), (&w.results, "RESULTS"), (&w.private, "PRIVATE")].into_iter().for_each(|(path, name)| add(path, name.into(), true));
    directories.retain(|(path, ..)| path.len() > 1);
    directories.sort_by_key(|(path, ..)| std::cmp::Reverse(path.len()));
    directories.iter().fold(text.to_owned(), |text, (path, name, is_ours)| if *is_ours { text.replace(path, name) } else { without_below(&text, path, name) })
}

/// A message with a name in place of a directory and of everything up to the last quotation mark behind it, or, without one, up to its
/// end: a name of a file may hold any character.
fn without_below(text: &str, directory: &str, name: &str) -> String {
    let is_start = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "/._-".contains(c));
    let path = text.match_indices(directory).find(|(at, _)| is_start(*at) && text[at + directory.len()..].starts_with('/'));
    match path {
        Some((at, _)) => {
            let below = &text[at + directory.len()..];
            let end = below.rfind('`').unwrap_or(below.len());
            format!("{}{name}{}", &text[..at], &below[end..])
        }
        // A single word may be one of the message.
        None if !directory.contains('/') => text.to_owned(),
        None => text.replace(directory, name),
    }
}

/// The local flow of every output, for a receipt.
pub fn flows(p: &Pipeline, id: StageId) -> std::collections::BTreeMap<String, hilum_cache::receipt::LocalFlow> {
    let stage = &p.stages[id];
    stage.kind.outputs.iter().filter(|o| stage.stage.fills(o.name)).map(|o| (o.name.to_owned(), lineage::local_flow(stage, o))).collect()
}

#[cfg(test)]
mod tests {
    use super::without_below;

    #[test]
    fn names_of_files_that_a_study_reads_are_in_no_message() {
        let of = |text: &str, directory: &str| without_below(text, directory, "cxr:");
        assert_eq!(of("cannot read `/srv/cxr/Doe `Jane`/1.png`: no such file", "/srv/cxr"), "cannot read `cxr:`: no such file");
        assert_eq!(of("cannot read /srv/cxr/Doe/1.png", "/srv/cxr"), "cannot read cxr:");
        assert_eq!(of("`/srv/cxr` is not a directory", "/srv/cxr"), "`cxr:` is not a directory");
        assert_eq!(of("cannot read `data/Doe/1.png`: no such file", "data"), "cannot read `cxr:`: no such file");
        assert_eq!(of("the PNG's data are damaged, as metadata/x are", "data"), "the PNG's data are damaged, as metadata/x are");
    }
}
