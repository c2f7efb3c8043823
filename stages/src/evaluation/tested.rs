//! What one training gives on one test set: every metric, and how it changes without some of the patients, from which
//! variances and covariances follow. Independent of arms and intervals.

use super::metric::{Basis, Measure, Metric, Scope, measure, measures};
use super::patients::Patients;
use super::predictions::Predictions;
use crate::statistics::delong::{self, Area, Images};
use rayon::prelude::*;

/// The predictions of one training, measured.
#[derive(Debug)]
pub struct Tested {
    predictions: Predictions,
    measures: Vec<Measure>,
    values: Vec<Option<f64>>,
    /// For each metric, by how much it changes without each group of patients, from the mean of its stratum, and then by how much the
    /// mean of each stratum is off; scaled so that the sum of products is a covariance. How many patients there are of each class
    /// counts as drawn, as it does for a share of all images. None where the metric is undefined without some group, and where nothing
    /// but areas under ROC curves is measured, whose variances do not go by it.
    deviations: Vec<Option<Vec<f64>>>,
    /// Per class, the area under the ROC curve.
    areas: Vec<Option<Area>>,
}

impl Tested {
    /// Measures predictions.
    ///
    /// # Panics
    /// Where the patients are of other images.
    pub fn of(metrics: &'static [Metric], predictions: Predictions, patients: &Patients) -> Self {
        let images = predictions.labels.len();
        assert_eq!(images, patients.of_image().len(), "the patients are of these images");
        let measures = measures(metrics, predictions.classes);
        let values = measure(metrics, &predictions, &vec![1.0; images]);
        let area = |class: usize| {
            let positive: Vec<bool> = predictions.labels.iter().map(|label| *label == class).collect();
            delong::area(&predictions.ranks_of(class), &Images::of_patients(&positive, patients.of_image()))
        };
        let areas = (0..predictions.classes).map(area).collect();
        let deviations = vec![None; measures.len()];
        let mut tested = Tested { predictions, measures, values, deviations, areas };
        if (0..tested.measures.len()).any(|at| tested.class_of_area(at).is_none()) {
            tested.deviations = tested.leaving_out(metrics, patients);
        }
        tested
    }

    /// The deviations of every metric.
    fn leaving_out(&self, metrics: &[Metric], patients: &Patients) -> Vec<Option<Vec<f64>>> {
        let without = |group: &Vec<usize>| {
            let mut weights = vec![1.0; patients.count()];
            group.iter().for_each(|patient| weights[*patient] = 0.0);
            measure(metrics, &self.predictions, &patients.weights(&weights))
        };
        let left: Vec<Vec<Vec<Option<f64>>>> = patients.groups().iter().map(|groups| groups.par_iter().map(without).collect()).collect();
        let sizes: Vec<usize> = patients.groups().iter().map(|groups| groups.iter().map(Vec::len).sum()).collect();
        let deviation = |at: usize| {
            let within = left.iter().map(|stratum| centred(stratum, at)).collect::<Option<Vec<_>>>()?.concat();
            let between = left.iter().zip(&sizes).map(|(stratum, size)| between(stratum, at, self.values[at], *size)).collect::<Option<Vec<_>>>()?;
            Some([within, between].concat())
        };
        (0..self.measures.len()).map(deviation).collect()
    }

    /// The predictions.
    pub fn predictions(&self) -> &Predictions {
        &self.predictions
    }

    /// The area under the ROC curve of a class; none where the class or the rest has no images.
    pub fn area(&self, class: usize) -> Option<&Area> {
        self.areas[class].as_ref()
    }

    /// The covariance over patients of the areas of a class.
    pub(super) fn covariance_of_areas(&self, other: &Tested, class: usize) -> Option<f64> {
        delong::covariance(self.areas[class].as_ref()?, other.areas[class].as_ref()?)
    }

    /// What was measured, in the order of the tables.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The value of a metric by its place among the measures; none if it is undefined.
    pub fn value(&self, at: usize) -> Option<f64> {
        self.values[at].filter(|v| v.is_finite())
    }

    /// The class whose area under the ROC curve a metric is, if it is one: of two classes, the mean of both areas is that of either,
    /// unless probabilities do not add up to 1.
    pub(super) fn class_of_area(&self, at: usize) -> Option<usize> {
        let of = self.measures[at];
        if let (Some(class), Basis::Auroc) = (of.class, of.metric.basis) {
            return Some(class);
        }
        let Scope::MeanOf(row) = of.metric.scope else { return None };
        let is_of = |m: &Measure, class: usize| matches!(row.basis, Basis::Auroc) && m.metric.name == row.name && m.class == Some(class);
        let area = |class: usize| self.value(self.measures.iter().position(|m| is_of(m, class))?);
        (self.predictions.classes == 2 && (area(0)? - area(1)?).abs() < 1e-12).then_some(1)
    }

    /// Values without each group of patients, less the mean of their stratum, by stratum of the patients.
    pub(super) fn left_out(&self, at: usize, patients: &Patients) -> Option<Vec<Vec<Option<f64>>>> {
        let mut rest = self.deviations[at].as_deref()?;
        let of = |groups: &Vec<Vec<usize>>| {
            let (own, others) = rest.split_at(groups.len());
            rest = others;
            let scale = scale(groups.len());
            own.iter().map(|d| Some(d / scale)).collect()
        };
        Some(patients.groups().iter().map(of).collect())
    }

