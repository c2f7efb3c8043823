//! What checks and the report ask of a table of samples, counted once: so that a table need not stay in memory for them. Independent of
//! lineage.

use hilum_stages::data::sample::{Origin, Sample};
use std::collections::{BTreeMap, BTreeSet};

/// The counts of a table of samples.
#[derive(Debug, Default, PartialEq)]
pub struct Summary {
    /// All rows.
    pub rows: usize,
    /// Patients of real images, as far as they are known: one with images of several labels is one.
    pub patients: usize,
    /// Rows of real images of no known patient.
    pub without_patient: usize,
    /// By label.
    pub labels: BTreeMap<String, OfLabel>,
}

/// The counts of a label.
#[derive(Debug, Default, PartialEq)]
pub struct OfLabel {
    /// Rows of real images.
    pub real: usize,
    /// Rows of synthetic images.
    pub synthetic: usize,
    /// Patients with a real image; an image without a patient is one of its own.
    pub patients: usize,
    /// Patients that rows of either sort name.
    pub named_patients: usize,
    /// Rows of real images by source, as far as the source is known.
    pub sources: BTreeMap<String, usize>,
}

impl Summary {
    /// Counts rows.
    pub fn of(rows: &[Sample]) -> Summary {
        let mut out = Summary { rows: rows.len(), ..Summary::default() };
        let mut patients: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut alone: BTreeMap<&str, BTreeSet<&hilum_cache::Digest>> = BTreeMap::new();
        let mut everyone: BTreeSet<&str> = BTreeSet::new();
        for row in rows {
            if !out.labels.contains_key(&row.label) {
                out.labels.insert(row.label.clone(), OfLabel::default());
            }
            let of_label = out.labels.get_mut(&row.label).expect("BUG: inserted above");
            if !row.patient.is_empty() {
                named.entry(&row.label).or_default().insert(&row.patient);
            }
            if row.origin == Origin::Synthetic {
                of_label.synthetic += 1;
                continue;
            }
            of_label.real += 1;
            if !row.source.is_empty() {
                *of_label.sources.entry(row.source.clone()).or_default() += 1;
            }
            if row.patient.is_empty() {
                alone.entry(&row.label).or_default().insert(&row.image);
                out.without_patient += 1;
            } else {
                everyone.insert(&row.patient);
                patients.entry(&row.label).or_default().insert(&row.patient);
            }
        }
        out.patients = everyone.len();
        for (label, of_label) in &mut out.labels {
            let in_patients = |of: &BTreeMap<&str, BTreeSet<&str>>| of.get(label.as_str()).map_or(0, BTreeSet::len);
            of_label.patients = in_patients(&patients) + alone.get(label.as_str()).map_or(0, BTreeSet::len);
            of_label.named_patients = in_patients(&named);
        }
        out
    }
    /// Rows of real images.
    pub fn real(&self) -> usize {
        self.labels.values().map(|label| label.real).sum()
    }
    /// Rows of synthetic images.
    pub fn synthetic(&self) -> usize {
        self.rows - self.real()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::tests::row;

    #[test]
    fn rows_are_counted_by_label() {
        let synthetic = Sample { origin: Origin::Synthetic, ..row("d", "9", "covid") };
        let of = |image: &str, patient: &str, source: &str| Sample { source: source.into(), ..row(image, patient, "covid") };
        let rows = [of("a", "1", "x"), of("b", "1", "x"), of("c", "", ""), of("c", "", "y"), synthetic, row("e", "2", "normal"), row("f", "1", "normal")];
        let found = Summary::of(&rows);
        assert_eq!((found.rows, found.labels.len()), (7, 2));
        assert_eq!((found.patients, found.without_patient, found.real(), found.synthetic()), (2, 2, 6, 1), "patient 1 has both labels");
        let sources = BTreeMap::from([("x".to_owned(), 2), ("y".to_owned(), 1)]);
        assert_eq!(found.labels["covid"], OfLabel { real: 4, synthetic: 1, patients: 2, named_patients: 2, sources });
        assert_eq!(found.labels["normal"], OfLabel { real: 2, patients: 2, named_patients: 2, ..OfLabel::default() });
    }
}
