//! Where images lie in an embedding.

use super::{Row, cells};
use crate::data::sample::Origin;
use hilum_cache::Digest;
use serde::{Deserialize, Serialize};

/// An image in an embedding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedded {
    /// The image.
    #[serde(alias = "film")]
    pub image: Digest,
    /// Its label.
    pub label: String,
    /// Real or synthetic.
    pub origin: Origin,
    /// First coordinate; none where it is not a number.
    #[serde(with = "cells")]
    pub x: Option<f64>,
    /// Second coordinate.
    #[serde(with = "cells")]
    pub y: Option<f64>,
}

impl Row for Embedded {
    const RECORD: &'static str = "embedding";
    const COLUMNS: &'static [&'static str] = &["image", "label", "origin", "x", "y"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn embeddings_read_back_and_a_missing_column_is_named() {
        let row = |i: u8, origin, x| Embedded { image: Digest::of(&[i]), label: "a, b".into(), origin, x, y: Some(-0.000001) };
        let rows = [row(0, Origin::Real, Some(1.5)), row(1, Origin::Synthetic, None)];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "y"), "the table `embedding` has no column `y`");
    }
}
