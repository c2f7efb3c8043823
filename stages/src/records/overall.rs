//! Tests of all arms of a group together.

use super::{Row, cells};
use serde::{Deserialize, Serialize};

/// Whether arms differ at all in a share of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverallRow {
    /// The test set, if there are several.
    pub set: String,
    /// The arm that the others are compared with.
    pub against: String,
    /// How many arms, with that one.
    pub arms: usize,
    /// The metric.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// Such as `Cochran's Q`.
    pub test: String,
    /// The test's statistic.
    #[serde(with = "cells::full")]
    pub statistic: Option<f64>,
    /// Its p value; not adjusted.
    #[serde(with = "cells::full")]
    pub p: Option<f64>,
}

impl Row for OverallRow {
    const RECORD: &'static str = "overall";
    const COLUMNS: &'static [&'static str] = &["set", "against", "arms", "metric", "class", "test", "statistic", "p"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn overall_tests_read_back_and_a_missing_column_is_named() {
        let row = OverallRow {
            set: "internal".into(),
            against: "arm=real".into(),
            arms: 3,
            metric: "accuracy".into(),
            class: String::new(),
            test: "Cochran's Q".into(),
            statistic: Some(4.5),
            p: Some(1.0 / 3.0),
        };
        is_sound(std::slice::from_ref(&row));
        assert_eq!(without(&Table { rows: vec![row] }, "arms"), "the table `overall` has no column `arms`");
    }
}
