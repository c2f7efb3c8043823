//! A metric of an arm with its interval: of one training, or of the mean over several. The method is chosen by what the metric
//! is and by how many patients there are; which covers how often is in `docs/statistics.md`. Independent of arms' names and of
//! tables.

use super::metric::{Basis, METRICS, Measure, Proportion, measure};
use super::patients::Patients;
use super::predictions::Predictions;
use super::scale;
use super::tested::Tested;
use crate::contract::prelude::{Deserialize, JsonSchema, Serialize};
use crate::contract::seed::Seed;
use crate::statistics::bootstrap::{self, Strata};
use crate::statistics::delong::Area;
use crate::statistics::interval;
use crate::statistics::proportion::Cluster;
use crate::statistics::repeats::{Estimate as OverTrainings, over_trainings};
use crate::words::there_are;

/// The share of studies of which an interval contains the truth.
pub const LEVEL: f64 = 0.95;

/// The method of intervals of a mean over trainings.
const OVER_TRAININGS: &str = "t over trainings and patients";

/// Patients of the smaller class below which there is no interval by the jackknife: its variance is too uncertain.
pub const LEAST_PATIENTS: usize = 8;

/// A metric with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The mean over the trainings; none if it is undefined in any of them.
    pub value: Option<f64>,
    /// For a share of images tested by one training: how many of how many.
    pub counts: Option<(u64, u64)>,
    /// The interval at [`LEVEL`], or why there is none.
    pub interval: Result<Interval, String>,
}

/// Lower and upper limit, and how they were computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub low: f64,
    /// Upper limit, above the lower one.
    pub high: f64,
    /// The method, for tables.
    pub method: &'static str,
}

impl From<interval::Interval> for Interval {
    fn from(i: interval::Interval) -> Self {
        Interval { low: i.low, high: i.high, method: i.method.name() }
    }
}

/// How intervals are computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Intervals {
    /// By the method that covers best, which follows from the metric and from the number of patients.
    #[default]
    Auto,
    /// Bias-corrected and accelerated bootstrap of patients. It says nothing of other trainings.
    Bca,
    /// Percentiles of the same bootstrap, as most papers have them; they cover too little with few patients.
    Percentile,
}

impl Intervals {
    /// True for the default.
    pub fn is_auto(&self) -> bool {
        *self == Intervals::Auto
    }
}

/// Every metric of one training, or the mean of several on the same test set; `resamples` are for bootstrap intervals.
///
/// # Panics
/// Where there is no training, or they are of different test sets.
pub fn estimates(trainings: &[Tested], patients: &Patients, how: Intervals, resamples: usize) -> Vec<Estimate> {
    let first = trainings.first().expect("BUG: an arm has trainings");
    let resampled = if how.is_auto() { vec![] } else { bootstrap(trainings, patients, resamples) };
    let of = |at: usize| {
        let mut found = estimate(trainings, at, patients);
        let is_biased = matches!(first.measures()[at].metric.basis, Basis::Biased);
        if let (false, false, Some(value)) = (how.is_auto(), is_biased, found.value) {
            let values: Vec<Option<f64>> = resampled.iter().map(|r: &Vec<Option<f64>>| r[at]).collect();
            found.interval = by_bootstrap(trainings, at, patients, how, value, &values);
        }
        found
    };
    (0..first.measures().len()).map(of).collect()
}

/// The means over trainings of every metric, for each resample of patients. Resamples are drawn from a stream of their own, so that
/// the same predictions give the same interval in every study.
fn bootstrap(trainings: &[Tested], patients: &Patients, resamples: usize) -> Vec<Vec<Option<f64>>> {
    let stream = |k: usize| Seed(0).stream("intervals", &format!("resample-{k}"));
    let count = trainings.len() as f64;
    // Of all patients together: how many there are of each class is drawn, too, as for the interval of a share of all images.
    Strata::of(&vec![0; patients.count()]).resample(resamples, stream, |of_patients| {
        let weights = patients.weights(of_patients);
        let each: Vec<Vec<Option<f64>>> = trainings.iter().map(|t| measure(METRICS, t.predictions(), &weights)).collect();
        (0..each[0].len()).map(|at| each.iter().map(|of| of[at]).sum::<Option<f64>>().map(|sum| sum / count)).collect()
    })
}

