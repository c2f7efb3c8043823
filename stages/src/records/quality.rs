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

impl QualityRow {
    /// How to read the figure, in a few words; empty for one of a newer program.
    pub fn reading(&self) -> &'static str {
        match self.metric.as_str() {
            "fid" => "0 for equal sets; the smaller, the better",
            "kid" => "around 0 for equal sets; the smaller, the better",
            "precision" => "share of synthetic images among real ones",
            "recall" => "share of real images among synthetic ones",
            "density" => "as precision, by neighbours; around 1 for equal sets",
            "coverage" => "share of real images with a synthetic one nearby",
            "c2st" => "AUROC of synthetic from real; 0.5 where alike",
            "inception-score" => "higher where classes are surer and more varied",
            _ => "",
        }
    }
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
