//! Whether another store has the same results of a study, below its imports: the test of what a certificate says. Independent of patients.

use super::proof::{OfStage, Verdict};
use crate::provenance::History;
use hilum_cache::receipt::Determinism;
use hilum_cache::{Result, Store};
use serde::{Deserialize, Serialize};

/// What a comparison with another store found, by outputs as a study writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Outputs with the same digests.
    pub equal: Vec<String>,
    /// Outputs with others, although the same were due.
    pub differs: Vec<String>,
    /// Outputs that the other store does not have.
    pub missing: Vec<String>,
    /// Outputs that need not be equal: of imports, of kinds that promise statistics only, of another instruction set.
    pub not_due: Vec<String>,
}

impl Compared {
    /// True if everything that should be equal is.
    pub fn is_equal(&self) -> bool {
        self.differs.is_empty() && self.missing.is_empty() && !self.equal.is_empty()
    }
}

/// Compares the stages of a certificate with the newest run of the study in another store.
///
/// # Errors
/// If that store cannot be read.
pub fn compare(stages: &[OfStage], study: &str, other: &Store) -> Result<Compared> {
    let history = History::read(other)?;
    let mut out = Compared::default();
    for of_stage in stages {
        // A run that had nothing to do with a stage, as with `--only`, says nothing of it.
        let run = (0..history.runs()).rev().find(|run| history.study(*run) == study && history.result(*run, &of_stage.stage).is_some());
        let receipt = run.and_then(|run| history.result(run, &of_stage.stage)).map(|at| &history.receipts()[at].0);
        for (port, changed) in &of_stage.outputs {
            let output = crate::provenance::output(&of_stage.stage, port);
            let found = receipt.and_then(|receipt| receipt.outputs.get(port));
            let is_due = match of_stage.determinism {
                _ if of_stage.verdict == Verdict::ImportedWithout => false,
                Determinism::Bitwise => true,
                Determinism::BitwisePerFingerprint => receipt.is_none_or(|receipt| receipt.environment.fingerprint == of_stage.fingerprint),
                Determinism::Statistical => false,
            };
            let list = match found {
                Some(artifact) if artifact.digest == changed.after => &mut out.equal,
                _ if !is_due => &mut out.not_due,
                Some(_) => &mut out.differs,
                None => &mut out.missing,
            };
            list.push(output);
        }
    }
    Ok(out)
}
