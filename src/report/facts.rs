//! What a report is about: what the journal of a run and the store say. Independent of kinds, of tables and of the page.

use super::artifacts::{Known, ReportArtifact, Subject};
use crate::tables::Tables;
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::journal::{Event, Failure, Finding};
use hilum_cache::{Error, Ledger, Receipt, ReceiptLine, Result, StageKey, Store};
use hilum_stages::training::snapshot::Preview;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Artifacts of one subject that a chapter is given; those of a large study are counted beyond it.
const MOST: usize = 500;

/// The facts behind a report.
#[derive(Default)]
pub(super) struct Facts<'a> {
    pub(super) run: String,
    pub(super) study: String,
    pub(super) description: String,
    /// The scale that was laid over the study.
    pub(super) scale: Scale,
    pub(super) started: String,
    pub(super) is_finished: bool,
    pub(super) resolved: Value,
    /// Results by stage, in the order of the study; true where this run computed it.
    pub(super) stages: Vec<(String, Option<(StageResult<'a>, bool)>)>,
    pub(super) findings: Vec<Finding>,
    pub(super) failures: Vec<Failure>,
    /// Unfinished trainings: the step of the latest checkpoint, and its preview.
    pub(super) under_way: Vec<(String, u64, Preview)>,
    /// True if the reader asked for a report without images.
    pub(super) without_images: bool,
    /// All artifacts, once they were asked for.
    pub(super) artifacts: OnceCell<Vec<Known>>,
    /// Tables of images, each read and counted once for all chapters.
    pub(super) tables: Tables,
}

/// What a run's record says of the scale.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Scale {
    /// This one was laid over the study.
    Named(String),
    /// None: the study was run as it is written.
    AsWritten,
    /// Nothing, as older programs wrote it, whatever they ran.
    #[default]
    NotRecorded,
}

impl Scale {
    /// What a resolved study says: a name, `null`, or nothing at all.
    fn of(resolved: &Value) -> Scale {
        match resolved.get("scale") {
            Some(Value::String(name)) => Scale::Named(name.clone()),
            Some(Value::Null) => Scale::AsWritten,
            _ => Scale::NotRecorded,
        }
    }
    /// Its name, if there was one.
    pub(super) fn name(&self) -> Option<&str> {
        if let Scale::Named(name) = self { Some(name) } else { None }
    }
}

/// The receipt of a stage: as it stands in a journal, so that those of a large study need no memory.
#[derive(Clone)]
pub(super) enum StageResult<'a> {
    InJournal(ReceiptLine<'a>),
    #[cfg_attr(not(test), allow(dead_code, reason = "tests make receipts that are in no journal"))]
    Held(Rc<Receipt>),
}

