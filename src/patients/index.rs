//! The answer to every question about patients, composed once: sets of images, numbered patient by patient, so that the images of one
//! patient are a range. Independent of how it is composed, and of where it is kept.

use super::gaps::Gaps;
use hilum_cache::{Digest, StageKey};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// A name of a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The namespace, by its number in [`Index::namespaces`].
    pub namespace: u32,
    /// True for a pseudonym, false for a token.
    pub is_pseudonym: bool,
    /// `p:` and 32 hexadecimal digits.
    pub text: String,
}

/// A patient: everybody whose names cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Pseudonyms first.
    pub names: Vec<Name>,
    /// The numbers of the patient's images. An image of several patients has a number with each.
    pub images: Range<u32>,
}

/// An import that named patients.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Import {
    /// Within which identifiers its patients are told apart.
    pub namespace: String,
    /// The fingerprint of the key that its pseudonyms were made with.
    pub key: Option<String>,
    /// Regular expressions by which it finds the identifier in a longer text.
    pub patterns: Vec<String>,
    /// False if its table of pseudonyms is gone or damaged.
    pub is_readable: bool,
    /// True if that table was erased, so that what it said is not missing.
    pub is_erased: bool,
}

/// Where it stands that something was erased.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tombstone {
    /// The run whose journal says so.
    pub run: String,
    /// The line there, counted from 1.
    pub line: u64,
}

/// Who reached an output, as numbers of sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reach {
    /// Whose images are in it.
    pub contains: u32,
    /// Who influenced it.
    pub influenced: u32,
    /// What is not known of that.
    pub gaps: Gaps,
}

/// An output of a stage that a run of a study had, with what reached it there. Runs that had the same are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The study.
    pub study: String,
    /// The stage, with its cell.
    pub stage: String,
    /// Its output port; empty where the receipt is gone.
    pub port: String,
    /// The kind of the stage; empty where the receipt is gone.
    pub kind: String,
    /// The type of the artifact.
    pub artifact: String,
    /// Its digest; none where the receipt is gone.
    pub digest: Option<Digest>,
    /// Its bytes.
    pub bytes: u64,
    /// The key of its recipe.
    pub key: Option<StageKey>,
    /// How long the stage took, in milliseconds.
    pub millis: u64,
    /// The newest of these runs.
    pub run: String,
    /// How many runs had it.
    pub runs: u32,
    /// True for a result of the newest graph of its study.
    pub is_current: bool,
    /// Where it stands that it was erased, if it was and no run made it again.
    pub erased: Option<Tombstone>,
    /// Who reached it, by its number in the index.
    pub flow: u32,
}

/// Patients, results, and who reached which.
pub struct Index {
    pub(super) head: Head,
    /// Everybody, by their first pseudonyms.
    pub people: Vec<Person>,
    pub(super) sets: Vec<RoaringBitmap>,
}

/// The part of an index that is small.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    /// What it was made of.
    pub(super) evidence: Evidence,
    pub(super) namespaces: Vec<String>,
    pub(super) imports: Vec<Import>,
    pub(super) results: Vec<Recorded>,
    pub(super) flows: Vec<Reach>,
    /// From here on, images are of no known patient.
    pub(super) nobody: u32,
    /// The set of images that are filed under several names.
    pub(super) shared: u32,
    /// How many images are in each set, and how many bytes it takes.
    pub(super) sets: Vec<(u64, u64)>,
    pub(super) people: u32,
}

/// What an index was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Evidence {
    /// The program: another one may know more kinds.
    pub(super) program: String,
    /// Journals by run, with their lengths and digests.
    pub(super) journals: Vec<(String, u64, Digest)>,
    /// Tables and lists of files, and their lengths where they are there.
    pub(super) objects: BTreeMap<Digest, Option<u64>>,
}

/// An index before it is written.
pub(super) struct Parts {
    pub(super) head: Head,
    pub(super) people: Vec<Person>,
    /// Sets, and how many different images are in each.
    pub(super) sets: Vec<(u64, RoaringBitmap)>,
}

impl Index {
    /// Namespaces of patient identifiers: `name:NAME` where a study names it, `directory:DIR` otherwise, and `drawn` for phantoms.
    pub fn namespaces(&self) -> &[String] {
        &self.head.namespaces
    }
    /// Imports that named patients, each sort once.
    pub fn imports(&self) -> &[Import] {
        &self.head.imports
    }
    /// Every output of every stage of every run.
    pub fn results(&self) -> &[Recorded] {
        &self.head.results
    }
    /// Who reached a result.
    pub fn flow(&self, result: &Recorded) -> Reach {
        self.head.flows[result.flow as usize]
    }
    /// How many different images are in a set.
    pub fn images(&self, set: u32) -> u64 {
        self.head.sets[set as usize].0
    }
    /// The images in any of some results.
    pub fn images_in<'a>(&self, results: impl IntoIterator<Item = &'a Recorded>) -> RoaringBitmap {
        results.into_iter().fold(RoaringBitmap::new(), |all, result| all | self.set(self.flow(result).contains))
    }
    /// How many images of a set are among these.
    pub(super) fn common(&self, set: u32, images: &RoaringBitmap) -> u64 {
        self.set(set).intersection_len(images)
    }
    /// How many images of a range are in a set.
    pub fn count(&self, set: u32, images: &Range<u32>) -> u64 {
        if images.is_empty() { 0 } else { self.set(set).range_cardinality(images.clone()) }
    }
    /// How many of a patient's images are filed under another name, too.
    pub fn shared(&self, person: &Person) -> u64 {
        self.count(self.head.shared, &person.images)
    }
    /// How many images of no known patient are in a set.
    pub fn of_no_patient(&self, set: u32) -> u64 {
        self.count(set, &(self.head.nobody..u32::MAX))
    }
    /// Whose images are in a set, with how many of each.
    pub fn people_in(&self, set: u32) -> Vec<(&Person, u64)> {
        let mut at = 0;
        let mut out: Vec<(&Person, u64)> = vec![];
        // Numbers rise with people: one pass over both.
        for number in self.set(set).iter().take_while(|number| *number < self.head.nobody) {
            while self.people[at].images.end <= number {
                at += 1;
            }
            match out.last_mut() {
                Some((last, count)) if std::ptr::eq(*last, &self.people[at]) => *count += 1,
                _ => out.push((&self.people[at], 1)),
            }
        }
        out
    }

    fn set(&self, set: u32) -> &RoaringBitmap {
        &self.sets[set as usize]
    }

    /// True if all numbers in it are of something: a file may have been written by anybody.
    pub(super) fn is_sound(&self) -> bool {
        let Head { namespaces, results, flows, nobody, shared, sets, .. } = &self.head;
        let is_set = |set: u32| (set as usize) < self.sets.len();
        let is_range = |person: &Person| person.images.start <= person.images.end && person.images.end <= *nobody;
        sets.len() == self.sets.len()
            && is_set(*shared)
            && flows.iter().all(|flow| is_set(flow.contains) && is_set(flow.influenced))
            && results.iter().all(|result| (result.flow as usize) < flows.len())
            && self.people.iter().all(|person| is_range(person) && person.names.iter().all(|name| (name.namespace as usize) < namespaces.len()))
            && self.people.last().map_or(0, |person| person.images.end) == *nobody
    }
}
