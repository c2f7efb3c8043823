//! The name of the file that the journal of a run is in: for what makes and opens stores, which knows nothing of its lines.

/// Within the directory of the run.
pub(crate) const JOURNAL: &str = "journal.jsonl";
