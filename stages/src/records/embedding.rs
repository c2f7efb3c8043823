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
    /// Where it was collected; empty where the table does not say.
    #[serde(default)]
    pub source: String,
}

impl Row for Embedded {
    const RECORD: &'static str = "embedding";
    const COLUMNS: &'static [&'static str] = &["image", "label", "origin", "x", "y", "source"];
    const LATER: &'static [&'static str] = &["source"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn embeddings_read_back_and_a_missing_column_is_named() {
        let row = |i: u8, origin, x| Embedded { image: Digest::of(&[i]), label: "a, b".into(), origin, x, y: Some(-0.000001), source: "c".into() };
        let rows = [row(0, Origin::Real, Some(1.5)), row(1, Origin::Synthetic, None)];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "y"), "the table `embedding` has no column `y`");
        let old = format!("image,label,origin,x,y\n{},a,real,1,2\n", Digest::of(b"x"));
        assert_eq!(<Table<Embedded> as crate::records::Record>::read(old.as_bytes()).unwrap().rows[0].source, "", "tables of old stores");
    }
}
