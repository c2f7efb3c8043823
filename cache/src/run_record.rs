//! What the journal of a run says of it, as a whole. Independent of other runs but for the receipts on which it relies, and of
//! what a resolved study is.

use crate::journal::{self, Audit, Entry, Event, Failure, Finding, Finished};
use crate::{Ledger, Receipt, Result, StageKey, Store};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One run, as recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRecord {
    /// Its name.
    pub name: String,
    /// Newer runs have larger numbers; 0 in journals of older programs.
    pub number: u64,
    /// The study; empty if no line that can be read names it, and of an audit, which is no run of a study.
    pub study: String,
    /// What it is the record of, if it is no run of a study, and of which study that was.
    pub audit: Option<(Audit, String)>,
    /// When it started (RFC 3339, UTC): the time of the first line that can be read.
    pub started: String,
    /// The resolved study; null if it was not recorded.
    pub resolved: Value,
    /// The keys of long stages that started, whether they ended or not; of one that was started again, the last.
    pub stages_started: BTreeMap<String, StageKey>,
    /// Stages that have a result, by their names, in the order of the lines. A stage may end again, if its result was damaged.
    pub ends: Vec<(String, End)>,
    /// Stages that failed.
    pub failures: Vec<Failure>,
    /// What checks found, but for what they took back.
    pub findings: Vec<Finding>,
    /// The counts at the end; none if the run did not finish.
    pub finished: Option<Finished>,
    /// The first line whose meaning is not known, counted from 1: of a newer program, or damaged.
    pub first_unknown: Option<usize>,
}

/// How a stage came to its result.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It was executed.
    Executed(Box<Receipt>),
    /// It was up to date, or shared the result of another stage.
    Reused(StageKey),
}

impl End {
    /// The key of its recipe.
    pub fn key(&self) -> StageKey {
        match self {
            End::Executed(receipt) => receipt.key,
            End::Reused(key) => *key,
        }
    }
}

impl RunRecord {
    /// Reads the journal of a run. What cannot be read in it is left out.
    ///
    /// # Errors
    /// If it cannot be opened or is too long.
    pub fn read(store: &Store, run: &str) -> Result<RunRecord> {
        let bytes = journal::read(store, run)?;
        Ok(RunRecord { number: journal::number_of(&bytes), ..RunRecord::of(run, journal::of_bytes(&bytes)) })
    }

