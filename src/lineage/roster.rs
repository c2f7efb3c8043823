//! Patients and images by number, so that sets of them are cheap. Two names of one person, or two files with one picture, are
//! one number. Independent of stages.

use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Result};
use hilum_stages::data::sample::{Origin, Sample};
use roaring::RoaringBitmap;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::Evidence;

/// Patients and images, as sets of numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatientsAndImages {
    /// Patients.
    pub patients: RoaringBitmap,
    /// Images.
    pub images: RoaringBitmap,
}

impl PatientsAndImages {
    /// Adds all of another.
    pub fn add(&mut self, other: &PatientsAndImages) {
        self.patients |= &other.patients;
        self.images |= &other.images;
    }
    /// True if it is empty.
    pub fn is_empty(&self) -> bool {
        self.patients.is_empty() && self.images.is_empty()
    }
}

/// What a table contains of one label.
#[derive(Debug, Clone, Default)]
pub struct OfLabel {
    /// Its rows.
    pub reach: PatientsAndImages,
    /// True if a row is of a real image.
    pub has_real: bool,
    /// Generators of its synthetic rows, as far as they say which.
    pub generators: BTreeSet<Digest>,
}

/// What a table of samples contains.
#[derive(Debug, Default)]
pub struct TableContents {
    /// All rows.
    pub all: PatientsAndImages,
    /// Rows of real images.
    pub real: PatientsAndImages,
    /// Rows of each label.
    pub by_label: BTreeMap<String, OfLabel>,
    /// Generators of its synthetic rows, and rows of each; none if a row does not say which.
    pub generators: BTreeMap<Option<Digest>, usize>,
    /// True if each row is synthetic.
    pub is_synthetic: bool,
    /// Number of the patient of each image, if it has one.
    pub owners: Vec<(u32, Option<u32>)>,
}

/// What is known of a synthetic image.
#[derive(Debug, Clone, Default)]
struct SyntheticFacts {
    generators: BTreeSet<Digest>,
    tokens: BTreeSet<String>,
}

/// All named patients. A token means a patient within the identifiers of the imports that a table comes from: equal images
/// under two names are found as images, not as one patient.
#[derive(Default)]
pub struct Roster {
    patients: Numbers<(String, String)>,
    images: Numbers<Digest>,
    /// The namespace that all tokens are of, if there is but one.
    only: Option<String>,
    /// The namespaces that know a token.
    known: HashMap<String, BTreeSet<String>>,
    /// What synthetic images show and come from, by their numbers: rows of other files with the same picture do not say so.
    made: HashMap<u32, SyntheticFacts>,
    tables: HashMap<(Digest, Option<BTreeSet<String>>), Arc<TableContents>>,
}

impl Roster {
    /// All tokens are of this namespace.
    pub fn only(&mut self, namespace: &str) {
        self.only = Some(namespace.to_owned());
    }
    /// A token is of this namespace.
    pub fn knows(&mut self, namespace: &str, token: &str) {
        self.known.entry(token.to_owned()).or_default().insert(namespace.to_owned());
    }
    /// A token of an import stands for this pseudonym of its namespace.
    pub fn identify(&mut self, namespace: &str, token: &str, pseudonym: &str) {
        self.knows(namespace, token);
        self.patients.join((namespace.to_owned(), token.to_owned()), (namespace.to_owned(), pseudonym.to_owned()));
    }
    /// Two files with one picture.
    pub fn same_image(&mut self, a: Digest, b: Digest) {
        self.images.join(a, b);
    }
    /// What this row says of a synthetic image is true of every file with its picture. Call after equal images were joined.
    pub fn shows(&mut self, row: &Sample) {
        let image = self.images.number(row.image);
        let made = self.made.entry(image).or_default();
        made.generators.extend(row.generator);
        made.tokens.extend(Some(row.patient.clone()).filter(|p| !p.is_empty()));
    }
    /// The number of an image.
    pub fn image(&mut self, image: Digest) -> u32 {
        self.images.number(image)
    }

