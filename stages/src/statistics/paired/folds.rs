//! The test of two classifiers over folds of a cross-validation. Independent of what is compared.

use super::Test;
use crate::statistics::special::t_two_sided;

/// The corrected resampled t test (Nadeau & Bengio 2003) of the differences of folds: trainings of folds share images, so
/// that the variance of the mean is (1 / J + test / train) s² and not s² / J. J − 1 degrees of freedom. None for fewer than
/// two folds, or where all differ by the same.
///
/// # Panics
/// Where `train` is 0.
pub fn corrected_t(differences: &[f64], train: usize, test: usize) -> Option<Test> {
    assert!(train > 0, "folds are trained on something");
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (n - 1.0);
    if differences.len() < 2 || !variance.is_finite() || variance <= 0.0 {
        return None;
    }
    let statistic = mean / ((1.0 / n + test as f64 / train as f64) * variance).sqrt();
    Some(Test { statistic, p: t_two_sided(statistic, n - 1.0) })
}
