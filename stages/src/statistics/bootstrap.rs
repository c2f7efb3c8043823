//! Bootstrap intervals of any statistic of weighted patients: percentile, BCa and studentised. Patients are drawn, not
//! images, and each stratum (the class of a patient) keeps its size. Independent of what the statistic is.
//!
//! Resample k draws from a stream of its own, so that the bits depend neither on threads nor on how many resamples there are.

use super::special::{normal_cdf, normal_quantile};
use super::{Limits, tail_of};
use crate::contract::seed::Stream;
use rayon::prelude::*;

/// The patients of a test set by stratum; a patient is a position in `0..count`.
#[derive(Debug, Clone)]
pub struct Strata {
    members: Vec<Vec<usize>>,
    count: usize,
}

impl Strata {
    /// The strata of patients: the one of each, by a number.
    pub fn of(stratum: &[usize]) -> Self {
        let mut numbers = stratum.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let members = numbers.iter().map(|s| (0..stratum.len()).filter(|p| stratum[*p] == *s).collect()).collect();
        Strata { members, count: stratum.len() }
    }

    /// A weight for each patient: how often one resample drew him.
    pub fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut weights = vec![0.0; self.count];
        for members in &self.members {
            for _ in members {
                weights[members[stream.below(members.len())]] += 1.0;
            }
        }
        weights
    }

    /// The value of a statistic for `count` resamples, in their order; the k-th is drawn from `stream(k)`.
    pub fn resample<T: Send>(&self, count: usize, stream: impl Fn(usize) -> Stream + Sync, statistic: impl Fn(&[f64]) -> T + Sync) -> Vec<T> {
        (0..count).into_par_iter().map(|k| statistic(&self.draw(&mut stream(k)))).collect()
    }

    /// The value without each patient in turn, by stratum.
    pub fn jackknife(&self, statistic: impl Fn(&[f64]) -> Option<f64> + Sync) -> Vec<Vec<Option<f64>>> {
        let without = |patient: &usize| {
            let mut weights = vec![1.0; self.count];
            weights[*patient] = 0.0;
            statistic(&weights)
        };
        self.members.iter().map(|members| members.par_iter().map(without).collect()).collect()
    }

    /// The value under weights and its standard error by the jackknife over the patients that were drawn, each as often as he
    /// was, within strata: for [`studentised`], where a statistic has no error of its own. As many evaluations as there are
    /// patients. None where the value is undefined under the weights or without one of the patients.
    pub fn with_error(&self, weights: &[f64], statistic: impl Fn(&[f64]) -> Option<f64>) -> Option<WithError> {
        let value = statistic(weights)?;
        let mut left = weights.to_vec();
        let mut variance = 0.0;
        for members in &self.members {
            let drawn: Vec<usize> = members.iter().copied().filter(|p| weights[*p] > 0.0).collect();
            let mut without = Vec::with_capacity(drawn.len());
            for &patient in &drawn {
                left[patient] = weights[patient] - 1.0;
                without.push(statistic(&left)?);
                left[patient] = weights[patient];
            }
            let n: f64 = drawn.iter().map(|p| weights[*p]).sum();
            let mean = drawn.iter().zip(&without).map(|(p, v)| weights[*p] * v).sum::<f64>() / n.max(1.0);
            let squares = drawn.iter().zip(&without).map(|(p, v)| weights[*p] * (v - mean) * (v - mean)).sum::<f64>();
            variance += (n - 1.0) / n.max(1.0) * squares;
        }
        Some((value, variance.max(0.0).sqrt()))
    }
}

/// The percentile interval of resampled values. None where fewer than half of them are finite numbers, or it has no width.
///
/// # Panics
/// Where `level` is not between 0 and 1.
pub fn percentile(values: &[Option<f64>], level: f64) -> Option<Limits> {
    let tail = tail_of(level);
    between(&sorted(values)?, tail, 1.0 - tail)
}

/// The bias-corrected and accelerated interval (Efron 1987; as `scipy.stats.bootstrap`): `value` on the data, resampled
/// `values`, and a `jackknife` by stratum. None where fewer than half of the resamples or not all values of the jackknife are
/// finite numbers, all resamples lie on one side of the value, or it has no width.
///
/// # Panics
/// Where `level` is not between 0 and 1.
pub fn bca(value: f64, values: &[Option<f64>], jackknife: &[Vec<Option<f64>>], level: f64) -> Option<Limits> {
    let tail = tail_of(level);
    let sorted = sorted(values)?;
    let (below, not_above) = (sorted.partition_point(|v| *v < value), sorted.partition_point(|v| *v <= value));
    let bias = normal_quantile((below + not_above) as f64 / (2 * sorted.len()) as f64);
    let acceleration = acceleration(jackknife)?;
    let corrected = |z: f64| bias + (bias + z) / (1.0 - acceleration * (bias + z));
    let z = normal_quantile(tail);
    let (low, high) = (corrected(z), corrected(-z));
    // Infinite where all lie on one side; beyond its pole, the correction turns round.
    if !low.is_finite() || !high.is_finite() || low >= high || value.is_nan() {
        return None;
    }
    let (low, high) = (normal_cdf(low), normal_cdf(high));
    between(&sorted, low, high)
}

/// A sixth of the skewness of what patients contribute; over strata as scipy does over samples. 0 where all contribute the
/// same.
fn acceleration(jackknife: &[Vec<Option<f64>>]) -> Option<f64> {
    let (mut cubes, mut squares) = (0.0, 0.0);
    for stratum in jackknife {
        let values = stratum.iter().map(|v| v.filter(|v| v.is_finite())).collect::<Option<Vec<f64>>>()?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        for value in values {
            let u = (n - 1.0) * (mean - value);
            cubes += u * u * u / (n * n * n);
            squares += u * u / (n * n);
        }
    }
    Some(if squares > 0.0 { cubes / (6.0 * squares * squares.sqrt()) } else { 0.0 })
}

/// A statistic and its standard error.
pub type WithError = (f64, f64);

/// The studentised interval (bootstrap-t): `found` on the data, and of the resamples. A resample whose error is 0 or whose
/// value is no finite number has no place. None where more than half have none, the error that was found is not above 0, or
/// the interval has no width. Not bound to the range of the statistic: give it on a scale without bounds, if there is one.
///
/// # Panics
/// Where `level` is not between 0 and 1.
pub fn studentised(found: WithError, resampled: &[Option<WithError>], level: f64) -> Option<Limits> {
    let (value, error) = found;
    if !(value.is_finite() && error > 0.0 && error.is_finite()) {
        return None;
    }
    let ratio = |r: &Option<WithError>| r.filter(|(_, e)| *e > 0.0).map(|(v, e)| (v - value) / e);
    let ratios: Vec<Option<f64>> = resampled.iter().map(ratio).collect();
    let (low, high) = percentile(&ratios, level)?;
    Some((value - high * error, value - low * error))
}

/// The finite values in ascending order. None where they are fewer than half.
fn sorted(values: &[Option<f64>]) -> Option<Vec<f64>> {
    let mut out: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    out.sort_by(f64::total_cmp);
    (!out.is_empty() && out.len() * 2 >= values.len()).then_some(out)
}

/// Two quantiles of sorted values, if there is something between them.
fn between(sorted: &[f64], low: f64, high: f64) -> Option<Limits> {
    let (low, high) = (quantile(sorted, low), quantile(sorted, high));
    (low < high).then_some((low, high))
}

/// The quantile of sorted values by linear interpolation, as numpy's default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}
