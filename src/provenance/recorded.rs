//! What each run recorded, for those who compose something over the graphs of all runs. Independent of what that is.

use super::history::{History, Output, RunId};
use hilum_cache::{Receipt, Store};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

impl History<'_> {
    /// The store that was read.
    pub fn store(&self) -> &Store {
        self.store
    }
    /// How many runs there are; they are numbered from 0, the oldest.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }
    /// The name of a run.
    pub fn name(&self, run: RunId) -> &str {
        &self.runs[run].name
    }
    /// The study of a run.
    pub fn study(&self, run: RunId) -> &str {
        &self.runs[run].study
    }
    /// All receipts with the runs that wrote them, oldest first.
    pub fn receipts(&self) -> &[(Receipt, RunId)] {
        &self.receipts
    }
    /// The place in [`History::receipts`] of the result that a stage had in a run, if it had one and its receipt is left.
    pub fn result(&self, run: RunId, stage: &str) -> Option<usize> {
        self.receipt_in_run(run, stage)
    }
    /// The stages that had a result in a run, whether or not its receipt is left.
    pub fn ended(&self, run: RunId) -> impl Iterator<Item = &str> {
        self.runs[run].keys.keys().map(String::as_str)
    }
    /// Of each study, the stages of its newest graph, each in the newest run that has such a result of it.
    pub fn current(&self, is_such: impl Fn(RunId, &str) -> bool) -> Vec<(RunId, &str)> {
        let mut out = vec![];
        let mut wanted: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for run in (0..self.runs()).rev().filter(|run| self.stages(*run).next().is_some()) {
            let wanted = wanted.entry(self.study(run)).or_insert_with(|| self.stages(run).collect());
            let found: Vec<&str> = self.ended(run).filter(|stage| is_such(run, stage) && wanted.remove(stage)).collect();
            out.extend(found.into_iter().map(|stage| (run, stage)));
        }
        out
    }
    /// What a stage was given at each port, as the run's graph has it; nothing where the graph was not recorded.
    pub fn bound(&self, run: RunId, stage: &str) -> &[(String, Vec<Output>)] {
        self.runs[run].graph.get(stage).map_or(&[], |bound| &bound.inputs)
    }
    /// The kind and the parameters of a stage without inputs, as the run's graph has it.
    pub fn source(&self, run: RunId, stage: &str) -> Option<(&str, &Value)> {
        let bound = self.runs[run].graph.get(stage)?;
        Some((&bound.kind, &bound.parameters))
    }
}
