//! Metrics by subgroup of patients.

use super::{Row, cells};
use serde::{Deserialize, Serialize};

/// A metric of a subgroup, or the gap between two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubgroupRow {
    /// What images are grouped by: `sex`, `age`, `view` or `source`.
    pub by: String,
    /// The group, such as `F` or `40-59`; `unknown` where the table of samples does not say. Of a gap: `F - M`, the group with the
    /// highest value and the one with the lowest.
    pub group: String,
    /// Its images.
    pub images: usize,
    /// Its patients.
    pub patients: usize,
    /// The metric.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// The value, or the difference.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// For a share of images: `17/20`.
    pub count: String,
    /// How the interval was computed, or why there is none.
    pub interval: String,
}

impl Row for SubgroupRow {
    const RECORD: &'static str = "subgroups";
    const COLUMNS: &'static [&'static str] = &["by", "group", "images", "patients", "metric", "class", "value", "low", "high", "count", "interval"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn subgroups_read_back_and_a_missing_column_is_named() {
        let row = |group: &str, value| SubgroupRow {
            by: "age".into(),
            group: group.into(),
            images: 10,
            patients: 7,
            metric: "sensitivity".into(),
            class: "covid".into(),
            value,
            low: value,
            high: None,
            count: "1/3".into(),
            interval: String::new(),
        };
        is_sound(&[row("40-59", Some(1.0 / 3.0)), row("unknown", None)]);
        assert_eq!(without(&Table { rows: vec![row("", None)] }, "patients"), "the table `subgroups` has no column `patients`");
    }
}
