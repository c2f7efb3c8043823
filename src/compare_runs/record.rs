//! A run as recorded in its journal: the study, and the receipt of each stage at its end.

use crate::recorded;
use hilum_cache::{Ledger, Receipt, Result, Store, journal};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is known of a run.
pub struct Record {
    /// Its name.
    pub run: String,
    /// The study.
    pub study: String,
    /// When it started (RFC 3339, UTC).
    pub started: String,
    /// The resolved stages, by name.
    pub stages: BTreeMap<String, Value>,
    /// Receipts by stage, of those that finished.
    pub receipts: BTreeMap<String, Receipt>,
}

impl Record {
    /// Reads a run.
    ///
    /// # Errors
    /// If its journal cannot be read.
    pub fn read(store: &Store, ledger: &Ledger, run: &str) -> Result<Record> {
        let lines = journal::lines(&store.run_dir(run).join("journal.jsonl"))?;
        let first = lines.first().map(|l| &l.body).filter(|b| b["type"] == "started").cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let receipts = recorded::results(&lines, ledger).into_iter().map(|(stage, (receipt, _))| (stage, receipt)).collect();
        let stages = first["resolved"]["stages"].as_object().into_iter().flatten().map(|(n, s)| (n.clone(), s.clone())).collect();
        Ok(Record { run: run.to_owned(), study: text(&first["study"]), started: text(&first["time"]), stages, receipts })
    }
}
