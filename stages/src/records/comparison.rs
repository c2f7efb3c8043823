//! The comparison of arms, metric by metric.

use super::{Row, Table, cells};
use crate::evaluation::{Metric, metric};
use serde::{Deserialize, Serialize};

/// A metric of an arm, and how it differs from that of the arm compared against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Compared {
    /// The arm, such as `arm=real`.
    pub arm: String,
    /// How many repeats the value is the mean of.
    pub repeats: usize,
    /// The metric's name.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// The mean over the repeats; none where it is undefined.
    #[serde(with = "cells")]
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells")]
    pub high: Option<f64>,
    /// The value less that of the arm compared against; none for that arm itself.
    #[serde(with = "cells")]
    pub difference: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells")]
    pub difference_low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells")]
    pub difference_high: Option<f64>,
}

impl Row for Compared {
    const RECORD: &'static str = "comparison";
    const COLUMNS: &'static [&'static str] = &["arm", "repeats", "metric", "class", "value", "low", "high", "difference", "difference-low", "difference-high"];
}

impl Compared {
    /// What the metric is; none for one of another version of the program.
    pub fn metric(&self) -> Option<&'static Metric> {
        metric::find(&self.metric, !self.class.is_empty())
    }
}

impl Table<Compared> {
    /// The rows of metrics that are shown wherever people look.
    pub fn shown_everywhere(&self) -> Table<Compared> {
        let is_shown = |row: &&Compared| row.metric().is_some_and(|m| m.shown == metric::Shown::Everywhere);
        Table { rows: self.rows.iter().filter(is_shown).cloned().collect() }
    }
    /// The arms in their order.
    pub fn arms(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|r| r.arm.as_str()))
    }
    /// Metrics with their class, in their order.
    pub fn measures(&self) -> Vec<(&str, &str)> {
        distinct(self.rows.iter().map(|r| (r.metric.as_str(), r.class.as_str())))
    }
    /// The row of an arm and a metric.
    pub fn of(&self, arm: &str, (metric, class): (&str, &str)) -> Option<&Compared> {
        self.rows.iter().find(|r| r.arm == arm && r.metric == metric && r.class == class)
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut out = vec![];
    for one in all {
        if !out.contains(&one) {
            out.push(one);
        }
    }
    out
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
        }
    }

    #[test]
    fn comparisons_read_back_and_a_missing_column_is_named() {
        let rows = [row("real", "auroc", "", None), row("a, b", "auroc", "", Some(-0.25)), row("real", "auroc", "covid \"mild\"", None)];
        is_sound(&rows);
        let table = Table { rows: rows.to_vec() };
        assert_eq!(without(&table, "difference-low"), "the table `comparison` has no column `difference-low`");
        assert_eq!(without(&table, "repeats"), "the table `comparison` has no column `repeats`");
        assert_eq!((table.arms(), table.measures()), (vec!["real", "a, b"], vec![("auroc", ""), ("auroc", "covid \"mild\"")]));
        assert_eq!(table.of("a, b", ("auroc", "")).unwrap().difference, Some(-0.25));
        assert!(rows[0].metric().is_some_and(|m| !m.is_per_class()) && rows[2].metric().is_some_and(Metric::is_per_class));
        let odd = b"arm,repeats,metric,class,value,low,high,difference,difference-low,difference-high\na,1,auroc,,much,,,,,\n";
        let said = <Table<Compared> as crate::records::Record>::read(odd).unwrap_err().to_string();
        assert!(said.starts_with("line 2 of the table `comparison` cannot be read: "), "{said}");
    }
}