    /// What a table contains that comes from imports with these namespaces, or from an unknown origin; read once. Call after all that
    /// is the same was joined.
    pub fn table(&mut self, artifact: &Artifact, spaces: Option<&BTreeSet<String>>, evidence: &Evidence) -> Result<Arc<TableContents>> {
        let place = (artifact.digest, spaces.cloned());
        if let Some(held) = self.tables.get(&place) {
            return Ok(held.clone());
        }
        let rows = evidence.tables.samples(evidence.store, artifact)?;
        let mut held = TableContents { is_synthetic: !rows.is_empty(), ..TableContents::default() };
        let mut seen = HashSet::new();
        let mut of_token: HashMap<&str, Vec<u32>> = HashMap::new();
        for row in rows.iter() {
            let image = self.images.number(row.image);
            let named = of_token.entry(&row.patient).or_insert_with(|| if row.patient.is_empty() { vec![] } else { self.meant(&row.patient, spaces) });
            let mut patients = Cow::Borrowed(&**named);
            let made = self.made.get(&image).cloned().unwrap_or_default();
            for token in made.tokens.iter().filter(|t| **t != row.patient) {
                patients.to_mut().extend(self.meant(token, None));
            }
            if !held.by_label.contains_key(&row.label) {
                held.by_label.insert(row.label.clone(), OfLabel::default());
            }
            let of_label = held.by_label.get_mut(&row.label).expect("BUG: inserted above");
            of_label.reach.images.insert(image);
            of_label.reach.patients.extend(patients.iter().copied());
            match row.origin {
                Origin::Real => {
                    held.real.images.insert(image);
                    held.real.patients.extend(patients.iter().copied());
                    of_label.has_real = true;
                    held.is_synthetic = false;
                    // A synthetic image that was saved without its mark.
                    of_label.generators.extend(&made.generators);
                    made.generators.iter().for_each(|g| *held.generators.entry(Some(*g)).or_default() += 1);
                }
                Origin::Synthetic => {
                    of_label.generators.extend(row.generator);
                    *held.generators.entry(row.generator).or_default() += 1;
                }
            }
            if seen.insert((image, patients.first().copied())) {
                held.owners.push((image, patients.first().copied()));
            }
        }
        let TableContents { all, by_label, .. } = &mut held;
        by_label.values().for_each(|l| all.add(&l.reach));
        let held = Arc::new(held);
        self.tables.insert(place, held.clone());
        Ok(held)
    }

    /// Two tokens of a table mean one patient, wherever they are named.
    pub fn same_patient(&mut self, a: &str, b: &str, spaces: Option<&BTreeSet<String>>) {
        let names = [self.names(a, spaces), self.names(b, spaces)].concat();
        names.iter().for_each(|name| self.patients.join(name.clone(), names[0].clone()));
    }

    /// Whom a token means, by number: within the namespaces of a table, or in all that know it.
    pub fn meant(&mut self, token: &str, spaces: Option<&BTreeSet<String>>) -> Vec<u32> {
        self.names(token, spaces).into_iter().map(|name| self.patients.number(name)).collect()
    }

