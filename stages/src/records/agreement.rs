//! How far extractors agree on which classes are better generated.

use super::{Row, cells};
use serde::{Deserialize, Serialize};

/// The rank correlations of a figure of the classes by two extractors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AgreementRow {
    /// The figure, such as `kid`.
    pub metric: String,
    /// One extractor.
    pub extractor: String,
    /// The other one.
    pub other: String,
    /// Classes that have the figure by both.
    pub classes: usize,
    /// Spearman's rank correlation, from −1 to 1.
    #[serde(with = "cells::full")]
    pub spearman: Option<f64>,
    /// Kendall's τ-b, from −1 to 1.
    #[serde(with = "cells::full")]
    pub kendall: Option<f64>,
    /// Why there is none.
    pub reason: String,
}

impl Row for AgreementRow {
    const RECORD: &'static str = "extractor-agreement";
    const COLUMNS: &'static [&'static str] = &["metric", "extractor", "other", "classes", "spearman", "kendall", "reason"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn correlations_read_back_and_a_missing_column_is_named() {
        let row = AgreementRow { metric: "kid".into(), extractor: "inception".into(), other: "a, b".into(), classes: 4, ..AgreementRow::default() };
        let none = AgreementRow { reason: "2 classes".into(), ..row.clone() };
        let rows = [AgreementRow { spearman: Some(0.8), kendall: Some(2.0 / 3.0), ..row }, none];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "kendall"), "the table `extractor-agreement` has no column `kendall`");
    }
}
