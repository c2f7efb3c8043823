//! Questions to an index: who is in an artifact, and what a patient reached. Independent of how the index is made and of printing.

use super::gaps::Gaps;
use super::index::{Import, Index, Person, Recorded, Tombstone};
use crate::provenance;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet};

/// Whom a question is about.
#[derive(Debug, Clone)]
pub struct Sought<'a> {
    /// Everybody with this pseudonym: a person in each namespace that has it.
    pub people: Vec<&'a Person>,
}

/// What a patient has to do with a result, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reached {
    /// Pixels or labels of the patient are in it.
    Contains,
    /// It was trained, tuned, normalised or evaluated on the patient.
    Influenced,
    /// Nothing of the patient was found, and not everything is known.
    NotKnown,
    /// Nothing.
    Not,
    /// It was erased, of whichever patient: there is nothing left of it.
    Erased,
}

/// A result, and what a patient has to do with it.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The result.
    pub result: &'a Recorded,
    /// What the patient has to do with it.
    pub reached: Reached,
    /// Images of the patient in it.
    pub contains: u64,
    /// Images of the patient that influenced it.
    pub influenced: u64,
    /// What is not known of it.
    pub gaps: Gaps,
}

/// The answer for a patient.
#[derive(Debug, Clone)]
pub struct WhoUsed<'a> {
    /// Images of the patient in this store, as far as it is known.
    pub images: u64,
    /// Those of them that are filed under another name, too.
    pub shared: u64,
    /// Every result of the store.
    pub found: Vec<Found<'a>>,
}

/// A patient of an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'a> {
    /// Who it is.
    pub person: &'a Person,
    /// Images of the patient.
    pub images: u64,
}

/// Who is in an artifact, or influenced it.
#[derive(Debug, Clone, Default)]
pub struct Holding<'a> {
    /// By their pseudonyms.
    pub patients: Vec<Patient<'a>>,
    /// All images, each once.
    pub images: u64,
    /// Images of no known patient.
    pub of_no_patient: u64,
}