    /// The same by name: namespace and token.
    fn names(&self, token: &str, spaces: Option<&BTreeSet<String>>) -> Vec<(String, String)> {
        let mut known = self.known.get(token).cloned().unwrap_or_default();
        known.extend(self.only.clone());
        let within: Vec<String> = match spaces {
            None => known.into_iter().collect(),
            // A token that several of these imports know may be of any of them.
            Some(spaces) => spaces.intersection(&known).cloned().collect(),
        };
        let within = if within.is_empty() { vec![spaces.and_then(BTreeSet::first).cloned().unwrap_or_default()] } else { within };
        within.into_iter().map(|space| (space, token.to_owned())).collect()
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
    use crate::tables::Tables;
    use crate::tables::tests::{put, row};
    use hilum_cache::Ledger;

    #[test]
    fn what_is_joined_has_one_number() {
        let mut roster = Roster::default();
        // Two imports of one directory know patient 1 by two tokens; another directory knows the first token, too.
        roster.identify("img", "p:a", "1");
        roster.identify("img", "p:b", "1");
        roster.identify("other", "p:a", "9");
        let spaces = |all: &[&str]| Some(all.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<_>>());
        let mut number = |token: &str, all: Option<BTreeSet<String>>| roster.meant(token, all.as_ref());
        assert_eq!(number("p:a", spaces(&["img"])), number("p:b", spaces(&["img"])));
        assert_ne!(number("p:a", spaces(&["img"])), number("p:a", spaces(&["other"])));
        assert_eq!(number("p:a", None).len(), 2, "from nobody knows where: both");
        assert_ne!(number("p:c", spaces(&["img"])), number("p:a", spaces(&["img"])));
        // Two tokens whose images show one picture are one person in each of the two directories.
        roster.knows("img", "p:d");
        let of = |roster: &mut Roster, token: &str, all: &[&str]| roster.meant(token, spaces(all).as_ref());
        assert_ne!(of(&mut roster, "p:a", &["other"]), of(&mut roster, "p:d", &["img"]));
        roster.same_patient("p:d", "p:a", spaces(&["img", "other"]).as_ref());
        let all = [("p:a", "img"), ("p:a", "other"), ("p:b", "img"), ("p:d", "img")].map(|(token, space)| of(&mut roster, token, &[space]));
        assert!(all.iter().all(|number| *number == all[0]), "{all:?}");
        assert_ne!(of(&mut roster, "p:c", &["img"]), all[0]);
    }

    #[test]
    fn names_may_be_joined_in_any_order() {
        let pairs = [("a", "b"), ("c", "d"), ("b", "c"), ("x", "y")];
        for turn in 0..pairs.len() {
            let mut numbers = Numbers::default();
            numbers.number("z");
            for at in 0..pairs.len() {
                let (a, b) = pairs[(at + turn) % pairs.len()];
                // Twice, and the other way round: nothing changes.
                [(a, b), (b, a), (a, b)].into_iter().for_each(|(a, b)| numbers.join(a, b));
            }
            let groups: BTreeSet<u32> = ["a", "b", "c", "d"].map(|n| numbers.number(n)).into();
            let others: BTreeSet<u32> = ["x", "y"].map(|n| numbers.number(n)).into();
            assert_eq!((groups.len(), others.len()), (1, 1), "turn {turn}");
            assert!(groups.is_disjoint(&others) && numbers.number("z") == 0, "turn {turn}");
        }
    }

    #[test]
    fn a_table_is_counted_by_patients_and_images() {
        let dir = tempfile::tempdir().unwrap();
        let store = hilum_cache::WritableStore::create(dir.path()).unwrap();
        let (tables, ledger, listings) = (Tables::default(), Ledger::load(&store).unwrap(), Default::default());
        let evidence = Evidence { store: &store, tables: &tables, ledger: &ledger, made: &[], listings: &listings, pseudonyms: "" };
        let mut roster = Roster::default();
        let generator = Digest::of(b"generator");
        // `b` and `copy` are files with one picture; `made` was translated from an image of p:2, and says so.
        roster.same_image(Digest::of(b"b"), Digest::of(b"copy"));
        let made = Sample { origin: Origin::Synthetic, generator: Some(generator), ..row("made", "p:2", "covid") };
        roster.shows(&made);
        let unmarked = Sample { patient: "p:9".into(), origin: Origin::Real, generator: None, ..made.clone() };
        let rows = vec![row("a", "p:1", "covid"), row("a", "p:1", "covid"), row("b", "p:2", "normal"), row("copy", "p:3", "normal"), unmarked];
        let held = roster.table(&put(&store, rows), None, &evidence).unwrap();
        assert_eq!((held.all.images.len(), held.all.patients.len()), (3, 4), "a, b and made; p:1, p:2, p:3 and p:9");
        assert_eq!((held.by_label["normal"].reach.images.len(), held.by_label["normal"].reach.patients.len()), (1, 2));
        // An image that was saved without its mark shows the patient and the generator that it came from.
        assert_eq!(held.by_label["covid"].reach.patients.len(), 3, "p:1, p:9 and p:2");
        assert_eq!(held.generators, BTreeMap::from([(Some(generator), 1)]));
        assert!(!held.is_synthetic && held.by_label["covid"].has_real);
        let synthetic = roster.table(&put(&store, vec![made]), None, &evidence).unwrap();
        assert!(synthetic.is_synthetic && !synthetic.by_label["covid"].has_real);
        assert!(!roster.table(&put(&store, vec![]), None, &evidence).unwrap().is_synthetic, "nothing is not synthetic");
    }
}