fn by_bootstrap(trainings: &[Tested], at: usize, patients: &Patients, how: Intervals, value: f64, values: &[Option<f64>]) -> Result<Interval, String> {
    let few = || "too few patients for a bootstrap, or its resamples do not differ".to_owned();
    if how == Intervals::Percentile {
        let (low, high) = bootstrap::percentile(values, LEVEL).ok_or_else(few)?;
        return Ok(Interval { low, high, method: "percentile bootstrap" });
    }
    let each = trainings.iter().map(|t| t.left_out(at, patients)).collect::<Option<Vec<_>>>().ok_or_else(few)?;
    let count = each.len() as f64;
    let mean = |stratum: usize, group: usize| each.iter().map(|t| t[stratum][group]).sum::<Option<f64>>().map(|sum| sum / count);
    let left: Vec<Option<f64>> = each[0].iter().enumerate().flat_map(|(s, groups)| (0..groups.len()).map(move |g| (s, g))).map(|(s, g)| mean(s, g)).collect();
    let (low, high) = bootstrap::bca(value, values, &[left], LEVEL).ok_or_else(few)?;
    Ok(Interval { low, high, method: "BCa bootstrap" })
}

fn estimate(trainings: &[Tested], at: usize, patients: &Patients) -> Estimate {
    let first = &trainings[0];
    let of = first.measures()[at];
    let value = trainings.iter().map(|t| t.value(at)).sum::<Option<f64>>().map(|sum| sum / trainings.len() as f64);
    let share = share_of(&of).map(|share| clusters(first.predictions(), patients, share));
    let counts = share.as_ref().filter(|_| trainings.len() == 1).map(|c| c.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.hits, sum.1 + c.images)));
    let interval = match value {
        None => Err(format!("undefined, since {}", of.metric.undefined_when)),
        Some(_) if matches!(of.metric.basis, Basis::Biased) => Err("its estimate is biased, so that no interval would hold the true value often enough".into()),
        Some(_) if trainings.len() == 1 => one(first, at, patients, share),
        Some(_) => several(trainings, at, patients),
    };
    Estimate { value, counts: counts.map(|(hits, of)| (hits as u64, of as u64)), interval }
}

fn one(tested: &Tested, at: usize, patients: &Patients, share: Option<Vec<Cluster>>) -> Result<Interval, String> {
    match share {
        Some(share) => interval::proportion(&share, LEVEL).map(Interval::from).map_err(|few| few.to_string()),
        None => several(std::slice::from_ref(tested), at, patients),
    }
}

/// By areas under the ROC curve of one class.
pub(super) fn chosen_of_area(trainings: &[&Tested], class: usize, patients: &Patients) -> Result<Interval, String> {
    let few = |few: interval::TooFew| few.to_string();
    if let [tested] = trainings {
        let predictions = tested.predictions();
        let positive: Vec<bool> = predictions.labels.iter().map(|label| *label == class).collect();
        return interval::auroc(&predictions.ranks_of(class), &positive, patients.of_image(), LEVEL).map(Interval::from).map_err(few);
    }
    let areas: Vec<Area> = trainings.iter().map(|t| t.area(class).cloned()).collect::<Option<_>>().ok_or("undefined in a training")?;
    let (_, found) = interval::auroc_over_trainings(&areas, LEVEL).map_err(few)?;
    Ok(Interval { method: OVER_TRAININGS, ..found.into() })
}

