//! Numbers of a paper beside those of a study.

use super::{Row, cells};
use serde::{Deserialize, Serialize};

/// A published number and the value that a study found in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReferenceRow {
    /// The test set, if there are several.
    pub set: String,
    /// The arm.
    pub arm: String,
    /// The metric.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// What the study found.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// The published number as it is printed.
    pub printed: String,
    /// The same in the unit of the value.
    #[serde(with = "cells::full")]
    pub published: Option<f64>,
    /// The value less the published number.
    #[serde(with = "cells::full")]
    pub difference: Option<f64>,
    /// Whether some number that is printed so lies in the interval; none where there is no interval.
    pub inside: Option<bool>,
    /// The paper's table.
    pub table: String,
    /// The table's row.
    pub row: String,
    /// The table's column.
    pub column: String,
}

impl Row for ReferenceRow {
    const RECORD: &'static str = "reference";
    const COLUMNS: &'static [&'static str] =
        &["set", "arm", "metric", "class", "value", "low", "high", "printed", "published", "difference", "inside", "table", "row", "column"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn published_numbers_read_back_and_a_missing_column_is_named() {
        let row = ReferenceRow {
            set: String::new(),
            arm: "arm=real".into(),
            metric: "sensitivity".into(),
            class: "covid".into(),
            value: Some(0.5),
            low: None,
            high: Some(1.0),
            printed: "34.78".into(),
            published: Some(0.3478),
            difference: None,
            inside: Some(false),
            table: "Table 2".into(),
            row: "VGG-16".into(),
            column: "SEN".into(),
        };
        is_sound(std::slice::from_ref(&row));
        assert_eq!(without(&Table { rows: vec![row] }, "printed"), "the table `reference` has no column `printed`");
    }
}
