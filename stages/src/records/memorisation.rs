//! Whether synthetic images repeat training images.

use super::{Row, cells};
use hilum_cache::Digest;
use serde::{Deserialize, Serialize};

/// What a synthetic image is called beside its nearest training image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// No nearer than held-out images may be.
    #[default]
    #[serde(rename = "")]
    None,
    /// Nearer than held-out images are, at the false discovery rate of the stage.
    Nearer,
    /// Not compared: there are too few held-out images of the class.
    NotTested,
    /// One picture, though the pixels differ.
    NearCopy,
    /// The same pixels, mirrored from left to right.
    MirroredCopy,
    /// The same pixels.
    Copy,
}

/// A synthetic image and its nearest training image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearestPair {
    /// The synthetic image.
    pub image: Digest,
    /// Its class.
    pub label: String,
    /// The training image: the one that it is a copy or a near copy of, or the one with the nearest features.
    pub training: Digest,
    /// The distance of their features.
    #[serde(with = "cells::full")]
    pub distance: Option<f64>,
    /// The p value against held-out images of the class; none without any.
    #[serde(with = "cells::full")]
    pub p: Option<f64>,
    /// What follows.
    pub flag: Likeness,
}

impl NearestPair {
    /// True where the synthetic image shows the training image: with its pixels, mirrored ones, or nearly these.
    pub fn is_copy(&self) -> bool {
        matches!(self.flag, Likeness::Copy | Likeness::MirroredCopy | Likeness::NearCopy)
    }
}

impl Row for NearestPair {
    const RECORD: &'static str = "nearest-training-images";
    const COLUMNS: &'static [&'static str] = &["image", "label", "training", "distance", "p", "flag"];
}

/// A figure of how far synthetic images are from training images.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemorisationRow {
    /// Such as `authenticity`.
    pub metric: String,
    /// The class, or empty for all images.
    pub class: String,
    /// The value.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// The same figure of the held-out images in place of the synthetic ones; of `ms-ssim` that of training images.
    #[serde(with = "cells::full")]
    pub baseline: Option<f64>,
    /// Of `ms-ssim`: what one in twenty further sets of as many training images exceeds.
    #[serde(with = "cells::full", default)]
    pub limit: Option<f64>,
    /// Training images.
    pub training: usize,
    /// Held-out images.
    pub held_out: usize,
    /// Synthetic images.
    pub synthetic: usize,
    /// Why there is no value.
    pub reason: String,
}

impl Row for MemorisationRow {
    const RECORD: &'static str = "memorisation";
    const COLUMNS: &'static [&'static str] = &["metric", "class", "value", "baseline", "limit", "training", "held-out", "synthetic", "reason"];
    const LATER: &'static [&'static str] = &["limit"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn pairs_and_figures_read_back_and_a_missing_column_is_named() {
        let pair = |i: u8, flag| NearestPair { image: Digest::of(&[i]), label: "a".into(), training: Digest::of(b"t"), distance: Some(0.1), p: None, flag };
        let pairs = [
            pair(0, Likeness::None),
            pair(1, Likeness::Nearer),
            pair(2, Likeness::MirroredCopy),
            pair(3, Likeness::Copy),
            pair(4, Likeness::NearCopy),
            pair(5, Likeness::NotTested),
        ];
        is_sound(&pairs);
        assert_eq!(without(&Table { rows: pairs.to_vec() }, "p"), "the table `nearest-training-images` has no column `p`");
        let row = MemorisationRow { metric: "distance-ratio".into(), value: Some(0.75), training: 9, held_out: 4, synthetic: 6, ..MemorisationRow::default() };
        let older = b"metric,class,value,baseline,training,held-out,synthetic,reason\ndistance-ratio,,0.75,,9,4,6,\n";
        assert_eq!(<Table<MemorisationRow> as crate::records::Record>::read(older).unwrap().rows, std::slice::from_ref(&row), "tables without limits");
        let rows = [
            row.clone(),
            MemorisationRow { limit: Some(0.1), ..row.clone() },
            MemorisationRow { value: None, baseline: Some(1.0), reason: "few, too few".into(), class: "a".into(), ..row },
        ];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "held-out"), "the table `memorisation` has no column `held-out`");
    }
}
