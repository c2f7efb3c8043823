//! Where evidence is: the artifacts of a page by number, and a table at its end with the digest of each, the run that made it, and the
//! line of the journal that says so. Independent of what a page is about.

use super::markdown::{code, table};
use crate::checklists::{Evidence, Pointer};
use crate::export::error::Result;
use crate::export::facts::{Facts, Made};
use hilum_cache::journal::{self, Event};
use hilum_cache::receipt::Artifact;
use hilum_cache::{Sha256, StageKey};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The lines of journals that hold receipts, and those of the run itself; lines are counted from 1.
pub(super) struct Places {
    run: String,
    receipts: BTreeMap<(StageKey, String), (String, u64)>,
    study: u64,
    /// That of the checks, if they were made.
    pub(super) checks: Option<u64>,
}

impl Places {
    /// Those of a run, and of the runs whose results it reuses.
    ///
    /// # Errors
    /// If a journal cannot be read.
    pub(super) fn of(facts: &Facts) -> Result<Places> {
        let runs: BTreeSet<&str> = facts.made().map(|made| made.result.run.as_str()).chain([facts.run.as_str()]).collect();
        let mut out = Places { run: facts.run.clone(), receipts: BTreeMap::new(), study: 1, checks: None };
        for run in runs {
            for entry in journal::entries(facts.store, run)? {
                let line = entry.seq + 1;
                match entry.event {
                    Some(Event::Receipt { receipt }) => drop(out.receipts.insert((receipt.key, receipt.stage), (run.to_owned(), line))),
                    Some(Event::Checked { .. }) if run == facts.run => out.checks = Some(line),
                    Some(Event::Started { .. }) if run == facts.run => out.study = line,
                    _ => {}
                }
            }
        }
        Ok(out)
    }
}

/// The references of a page, in the order in which they were first made.
pub(super) struct References<'p> {
    places: &'p Places,
    rows: RefCell<Vec<Vec<String>>>,
}

impl<'p> References<'p> {
    pub(super) fn new(places: &'p Places) -> References<'p> {
        References { places, rows: RefCell::default() }
    }

    /// The number of a row, which is added if it is not there yet.
    fn number(&self, row: Vec<String>) -> String {
        let mut rows = self.rows.borrow_mut();
        let at = rows.iter().position(|known| *known == row).unwrap_or_else(|| {
            rows.push(row);
            rows.len() - 1
        });
        format!("[{}](#evidence)", at + 1)
    }

    fn row(&self, what: String, sha256: Option<&Sha256>, key: StageKey, stage: &str) -> String {
        let (run, line) = self
            .places
            .receipts
            .get(&(key, stage.to_owned()))
            .map_or_else(|| ("not recorded".into(), String::new()), |(run, line)| (run.clone(), line.to_string()));
        self.number(vec![what, sha256.map_or_else(String::new, |sha256| code(&sha256.hex())), code(&run), line])
    }

    /// An output of a stage.
    pub(super) fn output(&self, made: Made, port: &str, artifact: &Artifact) -> String {
        self.row(code(&made.output(port)), Some(&artifact.sha256), made.result.key, &made.result.stage)
    }

    /// The receipt of a stage: parameters, notes, seed, environment.
    pub(super) fn receipt(&self, made: Made) -> String {
        self.row(format!("receipt of {}", code(&made.node.stage)), None, made.result.key, &made.result.stage)
    }

    /// What the journal of the run itself says.
    pub(super) fn journal(&self, evidence: Evidence) -> String {
        let line = if evidence == Evidence::Checks { self.places.checks } else { Some(self.places.study) };
        let what = if evidence == Evidence::Checks { "checks of the run" } else { "the study as it was run" };
        self.number(vec![what.to_owned(), String::new(), code(&self.places.run), line.map_or_else(String::new, |line| line.to_string())])
    }

    /// What a pointer points to.
    pub(super) fn pointer(&self, pointer: &Pointer, facts: &Facts) -> Option<String> {
        let made = |stage: &str| facts.made().find(|made| made.node.stage == *stage);
        Some(match pointer {
            Pointer::Journal(evidence) => self.journal(*evidence),
            Pointer::Receipt { stage, .. } => self.receipt(made(stage)?),
            Pointer::Output { stage, port, .. } => {
                let made = made(stage)?;
                self.output(made, port, made.result.outputs.get(port)?)
            }
        })
    }

    /// The table at the end of the page.
    pub(super) fn table(&self) -> String {
        let numbered = |(at, row): (usize, &Vec<String>)| [vec![(at + 1).to_string()], row.clone()].concat();
        let rows: Vec<Vec<String>> = self.rows.borrow().iter().enumerate().map(numbered).collect();
        format!(
            "## Evidence\n\nWhat the numbers in brackets are. The SHA-256 of an output of one file is that of the file, and of an output of several files that of the \
             list of these files. Lines of journals are counted from 1; `hilum prove STAGE` writes a proof of one, and `hilum trace STAGE` shows what it was made \
             of.\n\n{}",
            table(&["number", "what", "SHA-256", "run", "line of its journal"], &rows)
        )
    }
}