    /// The covariance over patients of a metric of two trainings on the same test set: Obuchowski's of areas under ROC curves,
    /// of all others the jackknife's. None where there are too few patients for one.
    ///
    /// # Panics
    /// Where the two are of different test sets.
    pub fn covariance(&self, other: &Tested, at: usize) -> Option<f64> {
        if let (Some(class), Some(same)) = (self.class_of_area(at), other.class_of_area(at))
            && class == same
        {
            return self.covariance_of_areas(other, class);
        }
        let (a, b) = (self.deviations[at].as_ref()?, other.deviations[at].as_ref()?);
        assert_eq!(a.len(), b.len(), "both are of the same patients");
        (a.len() > 1).then(|| a.iter().zip(b).map(|(a, b)| a * b).sum())
    }
}

/// What makes squares of deviations of so many groups a variance: √((g − 1) / g).
fn scale(groups: usize) -> f64 {
    ((groups as f64 - 1.0) / groups as f64).sqrt()
}

/// The values without each group of a stratum, less their mean, times √((g − 1) / g) for g groups.
fn centred(stratum: &[Vec<Option<f64>>], at: usize) -> Option<Vec<f64>> {
    let values = stratum.iter().map(|left| left[at].filter(|v| v.is_finite())).collect::<Option<Vec<f64>>>()?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let scale = scale(values.len());
    Some(values.iter().map(|v| (v - mean) * scale).collect())
}

/// What a stratum of so many patients adds since its patients are others on average than those of the other strata: for each patient,
/// the mean change without one.
fn between(stratum: &[Vec<Option<f64>>], at: usize, value: Option<f64>, patients: usize) -> Option<f64> {
    let groups = stratum.len() as f64;
    let mean = stratum.iter().map(|left| left[at].filter(|v| v.is_finite())).sum::<Option<f64>>()? / groups;
    Some((mean - value?) * groups / (patients as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::METRICS;

    fn tested(labels: Vec<usize>, scores: &[f64], tokens: &[&str]) -> (Tested, Patients) {
        let tokens: Vec<String> = tokens.iter().map(|t| (*t).to_owned()).collect();
        let patients = Patients::of(&tokens, &labels, 2);
        let predictions = Predictions::new(2, labels, scores.iter().map(|s| vec![1.0 - s, *s]).collect());
        (Tested::of(METRICS, predictions, &patients), patients)
    }

    fn at(tested: &Tested, name: &str, class: Option<usize>) -> usize {
        tested.measures().iter().position(|m| m.metric.name == name && m.class == class).unwrap()
    }

    #[test]
    fn the_variance_of_a_share_of_independent_images_is_that_of_the_binomial_distribution() {
        let labels = [vec![1; 10], vec![0; 10]].concat();
        let scores: Vec<f64> = (0..20).map(|i| if i % 10 < 7 { 0.9 } else { 0.1 }).collect();
        let (t, _) = tested(labels, &scores, &[""; 20]);
        let sensitivity = at(&t, "sensitivity", Some(1));
        // p (1 − p) / (n − 1): the jackknife is unbiased.
        assert!((t.covariance(&t, sensitivity).unwrap() - 0.7 * 0.3 / 9.0).abs() < 1e-15);
        assert_eq!(t.value(sensitivity), Some(0.7));
    }

    /// Of independent images, whatever the strata: p (1 − p) / n, to the order of 1 / n².
    #[test]
    fn the_variance_of_accuracy_does_not_take_the_classes_for_fixed() {
        let labels = [vec![1; 200], vec![0; 200]].concat();
        let scores: Vec<f64> = (0..400).map(|i| if i < 190 || (200..280).contains(&i) { 0.9 } else { 0.1 }).collect();
        let (t, _) = tested(labels, &scores, &[""; 400]);
        let (accuracy, brier) = (at(&t, "accuracy", None), at(&t, "brier", Some(1)));
        let p: f64 = (190.0 + 120.0) / 400.0;
        assert!((t.covariance(&t, accuracy).unwrap() / (p * (1.0 - p) / 400.0) - 1.0).abs() < 0.01, "{:?}", t.covariance(&t, accuracy));
        // The same images are right and wrong, by 0.8 of a squared distance.
        let ratio = t.covariance(&t, brier).unwrap() / t.covariance(&t, accuracy).unwrap();
        assert!((ratio - 0.64).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn images_of_a_patient_count_as_one_and_a_class_of_one_patient_has_no_variance() {
        let labels = vec![1, 1, 1, 1, 0, 0, 0, 0];
        let scores = [0.9, 0.9, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3];
        let (pairs, _) = tested(labels.clone(), &scores, &["a", "a", "b", "b", "c", "c", "d", "d"]);
        let (alone, _) = tested(labels.clone(), &scores, &[""; 8]);
        let sensitivity = at(&alone, "sensitivity", Some(1));
        let (of_pairs, of_alone) = (pairs.covariance(&pairs, sensitivity).unwrap(), alone.covariance(&alone, sensitivity).unwrap());
        assert!((of_pairs - 0.25).abs() < 1e-15 && (of_alone - 0.25 / 3.0).abs() < 1e-15, "{of_pairs} {of_alone}");
        let (one, _) = tested(labels, &scores, &["a", "a", "a", "a", "c", "c", "d", "d"]);
        assert_eq!(one.covariance(&one, sensitivity), None, "without its only patient, there is no sensitivity");
        assert_eq!(one.covariance(&one, at(&one, "auroc", Some(1))), None);
    }
}
