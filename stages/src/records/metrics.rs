//! The metrics of one evaluation, as a table.

use super::{Compared, Measured, Row, cells};
use serde::{Deserialize, Serialize};

/// A metric with its interval; empty where undefined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// Such as `sensitivity`.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// The value.
    #[serde(with = "cells::full")]
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// For a share of images: `17/20`.
    #[serde(default)]
    pub count: String,
    /// How the interval was computed, or why there is none.
    #[serde(default)]
    pub interval: String,
}

impl Row for MetricRow {
    const RECORD: &'static str = "metrics";
    const COLUMNS: &'static [&'static str] = &["metric", "class", "value", "low", "high", "count", "interval"];
    const LATER: &'static [&'static str] = &["count", "interval"];
}

impl MetricRow {
    /// The same as a row of a comparison, of an arm by itself.
    pub fn of_arm(self, arm: &str) -> Compared {
        let MetricRow { metric, class, value, low, high, count, interval } = self;
        Compared { arm: arm.to_owned(), repeats: 1, metric, class, value, low, high, count, interval, ..Compared::default() }
    }
}

impl From<&Measured> for MetricRow {
    fn from(m: &Measured) -> MetricRow {
        MetricRow {
            metric: m.metric.clone(),
            class: m.class.clone(),
            value: m.value,
            low: m.low,
            high: m.high,
            count: m.count.clone(),
            interval: m.interval.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::tests::{is_sound, without};
    use crate::records::{Record, Table};

    #[test]
    fn metrics_read_back_and_a_missing_column_is_named() {
        let row = |class: &str, value| MetricRow { metric: "f1".into(), class: class.into(), value, high: value, ..MetricRow::default() };
        let rows = [row("", Some(1.0 / 3.0)), row("a", None), MetricRow { count: "17/20".into(), interval: "clustered Wilson".into(), ..row("b", Some(0.85)) }];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "value"), "the table `metrics` has no column `value`");
        let old = Table::<MetricRow>::read(b"metric,class,value,low,high\nf1,,0.5,,\n").unwrap();
        assert_eq!(old.rows, [row("", Some(0.5)).without_high()]);
    }

    impl MetricRow {
        fn without_high(self) -> Self {
            MetricRow { high: None, ..self }
        }
    }
}
