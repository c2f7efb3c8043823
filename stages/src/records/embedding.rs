//! Where images lie in an embedding.

use super::{Row, cells};
use crate::data::sample::Origin;
use hilum_cache::Digest;
use serde::{Deserialize, Serialize};

/// What an image has to do with the embedding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The embedding was computed from it and others.
    #[default]
    Fitted,
    /// It was placed in the finished embedding, on which it has no influence.
    Placed,
}

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
    /// Fitted or placed.
    #[serde(default)]
    pub role: Role,
}

impl Row for Embedded {
    const RECORD: &'static str = "embedding";
    const COLUMNS: &'static [&'static str] = &["image", "label", "origin", "x", "y", "source", "role"];
    const LATER: &'static [&'static str] = &["source", "role"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn embeddings_read_back_and_a_missing_column_is_named() {
        let row = |i: u8, origin, x, role| Embedded { image: Digest::of(&[i]), label: "a, b".into(), origin, x, y: Some(-0.000001), source: "c".into(), role };
        let rows = [row(0, Origin::Real, Some(1.5), Role::Fitted), row(1, Origin::Synthetic, None, Role::Placed)];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "y"), "the table `embedding` has no column `y`");
        let old = format!("image,label,origin,x,y\n{},a,real,1,2\n", Digest::of(b"x"));
        let old = <Table<Embedded> as crate::records::Record>::read(old.as_bytes()).unwrap().rows.remove(0);
        assert_eq!((old.source.as_str(), old.role), ("", Role::Fitted), "tables of old stores");
    }
}
