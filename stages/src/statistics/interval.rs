//! Chooses the interval of a proportion or of an area under the ROC curve by how many patients there are. Independent of which
//! metric it is.
//!
//! The choice is by simulation (`benches/coverage.rs`; tables, and what remains, in `docs/statistics.md`): at 95 %, an
//! interval covers the true value about 93 to 97 times in 100 from 46 patients on and at least 93 % below, is never of zero width and never
//! leaves 0 to 1.

use super::delong::{Area, Counts, Images, area, covariance, limits};
use super::proportion::{Cluster, clustered_wilson};
use super::repeats::{Estimate, Mean, over_trainings};
use super::{Limits, t_of, z_of};
use crate::words::there_are;
use std::fmt;

/// Patients, of each class where there are classes, below which there is no interval: with fewer, it would be nearly all of
/// 0 to 1, and no simulation says how often it covers.
pub const LEAST_PATIENTS: usize = 3;
/// Patients of the smaller class, times the area's distance from 0 or 1, below which DeLong's variance is too small too
/// often: it is an estimate from about so many patients who are ranked wrongly.
const FEW_WRONG: f64 = 3.0;
/// Patients of the smaller class below which both limits take the quantile of Student's t where few are ranked wrongly.
const FEW_PATIENTS: usize = 12;

/// An interval, and how it was computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The method.
    pub method: Method,
    /// The lower limit.
    pub low: f64,
    /// The upper limit; above the lower one.
    pub high: f64,
}

/// How an interval was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Wilson's interval with the effective size of images that come in patients.
    ClusteredWilson,
    /// DeLong's variance, clustered by Obuchowski, on the logit scale, with Student's t and Satterthwaite's degrees of
    /// freedom.
    LogitDeLong,
    /// The same, where few patients are ranked wrongly: the limit towards 1/2 is not nearer than Newcombe's.
    LogitDeLongNewcombe,
    /// Newcombe's score interval with effective sizes and Student's t: where DeLong's variance is 0, as where no patient is
    /// ranked wrongly.
    Newcombe,
}

impl Method {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Method::ClusteredWilson => "clustered Wilson",
            Method::LogitDeLong => "logit DeLong",
            Method::LogitDeLongNewcombe => "logit DeLong and Newcombe",
            Method::Newcombe => "Newcombe",
        }
    }
}

/// Why there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooFew {
    /// There are no images, or none of one of the classes, so that there is not even a value.
    Images,
    /// Fewer than [`LEAST_PATIENTS`] patients have an image.
    Patients(usize),
    /// Fewer than [`LEAST_PATIENTS`] patients have an image of one of the classes.
    PatientsOfClass {
        /// Patients with a positive image.
        positive: usize,
        /// Patients with a negative image.
        negative: usize,
    },
    /// A score is NaN, which has no rank.
    Ranks,
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            TooFew::Images => write!(f, "there are no images of a class"),
            TooFew::Patients(found) => write!(f, "an interval needs {LEAST_PATIENTS} patients, and {}", there_are(*found)),
            TooFew::PatientsOfClass { positive, negative } => {
                write!(f, "an interval needs {LEAST_PATIENTS} patients of each class, and there are {positive} and {negative}")
            }
            TooFew::Ranks => write!(f, "a score is NaN"),
        }
    }
}

/// The interval of a proportion over the images of patients, of whom those that do not count (for sensitivity: without a
/// positive image) have no images.
///
/// # Panics
/// Where a patient has more hits than images, or `level` is not between 0 and 1.
pub fn proportion(patients: &[Cluster], level: f64) -> Result<Interval, TooFew> {
    let with_images = patients.iter().filter(|p| p.images > 0.0).count();
    if with_images < LEAST_PATIENTS {
        return Err(if with_images == 0 { TooFew::Images } else { TooFew::Patients(with_images) });
    }
    let limits = clustered_wilson(patients, level).ok_or(TooFew::Patients(with_images))?;
    Ok(with(Method::ClusteredWilson, limits))
}

/// The interval of the area under the ROC curve of scores, one for each image; `patient` says whose it is.
///
/// # Panics
/// Where there are not as many scores, classes and patients, or `level` is not between 0 and 1.
pub fn auroc(scores: &[f64], positive: &[bool], patient: &[usize], level: f64) -> Result<Interval, TooFew> {
    if scores.iter().any(|s| s.is_nan()) {
        return Err(TooFew::Ranks);
    }
    of_one_area(&area(scores, &Images::of_patients(positive, patient)).ok_or(TooFew::Images)?, level)
}