/// By the variances and covariances over patients and between trainings.
fn several(trainings: &[Tested], at: usize, patients: &Patients) -> Result<Interval, String> {
    if let Some(class) = trainings.iter().map(|t| t.class_of_area(at)).reduce(|a, b| a.filter(|_| a == b)).flatten() {
        return chosen_of_area(&trainings.iter().collect::<Vec<_>>(), class, patients);
    }
    let metric = trainings[0].measures()[at].metric;
    let (fewest, least) = (patients_of(&trainings[0], at, patients), least_patients(&trainings[0], at));
    if fewest < least {
        let whose = if share_of(&trainings[0].measures()[at]).is_some() { "" } else { " of the smaller class" };
        return Err(format!("an interval needs {least} patients{whose}, and {}", there_are(fewest)));
    }
    let values = trainings.iter().map(|t| t.value(at)).collect::<Option<Vec<f64>>>().ok_or("undefined in a training")?;
    let covariance = trainings.iter().map(|a| trainings.iter().map(|b| a.covariance(b, at)).collect::<Option<Vec<f64>>>()).collect::<Option<Vec<_>>>();
    let over = covariance.and_then(|covariance| over_trainings(&values, &covariance, fewest));
    let over = over.ok_or("it is undefined without some of the patients")?;
    // What rounding leaves of equal values is no variance.
    if let Some((low, high)) = scale::limits(&over.mean(), metric.range, LEVEL).filter(|_| over.mean().error > 1e-12) {
        let method = match over {
            OverTrainings::OfThisTraining(_) => "jackknife t",
            OverTrainings::OfTrainings(..) => OVER_TRAININGS,
        };
        return Ok(Interval { low, high, method });
    }
    // On a bound of its range, or all patients and trainings agree: each training by itself says how far that is certain.
    let by_itself = |t: &Tested| match trainings.len() {
        1 => Err("no patient changes it".into()),
        _ => one(t, at, patients, share_of(&t.measures()[at]).map(|share| clusters(t.predictions(), patients, share))),
    };
    let each = trainings.iter().map(by_itself).collect::<Result<Vec<Interval>, String>>()?;
    let outer = each.into_iter().reduce(|a, b| Interval { low: a.low.min(b.low), high: a.high.max(b.high), method: a.method });
    outer.ok_or_else(|| "no patient changes it".into())
}

/// Patients that a metric rests on: of a share of images, those with an image that counts; otherwise those of the smaller side.
pub fn patients_of(tested: &Tested, at: usize, patients: &Patients) -> usize {
    let of = tested.measures()[at];
    match share_of(&of) {
        Some(share) => clusters(tested.predictions(), patients, share).iter().filter(|c| c.images > 0.0).count(),
        None => patients.fewest(of.class),
    }
}

/// As many of them are needed for an interval.
pub(super) fn least_patients(tested: &Tested, at: usize) -> usize {
    let has_own = share_of(&tested.measures()[at]).is_some() || tested.class_of_area(at).is_some();
    if has_own { interval::LEAST_PATIENTS } else { LEAST_PATIENTS }
}

/// How the images of a metric are counted, where it is a share of images; with the class, if it is of one.
pub(super) type Share = (fn(&super::Weighted, Option<usize>) -> Proportion, Option<usize>);

pub(super) fn share_of(of: &Measure) -> Option<Share> {
    match of.metric.basis {
        Basis::Proportion(share) => Some((share, of.class)),
        _ => None,
    }
}

/// What an image counts for: by its label, and by the class that it is predicted to be of.
pub(super) fn of_pairs(classes: usize, (share, class): Share) -> Vec<Vec<Proportion>> {
    let of_pair = |label: usize, predicted: usize| {
        let mut scores = vec![0.0; classes];
        scores[predicted] = 1.0;
        share(&Predictions::new(classes, vec![label], vec![scores]).weighted(&[1.0]), class)
    };
    (0..classes).map(|label| (0..classes).map(|predicted| of_pair(label, predicted)).collect()).collect()
}

/// Per patient, how many images count, and how many of these are hits.
fn clusters(predictions: &Predictions, patients: &Patients, share: Share) -> Vec<Cluster> {
    let pairs = of_pairs(predictions.classes, share);
    let mut out = vec![Cluster { hits: 0.0, images: 0.0 }; patients.count()];
    for (image, (patient, label)) in patients.of_image().iter().zip(&predictions.labels).enumerate() {
        let counted = pairs[*label][predictions.predicted(image)];
        out[*patient].hits += counted.successes;
        out[*patient].images += counted.trials;
    }
    out
}
