//! What a line of a journal says: one variant for each type of line. The names of types and members are those of the file, and
//! lines are canonical JSON, so that a variant alone decides the bytes of its line. Independent of files and chains, and of what
//! studies, stages and checks are: what only the layers above understand stays JSON.

use crate::{Digest, Receipt, StageKey};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One event of a run.
///
/// A member that is new must have a default, since older journals lack it; no name of a member may sort after `type`, since lines
/// are recognised by their ends; and a line with another meaning has another type, as has a receipt with more members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// The run started; its first line.
    Started {
        /// The study.
        study: String,
        /// The digest of the resolved study.
        pipeline: Digest,
        /// The resolved study, as the layers above write and read it; null where it was not recorded.
        #[serde(default)]
        resolved: Value,
    },
    /// A torn last line of an earlier run was moved aside.
    Recovered {
        /// That run.
        of: String,
        /// The bytes that were moved.
        bytes: u64,
    },
    /// A long stage started: its checkpoints are found by the key.
    #[serde(rename = "stage-started", alias = "begun")]
    StageStarted {
        /// The stage's name, with its cell.
        stage: String,
        /// The key of its recipe.
        key: StageKey,
    },
    /// Stages are up to date.
    Reused {
        /// The study.
        study: String,
        /// The key of each, by its name.
        stages: BTreeMap<String, StageKey>,
    },
    /// A stage was executed.
    Receipt {
        /// The record of that.
        receipt: Box<Receipt>,
    },
    /// A stage failed.
    Failed(Failure),
    /// A check found something; later lines may say that it does not hold any more.
    Finding(Finding),
    /// The checks were made with what was known by then; what they found stands in earlier lines.
    Checked {
        /// The checks that had seen everything that they look at: what they have not found is not there.
        decided: Vec<String>,
        /// The `seq` of lines with findings that do not hold any more.
        #[serde(default)]
        gone: Vec<u64>,
    },
    /// The run ended by itself, and not by being killed; its last line.
    Finished(Finished),
    /// Something was done with the store, or asked of it, that is no run of a study; the first line of its journal.
    AuditStarted {
        /// What it was.
        audit: Audit,
        /// The study that it was about.
        study: String,
    },
    /// Objects are removed, since a patient is erased: this line is on the disk before the first of them is gone.
    Erased {
        /// The objects.
        objects: Vec<Digest>,
    },
    /// A stage was computed again, and its outputs were compared with those of its receipt.
    Replayed(Replayed),
    /// What is to be compared, and how, was fixed.
    Sealed {
        /// The study.
        study: String,
        /// What was fixed, as the layers above write and read it.
        plan: Value,
    },
    /// What came of it, as the layers above write and read it.
    Certificate {
        /// The certificate.
        certificate: Value,
    },
}

impl Event {
    /// True for a line that has to be on the disk before the run goes on: others follow from it, or from its being there.
    pub(super) fn is_durable(&self) -> bool {
        match self {
            Event::Started { .. } | Event::Receipt { .. } | Event::Checked { .. } | Event::Finished(_) => true,
            Event::AuditStarted { .. } | Event::Erased { .. } | Event::Replayed(_) | Event::Sealed { .. } | Event::Certificate { .. } => true,
            Event::Recovered { .. } | Event::StageStarted { .. } | Event::Reused { .. } | Event::Failed(_) | Event::Finding(_) => false,
        }
    }
}

/// The types of lines that this program knows, by all of their names.
const TYPES: [&str; 15] = [
    "audit-started",
    "begun",
    "certificate",
    "checked",
    "erased",
    "failed",
    "finding",
    "finished",
    "receipt",
    "recovered",
    "replayed",
    "reused",
    "sealed",
    "stage-started",
    "started",
];

/// True if this program should be able to read a line of that type.
pub(super) fn is_known(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// What a journal is the record of, where it is no run of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audit {
    /// A patient was erased.
    Erasure,
    /// Stages were computed again.
    Replay,
    /// An analysis was fixed.
    Seal,
}

/// A stage that was computed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The key of the recipe.
    pub key: StageKey,
    /// The study of the receipt.
    pub study: String,
    /// The stage's name there, with its cell.
    pub stage: String,
    /// The run that wrote the receipt.
    pub run: String,
    /// What came of it.
    pub outcome: ReplayOutcome,
    /// Why it could not be compared; none where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digests of outputs as the receipt has them, by port.
    pub recorded: BTreeMap<String, Digest>,
    /// Digests of outputs as they are now, by port; none where it was not computed.
    #[serde(default)]
    pub found: BTreeMap<String, Digest>,
}

/// What came of computing a stage again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayOutcome {
    /// All outputs have the same bytes.
    Same,
    /// They have others, although the same were due.
    Differs,
    /// They have others, and need not have the same: the kind promises statistics only, or the machine is another.
    NotComparable,
    /// It could not be computed.
    NotReplayed,
}

/// Why a stage failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The study.
    pub study: String,
    /// The stage's name, with its cell.
    pub stage: String,
    /// The reason, without directories of the machine.
    pub message: String,
}

/// What a check found at a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check's id.
    pub id: String,
    /// The check's code; empty in format 1.
    #[serde(default)]
    pub code: String,
    /// The stage's name, with its cell.
    pub stage: String,
    /// What was found; none in format 1, where `counts` say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How grave it is.
    #[serde(default)]
    pub severity: Severity,
    /// Further facts.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Stages from the model back to where the data came in.
    #[serde(default)]
    pub path: Vec<String>,
    /// Why the study allows it, if it does.
    pub allowed: Option<String>,
    /// How many of what, such as `images`: a member for each unit.
    #[serde(flatten, deserialize_with = "counts")]
    pub counts: BTreeMap<String, u64>,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Refuses the study, unless it is allowed with a reason.
    #[default]
    Error,
    /// Shown in terminal, journal and report.
    Warning,
    /// Shown in journal and report.
    Info,
}

