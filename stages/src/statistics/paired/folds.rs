//! The test of two classifiers over folds of a cross-validation. Independent of what is compared.

use super::Test;
use crate::statistics::repeats::Mean;
use crate::statistics::special::t_two_sided;

/// The mean of the differences of folds with its error (Nadeau & Bengio 2003): trainings of folds share images, so that the
/// variance of the mean is (1 / J + test / train) s² and not s² / J. J − 1 degrees of freedom. None for fewer than two folds,
/// or where nothing is trained on.
pub fn corrected(differences: &[f64], train: usize, test: usize) -> Option<Mean> {
    let n = differences.len() as f64;
    let value = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - value) * (d - value)).sum::<f64>() / (n - 1.0);
    let error = ((1.0 / n + test as f64 / train as f64) * variance).sqrt();
    (differences.len() > 1 && train > 0 && error.is_finite()).then_some(Mean { value, error, freedom: n - 1.0 })
}

/// The corrected resampled t test of them. None where there is no error, or all differ by the same.
pub fn corrected_t(differences: &[f64], train: usize, test: usize) -> Option<Test> {
    let Mean { value, error, freedom } = corrected(differences, train, test).filter(|m| m.error > 0.0)?;
    let statistic = value / error;
    Some(Test { statistic, p: t_two_sided(statistic, freedom) })
}
