//! Who is who in the tables of a run. A token is known to be a patient's where an import lists the pseudonym behind it, states that no
//! two images are of one patient, or where patients are drawn; two tokens with one pseudonym are one patient. Independent of what
//! flows where and of the page.

use crate::lineage::{self, Roster};
use crate::tables::{Summary, Tables};
use hilum_cache::{Digest, Error, Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Namespace;
use hilum_stages::data::sample::{Origin, Sample};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// The patients of a run.
#[derive(Default)]
pub(super) struct People {
    roster: RefCell<Roster>,
    /// Tokens of one image each, of whose patient nothing is known.
    unknown: HashSet<String>,
    /// Stages whose tables of patients cannot be read.
    pub(super) unread: Vec<String>,
    /// How many imports there are.
    imports: usize,
    summaries: RefCell<HashMap<Digest, Arc<Summary>>>,
}

impl People {
    /// Reads the tables of all imports of a study, as its record resolved it, and who was joined by what they share.
    ///
    /// # Errors
    /// If one of them is damaged.
    pub(super) fn of(receipts: impl Iterator<Item = Rc<Receipt>>, resolved: &Value, tables: &Tables, store: &Store) -> Result<People> {
        let (mut people, mut known, mut nameless, mut seen) = (People::default(), HashSet::new(), HashSet::new(), HashSet::new());
        for receipt in receipts {
            for table in receipt.outputs.values().filter(|a| ArtifactType::Table.is(a)) {
                match tables.joined_patients(store, table) {
                    // Patients who share a picture are one in every table, as in the checks.
                    Ok(joined) => joined.iter().for_each(|row| people.roster.get_mut().same_patient(&row.patient, &row.counts_as, None)),
                    Err(Error::Record { .. } | Error::Missing(_)) => people.unread.push(receipt.stage.clone()),
                    Err(e) => return Err(e),
                }
            }
            let of_type = |kind: ArtifactType| receipt.outputs.values().find(move |a| kind.is(a));
            let (Some(patients), Some(samples)) = (of_type(ArtifactType::Patients), of_type(ArtifactType::Samples)) else { continue };
            let namespace = lineage::namespace(&receipt.recipe.kind, &resolved["stages"][&receipt.stage]["with"]);
            // What is not known of a namespace is no reason to take one person for two.
            let space = namespace.as_ref().map(Namespace::key).unwrap_or_default();
            if !seen.insert((space.clone(), patients.digest, samples.digest)) {
                continue;
            }
            let (patients, samples) = match (tables.patients(store, patients), tables.samples(store, samples)) {
                (Ok(patients), Ok(samples)) => (patients, samples),
                (Err(Error::Record { .. } | Error::Missing(_)), _) | (_, Err(Error::Record { .. } | Error::Missing(_))) => {
                    people.unread.push(receipt.stage.clone());
                    continue;
                }
                (Err(e), _) | (_, Err(e)) => return Err(e),
            };
            people.imports += 1;
            for row in patients {
                people.roster.get_mut().identify("", &row.patient, &format!("{space} {}", row.pseudonym));
                known.insert(row.patient);
            }
            if !namespace.is_some_and(|n| n.one_per_image) {
                nameless.extend(samples.iter().filter(|row| row.origin == Origin::Real).map(|row| row.patient.clone()));
            }
        }
        people.unknown = nameless.into_iter().filter(|token| !known.contains(token)).collect();
        Ok(people)
    }

    /// True if the token is of a patient, and not only of an image.
    pub(super) fn is_known(&self, token: &str) -> bool {
        !token.is_empty() && !self.unknown.contains(token)
    }

    /// True if some tokens are of images alone.
    pub(super) fn has_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// True if every token is a patient of its own, as far as this run can tell.
    pub(super) fn is_by_token(&self) -> bool {
        self.unknown.is_empty() && self.imports < 2
    }

    /// The rows with a name for each person in place of tokens, and none where nobody knows who it is.
    pub(super) fn named(&self, rows: &[Sample]) -> Vec<Sample> {
        let name = |row: &Sample| if self.is_known(&row.patient) { self.patient(&row.patient).to_string() } else { String::new() };
        rows.iter().map(|row| Sample { patient: name(row), ..row.clone() }).collect()
    }

    /// The counts of a table by persons, made once.
    ///
    /// # Errors
    /// Those of `rows`.
    pub(super) fn summary(&self, table: Digest, rows: impl FnOnce() -> Result<Arc<Vec<Sample>>>) -> Result<Arc<Summary>> {
        if let Some(known) = self.summaries.borrow().get(&table) {
            return Ok(known.clone());
        }
        let summary = Arc::new(Summary::of(&self.named(&rows()?)));
        self.summaries.borrow_mut().insert(table, summary.clone());
        Ok(summary)
    }

    /// The number of a patient: the same for two tokens of one person.
    pub(super) fn patient(&self, token: &str) -> u32 {
        self.roster.borrow_mut().meant(token, None)[0]
    }

    /// The number of an image.
    pub(super) fn image(&self, image: Digest) -> u32 {
        self.roster.borrow_mut().image(image)
    }
}
