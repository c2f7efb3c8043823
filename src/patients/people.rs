//! Who is who over all runs of a store: tokens and pseudonyms of one patient are joined, within the namespaces of imports, as
//! `lineage` joins them within a study. Independent of what flows where.

use super::erased::Erasures;
use super::index::Import;
use super::rows::readable;
use super::spaces::Spaces;
use crate::lineage::Roster;
use crate::tables::Tables;
use hilum_cache::{Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A name of a patient: its namespace, whether it is a pseudonym, and the pseudonym or token.
pub(super) type NameOf = (String, bool, String);

/// Who is who.
#[derive(Default)]
pub(super) struct People {
    roster: Roster,
    names: BTreeSet<NameOf>,
    /// Whom tokens meant that no import has.
    others: BTreeMap<u32, String>,
    /// Namespaces of which a table is gone that says who is one patient.
    unclear: BTreeSet<String>,
    /// True if it is not known of which namespaces such a table was.
    all_unclear: bool,
    pub(super) imports: Vec<Import>,
}

impl People {
    /// Joins what the tables of these results join, each with the namespaces of its stage. The tables of samples of imports are given as
    /// lists of their tokens.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) fn of(
        results: &[(&Receipt, Spaces)],
        tokens: &dyn Fn(&Receipt) -> Vec<String>,
        tables: &Tables,
        store: &Store,
        erasures: &Erasures,
    ) -> Result<People> {
        let mut people = People::default();
        for (receipt, spaces) in results {
            people.name(receipt, spaces, &tokens(receipt), tables, store, erasures)?;
        }
        // Whom a token means is known once all imports were read.
        for (receipt, spaces) in results {
            for table in receipt.outputs.values().filter(|a| ArtifactType::Table.is(a)) {
                match readable(tables.joined_patients(store, table))? {
                    Some(joined) => joined.iter().for_each(|row| people.roster.same_patient(&row.patient, &row.counts_as, spaces.as_deref())),
                    // What was erased has nobody in it any more, and neither has what was made of it.
                    None if erasures.of(store, &table.digest).is_some() => {}
                    None => {
                        people.all_unclear |= spaces.is_none();
                        people.unclear.extend(spaces.iter().flat_map(|s| s.iter().cloned()));
                    }
                }
            }
        }
        people.imports.sort();
        people.imports.dedup();
        Ok(people)
    }

    fn name(&mut self, receipt: &Receipt, spaces: &Spaces, tokens: &[String], tables: &Tables, store: &Store, erasures: &Erasures) -> Result<()> {
        let Some(space) = spaces.as_ref().filter(|_| receipt.recipe.inputs.is_empty()).and_then(|s| s.first()) else { return Ok(()) };
        for token in tokens {
            self.roster.knows(space, token);
            self.names.insert((space.clone(), false, token.clone()));
        }
        for table in receipt.outputs.values().filter(|a| ArtifactType::Patients.is(a)) {
            let rows = readable(tables.patients(store, table))?;
            let is_erased = rows.is_none() && erasures.of(store, &table.digest).is_some();
            let (namespace, key) = (space.clone(), receipt.recipe.pseudonyms.clone());
            let patterns = patterns_of(&receipt.recipe.parameters);
            self.imports.push(Import { namespace, key, patterns, is_readable: rows.is_some(), is_erased });
            if rows.is_none() && !is_erased {
                self.unclear.insert(space.clone());
            }
            for row in rows.into_iter().flatten() {
                self.roster.identify(space, &row.patient, &row.pseudonym);
                self.names.insert((space.clone(), false, row.patient));
                self.names.insert((space.clone(), true, row.pseudonym));
            }
        }
        Ok(())
    }

    /// Whom a token of a table means that is of these namespaces, by number.
    pub(super) fn meant(&mut self, token: &str, spaces: &Spaces) -> Vec<u32> {
        let mut all = self.roster.meant(token, spaces.as_deref());
        all.sort_unstable();
        all.dedup();
        for one in &all {
            self.others.entry(*one).or_insert_with(|| token.to_owned());
        }
        all
    }

    /// True if a table is gone that would say who is one patient in these namespaces.
    pub(super) fn is_unclear(&self, spaces: &Spaces) -> bool {
        self.all_unclear
            || match spaces {
                Some(spaces) => spaces.iter().any(|space| self.unclear.contains(space)),
                None => !self.unclear.is_empty(),
            }
    }

    /// The names of everyone, by number. Those who were drawn have no pseudonyms.
    pub(super) fn names(&mut self) -> HashMap<u32, Vec<NameOf>> {
        let mut out: HashMap<u32, Vec<NameOf>> = HashMap::new();
        for name in std::mem::take(&mut self.names) {
            let space = BTreeSet::from([name.0.clone()]);
            for person in self.roster.meant(&name.2, Some(&space)) {
                out.entry(person).or_default().push(name.clone());
            }
        }
        for (person, token) in std::mem::take(&mut self.others) {
            out.entry(person).or_insert_with(|| vec![(UNKNOWN.to_owned(), false, token)]);
        }
        out
    }
}

/// The patterns by which an import finds identifiers, as its recipe has them.
fn patterns_of(parameters: &Value) -> Vec<String> {
    ["/columns/patient/pattern", "/patient/pattern"].iter().filter_map(|at| Some(parameters.pointer(at)?.as_str()?.to_owned())).collect()
}

/// The namespace of tokens that no import has, as where its tables are gone.
const UNKNOWN: &str = "unknown";

/// The person behind images of which no patient is known.
pub(super) const NO_PERSON: u32 = u32::MAX;