impl Facts<'_> {
    /// The facts of a run.
    ///
    /// # Errors
    /// If its journal cannot be read.
    pub(super) fn read<'a>(store: &Store, ledger: &'a Ledger, run: &str) -> Result<Facts<'a>> {
        let mut facts = Facts { run: run.to_owned(), ..Facts::default() };
        let mut results: BTreeMap<String, (StageResult, bool)> = BTreeMap::new();
        let mut started: BTreeMap<String, StageKey> = BTreeMap::new();
        let is_known = ledger.walk(run, |entry, line| {
            if facts.started.is_empty() {
                facts.started = entry.time;
            }
            match entry.event {
                Some(Event::Started { study, pipeline: _, resolved }) => {
                    facts.is_of(study);
                    facts.resolved = resolved;
                }
                Some(Event::StageStarted { stage, key }) => {
                    started.insert(stage, key);
                }
                Some(Event::Reused { study, stages }) => {
                    facts.is_of(study);
                    let found = |(stage, key)| Some((stage, (StageResult::InJournal(ledger.find_line(&key)?), false)));
                    results.extend(stages.into_iter().filter_map(found));
                }
                Some(Event::Receipt { receipt }) => {
                    facts.is_of(receipt.study);
                    results.insert(receipt.stage, (StageResult::InJournal(line), true));
                }
                Some(Event::Failed(failure)) => facts.failures.push(failure),
                Some(Event::Finding(finding)) => facts.findings.push(finding),
                Some(Event::Finished(_)) => facts.is_finished = true,
                Some(Event::Recovered { .. }) | None => {}
            }
        });
        if !is_known {
            return Err(Error::Record { path: run.into(), why: "the run has only just started".to_owned() });
        }
        for (stage, key) in started.into_iter().filter(|(stage, _)| !results.contains_key(stage)) {
            if let Some((step, bytes)) = Checkpoints::of(store, &key).latest()
                && let Some(preview) = Preview::of(bytes)
            {
                facts.under_way.push((stage, step, preview));
            }
        }
        facts.description = facts.resolved["description"].as_str().unwrap_or_default().to_owned();
        facts.scale = Scale::of(&facts.resolved);
        let names: Vec<String> = facts.resolved["order"].as_array().map_or_else(
            || facts.resolved["stages"].as_object().into_iter().flatten().map(|(n, _)| n.clone()).collect(),
            |order| order.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
        );
        facts.stages = names.into_iter().map(|name| (name.clone(), results.remove(&name))).collect();
        Ok(facts)
    }

    /// The first line may be damaged; the others name the study, too.
    fn is_of(&mut self, study: String) {
        if self.study.is_empty() {
            self.study = study;
        }
    }

    /// The receipts that there are, in the order of the study, each under the name that its stage has in it.
    pub(super) fn receipts(&self) -> impl Iterator<Item = Rc<Receipt>> {
        self.placed().map(|(_, receipt)| receipt)
    }

    /// The same, each with the place of its stage.
    fn placed(&self) -> impl Iterator<Item = (usize, Rc<Receipt>)> {
        self.stages.iter().enumerate().filter_map(|(at, (name, result))| result.as_ref().map(|(result, _)| (at, result.receipt(name))))
    }

    /// How many stages were executed, reused, and have no result.
    pub(super) fn counts(&self) -> [usize; 3] {
        let is = |wanted: Option<bool>| self.stages.iter().filter(|(_, r)| r.as_ref().map(|r| r.1) == wanted).count();
        [is(Some(true)), is(Some(false)), is(None)]
    }

    /// The artifacts that any of these subjects is, subject by subject in the order of the study, and how many further ones of each
    /// there are.
    ///
    /// # Errors
    /// If the list of an artifact's files cannot be read.
    pub(super) fn found(&self, store: &Store, subjects: &[Subject]) -> Result<(Vec<ReportArtifact>, Vec<(Subject, usize)>)> {
        let known = match self.artifacts.get() {
            Some(known) => known,
            None => {
                let all = Known::all(self.placed(), store)?;
                self.artifacts.get_or_init(|| all)
            }
        };
        let (mut found, mut further) = (vec![], vec![]);
        for subject in subjects {
            let mut of_subject = known.iter().filter(|k| k.is(*subject));
            for artifact in of_subject.by_ref().take(MOST) {
                let (name, result) = &self.stages[artifact.stage];
                let receipt = result.as_ref().expect("BUG: it has an artifact").0.receipt(name);
                found.push(ReportArtifact::of(*subject, receipt, artifact, store)?);
            }
            further.extend(Some((*subject, of_subject.count())).filter(|further| further.1 > 0));
        }
        Ok((found, further))
    }
}

impl StageResult<'_> {
    /// What it says, under the name that the stage has in the run.
    pub(super) fn receipt(&self, stage: &str) -> Rc<Receipt> {
        match self {
            StageResult::InJournal(line) => Rc::new(Receipt { stage: stage.to_owned(), ..line.read() }),
            StageResult::Held(receipt) => receipt.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_scale_is_something_else_than_a_record_without_one() {
        assert_eq!(Scale::of(&json!({ "scale": "ci" })), Scale::Named("ci".into()));
        assert_eq!(Scale::of(&json!({ "scale": null })), Scale::AsWritten);
        assert_eq!(Scale::of(&json!({ "study": "s" })), Scale::NotRecorded);
        assert_eq!(Scale::of(&Value::Null), Scale::NotRecorded, "the first line of the journal is damaged");
    }
}
