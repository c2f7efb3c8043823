//! What the runs of a store say: the graph of each, and under which key each stage ended. Independent of how they are recorded, and
//! of what is asked for.

use crate::tables::Tables;
use hilum_cache::journal::Severity;
use hilum_cache::{Receipt, Result, RunRecord, StageKey, Store, journal};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// The number of a run, oldest first.
pub type RunId = usize;

/// All runs of a store.
pub struct History<'a> {
    pub(super) store: &'a Store,
    pub(super) runs: Vec<Run>,
    /// Receipts with the runs that wrote them, oldest first.
    pub(super) receipts: Vec<(Receipt, RunId)>,
    by_key: HashMap<StageKey, Vec<usize>>,
    pub(super) tables: Tables,
}

/// One run.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) study: String,
    /// Stages in the order of the study; empty where the graph was not recorded.
    order: Vec<String>,
    /// The graph.
    pub(super) graph: HashMap<String, Bound>,
    /// The key under which each stage had a result at the end.
    pub(super) keys: BTreeMap<String, StageKey>,
    /// True if it ended in a way after which results are written.
    pub(super) has_written: bool,
}

/// A stage of a graph.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Bound {
    pub(super) kind: String,
    /// Its parameters, of a stage without inputs: they say what it reads.
    pub(super) parameters: Value,
    /// Outputs by input port.
    pub(super) inputs: Vec<(String, Vec<Output>)>,
}

/// An output by its stage's name.
#[derive(Debug, PartialEq, Eq)]
pub struct Output {
    /// The stage, with its cell.
    pub stage: String,
    /// Its output port.
    pub port: String,
}

impl<'a> History<'a> {
    /// Reads all journals of a store.
    ///
    /// # Errors
    /// If a journal cannot be read.
    pub fn read(store: &'a Store) -> Result<History<'a>> {
        let (mut runs, mut receipts) = (vec![], vec![]);
        for (id, name) in journal::run_names(store)?.into_iter().enumerate() {
            let record = RunRecord::read(store, &name)?;
            runs.push(Run::of(&record));
            receipts.extend(record.into_receipts().map(|receipt| (receipt, id)));
        }
        let mut by_key: HashMap<StageKey, Vec<usize>> = HashMap::new();
        for (at, (receipt, _)) in receipts.iter().enumerate() {
            by_key.entry(receipt.key).or_default().push(at);
        }
        Ok(History { store, runs, receipts, by_key, tables: Tables::default() })
    }

    /// The run of this name.
    pub fn run(&self, name: &str) -> Option<RunId> {
        self.runs.iter().position(|r| r.name == name)
    }

    /// Names of the stages of a run, in the order of its study; without its graph, those that are known to have had a result.
    pub fn stages(&self, run: RunId) -> impl Iterator<Item = &str> {
        let run = &self.runs[run];
        let others = run.keys.keys().filter(|_| run.order.is_empty());
        run.order.iter().chain(others).map(String::as_str)
    }

    /// Names of all stages of all runs.
    pub fn all_stages(&self) -> impl Iterator<Item = &str> {
        (0..self.runs.len()).flat_map(|run| self.stages(run))
    }

    /// The receipt of a stage in a run, by its place in `receipts`. If its key was computed more than
    /// once, the newest result by then counts; a run for which another one computed it began before there was any.
    pub(super) fn receipt_in_run(&self, run: RunId, stage: &str) -> Option<usize> {
        let all = self.by_key.get(self.runs[run].keys.get(stage)?)?;
        all.iter().rev().find(|at| self.receipts[**at].1 <= run).or(all.first()).copied()
    }
}

impl Run {
    fn of(record: &RunRecord) -> Run {
        let is_refused = record.findings.iter().any(|f| f.severity == Severity::Error && f.allowed.is_none());
        let has_ended = record.finished.is_some_and(|f| !f.cancelled && f.failed == 0 && f.skipped == 0);
        let (name, study, keys) = (record.name.clone(), record.study.clone(), record.keys());
        let mut run = Run { name, study, keys, has_written: has_ended && !is_refused, ..Run::default() };
        run.take_graph(&record.resolved);
        run
    }

    fn take_graph(&mut self, resolved: &Value) {
        for (name, stage) in resolved["stages"].as_object().into_iter().flatten() {
            let outputs = |bound: &Value| match bound {
                Value::Array(several) => several.iter().filter_map(Value::as_str).map(Output::read).collect(),
                one => one.as_str().map(Output::read).into_iter().collect::<Vec<Output>>(),
            };
            let mut inputs: Vec<(String, Vec<Output>)> =
                stage["in"].as_object().into_iter().flatten().map(|(port, bound)| (port.clone(), outputs(bound))).collect();
            inputs.sort_by(|a, b| a.0.cmp(&b.0));
            let parameters = if inputs.is_empty() { stage["with"].clone() } else { Value::Null };
            self.graph.insert(name.clone(), Bound { kind: stage["stage"].as_str().unwrap_or_default().to_owned(), parameters, inputs });
        }
        let order = resolved["order"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.order = order.filter(|name| self.graph.contains_key(*name)).map(str::to_owned).collect();
        if self.order.is_empty() {
            self.order = self.graph.keys().cloned().collect();
            self.order.sort();
        }
    }
}

impl Output {
    /// Reads `stage.port/axis=value`, as [`crate::pipeline::resolved`] writes it.
    fn read(text: &str) -> Output {
        let (head, cell) = text.split_once('/').map_or((text, None), |(head, cell)| (head, Some(cell)));
        let (base, port) = head.split_once('.').unwrap_or((head, ""));
        Output { stage: cell.map_or_else(|| base.to_owned(), |cell| format!("{base}/{cell}")), port: port.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn an_output_with_a_cell_is_of_the_stage_with_that_cell() {
        let read = |text: &str| (Output::read(text).stage, Output::read(text).port);
        assert_eq!(read("split.train"), ("split".into(), "train".into()));
        assert_eq!(read("made.images/rate=0.5/repeat=1"), ("made/rate=0.5/repeat=1".into(), "images".into()));
    }
}
