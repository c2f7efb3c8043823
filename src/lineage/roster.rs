//! People and images by number, so that sets of them are cheap. Two names of one person, or two files with one picture, are
//! one number. Ignorant of stages.

use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Result};
use hilum_stages::data::sample::Origin;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::Evidence;

/// People and images, as sets of numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reach {
    /// Patients.
    pub people: RoaringBitmap,
    /// Images.
    pub images: RoaringBitmap,
}

impl Reach {
    /// Adds all of another.
    pub fn add(&mut self, other: &Reach) {
        self.people |= &other.people;
        self.images |= &other.images;
    }
    /// True where nobody and nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.images.is_empty()
    }
}

/// What a table of samples holds.
#[derive(Debug, Default)]
pub struct Held {
    /// All rows.
    pub all: Reach,
    /// Rows of each label.
    pub by_label: BTreeMap<String, Reach>,
    /// Generators of its synthetic rows, and rows of each; none where a row does not say which.
    pub generators: BTreeMap<Option<Digest>, usize>,
    /// True where each row is synthetic.
    pub is_synthetic: bool,
    /// Number of the patient of each image, where it has one.
    pub owners: Vec<(u32, Option<u32>)>,
}

/// Everybody who was named.
#[derive(Default)]
pub struct Roster {
    people: Numbers<String>,
    images: Numbers<Digest>,
    tables: HashMap<Digest, Arc<Held>>,
}

impl Roster {
    /// Two names of one person.
    pub fn same_person(&mut self, a: &str, b: &str) {
        self.people.join(a.to_owned(), b.to_owned());
    }
    /// Two files with one picture.
    pub fn same_image(&mut self, a: Digest, b: Digest) {
        self.images.join(a, b);
    }
    /// The number of an image.
    pub fn image(&mut self, image: Digest) -> u32 {
        self.images.number(image)
    }

    /// What a table holds; read once. Call after all that is the same was joined.
    pub fn table(&mut self, artifact: &Artifact, evidence: &Evidence) -> Result<Arc<Held>> {
        if let Some(held) = self.tables.get(&artifact.digest) {
            return Ok(held.clone());
        }
        let rows = evidence.tables.samples(evidence.store, artifact)?;
        let mut held = Held { is_synthetic: !rows.is_empty(), ..Held::default() };
        let mut seen = BTreeSet::new();
        for row in rows.iter() {
            let image = self.images.number(row.image);
            let person = (!row.patient.is_empty()).then(|| self.people.number(row.patient.clone()));
            if !held.by_label.contains_key(&row.label) {
                held.by_label.insert(row.label.clone(), Reach::default());
            }
            let reach = held.by_label.get_mut(&row.label).expect("BUG: inserted above");
            reach.images.insert(image);
            reach.people.extend(person);
            match row.origin {
                Origin::Real => held.is_synthetic = false,
                Origin::Synthetic => *held.generators.entry(row.generator).or_default() += 1,
            }
            if seen.insert((image, person)) {
                held.owners.push((image, person));
            }
        }
        let Held { all, by_label, .. } = &mut held;
        by_label.values().for_each(|r| all.add(r));
        let held = Arc::new(held);
        self.tables.insert(artifact.digest, held.clone());
        Ok(held)
    }
}

/// Numbers for names, of which some are the same (disjoint sets).
struct Numbers<K> {
    of: HashMap<K, u32>,
    parent: Vec<u32>,
}

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Numbers { of: HashMap::new(), parent: vec![] }
    }
}

impl<K: Eq + Hash> Numbers<K> {
    fn number(&mut self, name: K) -> u32 {
        let fresh = self.parent.len() as u32;
        let at = *self.of.entry(name).or_insert(fresh);
        if at == fresh {
            self.parent.push(fresh);
        }
        self.root(at)
    }
    fn root(&mut self, mut at: u32) -> u32 {
        while self.parent[at as usize] != at {
            self.parent[at as usize] = self.parent[self.parent[at as usize] as usize];
            at = self.parent[at as usize];
        }
        at
    }
    fn join(&mut self, a: K, b: K) {
        let (a, b) = (self.number(a), self.number(b));
        self.parent[a as usize] = b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_has_one_number() {
        let mut roster = Roster::default();
        roster.same_person("a", "b");
        roster.same_person("c", "d");
        let number = |r: &mut Roster, n: &str| r.people.number(n.to_owned());
        assert_eq!(number(&mut roster, "a"), number(&mut roster, "b"));
        assert_ne!(number(&mut roster, "a"), number(&mut roster, "c"));
        roster.same_person("b", "c");
        assert_eq!(number(&mut roster, "a"), number(&mut roster, "d"));
        assert_ne!(number(&mut roster, "a"), number(&mut roster, "e"));
    }
}
