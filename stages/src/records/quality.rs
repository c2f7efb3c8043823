//! How good synthetic images are.

use super::{Row, cells};
use serde::{Deserialize, Serialize};

/// A figure of synthetic images against real ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct QualityRow {
    /// What the features are by; empty in tables of older programs.
    #[serde(default)]
    pub extractor: String,
    /// Such as `kid`.
    pub metric: String,
    /// The class, or empty for all images.
    pub class: String,
    /// The value.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// Its standard error.
    #[serde(with = "cells::full")]
    pub standard_error: Option<f64>,
    /// The same figure of two halves of the real images.
    #[serde(with = "cells::full")]
    pub baseline: Option<f64>,
    /// Real images.
    pub real: usize,
    /// Synthetic images.
    pub synthetic: usize,
    /// Why there is no value, or no baseline.
    pub reason: String,
}

impl Row for QualityRow {
    const RECORD: &'static str = "generative-quality";
    const COLUMNS: &'static [&'static str] = &["extractor", "metric", "class", "value", "standard-error", "baseline", "real", "synthetic", "reason"];
    const LATER: &'static [&'static str] = &["extractor"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn figures_read_back_and_a_missing_column_is_named() {
        let row = QualityRow {
            extractor: "inception".into(),
            metric: "kid".into(),
            class: "a, b".into(),
            value: Some(-1.25e-7),
            real: 12,
            synthetic: 3,
            ..QualityRow::default()
        };
        let refused = QualityRow { metric: "fid".into(), reason: "3 synthetic images, 8 features".into(), baseline: Some(0.5), ..row.clone() };
        let rows = [row, QualityRow { value: None, standard_error: Some(0.1), ..refused }];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "baseline"), "the table `generative-quality` has no column `baseline`");
    }
}
