//! What the arms of a comparison were trained and tested on.

use super::Row;
use serde::{Deserialize, Serialize};

/// A class of an arm, on one test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArmRow {
    /// The test set, if there are several.
    pub set: String,
    /// The arm.
    pub arm: String,
    /// Trainings of it.
    pub trainings: usize,
    /// Training steps, on average over trainings and folds, as all numbers of training; empty where scores do not say.
    pub steps: Option<u64>,
    /// The class.
    pub class: String,
    /// Its real training images.
    pub real: Option<u64>,
    /// Its synthetic training images.
    pub synthetic: Option<u64>,
    /// Patients of its real training images.
    pub training_patients: Option<u64>,
    /// Its test images.
    pub test_images: usize,
    /// Patients with one of them.
    pub test_patients: usize,
}

impl Row for ArmRow {
    const RECORD: &'static str = "arms";
    const COLUMNS: &'static [&'static str] =
        &["set", "arm", "trainings", "steps", "class", "real", "synthetic", "training-patients", "test-images", "test-patients"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn arms_read_back_and_a_missing_column_is_named() {
        let row = |steps| ArmRow {
            set: "internal".into(),
            arm: "arm=real".into(),
            trainings: 3,
            steps,
            class: "covid, mild".into(),
            real: steps,
            synthetic: Some(0),
            training_patients: None,
            test_images: 12,
            test_patients: 9,
        };
        is_sound(&[row(Some(100)), row(None)]);
        assert_eq!(without(&Table { rows: vec![row(None)] }, "steps"), "the table `arms` has no column `steps`");
    }
}