impl Index {
    /// Everybody with a pseudonym, in one namespace or in all; where nobody has it, everybody with that token, which looks the same.
    pub fn find(&self, pseudonym: &str, namespace: Option<&str>) -> Sought<'_> {
        let is_meant = |at: u32| namespace.is_none_or(|wanted| is_called(&self.namespaces()[at as usize], wanted));
        let has = |person: &&Person, kind: bool| person.names.iter().any(|n| n.is_pseudonym == kind && n.text == pseudonym && is_meant(n.namespace));
        let mut people: Vec<&Person> = self.people.iter().filter(|person| has(person, true)).collect();
        if people.is_empty() {
            people = self.people.iter().filter(|person| has(person, false)).collect();
        }
        Sought { people }
    }

    /// Everybody whose pseudonym is that of an identifier, as the imports of each namespace read it: `spelled` gives, for the patterns of
    /// an import, the pseudonyms of the whole text and those of its parts. A part counts only where nobody has the whole.
    pub fn find_spelled(&self, spelled: &dyn Fn(&[String]) -> [BTreeSet<String>; 2], namespace: Option<&str>) -> Vec<(&Person, String)> {
        let mut out: Vec<(&Person, String)> = vec![];
        let by_space = self.imports().iter().fold(BTreeMap::<&str, BTreeSet<&Import>>::new(), |mut all, import| {
            all.entry(&import.namespace).or_default().insert(import);
            all
        });
        for (space, imports) in by_space {
            for round in 0..2 {
                let wanted: BTreeSet<String> = imports.iter().flat_map(|import| std::mem::take(&mut spelled(&import.patterns)[round])).collect();
                let found: Vec<(&Person, String)> = wanted
                    .into_iter()
                    .flat_map(|pseudonym| self.find(&pseudonym, Some(space)).people.into_iter().map(move |person| (person, pseudonym.clone())))
                    .filter(|(person, pseudonym)| person.names.iter().any(|name| name.is_pseudonym && name.text == *pseudonym))
                    .collect();
                if !found.is_empty() {
                    let is_meant = namespace.is_none_or(|wanted| is_called(space, wanted));
                    out.extend(found.into_iter().filter(|_| is_meant));
                    break;
                }
            }
        }
        let mut seen = BTreeSet::new();
        out.retain(|(person, _)| seen.insert(std::ptr::from_ref::<Person>(person)));
        out
    }

    /// What someone has to do with each result.
    pub fn who_used(&self, sought: &Sought) -> WhoUsed<'_> {
        self.who_used_but(sought, &RoaringBitmap::new())
    }

    /// The same, without some images of theirs: those that are still filed under somebody else.
    pub fn who_used_but(&self, sought: &Sought, others: &RoaringBitmap) -> WhoUsed<'_> {
        let mut theirs = RoaringBitmap::new();
        if !others.is_empty() {
            for person in &sought.people {
                theirs.insert_range(person.images.clone());
            }
            theirs -= others;
        }
        let count = |set: u32| match others.is_empty() {
            true => sought.people.iter().map(|person| self.count(set, &person.images)).sum::<u64>(),
            false => self.common(set, &theirs),
        };
        let mut known = vec![None; self.head.flows.len()];
        let mut of = |result: &Recorded| {
            let flow = self.flow(result);
            *known[result.flow as usize].get_or_insert_with(|| (count(flow.contains), count(flow.influenced), flow.gaps))
        };
        let found = self.results().iter().map(|result| {
            let (contains, influenced, gaps) = of(result);
            let reached = match (contains, influenced) {
                _ if result.erased.is_some() => Reached::Erased,
                (1.., _) => Reached::Contains,
                (_, 1..) => Reached::Influenced,
                _ if gaps.is_missing() => Reached::NotKnown,
                _ => Reached::Not,
            };
            Found { result, reached, contains, influenced, gaps }
        });
        let found = found.collect();
        let images = sought.people.iter().map(|person| u64::from(person.images.end - person.images.start)).sum();
        WhoUsed { images, shared: sought.people.iter().map(|person| self.shared(person)).sum(), found }
    }

    /// Who is in a result, and who influenced it.
    pub fn patients_of(&self, result: &Recorded) -> [Holding<'_>; 2] {
        let flow = self.flow(result);
        [flow.contains, flow.influenced].map(|set| Holding {
            patients: self.people_in(set).into_iter().map(|(person, images)| Patient { person, images }).collect(),
            images: self.images(set),
            of_no_patient: self.of_no_patient(set),
        })
    }

    /// Imports whose patients cannot be asked for with a key of this fingerprint: other keys give other pseudonyms.
    pub fn under_other_keys(&self, fingerprint: &str) -> usize {
        self.imports().iter().filter(|import| import.key.as_deref().is_some_and(|key| key != fingerprint)).count()
    }

    /// Imports whose tables of pseudonyms are gone or damaged.
    pub fn unreadable_imports(&self) -> usize {
        self.imports().iter().filter(|import| !import.is_readable && !import.is_erased).count()
    }

    /// Imports whose tables of pseudonyms were erased.
    pub fn erased_imports(&self) -> usize {
        self.imports().iter().filter(|import| import.is_erased).count()
    }

    /// How many results were erased, by the lines that say so.
    pub fn erased(&self) -> BTreeMap<&Tombstone, usize> {
        self.results().iter().filter_map(|result| result.erased.as_ref()).fold(BTreeMap::new(), |mut all, by| {
            *all.entry(by).or_default() += 1;
            all
        })
    }

    /// Results of which the receipt is gone: one may be an import.
    pub fn lost_results(&self) -> usize {
        self.results().iter().filter(|result| result.digest.is_none()).count()
    }

    /// Images of real imports of which no patient is known: anybody may be on them.
    pub fn anonymous_images(&self) -> u64 {
        let is_anonymous = |person: &&Person| {
            let is_named = |space: u32| self.namespaces()[space as usize] != super::spaces::DRAWN;
            person.names.iter().all(|name| !name.is_pseudonym && is_named(name.namespace))
        };
        let tokens: u64 = self.people.iter().filter(is_anonymous).map(|person| u64::from(person.images.end - person.images.start)).sum();
        tokens
    }
}

/// True for a namespace that a user calls so: by its whole name, or without its sort.
fn is_called(space: &str, wanted: &str) -> bool {
    space == wanted || space.split_once(':').is_some_and(|(_, name)| name == wanted)
}

impl Sought<'_> {
    /// The namespaces of those who are meant, by their names in the index.
    pub fn namespaces<'i>(&self, index: &'i Index) -> BTreeSet<&'i str> {
        self.people.iter().flat_map(|person| &person.names).map(|name| index.namespaces()[name.namespace as usize].as_str()).collect()
    }

    /// Other pseudonyms that cannot be told apart from theirs: of patients who share an image, or were joined.
    pub fn counted_with(&self, pseudonym: &str) -> BTreeSet<&str> {
        let names = self.people.iter().flat_map(|person| &person.names);
        names.filter(|name| name.is_pseudonym && name.text != pseudonym).map(|name| name.text.as_str()).collect()
    }
}

impl Recorded {
    /// The output as a study writes it; the stage, where no output is known.
    pub fn output(&self) -> String {
        if self.port.is_empty() { self.stage.clone() } else { provenance::output(&self.stage, &self.port) }
    }
}

impl Person {
    /// What the patient is called: all pseudonyms, or all tokens of one who has no pseudonym.
    pub fn called(&self) -> Vec<&str> {
        let is_named = self.names.iter().any(|name| name.is_pseudonym);
        let all: BTreeSet<&str> = self.names.iter().filter(|name| name.is_pseudonym == is_named).map(|name| name.text.as_str()).collect();
        all.into_iter().collect()
    }

    /// True if a table of an import has a pseudonym of the patient.
    pub fn has_pseudonym(&self) -> bool {
        self.names.iter().any(|name| name.is_pseudonym)
    }
}
