//! Numbers by groups of a test set, such as hospitals: metrics of each group, and how much of an area under the ROC curve is that of the
//! groups. Both have a value with its interval, and the images and patients that it is of.

use super::{OfClass, Row, cells};
use serde::{Deserialize, Serialize};

/// A metric of a subgroup, or the gap between two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SubgroupRow {
    /// What images are grouped by: `sex`, `age`, `view` or `source`.
    pub by: String,
    /// The group, such as `F` or `40-59`; `unknown` where the table of samples does not say. Of a gap: `F - M`, the group with the
    /// highest value and the one with the lowest.
    pub group: String,
    /// The images that it is of.
    pub images: usize,
    /// Their patients.
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

/// A number of one grouping of a test set; its images are those whose group is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WithinGroupsRow {
    /// What images are grouped by: `sex`, `age`, `view` or `source`.
    pub by: String,
    /// Groups that there are.
    pub groups: usize,
    /// The images that it is of.
    pub images: usize,
    /// Their patients.
    pub patients: usize,
    /// `auroc` of all pairs of a positive and a negative image, `auroc-within` and `auroc-within-weighted` of pairs of one group,
    /// `auroc-between` of pairs of two, `auroc-of-group` of the group in place of the classifier, or `share-left`.
    pub measure: String,
    /// The class that is told from the others.
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
    /// Pairs of images that it is of.
    pub pairs: u64,
    /// How the interval was computed, or why there is none.
    pub interval: String,
}

impl Row for WithinGroupsRow {
    const RECORD: &'static str = "auroc-within-groups";
    const COLUMNS: &'static [&'static str] = &["by", "groups", "images", "patients", "measure", "class", "value", "low", "high", "pairs", "interval"];
}

impl WithinGroupsRow {
    /// What images are grouped by, as a word of a sentence.
    pub fn group(&self) -> &str {
        if self.by == "age" { "age group" } else { &self.by }
    }
}

impl OfClass for WithinGroupsRow {
    fn by(&self) -> &str {
        &self.by
    }
    fn class(&self) -> &str {
        &self.class
    }
    fn measure(&self) -> &str {
        &self.measure
    }
    fn numbers(&self) -> Vec<Option<f64>> {
        vec![self.value, self.low, self.high]
    }
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
            count: "1/3".into(),
            ..SubgroupRow::default()
        };
        is_sound(&[row("40-59", Some(1.0 / 3.0)), row("unknown", None)]);
        assert_eq!(without(&Table { rows: vec![row("", None)] }, "patients"), "the table `subgroups` has no column `patients`");
        let columns = ["by", "group", "images", "patients", "metric", "class", "value", "low", "high", "count", "interval"];
        assert_eq!(SubgroupRow::COLUMNS, columns, "as tables have been written");
    }

    #[test]
    fn areas_read_back_and_a_missing_column_is_named() {
        let row = WithinGroupsRow { by: "source".into(), class: "a, b".into(), measure: "auroc-within".into(), pairs: 12, ..WithinGroupsRow::default() };
        let rows = [row.clone(), WithinGroupsRow { value: Some(1.0 / 3.0), low: Some(0.1), high: Some(0.9), interval: "logit DeLong".into(), ..row }];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "pairs"), "the table `auroc-within-groups` has no column `pairs`");
    }
}
