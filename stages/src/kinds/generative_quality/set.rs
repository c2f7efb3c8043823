//! Images with their features, in an order that says nothing of what they show; halves and folds of them. Knows no figure.

use crate::contract::prelude::*;
use crate::data::sample::{Origin, Sample};
use crate::kinds::spaces::Space;
use crate::quality::{Features, halves, two_sample};
use hilum_cache::Digest;
use std::collections::BTreeMap;

/// Images with their features.
pub(super) struct Set {
    pub(super) rows: Vec<Sample>,
    pub(super) features: Features,
}

impl Set {
    /// These images in a random order, those of a patient beside each other. A table lists images by number and class, so that its
    /// parts are of different classes; the parts of a score, and the blocks of a jackknife, must not be.
    pub(super) fn of(rows: &[Sample], space: &Space, order: &Stream) -> Result<Set> {
        let rows: Vec<Sample> = groups([rows], order).into_iter().flat_map(|[group]| group).map(|i| rows[i].clone()).collect();
        Ok(Set { features: space.features(&rows)?, rows })
    }

    /// Those at these places.
    pub(super) fn at(&self, places: &[usize]) -> Set {
        Set { rows: places.iter().map(|i| self.rows[*i].clone()).collect(), features: self.features.select(places) }
    }

    /// Those of a class; all for an empty one.
    pub(super) fn of_class(&self, class: &str) -> Set {
        self.at(&(0..self.rows.len()).filter(|i| class.is_empty() || self.rows[*i].label == class).collect::<Vec<usize>>())
    }

    /// Two halves without a patient in common, drawn at random.
    pub(super) fn halves(&self, stream: &Stream) -> [Set; 2] {
        let groups: Vec<Vec<usize>> = groups([&self.rows], stream).into_iter().map(|[group]| group).collect();
        halves::halves(&groups).map(|half| self.at(&half))
    }
}

/// Folds of two sets, drawn at random: whatever belongs to a patient is in one fold, in whichever set it is.
pub(super) fn folds(sets: [&Set; 2], stream: &Stream) -> [Vec<Vec<usize>>; 2] {
    halves::dealt_together(&groups(sets.map(|set| set.rows.as_slice()), stream), two_sample::FOLDS)
}

/// The places in each of these sets of the images that belong together, in an order that is drawn. Real images of a patient and their
/// translations do; where the patient is unknown, an image and its translations.
fn groups<const N: usize>(sets: [&[Sample]; N], stream: &Stream) -> Vec<[Vec<usize>; N]> {
    let mut groups: BTreeMap<_, [Vec<usize>; N]> = BTreeMap::new();
    for (n, rows) in sets.into_iter().enumerate() {
        for (i, row) in rows.iter().enumerate() {
            let group = groups.entry(group(row, stream)).or_insert_with(|| std::array::from_fn(|_| vec![]));
            group[n].push(i);
        }
    }
    groups.into_values().collect()
}

/// Where the images that belong together with this one stand in a random order, and what tells them from others.
fn group<'a>(row: &'a Sample, stream: &Stream) -> (u64, &'a str, Option<Digest>, u32) {
    match (row.patient.as_str(), row.origin, row.parent) {
        ("", Origin::Real, _) => (stream.priority(row.image.bytes()), "", Some(row.image), 0),
        ("", Origin::Synthetic, Some(parent)) => (stream.priority(parent.bytes()), "", Some(parent), 0),
        // By number and class, as the bytes may differ in the last bit between engines: images of one number stand apart.
        ("", Origin::Synthetic, None) => (stream.priority(&[&row.number.to_le_bytes(), row.label.as_bytes()].concat()), "", Some(row.image), row.number),
        (patient, ..) => (stream.priority(patient.as_bytes()), patient, None, 0),
    }
}
