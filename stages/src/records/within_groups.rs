//! How much of an area under the ROC curve is that of groups, such as hospitals, and how much is left within them.

use super::{OfClass, Row, cells};
use serde::{Deserialize, Serialize};

/// A number of one grouping of a test set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WithinGroupsRow {
    /// What images are grouped by: `source`, `view`, `sex` or `age`.
    pub by: String,
    /// The class that is told from the others.
    pub class: String,
    /// `auroc` of all pairs of a positive and a negative image, `auroc-within` and `auroc-within-weighted` of pairs of one group,
    /// `auroc-between` of pairs of two, `auroc-of-group` of the group in place of the classifier, or `share-left`.
    pub measure: String,
    /// The value.
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
    /// Groups that there are.
    pub groups: usize,
    /// Images whose group is known.
    pub images: usize,
    /// Their patients.
    pub patients: usize,
    /// How the interval was computed, or why there is none.
    pub interval: String,
}

impl Row for WithinGroupsRow {
    const RECORD: &'static str = "auroc-within-groups";
    const COLUMNS: &'static [&'static str] = &["by", "class", "measure", "value", "low", "high", "pairs", "groups", "images", "patients", "interval"];
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
    fn areas_read_back_and_a_missing_column_is_named() {
        let row = WithinGroupsRow { by: "source".into(), class: "a, b".into(), measure: "auroc-within".into(), pairs: 12, ..WithinGroupsRow::default() };
        let rows = [row.clone(), WithinGroupsRow { value: Some(1.0 / 3.0), low: Some(0.1), high: Some(0.9), interval: "logit DeLong".into(), ..row }];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "pairs"), "the table `auroc-within-groups` has no column `pairs`");
    }
}
