//! Patients without identifiers: tokens that follow from the images, and the table that links tokens to pseudonyms.
//!
//! Two users with the same images must draw the same patients, although each has a secret key of their own. So tables
//! name a patient by a token that follows from the patient's images alone, and the pseudonyms, which follow from the
//! key, are listed beside them in a table of `import`. Lineage and the checks use that table; random draws do not. A
//! token reveals nothing to anybody who has a list of patients but not the images.

use super::sets::Sets;
use crate::contract::prelude::*;
use crate::files::{csv_of, write};
use hilum_cache::Digest;
use std::collections::HashMap;
use std::hash::Hash;

/// One patient of an import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The token that tables name the patient by.
    pub patient: String,
    /// The pseudonym under the study's key. Patients who share an image share a token, and have one row each.
    pub pseudonym: String,
}

/// The pseudonyms that belong to the tokens of an import; empty if patients are unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patients {
    /// Rows in the order of their tokens.
    pub rows: Vec<Identity>,
}

/// The file within its artifact.
pub const TABLE: &str = "patients.csv";

impl Patients {
    /// A table of these rows, sorted, each once.
    pub fn of(mut rows: Vec<Identity>) -> Patients {
        rows.sort();
        rows.dedup();
        Patients { rows }
    }
    /// Reads the rows of a table.
    ///
    /// # Errors
    /// Where it is not such a table.
    pub fn read_rows(bytes: &[u8]) -> Result<Vec<Identity>> {
        let mut reader = csv::Reader::from_reader(bytes);
        reader.deserialize().collect::<Result<_, _>>().map_err(|e| Error::data(format!("a table of patients cannot be read: {e}")))
    }
}

impl OutputArtifact for Patients {
    const TYPE: ArtifactType = ArtifactType::Patients;
    fn save(&self, directory: &Path) -> Result<()> {
        write(&directory.join(TABLE), &csv_of(&self.rows, &["patient", "pseudonym"])?)
    }
}

/// The token of a patient whose smallest image digest this is.
pub fn token(smallest: &Digest) -> String {
    let key = blake3::derive_key("hilum patient token v1", smallest.bytes());
    let hex: String = key[..16].iter().map(|b| format!("{b:02x}")).collect();
    format!("p:{hex}")
}

/// The token of each patient: that of the smallest digest among the patient's images. Patients who share an image,
/// directly or through others, cannot be told apart by their images and have one token: they stay together.
pub fn tokens<P: Eq + Hash + Clone>(images: impl IntoIterator<Item = (P, Digest)>) -> HashMap<P, String> {
    let (mut sets, mut smallest) = (Sets::default(), vec![]);
    let mut of_person: HashMap<P, usize> = HashMap::new();
    let mut of_image: HashMap<Digest, usize> = HashMap::new();
    for (person, image) in images {
        let person = *of_person.entry(person).or_insert_with(|| {
            smallest.push(image);
            sets.add()
        });
        smallest[person] = smallest[person].min(image);
        let first = *of_image.entry(image).or_insert(person);
        sets.join(first, person);
    }
    for person in 0..smallest.len() {
        let first = sets.first(person);
        smallest[first] = smallest[first].min(smallest[person]);
    }
    of_person.into_iter().map(|(person, at)| (person, token(&smallest[sets.first(at)]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(n: u8) -> Digest {
        Digest::from_bytes([n; 32])
    }

    #[test]
    fn a_token_follows_from_the_images_in_any_order() {
        let one = tokens([("a", image(3)), ("a", image(1)), ("b", image(2))]);
        let other = tokens([("y", image(2)), ("x", image(1)), ("x", image(3))]);
        assert_eq!((&one["a"], &one["b"]), (&other["x"], &other["y"]));
        assert_ne!(one["a"], one["b"]);
        assert_eq!(one["a"], token(&image(1)));
    }

    #[test]
    fn people_who_share_an_image_have_one_token() {
        let found = tokens([("a", image(9)), ("a", image(5)), ("b", image(5)), ("b", image(7)), ("c", image(7)), ("d", image(1))]);
        assert!(found["a"] == found["b"] && found["b"] == found["c"] && found["a"] == token(&image(5)));
        assert_ne!(found["d"], found["a"]);
    }

    #[test]
    fn a_table_reads_back() {
        let identity = |p: &str, q: &str| Identity { patient: p.into(), pseudonym: q.into() };
        let dir = tempfile::tempdir().unwrap();
        for table in [Patients::default(), Patients::of(vec![identity("p:2", "q:1"), identity("p:1", "q:2"), identity("p:1", "q:2")])] {
            table.save(dir.path()).unwrap();
            assert_eq!(Patients::read_rows(&std::fs::read(dir.path().join(TABLE)).unwrap()).unwrap(), table.rows);
        }
    }
}
