//! The comparison of arms, metric by metric.

use super::{Row, Table, cells};
use crate::distinct::distinct;
use crate::evaluation::{Metric, metric};
use serde::{Deserialize, Serialize};

/// A metric of an arm, and how it differs from that of the arm compared against.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Compared {
    /// The test set, if there are several.
    #[serde(default)]
    pub set: String,
    /// The arm, such as `arm=real`.
    pub arm: String,
    /// How many repeats the value is the mean of.
    pub repeats: usize,
    /// The metric's name.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// The mean over the repeats; none where it is undefined.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// The value less that of the arm compared against, over the trainings that both have; none for that arm itself.
    #[serde(with = "cells::full")]
    pub difference: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub difference_low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub difference_high: Option<f64>,
    /// The arm compared against; empty for that arm itself.
    #[serde(default)]
    pub against: String,
    /// For a share of images tested by one training: `17/20`.
    #[serde(default)]
    pub count: String,
    /// How the interval of the value was computed, or why there is none.
    #[serde(default)]
    pub interval: String,
    /// The two-sided p value of the difference.
    #[serde(default, with = "cells::full")]
    pub p: Option<f64>,
    /// The same, adjusted for the number of arms compared.
    #[serde(default, with = "cells::full")]
    pub p_adjusted: Option<f64>,
    /// The test that it is of.
    #[serde(default)]
    pub test: String,
    /// The smallest true difference that would have been found with a power of 80 %.
    #[serde(default, with = "cells::full")]
    pub detectable: Option<f64>,
    /// True where the study asks to show this metric.
    #[serde(default)]
    pub shown: Option<bool>,
}

impl Row for Compared {
    const RECORD: &'static str = "comparison";
    const COLUMNS: &'static [&'static str] = &[
        "set",
        "arm",
        "repeats",
        "metric",
        "class",
        "value",
        "low",
        "high",
        "difference",
        "difference-low",
        "difference-high",
        "against",
        "count",
        "interval",
        "p",
        "p-adjusted",
        "test",
        "detectable",
        "shown",
    ];
    const LATER: &'static [&'static str] = &["set", "against", "count", "interval", "p", "p-adjusted", "test", "detectable", "shown"];
}

impl Compared {
    /// What the metric is; none for one of another version of the program.
    pub fn metric(&self) -> Option<&'static Metric> {
        metric::find(&self.metric, !self.class.is_empty())
    }
}

impl Table<Compared> {
    /// The rows of metrics that are shown wherever people look: those that the study names, and otherwise a few.
    pub fn shown_everywhere(&self) -> Table<Compared> {
        let is_shown = |row: &&Compared| row.shown.unwrap_or_else(|| row.metric().is_some_and(|m| m.shown == metric::Shown::Everywhere));
        Table { rows: self.rows.iter().filter(is_shown).cloned().collect() }
    }
    /// Test sets with their arms, in their order.
    pub fn arms(&self) -> Vec<(&str, &str)> {
        distinct(self.rows.iter().map(|r| (r.set.as_str(), r.arm.as_str())))
    }
    /// Metrics with their class, in their order.
    pub fn measures(&self) -> Vec<(&str, &str)> {
        distinct(self.rows.iter().map(|r| (r.metric.as_str(), r.class.as_str())))
    }
    /// The row of an arm and a metric.
    pub fn of(&self, (set, arm): (&str, &str), (metric, class): (&str, &str)) -> Option<&Compared> {
        self.rows.iter().find(|r| r.set == set && r.arm == arm && r.metric == metric && r.class == class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::tests::{is_sound, without};

    fn row(arm: &str, metric: &str, class: &str, difference: Option<f64>) -> Compared {
        Compared {
            arm: arm.into(),
            repeats: 2,
            metric: metric.into(),
            class: class.into(),
            value: Some(0.75),
            low: Some(0.5),
            high: None,
            difference,
            difference_low: difference.map(|d| d - 0.125),
            difference_high: difference,
            ..Compared::default()
        }
    }

    #[test]
    fn comparisons_read_back_and_a_missing_column_is_named() {
        let rows = [row("real", "auroc", "", None), row("a, b", "auroc", "", Some(-0.25)), row("real", "auroc", "covid \"mild\"", None)];
        is_sound(&rows);
        let table = Table { rows: rows.to_vec() };
        assert_eq!(without(&table, "difference-low"), "the table `comparison` has no column `difference-low`");
        assert_eq!(without(&table, "repeats"), "the table `comparison` has no column `repeats`");
        assert_eq!((table.arms(), table.measures()), (vec![("", "real"), ("", "a, b")], vec![("auroc", ""), ("auroc", "covid \"mild\"")]));
        assert_eq!(table.of(("", "a, b"), ("auroc", "")).unwrap().difference, Some(-0.25));
        assert!(rows[0].metric().is_some_and(|m| !m.is_per_class()) && rows[2].metric().is_some_and(Metric::is_per_class));
        let odd = b"arm,repeats,metric,class,value,low,high,difference,difference-low,difference-high\na,1,auroc,,much,,,,,\n";
        let said = <Table<Compared> as crate::records::Record>::read(odd).unwrap_err().to_string();
        assert!(said.starts_with("line 2 of the table `comparison` cannot be read: "), "{said}");
    }
}