    fn of(run: &str, entries: Vec<Entry>) -> RunRecord {
        let started = entries.first().map(|e| e.time.clone()).unwrap_or_default();
        let first_unknown = entries.iter().position(|e| e.event.is_none()).map(|at| at + 1);
        let mut record = RunRecord { name: run.to_owned(), started, first_unknown, ..RunRecord::default() };
        let gone: BTreeSet<u64> =
            entries.iter().filter_map(|e| if let Some(Event::Checked { gone, .. }) = &e.event { Some(gone) } else { None }).flatten().copied().collect();
        let holds = |e: &Entry| !(matches!(e.event, Some(Event::Finding(_))) && gone.contains(&e.seq));
        entries.into_iter().filter(holds).filter_map(|e| e.event).for_each(|event| record.take(event));
        record
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Started { study, pipeline: _, resolved } => {
                self.is_of(study);
                self.resolved = resolved;
            }
            Event::Recovered { .. } | Event::Checked { .. } => {}
            Event::AuditStarted { audit, study } => self.audit = Some((audit, study)),
            Event::Erased { .. } | Event::Replayed(_) | Event::Sealed { .. } | Event::Certificate { .. } => {}
            Event::StageStarted { stage, key } => {
                self.stages_started.insert(stage, key);
            }
            Event::Reused { study, stages } => {
                self.is_of(study);
                self.ends.extend(stages.into_iter().map(|(stage, key)| (stage, End::Reused(key))));
            }
            Event::Receipt { receipt } => {
                self.is_of(receipt.study.clone());
                self.ends.push((receipt.stage.clone(), End::Executed(receipt)));
            }
            Event::Failed(failure) => {
                self.is_of(failure.study.clone());
                self.failures.push(failure);
            }
            Event::Finding(finding) => self.findings.push(finding),
            Event::Finished(finished) => self.finished = Some(finished),
        }
    }

    /// The first line may be damaged; the others name the study, too.
    fn is_of(&mut self, study: String) {
        if self.study.is_empty() {
            self.study = study;
        }
    }

    /// The key under which each stage ended.
    pub fn keys(&self) -> BTreeMap<String, StageKey> {
        self.ends.iter().map(|(stage, end)| (stage.clone(), end.key())).collect()
    }

    /// The receipts that it wrote, oldest first.
    pub fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.ends.iter().filter_map(|(_, end)| match end {
            End::Executed(receipt) => Some(&**receipt),
            End::Reused(_) => None,
        })
    }

    /// As [`RunRecord::receipts`], where nothing else is needed any more.
    pub fn into_receipts(self) -> impl Iterator<Item = Receipt> {
        self.ends.into_iter().filter_map(|(_, end)| match end {
            End::Executed(receipt) => Some(*receipt),
            End::Reused(_) => None,
        })
    }

    /// The result of each stage by the name that it has in this run; true if the run computed it. The stage that executed a reused
    /// recipe may have had another name, or be another one of this study.
    pub fn results(&self, ledger: &Ledger) -> BTreeMap<String, (Receipt, bool)> {
        let result = |(stage, end): &(String, End)| match end {
            End::Executed(receipt) => Some((stage.clone(), ((**receipt).clone(), true))),
            End::Reused(key) => ledger.find(key).map(|(receipt, _)| (stage.clone(), (Receipt { stage: stage.clone(), ..receipt }, false))),
        };
        self.ends.iter().filter_map(result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Severity;
    use crate::receipt::tests::receipt;
    use crate::{Digest, Journal, WritableStore};
    use serde_json::json;

    fn key(name: &str) -> StageKey {
        StageKey(Digest::of(name.as_bytes()))
    }

    #[test]
    fn the_last_end_of_a_stage_counts_and_a_reused_result_has_the_name_it_has_here() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let write = |events: &[Event]| {
            let mut journal = Journal::begin(&store).unwrap();
            events.iter().for_each(|event| journal.append(event).unwrap());
            journal.run().to_owned()
        };
        let executed = |stage: &str, by: &str| Event::Receipt { receipt: Box::new(receipt(stage, key(by))) };
        let started = |study: &str| Event::Started { study: study.into(), pipeline: Digest::of(b""), resolved: json!({ "order": ["a"] }) };
        let reused = |all: &[(&str, &str)]| Event::Reused { study: "t".into(), stages: all.iter().map(|(s, k)| ((*s).to_owned(), key(k))).collect() };
        let first = write(&[started("t"), executed("a", "1"), executed("b", "2")]);
        let finished = Finished { executed: 1, reused: 2, failed: 0, skipped: 0, cancelled: false };
        let again = Event::StageStarted { stage: "c".into(), key: key("4") };
        let second = write(&[
            started("t"),
            reused(&[("x", "1"), ("c", "2"), ("gone", "none")]),
            again.clone(),
            executed("c", "3"),
            executed("c", "4"),
            Event::Finished(finished),
        ]);
        let record = RunRecord::read(&store, &second).unwrap();
        assert_eq!((record.name.as_str(), record.number, record.study.as_str()), (second.as_str(), 2, "t"));
        assert_eq!((&record.resolved["order"][0], record.finished), (&json!("a"), Some(finished)));
        assert_eq!(record.keys(), [("c", "4"), ("gone", "none"), ("x", "1")].map(|(s, k)| (s.to_owned(), key(k))).into());
        assert_eq!(record.stages_started, BTreeMap::from([("c".to_owned(), key("4"))]));
        assert_eq!(record.receipts().map(|r| r.key).collect::<Vec<_>>(), [key("3"), key("4")], "what was computed and replaced was computed");
        let results = record.results(&Ledger::load(&store).unwrap());
        let results: Vec<_> = results.iter().map(|(stage, (r, own))| (stage.as_str(), r.stage.as_str(), r.key, *own)).collect();
        assert_eq!(results, [("c", "c", key("4"), true), ("x", "x", key("1"), false)], "of `gone` nothing is known");
        let record = RunRecord::read(&store, &first).unwrap();
        assert_eq!((record.number, record.finished), (1, None));
    }

    #[test]
    fn a_finding_that_was_taken_back_is_none_any_more() {
        let finding = |stage: &str| Finding {
            id: "i".into(),
            code: String::new(),
            stage: stage.into(),
            message: None,
            severity: Severity::Warning,
            notes: vec![],
            path: vec![],
            allowed: None,
            counts: BTreeMap::new(),
        };
        let events =
            [Event::Finding(finding("a")), Event::Finding(finding("b")), Event::Checked { decided: vec![], gone: vec![0] }, Event::Finding(finding("c"))];
        let entries = (0..).zip(events).map(|(seq, event)| Entry { seq, time: String::new(), kind: String::new(), event: Some(event) });
        assert_eq!(RunRecord::of("r", entries.collect()).findings, [finding("b"), finding("c")]);
    }

    #[test]
    fn a_run_whose_first_line_is_damaged_still_has_a_study_and_a_start() {
        let of = |kind: &str, study: &str, time: &str| Entry {
            seq: 0,
            time: time.into(),
            kind: kind.into(),
            event: (kind == "reused").then(|| Event::Reused { study: study.into(), stages: BTreeMap::new() }),
        };
        let record = RunRecord::of("r", vec![of("later", "", "t1"), of("reused", "s", "t2"), of("reused", "other", "t3")]);
        assert_eq!((record.study.as_str(), record.started.as_str(), record.resolved), ("s", "t1", Value::Null));
        assert_eq!(RunRecord::of("r", vec![]), RunRecord { name: "r".into(), ..RunRecord::default() });
    }
}