/// The interval of an area of one training, whichever pairs it is of.
///
/// # Panics
/// Where `level` is not between 0 and 1.
pub fn of_one_area(found: &Area, level: f64) -> Result<Interval, TooFew> {
    let counts = found.counts();
    let smaller = counts.positive_patients.min(counts.negative_patients);
    let too_few = TooFew::PatientsOfClass { positive: counts.positive_patients, negative: counts.negative_patients };
    if smaller < LEAST_PATIENTS {
        return Err(too_few);
    }
    let (variance, freedom) = found.variance().zip(found.freedom()).ok_or(too_few)?;
    let alone = found.variance_of_independent_images().unwrap_or(0.0);
    let mean = Mean { value: found.value, error: variance.sqrt(), freedom };
    of_area(mean, smaller, effective(counts, variance, alone), level, false).ok_or(too_few)
}

/// The mean area of trainings that were tested on the same images, what it is of, and its interval. With one training, the
/// interval is of this training alone, and [`auroc`] has the narrower one.
///
/// # Panics
/// Where areas are of other images, or `level` is not between 0 and 1.
pub fn auroc_over_trainings(areas: &[Area], level: f64) -> Result<(Estimate, Interval), TooFew> {
    let counts = areas.first().ok_or(TooFew::Images)?.counts();
    let smaller = counts.positive_patients.min(counts.negative_patients);
    let too_few = TooFew::PatientsOfClass { positive: counts.positive_patients, negative: counts.negative_patients };
    if smaller < LEAST_PATIENTS {
        return Err(too_few);
    }
    let values: Vec<f64> = areas.iter().map(|a| a.value).collect();
    let row = |a: &Area| areas.iter().map(|b| covariance(a, b)).collect::<Option<Vec<f64>>>();
    let covariances = areas.iter().map(row).collect::<Option<Vec<_>>>().ok_or(too_few)?;
    let estimate = over_trainings(&values, &covariances, smaller).ok_or(too_few)?;
    let mean = estimate.mean();
    let alone = areas.iter().filter_map(Area::variance_of_independent_images).sum::<f64>() / areas.len() as f64;
    let interval = of_area(mean, smaller, effective(counts, mean.error * mean.error, alone), level, areas.len() > 1).ok_or(too_few)?;
    Ok((estimate, interval))
}

/// The interval of an area with so many patients in the smaller class, and so many independent images of each.
fn of_area(mean: Mean, smaller: usize, effective: Limits, level: f64, is_over_trainings: bool) -> Option<Interval> {
    let newcombe = |quantile: f64| limits::newcombe(mean.value, effective.0, effective.1, quantile);
    let Some(logit) = mean.interval_within_0_and_1(level) else {
        return newcombe(t_of(level, mean.freedom)).map(|limits| with(Method::Newcombe, limits));
    };
    if smaller as f64 * mean.value.min(1.0 - mean.value) >= FEW_WRONG {
        return Some(with(Method::LogitDeLong, logit));
    }
    let score = newcombe(z_of(level))?;
    // One limit further out than need be is enough.
    // Few trainings need Student's t at both ends.
    let outer = if smaller < FEW_PATIENTS || is_over_trainings { logit } else { limits::logit(mean.value, mean.error, z_of(level))? };
    let limits = if mean.value > 0.5 { (logit.0.min(score.0), outer.1) } else { (outer.0, logit.1.max(score.1)) };
    Some(with(Method::LogitDeLongNewcombe, limits))
}

/// How many independent images of each class would tell as much: images divided by the design effect, which is between 1 and
/// what it would be if all images of a patient in that class were alike; it is that where it cannot be estimated.
fn effective(counts: Counts, variance: f64, alone: f64) -> Limits {
    let design = if alone > 0.0 { (variance / alone).max(1.0) } else { f64::INFINITY };
    (counts.positive as f64 / design.min(counts.positive_alike), counts.negative as f64 / design.min(counts.negative_alike))
}

fn with(method: Method, limits: Limits) -> Interval {
    Interval { method, low: limits.0, high: limits.1 }
}
