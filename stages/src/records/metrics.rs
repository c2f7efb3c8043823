//! The metrics of one evaluation, as a table.

use super::{Compared, Measured, Row, cells};
use serde::{Deserialize, Serialize};

/// A metric with its interval; empty where undefined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// Such as `sensitivity`.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// The value.
    #[serde(with = "cells")]
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    #[serde(with = "cells")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells")]
    pub high: Option<f64>,
}

impl Row for MetricRow {
    const RECORD: &'static str = "metrics";
    const COLUMNS: &'static [&'static str] = &["metric", "class", "value", "low", "high"];
}

impl MetricRow {
    /// The same as a row of a comparison, of an arm by itself.
    pub fn of_arm(self, arm: &str) -> Compared {
        let MetricRow { metric, class, value, low, high } = self;
        Compared { arm: arm.to_owned(), repeats: 1, metric, class, value, low, high, difference: None, difference_low: None, difference_high: None }
    }
}

impl From<&Measured> for MetricRow {
    fn from(m: &Measured) -> MetricRow {
        MetricRow { metric: m.metric.clone(), class: m.class.clone(), value: m.value, low: m.low, high: m.high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn metrics_read_back_and_a_missing_column_is_named() {
        let row = |class: &str, value| MetricRow { metric: "f1".into(), class: class.into(), value, low: None, high: value };
        let rows = [row("", Some(0.123457)), row("a", None)];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "value"), "the table `metrics` has no column `value`");
    }
}
