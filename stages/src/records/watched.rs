//! How good generated images were during the training of their generator.

use super::{Row, cells};
use serde::{Deserialize, Serialize};

/// A figure of images as a generator generated them after a step of its training, against training images.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WatchedRow {
    /// The step, counted from 1.
    pub step: usize,
    /// What the features are by.
    pub extractor: String,
    /// Such as `kid`.
    pub metric: String,
    /// The value.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// Its standard error.
    #[serde(with = "cells::full")]
    pub standard_error: Option<f64>,
    /// The same figure of training images alone, which is the same at every step.
    #[serde(with = "cells::full")]
    pub baseline: Option<f64>,
    /// Training images.
    pub real: usize,
    /// Generated images.
    pub synthetic: usize,
    /// Why there is no value, or no baseline.
    pub reason: String,
}

impl Row for WatchedRow {
    const RECORD: &'static str = "watched";
    const COLUMNS: &'static [&'static str] = &["step", "extractor", "metric", "value", "standard-error", "baseline", "real", "synthetic", "reason"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn watched_figures_read_back_to_the_bit_and_a_missing_column_is_named() {
        let row = WatchedRow {
            step: 500,
            extractor: "inception".into(),
            metric: "kid".into(),
            value: Some(1.0 / 3.0),
            standard_error: Some(-1.25e-7),
            real: 12,
            synthetic: 3,
            ..WatchedRow::default()
        };
        let refused = WatchedRow { metric: "fid".into(), value: None, baseline: Some(0.5), reason: "3 images, 8 features".into(), ..row.clone() };
        let rows = [row, refused];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "step"), "the table `watched` has no column `step`");
    }
}
