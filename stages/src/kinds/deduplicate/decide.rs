//! Which images of a picture are kept, and which patients are one. Knows rows of tables and what ties them together, and no pixels.

use super::compare::Tie;
use super::{Deduplicate, Keep, OnConflict, images};
use crate::contract::prelude::*;
use crate::data::sample::{Sample, Samples};
use crate::data::sets::Sets;
use crate::records::{JoinedPatient, Table};
use crate::words::counted;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of rows, which are sorted by image.
pub(super) struct Decision {
    /// For each row, the place of its image among all images.
    pub(super) places: Vec<usize>,
    /// Images that show one picture.
    pub(super) ties: Vec<Tie>,
    /// The rows of each picture, in the order of the first.
    pub(super) pictures: Vec<Vec<usize>>,
    /// Whether a row is kept.
    pub(super) is_kept: Vec<bool>,
    /// Pictures with several labels.
    conflicts: usize,
    /// The token that a patient has from here on, where it is another one.
    tokens: BTreeMap<String, String>,
}

impl Decision {
    /// # Errors
    /// Where a picture has several labels, and nothing says what to do then.
    pub(super) fn of(stage: &Deduplicate, rows: &[Sample], ties: Vec<Tie>) -> Result<Decision> {
        let (images, places) = images(rows);
        let mut sets = Sets::of(images.len());
        for tie in &ties {
            sets.join(tie.first, tie.second);
        }
        let mut of_picture: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        places.iter().enumerate().for_each(|(row, image)| of_picture.entry(sets.first(*image)).or_default().push(row));
        let pictures: Vec<Vec<usize>> = of_picture.into_values().collect();
        let mut is_kept = vec![false; rows.len()];
        let mut conflicts: BTreeMap<BTreeSet<&str>, usize> = BTreeMap::new();
        for picture in &pictures {
            let labels: BTreeSet<&str> = picture.iter().map(|row| rows[*row].label.as_str()).collect();
            let is_conflict = labels.len() > 1;
            if is_conflict {
                *conflicts.entry(labels).or_default() += 1;
            }
            if is_conflict && stage.on_conflict == OnConflict::DropAll {
                continue;
            }
            // Rows are sorted by digest: the first of the best.
            if let Some(best) = picture.iter().min_by_key(|row| stage.keep.rank(&rows[**row])) {
                is_kept[*best] = true;
            }
        }
        if stage.on_conflict == OnConflict::Stop && !conflicts.is_empty() {
            return Err(contradictory(&conflicts));
        }
        let tokens = joined(rows, &pictures);
        Ok(Decision { conflicts: conflicts.values().sum(), places, ties, pictures, is_kept, tokens })
    }

    /// Tells people what was done.
    pub(super) fn say(&self, rows: &[Sample], cx: &Context) {
        let kept = self.is_kept.iter().filter(|is_kept| **is_kept).count();
        cx.note(format!("{} show {}; {kept} are kept", counted(rows.len(), "row", "rows"), counted(self.pictures.len(), "picture", "pictures")));
        if self.conflicts > 0 {
            let left_out = self.pictures.iter().filter(|picture| picture.iter().all(|row| !self.is_kept[*row])).count();
            let done = if left_out > 0 { "none of their images is kept" } else { "the label of the image that is kept counts" };
            cx.warn(format!("{} several labels: {done}", counted(self.conflicts, "picture has", "pictures have")));
        }
        if !self.tokens.is_empty() {
            let others: BTreeSet<&String> = self.tokens.values().collect();
            let who =
                counted(self.tokens.len() + others.len(), "patient shares pictures with others and counts", "patients share pictures with others and count");
            cx.note(format!("{who} as {} from here on", others.len()));
        }
    }

    /// The patients who have another token from here on.
    pub(super) fn joined(&self) -> Table<JoinedPatient> {
        let row = |(patient, counts_as): (&String, &String)| JoinedPatient { patient: patient.clone(), counts_as: counts_as.clone() };
        Table { rows: self.tokens.iter().map(row).collect() }
    }

    /// The rows that are kept.
    pub(super) fn kept(self, rows: Vec<Sample>) -> Samples {
        let mut kept: Vec<Sample> = rows.into_iter().zip(self.is_kept).filter(|(_, is_kept)| *is_kept).map(|(row, _)| row).collect();
        for row in &mut kept {
            if let Some(token) = self.tokens.get(&row.patient) {
                row.patient.clone_from(token);
            }
        }
        Samples::number(&mut kept);
        Samples::of(kept)
    }
}

impl Keep {
    /// The smallest is kept.
    fn rank(&self, row: &Sample) -> (usize, Reverse<u64>) {
        let source = match self {
            Keep::Largest => 0,
            Keep::FirstSource(sources) => sources.iter().position(|source| *source == row.source).unwrap_or(sources.len()),
        };
        (source, Reverse(u64::from(row.width) * u64::from(row.height)))
    }
}

fn contradictory(conflicts: &BTreeMap<BTreeSet<&str>, usize>) -> Error {
    let of = |(labels, n): (&BTreeSet<&str>, &usize)| format!("{} ({n})", labels.iter().copied().collect::<Vec<_>>().join(" and "));
    let which: Vec<String> = conflicts.iter().map(of).collect();
    let pictures = counted(conflicts.values().sum::<usize>(), "picture has images", "pictures have images");
    Error::helped(
        format!("{pictures} with different labels: {}", which.join(", ")),
        "`on_conflict: drop-all` leaves out all images of such a picture, and `on_conflict: keep` all but one; then the report lists them",
    )
}

/// The tokens of patients who share a picture, directly or through others, that become the smallest among them.
fn joined(rows: &[Sample], pictures: &[Vec<usize>]) -> BTreeMap<String, String> {
    let all: Vec<&str> = rows.iter().map(|row| row.patient.as_str()).filter(|p| !p.is_empty()).collect::<BTreeSet<_>>().into_iter().collect();
    let place = |row: &usize| all.binary_search(&rows[*row].patient.as_str()).ok();
    let mut sets = Sets::of(all.len());
    for picture in pictures {
        let mut patients = picture.iter().filter_map(place);
        if let Some(first) = patients.next() {
            for other in patients {
                sets.join(first, other);
            }
        }
    }
    // Tokens are sorted, so that the first place of a set has the smallest.
    (0..all.len()).map(|at| (at, sets.first(at))).filter(|(at, first)| at != first).map(|(at, first)| (all[at].to_owned(), all[first].to_owned())).collect()
}
