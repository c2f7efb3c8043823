//! Images that show one picture, and what became of them.

use super::{Row, cells};
use hilum_cache::Digest;
use serde::{Deserialize, Serialize};

/// By what two images are one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SameBy {
    /// One file in two tables, or twice in one.
    File,
    /// Two files with the same pixels.
    Pixels,
    /// Laid upon each other, they agree.
    Look,
    /// The same, where one of them is mirrored.
    Mirrored,
}

impl SameBy {
    /// The word in tables.
    pub const fn name(self) -> &'static str {
        match self {
            SameBy::File => "file",
            SameBy::Pixels => "pixels",
            SameBy::Look => "look",
            SameBy::Mirrored => "mirrored",
        }
    }
}

/// Which of two duplicates is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// The first.
    First,
    /// The second.
    Second,
    /// Neither: a third image of the picture is, or none.
    Neither,
}

/// Two images that show one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DuplicatePair {
    /// One image.
    pub first: Digest,
    /// The other; of one file in two rows, the same.
    pub second: Digest,
    /// The source of the first.
    pub first_source: String,
    /// The source of the second.
    pub second_source: String,
    /// The label of the first.
    pub first_label: String,
    /// The label of the second.
    pub second_label: String,
    /// By what they are one picture.
    pub same_by: SameBy,
    /// How many of the 64 bits of their perceptual hashes differ; none where one file is in two rows.
    pub distance: Option<u32>,
    /// The correlation of their greys, laid upon each other at 64 × 64 pixels.
    #[serde(with = "cells")]
    pub correlation: Option<f64>,
    /// The agreement of their fine structure there.
    #[serde(with = "cells")]
    pub detail: Option<f64>,
    /// Which of them is kept.
    pub kept: Kept,
}

impl Row for DuplicatePair {
    const RECORD: &'static str = "duplicate-images";
    const COLUMNS: &'static [&'static str] =
        &["first", "second", "first-source", "second-source", "first-label", "second-label", "same-by", "distance", "correlation", "detail", "kept"];
}

/// What two sources have in common, or one source several times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SharedPictures {
    /// One source.
    pub first_source: String,
    /// The other, or the same.
    pub second_source: String,
    /// Images of the first, files that are there several times counted once.
    pub first_images: usize,
    /// Images of the second.
    pub second_images: usize,
    /// Pictures of which both have an image, or the one source has several.
    pub pictures: usize,
    /// Those of them of which both have the same file.
    pub file: usize,
    /// Of the others, those of which both have the same pixels.
    pub pixels: usize,
    /// Of the others, those of which both have images that look alike.
    pub look: usize,
    /// Of the others: mirrored ones.
    pub mirrored: usize,
    /// Pictures with different labels in the two.
    pub conflicts: usize,
}

impl Row for SharedPictures {
    const RECORD: &'static str = "shared-pictures";
    const COLUMNS: &'static [&'static str] =
        &["first-source", "second-source", "first-images", "second-images", "pictures", "file", "pixels", "look", "mirrored", "conflicts"];
}

/// A patient who counts as another one, since they share a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JoinedPatient {
    /// The token in the tables that were compared.
    pub patient: String,
    /// The token in the table that was made of them.
    pub counts_as: String,
}

impl Row for JoinedPatient {
    const RECORD: &'static str = "joined-patients";
    const COLUMNS: &'static [&'static str] = &["patient", "counts-as"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn pairs_sources_and_patients_read_back() {
        let pair = |same_by: SameBy, kept| DuplicatePair {
            first: Digest::of(b"a"),
            second: Digest::of(same_by.name().as_bytes()),
            first_source: "cohen, 2020".into(),
            second_source: String::new(),
            first_label: "covid".into(),
            second_label: "normal".into(),
            same_by,
            distance: (same_by != SameBy::File).then_some(3),
            correlation: (same_by > SameBy::Pixels).then_some(0.9975),
            detail: None,
            kept,
        };
        let rows =
            [pair(SameBy::File, Kept::First), pair(SameBy::Pixels, Kept::Second), pair(SameBy::Look, Kept::Neither), pair(SameBy::Mirrored, Kept::First)];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "same-by"), "the table `duplicate-images` has no column `same-by`");
        for same_by in [SameBy::File, SameBy::Pixels, SameBy::Look, SameBy::Mirrored] {
            assert_eq!(serde_json::to_value(same_by).unwrap(), same_by.name());
        }
        let shared = SharedPictures { first_source: "a".into(), first_images: 9, pictures: 4, look: 3, pixels: 1, ..SharedPictures::default() };
        is_sound(std::slice::from_ref(&shared));
        assert_eq!(without(&Table { rows: vec![shared] }, "conflicts"), "the table `shared-pictures` has no column `conflicts`");
        is_sound(&[JoinedPatient { patient: "p:2".into(), counts_as: "p:1".into() }]);
    }
}
