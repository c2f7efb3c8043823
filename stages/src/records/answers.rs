//! What a comparison answers: a sentence for each arm.

use super::{Row, cells};
use crate::evaluation::conclusion::Conclusion;
use serde::{Deserialize, Serialize};

/// The answer on one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// The test set, if there are several.
    pub set: String,
    /// The arm.
    pub arm: String,
    /// The arm that it is compared with.
    pub against: String,
    /// The metric.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// What the difference says.
    pub conclusion: Conclusion,
    /// The difference.
    #[serde(with = "cells::full")]
    pub difference: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// The p value, adjusted for the number of arms.
    #[serde(with = "cells::full")]
    pub p: Option<f64>,
    /// Pairs of trainings.
    pub trainings: usize,
    /// Patients of the test set, of the class if the metric is of one.
    pub patients: usize,
    /// The whole, as people read it.
    pub sentence: String,
}

impl Row for Answer {
    const RECORD: &'static str = "answers";
    const COLUMNS: &'static [&'static str] =
        &["set", "arm", "against", "metric", "class", "conclusion", "difference", "low", "high", "p", "trainings", "patients", "sentence"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn answers_read_back_and_a_missing_column_is_named() {
        let answer = Answer {
            set: String::new(),
            arm: "arm=real+synthetic".into(),
            against: "arm=real".into(),
            metric: "auroc".into(),
            class: "covid".into(),
            conclusion: Conclusion::CannotTell,
            difference: Some(0.011),
            low: None,
            high: Some(1.0 / 3.0),
            p: Some(1e-9),
            trainings: 3,
            patients: 62,
            sentence: "cannot tell: a, b".into(),
        };
        is_sound(std::slice::from_ref(&answer));
        assert_eq!(without(&Table { rows: vec![answer] }, "conclusion"), "the table `answers` has no column `conclusion`");
    }
}
