//! What a report is about: what the journal of a run and the store say. Independent of kinds, of tables and of the page.

use super::artifacts::{Known, ReportArtifact, Subject};
use super::people::People;
use super::places::Places;
use crate::provenance;
use crate::tables::Tables;
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::journal::{Event, Failure, Finding};
use hilum_cache::{Digest, Error, Ledger, Receipt, ReceiptLine, Result, Soundness, StageKey, Store};
use hilum_stages::training::snapshot::Preview;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

/// Artifacts of one subject that a chapter is given; those of a large study are counted beyond it.
const MOST: usize = 500;

/// The facts behind a report.
#[derive(Default)]
pub(super) struct Facts<'a> {
    /// The journals of the store; none in tests of what needs no other run.
    pub(super) ledger: Option<&'a Ledger>,
    pub(super) run: String,
    pub(super) study: String,
    pub(super) description: String,
    /// The scale that was laid over the study.
    pub(super) scale: Scale,
    pub(super) started: String,
    /// True if it ended by itself; false where it goes on, was killed, or was interrupted.
    pub(super) is_finished: bool,
    /// Whether its journal is as it was written.
    pub(super) journal: Soundness,
    pub(super) resolved: Value,
    /// Results by stage, in the order of the study; true where this run computed it.
    pub(super) stages: Vec<(String, Option<(StageResult<'a>, bool)>)>,
    pub(super) findings: Vec<Finding>,
    /// The checks that had seen everything that they look at; none in journals that do not say so.
    pub(super) decided: Option<BTreeSet<String>>,
    pub(super) failures: Vec<Failure>,
    /// Unfinished trainings: the step of the latest checkpoint, and its preview.
    pub(super) under_way: Vec<(String, u64, Preview)>,
    /// True if the reader asked for a report without images.
    pub(super) without_images: bool,
    /// All artifacts, once they were asked for.
    pub(super) artifacts: OnceCell<Vec<Known>>,
    /// Tables of images, each read and counted once for all chapters.
    pub(super) tables: Tables,
    /// Who is who in them, once it was asked for.
    pub(super) people: OnceCell<People>,
    /// Where stages are on the page, once it was asked for.
    pub(super) places: OnceCell<Places>,
    /// The lines of this run's receipts by stage, counted from 1.
    pub(super) lines: BTreeMap<String, u64>,
    /// Objects that `gc` removed, once one was asked for.
    pub(super) removed: OnceCell<HashSet<Digest>>,
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
        // Before anything of the run is held: this reads the resolved study once more, of which two would be the most that a report holds.
        let journal = ledger.soundness(run).unwrap_or_default();
        let mut facts = Facts { ledger: Some(ledger), run: run.to_owned(), journal, ..Facts::default() };
        let mut results: BTreeMap<String, (StageResult, bool)> = BTreeMap::new();
        let mut started: BTreeMap<String, StageKey> = BTreeMap::new();
        let mut found: Vec<(u64, Finding)> = vec![];
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
                    facts.lines.insert(receipt.stage.clone(), entry.seq + 1);
                    results.insert(receipt.stage, (StageResult::InJournal(line), true));
                }
                Some(Event::Failed(failure)) => facts.failures.push(failure),
                Some(Event::Finding(finding)) => found.push((entry.seq, finding)),
                Some(Event::Checked { decided, gone }) => {
                    found.retain(|(line, _)| !gone.contains(line));
                    facts.decided = Some(decided.into_iter().collect());
                }
                Some(Event::Finished(counts)) => facts.is_finished = !counts.cancelled,
                Some(Event::Recovered { .. } | Event::AuditStarted { .. } | Event::Erased { .. } | Event::Replayed(_)) => {}
                Some(Event::Sealed { .. } | Event::Certificate { .. }) | None => {}
            }
        });
        if !is_known {
            return Err(Error::Record { path: run.into(), why: "the run has only just started".to_owned() });
        }
        if facts.study.is_empty() && facts.journal.first_altered().is_none() {
            let why = "its journal has no line that says of which study it is: the run has only just started, or the file was cut".to_owned();
            return Err(Error::Record { path: run.into(), why });
        }
        facts.findings = found.into_iter().map(|(_, finding)| finding).collect();
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

    /// Where stages are on the page.
    pub(super) fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::of(self.stages.iter().map(|(name, _)| name.as_str())))
    }

    /// The receipts that there are, in the order of the study, each under the name that its stage has in it.
    pub(super) fn receipts(&self) -> impl Iterator<Item = Rc<Receipt>> {
        self.placed().map(|(_, receipt)| receipt)
    }

    /// The same, each with the place of its stage.
    fn placed(&self) -> impl Iterator<Item = (usize, Rc<Receipt>)> {
        self.stages.iter().enumerate().filter_map(|(at, (name, result))| result.as_ref().map(|(result, _)| (at, result.receipt(name))))
    }

    /// The kind of each stage of the study, in its order: as the study says, whether the stage has run yet or not.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let kind = |name: &str, result: Option<&StageResult>| match (self.resolved["stages"][name]["stage"].as_str(), result) {
            (Some(kind), _) => Cow::Borrowed(kind),
            (None, Some(result)) => Cow::Owned(result.receipt(name).recipe.kind.clone()),
            (None, None) => Cow::Borrowed(""),
        };
        self.stages.iter().map(move |(name, result)| (name.as_str(), kind(name, result.as_ref().map(|r| &r.0))))
    }

    /// How many stages were executed, reused, and have no result.
    pub(super) fn counts(&self) -> [usize; 3] {
        let is = |wanted: Option<bool>| self.stages.iter().filter(|(_, r)| r.as_ref().map(|r| r.1) == wanted).count();
        [is(Some(true)), is(Some(false)), is(None)]
    }

    /// True if a check, where it found nothing, had seen everything that it looks at.
    pub(super) fn is_decided(&self, check: &str) -> bool {
        match &self.decided {
            _ if self.journal.first_altered().is_some() || self.journal.unknown.is_some() => false,
            Some(decided) => decided.contains(check),
            // Older programs made all of their checks in the end, and none before.
            None => self.is_finished && self.counts()[2] == 0,
        }
    }

    /// What has to be known of the journal before anything else, where it is not as it was written.
    pub(super) fn doubt(&self) -> Option<String> {
        let journal = self.journal;
        let text = match (journal.first_altered(), journal.unknown) {
            _ if journal.is_empty => format!("The journal of run `{}` is empty: its lines were removed. What the run did is not known", self.run),
            (Some(line), _) => format!(
                "The journal of run `{}` was altered at line {line} or the line before it. What follows cannot be relied on, and no check counts as passed. \
                 `hilum verify` looks for what else was altered; running the study again writes a new journal",
                self.run
            ),
            (None, Some(line)) => format!(
                "Line {line} of the journal of run `{}` is of a newer version of hilum, and is left out here. So that no check counts as passed: use that version",
                self.run
            ),
            (None, None) if journal.is_torn => {
                format!(
                    "The journal of run `{}` ends in the middle of a line: the run was killed while it wrote, or the file was cut. What came after it is not known",
                    self.run
                )
            }
            (None, None) => return None,
        };
        Some(text + ".")
    }

    /// All artifacts of the run.
    ///
    /// # Errors
    /// If the list of an artifact's files cannot be read.
    pub(super) fn known(&self, store: &Store) -> Result<&[Known]> {
        if self.artifacts.get().is_none() {
            let all = Known::all(self.placed(), store)?;
            let _ = self.artifacts.set(all);
        }
        Ok(self.artifacts.get().expect("BUG: set above"))
    }

    /// The receipt of the stage that made an artifact.
    pub(super) fn maker(&self, artifact: &Known) -> Rc<Receipt> {
        let (name, result) = &self.stages[artifact.stage];
        result.as_ref().expect("BUG: it has an artifact").0.receipt(name)
    }

    /// Who is who in the tables of the run.
    ///
    /// # Errors
    /// If a table of an import is damaged.
    pub(super) fn people(&self, store: &Store) -> Result<&People> {
        if self.people.get().is_none() {
            let people = People::of(self.receipts(), &self.resolved, &self.tables, store)?;
            let _ = self.people.set(people);
        }
        Ok(self.people.get().expect("BUG: set above"))
    }

    /// True for an object that is not in the store because `hilum gc` removed it; one that is missing otherwise is a damage.
    ///
    /// # Errors
    /// If the list of what was removed cannot be read.
    pub(super) fn is_removed(&self, store: &Store, object: &Digest) -> Result<bool> {
        if self.removed.get().is_none() {
            let removed = provenance::removed(store)?;
            let _ = self.removed.set(removed);
        }
        let was_removed = self.removed.get().is_some_and(|removed| removed.contains(object));
        Ok(was_removed && matches!(store.plain_path(object), Err(Error::Missing(_))))
    }

    /// The artifacts that any of these subjects is, subject by subject in the order of the study.
    ///
    /// # Errors
    /// If the list of an artifact's files cannot be read.
    pub(super) fn found(&self, store: &Store, subjects: &[Subject]) -> Result<Found> {
        let known = self.known(store)?;
        let mut out = Found::default();
        for subject in subjects {
            let mut of_subject = known.iter().filter(|k| k.is(*subject));
            for artifact in of_subject.by_ref().take(MOST) {
                let mut found = ReportArtifact::of(*subject, self.maker(artifact), artifact, store)?;
                match found.leave_out(|object| self.is_removed(store, object))? {
                    true => out.found.push(found),
                    false => out.removed.push(format!("{}.{}", found.stage(), found.port)),
                }
            }
            out.further.extend(Some((*subject, of_subject.count())).filter(|further| further.1 > 0));
        }
        Ok(out)
    }
}

/// Artifacts that a chapter is about.
#[derive(Default)]
pub(super) struct Found {
    pub(super) found: Vec<ReportArtifact>,
    /// How many further ones of a subject there are, in a large study.
    pub(super) further: Vec<(Subject, usize)>,
    /// Those that `gc` removed, by the names of their outputs.
    pub(super) removed: Vec<String>,
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
