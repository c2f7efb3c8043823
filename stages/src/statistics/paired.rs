//! Tests of two or more classifiers on the same patients. Independent of what is classified.

pub mod areas;
pub mod folds;
pub mod mcnemar;
pub mod permutation;
pub mod score;

/// A statistic of a test with its two-sided p value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The statistic: what it is, the test says.
    pub statistic: f64,
    /// The probability of one at least as extreme if there is no difference.
    pub p: f64,
}