/// How many stages ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Finished {
    pub executed: usize,
    pub reused: usize,
    pub failed: usize,
    pub skipped: usize,
    /// True if the user interrupted the run.
    pub cancelled: bool,
}

/// The members of a line that are not those of its event, but for `type`.
const ENVELOPE: [&str; 5] = ["number", "prev", "seq", "time", "v"];

/// Everything else that is a whole number.
fn counts<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, u64>, D::Error> {
    let others = BTreeMap::<String, Value>::deserialize(d)?.into_iter();
    Ok(others.filter(|(name, _)| !ENVELOPE.contains(&name.as_str())).filter_map(|(name, v)| Some((name, v.as_u64()?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    /// What is written to disk, member by member: a store is read by programs of other times.
    #[test]
    fn every_type_of_line_has_its_shape() {
        let (key, digest) = (StageKey(Digest::of(b"k")), Digest::of(b"d"));
        let finding = |message: Option<&str>| Finding {
            id: "i".into(),
            code: "L1".into(),
            stage: "a".into(),
            message: message.map(str::to_owned),
            severity: Severity::Warning,
            notes: vec![],
            path: vec!["a".into()],
            allowed: None,
            counts: BTreeMap::from([("images".into(), 3)]),
        };
        let all = [
            (
                Event::Started { study: "s".into(), pipeline: digest, resolved: json!({"stages": {}}) },
                json!({"type": "started", "study": "s", "pipeline": digest, "resolved": {"stages": {}}}),
            ),
            (Event::Recovered { of: "r".into(), bytes: 7 }, json!({"type": "recovered", "of": "r", "bytes": 7})),
            (Event::StageStarted { stage: "a/x=1".into(), key }, json!({"type": "stage-started", "stage": "a/x=1", "key": key.to_string()})),
            (
                Event::Reused { study: "s".into(), stages: BTreeMap::from([("a".into(), key)]) },
                json!({"type": "reused", "study": "s", "stages": {"a": key.to_string()}}),
            ),
            (
                Event::Failed(Failure { study: "s".into(), stage: "a".into(), message: "m".into() }),
                json!({"type": "failed", "study": "s", "stage": "a", "message": "m"}),
            ),
            (
                Event::Finding(finding(Some("m"))),
                json!({"type": "finding", "id": "i", "code": "L1", "stage": "a", "message": "m", "severity": "warning", "notes": [], "path": ["a"], "allowed": null, "images": 3}),
            ),
            (Event::Checked { decided: vec!["i".into()], gone: vec![3] }, json!({"type": "checked", "decided": ["i"], "gone": [3]})),
            (
                Event::Finished(Finished { executed: 1, reused: 2, failed: 3, skipped: 4, cancelled: true }),
                json!({"type": "finished", "executed": 1, "reused": 2, "failed": 3, "skipped": 4, "cancelled": true}),
            ),
            (Event::AuditStarted { audit: Audit::Erasure, study: "s".into() }, json!({"type": "audit-started", "audit": "erasure", "study": "s"})),
            (Event::Erased { objects: vec![digest] }, json!({"type": "erased", "objects": [digest]})),
            (
                Event::Replayed(Replayed {
                    key,
                    study: "s".into(),
                    stage: "a".into(),
                    run: "r".into(),
                    outcome: ReplayOutcome::NotComparable,
                    reason: Some("w".into()),
                    recorded: BTreeMap::from([("p".into(), digest)]),
                    found: BTreeMap::new(),
                }),
                json!({"type": "replayed", "key": key.to_string(), "study": "s", "stage": "a", "run": "r", "outcome": "not-comparable", "reason": "w", "recorded": {"p": digest}, "found": {}}),
            ),
            (Event::Sealed { study: "s".into(), plan: json!({}) }, json!({"type": "sealed", "study": "s", "plan": {}})),
            (Event::Certificate { certificate: json!([1]) }, json!({"type": "certificate", "certificate": [1]})),
        ];
        for (event, line) in all {
            assert!(is_known(line["type"].as_str().unwrap()), "{line}");
            assert_eq!(to_value(&event).unwrap(), line);
            assert_eq!(from_value::<Event>(line).unwrap(), event);
        }
        let receipt = crate::receipt::tests::receipt("a", key);
        let line = json!({"type": "receipt", "receipt": receipt});
        let event = Event::Receipt { receipt: Box::new(receipt) };
        assert_eq!((to_value(&event).unwrap(), from_value::<Event>(line.clone()).unwrap()), (line, event));
    }

    #[test]
    fn older_programs_called_a_stage_that_started_begun() {
        let key = StageKey(Digest::of(b"k"));
        let line = json!({"type": "begun", "stage": "a", "key": key.to_string()});
        assert_eq!(from_value::<Event>(line).unwrap(), Event::StageStarted { stage: "a".into(), key });
    }

    #[test]
    fn findings_of_format_1_are_read() {
        let line = json!({"v": 1, "seq": 3, "prev": "x", "number": 2, "time": "t", "type": "finding", "id": "i", "stage": "a", "patients": 2, "path": ["b"], "allowed": "r"});
        let Ok(Event::Finding(found)) = from_value(line) else { panic!("not a finding") };
        assert_eq!((found.message, found.severity, found.allowed.as_deref()), (None, Severity::Error, Some("r")));
        assert_eq!(found.counts, BTreeMap::from([("patients".to_owned(), 2)]), "the envelope is not counted");
    }
}
