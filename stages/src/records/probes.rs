//! What a classifier loses where images lose a cue, such as their border.

use super::{OfClass, Row, cells};
use serde::{Deserialize, Serialize};

/// A classifier on images that were changed in one way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeRow {
    /// How images were changed: `none`, `no-border`, `only-border`, `equal-greys` or `smooth`.
    pub probe: String,
    /// The class that is told from the others.
    pub class: String,
    /// The area under the ROC curve.
    #[serde(with = "cells::full")]
    pub auroc: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// The area of the images as they are, less this one.
    #[serde(with = "cells::full")]
    pub loss: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub loss_low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub loss_high: Option<f64>,
    /// The probability of such a loss without a cause, two-sided.
    #[serde(with = "cells::full")]
    pub p: Option<f64>,
    /// Of what the area of the images as they are has above ½, the share that this one has.
    #[serde(with = "cells::full")]
    pub kept: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub kept_low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub kept_high: Option<f64>,
    /// Images.
    pub images: usize,
    /// Patients.
    pub patients: usize,
    /// How the interval of the area was computed, or why there is none.
    pub interval: String,
}

impl Row for ProbeRow {
    const RECORD: &'static str = "probes";
    const COLUMNS: &'static [&'static str] =
        &["probe", "class", "auroc", "low", "high", "loss", "loss-low", "loss-high", "p", "kept", "kept-low", "kept-high", "images", "patients", "interval"];
}

impl ProbeRow {
    /// What images are like, in words.
    pub fn in_words(&self) -> &str {
        match self.probe.as_str() {
            "none" => "as they are",
            "no-border" => "without the border",
            "only-border" => "the border alone",
            "equal-greys" => "equal grey levels",
            "smooth" => "without fine detail",
            other => other,
        }
    }
}

impl OfClass for ProbeRow {
    fn by(&self) -> &str {
        ""
    }
    fn class(&self) -> &str {
        &self.class
    }
    fn measure(&self) -> &str {
        &self.probe
    }
    fn numbers(&self) -> Vec<Option<f64>> {
        vec![self.auroc, self.low, self.high, self.loss, self.kept]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn probes_read_back_and_a_missing_column_is_named() {
        let row = ProbeRow { probe: "no-border".into(), class: "a, b".into(), auroc: Some(0.7), images: 12, patients: 9, ..ProbeRow::default() };
        let rows =
            [row.clone(), ProbeRow { loss: Some(0.25), loss_low: Some(-1e-7), p: Some(0.5), kept: Some(1.0 / 3.0), interval: "few, too few".into(), ..row }];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "kept"), "the table `probes` has no column `kept`");
    }
}
