//! The mean of a statistic over trainings and patients. All trainings are tested on the same patients, so that what the
//! patients contribute to its error does not shrink with the number of trainings. Independent of the statistic.

use super::delong::limits::logit;
use super::{Limits, t_of};

/// What an interval speaks of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Estimate {
    /// There is one training: of this training alone, on other patients. What another training would give is not known.
    OfThisTraining(Mean),
    /// Of the mean over trainings, on other patients and with other trainings.
    OfTrainings(Mean, Components),
}

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom of the error.
    pub freedom: f64,
}

/// Where the variance comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Components {
    /// Of what trainings would give on all patients there are, from one training to the next; not below 0.
    pub between_trainings: f64,
    /// Of the mean of very many trainings, from one set of patients to the next; not below 0.
    pub of_patients: f64,
}

impl Estimate {
    /// The mean and its error, whatever it is of.
    pub fn mean(&self) -> Mean {
        match self {
            Estimate::OfThisTraining(mean) | Estimate::OfTrainings(mean, _) => *mean,
        }
    }
}

impl Mean {
    /// The interval by Student's t: not bound to the range of the statistic. None where the error is not above 0, since
    /// nothing is certain.
    ///
    /// # Panics
    /// Where `level` is not between 0 and 1.
    pub fn interval(&self, level: f64) -> Option<Limits> {
        let half = (self.error > 0.0 && self.error.is_finite()).then(|| t_of(level, self.freedom) * self.error)?;
        Some((self.value - half, self.value + half))
    }

    /// The interval of a share or an area, symmetric on the scale ln(value / (1 − value)) and so inside 0 to 1, where it
    /// covers better near 1. None where the value is not between 0 and 1 or the error is not above 0.
    ///
    /// # Panics
    /// Where `level` is not between 0 and 1.
    pub fn interval_within_0_and_1(&self, level: f64) -> Option<Limits> {
        let is_inside = self.value > 0.0 && self.value < 1.0 && self.error.is_finite();
        is_inside.then(|| logit(self.value, self.error, t_of(level, self.freedom))).flatten()
    }
}

/// The mean of `values`, one for each training, given their covariances over patients (`covariance[i][j]` is that of
/// trainings i and j for fixed networks; a diagonal element is the variance of one) and the number of patients, which is that
/// of the smaller class where the statistic has classes.
///
/// With mean variance v and mean covariance c, trainings differ by s², of which v − c is due to patients who are classified
/// differently. The variance of the mean is max(s², v − c) / T + c; its degrees of freedom are Satterthwaite's (1946), from
/// T − 1 for the first part and `patients` − 1 for the second. None where there is no training, a number is not finite, or
/// there are fewer than two patients.
///
/// # Panics
/// Where there are not as many covariances as pairs of trainings.
pub fn over_trainings(values: &[f64], covariance: &[Vec<f64>], patients: usize) -> Option<Estimate> {
    let count = values.len();
    assert!(covariance.len() == count && covariance.iter().all(|row| row.len() == count), "a covariance for each pair of trainings");
    if count == 0 || patients < 2 || !values.iter().chain(covariance.iter().flatten()).all(|v| v.is_finite()) {
        return None;
    }
    let trainings = count as f64;
    let of_patients = (patients - 1) as f64;
    let value = values.iter().sum::<f64>() / trainings;
    let variance = (0..count).map(|i| covariance[i][i]).sum::<f64>() / trainings;
    if count == 1 {
        return Some(Estimate::OfThisTraining(Mean { value, error: variance.max(0.0).sqrt(), freedom: of_patients }));
    }
    let pairs = trainings * (trainings - 1.0);
    let common = (covariance.iter().flatten().sum::<f64>() - variance * trainings) / pairs;
    let (common, own) = (common.max(0.0), (variance - common).max(0.0));
    let spread = values.iter().map(|v| (v - value) * (v - value)).sum::<f64>() / (trainings - 1.0);
    let first = spread.max(own) / trainings;
    let total = first + common;
    let freedom = total * total / (first * first / (trainings - 1.0) + common * common / of_patients);
    let components = Components { between_trainings: (spread - own).max(0.0), of_patients: common };
    // Without any variance there is nothing to weigh.
    let freedom = if total > 0.0 { freedom } else { trainings - 1.0 };
    Some(Estimate::OfTrainings(Mean { value, error: total.sqrt(), freedom }, components))
}
