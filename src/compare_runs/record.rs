//! What of a run is compared with another: the study as resolved, and the result of each stage.

use hilum_cache::{Ledger, Receipt, Result, RunRecord, Store};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is known of a run.
#[derive(Debug, Default)]
pub struct Record {
    /// Its name.
    pub run: String,
    /// The study.
    pub study: String,
    /// When it started (RFC 3339, UTC).
    pub started: String,
    /// The resolved stages, by name.
    pub stages: BTreeMap<String, Value>,
    /// Their names, each behind those that it needs.
    pub order: Vec<String>,
    /// Receipts by stage, of those that finished.
    pub receipts: BTreeMap<String, Receipt>,
}

impl Record {
    /// Reads a run.
    ///
    /// # Errors
    /// If its journal cannot be read.
    pub fn read(store: &Store, ledger: &Ledger, run: &str) -> Result<Record> {
        let record = RunRecord::read(store, run)?;
        let receipts = record.results(ledger).into_iter().map(|(stage, (receipt, _))| (stage, receipt)).collect();
        let stages = record.resolved["stages"].as_object().into_iter().flatten().map(|(n, s)| (n.clone(), s.clone())).collect();
        let order = record.resolved["order"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Record { order, run: record.name, study: record.study, started: record.started, stages, receipts })
    }
}
