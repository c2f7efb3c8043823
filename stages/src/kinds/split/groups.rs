//! The units that are assigned to parts: the images of a patient, or a single image.

use super::By;
use crate::data::sample::{Sample, Samples};
use std::collections::{BTreeSet, HashMap};

/// Rows that go to one part.
pub(super) struct Group<'a> {
    /// Determines its priority: the patient's token, or the digest of the image.
    pub(super) key: String,
    pub(super) rows: Vec<&'a Sample>,
}

impl Group<'_> {
    pub(super) fn labels(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|s| s.label.as_str()).collect()
    }
}

/// Groups in the order of the table. Rows of one image always stay together, as do, by patient, the
/// translations of a patient's images, which come after all real images of a table.
pub(super) fn groups(samples: &Samples, by: By) -> Vec<Group<'_>> {
    let mut out: Vec<Group> = vec![];
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in &samples.rows {
        let key = if by == By::Patient && !row.patient.is_empty() { row.patient.clone() } else { row.image.hex() };
        let at = *known.entry(key.clone()).or_insert_with(|| {
            out.push(Group { key, rows: vec![] });
            out.len() - 1
        });
        out[at].rows.push(row);
    }
    out
}
