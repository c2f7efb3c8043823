//! What the journals of a store say of its runs: the graph of each, and under which key each stage stood. Ignorant of what is
//! asked for.

use crate::tables::Tables;
use hilum_cache::{Ledger, Receipt, Result, StageKey, Store, journal};
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
    /// The key under which each stage stood at the end.
    pub(super) stood: BTreeMap<String, StageKey>,
}

/// A stage of a graph.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Bound {
    pub(super) kind: String,
    /// Outputs by input port.
    pub(super) inputs: Vec<(String, Vec<Output>)>,
}

/// An output by its stage's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) stage: String,
    pub(super) port: String,
}

impl<'a> History<'a> {
    /// Reads all journals of a store whose receipts `ledger` contains.
    ///
    /// # Errors
    /// If a journal cannot be read.
    pub fn read(store: &'a Store, ledger: &Ledger) -> Result<History<'a>> {
        let mut runs = vec![];
        for name in journal::run_names(store)? {
            let lines = journal::lines(&store.run_dir(&name).join("journal.jsonl"))?;
            runs.push(Run::of(name, &lines));
        }
        let numbers: HashMap<&str, RunId> = runs.iter().enumerate().map(|(id, run)| (run.name.as_str(), id)).collect();
        let receipts: Vec<(Receipt, RunId)> = ledger.receipts().into_iter().filter_map(|(r, run)| Some((r, *numbers.get(run)?))).collect();
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

    /// Names of the stages of a run, in the order of its study; without its graph, those that are known to have stood.
    pub fn stages(&self, run: RunId) -> impl Iterator<Item = &str> {
        let run = &self.runs[run];
        let others = run.stood.keys().filter(|_| run.order.is_empty());
        run.order.iter().chain(others).map(String::as_str)
    }

    /// Names of all stages of all runs.
    pub fn all_stages(&self) -> impl Iterator<Item = &str> {
        (0..self.runs.len()).flat_map(|run| self.stages(run))
    }

    /// The receipt on which a stage stood in a run, by its place in `receipts`. A key that was computed more than once stood on
    /// the newest result that there was; only a run that another one computed something for began before there was any.
    pub(super) fn stood_on(&self, run: RunId, stage: &str) -> Option<usize> {
        let all = self.by_key.get(self.runs[run].stood.get(stage)?)?;
        all.iter().rev().find(|at| self.receipts[**at].1 <= run).or(all.first()).copied()
    }
}

impl Run {
    fn of(name: String, lines: &[journal::Line]) -> Run {
        let mut run = Run { name, ..Run::default() };
        let key = |v: &Value| v.as_str().and_then(|k| k.parse().ok()).map(StageKey);
        for line in lines {
            let body = if line.kind == "receipt" { &line.body["receipt"] } else { &line.body };
            match line.kind.as_str() {
                "started" => run.take_graph(&body["resolved"]),
                "receipt" => {
                    run.stood.extend(body["stage"].as_str().map(str::to_owned).zip(key(&body["key"])));
                }
                "reused" => run.stood.extend(body["stages"].as_object().into_iter().flatten().filter_map(|(stage, k)| Some((stage.clone(), key(k)?)))),
                _ => continue,
            }
            // The first line may be damaged; the others say it, too.
            if let (true, Some(study)) = (run.study.is_empty(), body["study"].as_str()) {
                run.study = study.to_owned();
            }
        }
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
            self.graph.insert(name.clone(), Bound { kind: stage["stage"].as_str().unwrap_or_default().to_owned(), inputs });
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
