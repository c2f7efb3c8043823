//! How an arm differs from the one it is compared with, on the same patients: the difference of a metric with its interval, and
//! the probability of such a difference without a cause. Independent of arms' names and of tables.

use super::disagreement::{self, Rule, discordant};
use super::estimate::{LEVEL, least_patients, patients_of, share_of};
use super::few;
use super::metric::{Basis, Measure};
use super::patients::Patients;
use super::predictions::Predictions;
use super::tested::Tested;
use crate::contract::prelude::{Deserialize, JsonSchema, Serialize};
use crate::contract::seed::Seed;
use crate::statistics::Limits;
use crate::statistics::detectable::smallest_difference;
use crate::statistics::paired::folds::corrected;
use crate::statistics::paired::permutation::{Ways, swapped};
use crate::statistics::repeats::{Estimate, over_trainings};
use crate::statistics::special::t_two_sided;

/// The power with which the smallest difference that could have been shown would have been.
const POWER: f64 = 0.8;

/// A difference of two arms on the same test set.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The mean over pairs of trainings.
    pub value: f64,
    /// Its interval at [`LEVEL`]; none where there are too few patients, or the arms agree on all of them.
    pub interval: Option<Limits>,
    /// Two-sided, not adjusted; none where there is neither an interval nor a test.
    pub p: Option<f64>,
    /// The test of `p`.
    pub test: &'static str,
    /// The smallest true difference that this test set and these trainings show with a power of 80 %; none where it would be larger
    /// than any that the metric can have.
    pub detectable: Option<f64>,
    /// Pairs of trainings. With one, the difference is that of these two networks.
    pub trainings: usize,
}

/// How a difference is tested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TestChoice {
    /// With one training of each arm, by swapping the arms for whole patients; with several, by Student's t.
    #[default]
    Auto,
    /// Student's t of the difference with its variance over patients and trainings; for the AUROC of a class and one training, DeLong's
    /// test, clustered by Obuchowski.
    T,
    /// McNemar's exact test, for one training and one image a patient; t otherwise, and for what is not a share of the same images.
    McnemarExact,
    /// McNemar's mid-p test, as the exact one.
    McnemarMidP,
    /// Durkalski's version of McNemar's test for several images a patient.
    Durkalski,
    /// The corrected resampled t test of Nadeau and Bengio, of arms with folds: the difference is the mean over folds.
    NadeauBengio,
}

impl TestChoice {
    /// True for the default.
    pub fn is_auto(&self) -> bool {
        *self == TestChoice::Auto
    }
}

/// `a` less `b` of the metric at a place among the measures, training by training. `draws` is for the test that swaps arms; without
/// it, that test is not made. None where the metric is undefined.
///
/// # Panics
/// Where the arms have different numbers of trainings or none, or different test sets.
pub fn difference(a: &[&Tested], b: &[&Tested], at: usize, patients: &Patients, choice: TestChoice, draws: Option<usize>) -> Option<Difference> {
    difference_by(a, b, at, patients, choice, draws.map(Ways::of))
}

/// The same, where it is said which ways of swapping are tried.
///
/// # Panics
/// As [`difference`].
pub fn difference_by(a: &[&Tested], b: &[&Tested], at: usize, patients: &Patients, choice: TestChoice, ways: Option<Ways>) -> Option<Difference> {
    assert!(a.len() == b.len() && !a.is_empty(), "trainings are compared pair by pair");
    let values = a.iter().zip(b).map(|(a, b)| Some(a.value(at)? - b.value(at)?)).collect::<Option<Vec<f64>>>()?;
    let covariance = |i: usize, j: usize| {
        let of = |x: &[&Tested], y: &[&Tested]| x[i].covariance(y[j], at);
        Some(of(a, a)? + of(b, b)? - of(a, b)? - of(b, a)?)
    };
    let pairs = 0..values.len();
    let counting = patients_of(a[0], at, patients);
    let all = pairs.clone().map(|i| pairs.clone().map(|j| covariance(i, j)).collect::<Option<Vec<f64>>>()).collect::<Option<Vec<_>>>();
    let over = all.and_then(|all| over_trainings(&values, &all, counting)).filter(|_| counting >= least_patients(a[0], at));
    let mean = over.as_ref().map(Estimate::mean).filter(|m| is_error(m.error));
    let value = values.iter().sum::<f64>() / values.len() as f64;
    let (one, other) = (a[0].predictions(), b[0].predictions());
    // ECE has no interval, and neither have its differences.
    if matches!(a[0].measures()[at].metric.basis, Basis::Biased) {
        return Some(Difference { value, interval: None, p: None, test: "", detectable: None, trainings: values.len() });
    }
    let discordant = |rule: Rule| share_of(&a[0].measures()[at]).and_then(|share| disagreement::test(rule, one, other, patients, share));
    let own = match choice {
        _ if values.len() > 1 => None,
        TestChoice::Auto => ways.and_then(|ways| swap(one, other, &a[0].measures()[at], patients, ways)).map(|p| (p, "permutation of patients")),
        TestChoice::T | TestChoice::NadeauBengio => None,
        TestChoice::McnemarExact => discordant(Rule::Exact).map(|p| (p, "McNemar exact")),
        TestChoice::McnemarMidP => discordant(Rule::MidP).map(|p| (p, "McNemar mid-p")),
        TestChoice::Durkalski => discordant(Rule::Durkalski).map(|p| (p, "Durkalski")),
    };
    // Arms that agree on every patient are no evidence of a difference.
    let by_t = || mean.map(|m| (t_two_sided(m.value / m.error, m.freedom), "t")).or_else(|| (over.is_some() && value == 0.0).then_some((1.0, "t")));
    let (p, test) = own.or_else(by_t).map_or((None, ""), |(p, test)| (Some(p), test));
    let (low, high) = a[0].measures()[at].metric.range;
    let bound = high - low;
    let few = if counting >= least_patients(a[0], at) { few::interval(a, b, at, patients) } else { None };
    let of_t = mean.and_then(|m| m.interval(LEVEL));
    let interval = outer(of_t, few);
    // Where the interval of few patients is wider than that of the t test, so is what is found.
    let wider = of_t.zip(interval).map_or(1.0, |(t, all)| (all.1 - all.0) / (t.1 - t.0));
    let detectable = mean.and_then(|m| smallest_difference(m.error, m.freedom, 1.0 - LEVEL, POWER)).map(|d| d * wider);
    Some(Difference {
        value,
        interval: interval.map(|(l, h)| (l.max(-bound), h.min(bound))),
        p,
        test,
        detectable: detectable.filter(|d| *d <= bound),
        trainings: values.len(),
    })
}

/// Differences of two arms on the folds of a cross-validation.
#[derive(Debug, Clone, PartialEq)]
pub struct OverFolds {
    /// One for each fold of each training.
    pub differences: Vec<f64>,
    /// Images that all of these were trained on.
    pub trained: usize,
    /// Images that all of these were tested on.
    pub tested: usize,
}

/// The difference of a metric as the mean over folds, with the interval and the p value of Nadeau and Bengio.
pub fn over_folds(folds: &OverFolds, range: (f64, f64)) -> Difference {
    let mean = corrected(&folds.differences, folds.trained, folds.tested).filter(|m| is_error(m.error));
    let bound = range.1 - range.0;
    Difference {
        value: folds.differences.iter().sum::<f64>() / folds.differences.len() as f64,
        interval: mean.and_then(|m| m.interval(LEVEL)).map(|(l, h)| (l.max(-bound), h.min(bound))),
        p: mean.map(|m| t_two_sided(m.value / m.error, m.freedom)),
        test: "Nadeau-Bengio",
        detectable: mean.and_then(|m| smallest_difference(m.error, m.freedom, 1.0 - LEVEL, POWER)).filter(|d| *d <= bound),
        trainings: folds.differences.len(),
    }
}

/// The farther limits of two intervals.
fn outer(a: Option<Limits>, b: Option<Limits>) -> Option<Limits> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

/// What rounding leaves of equal contributions is no error.
fn is_error(error: f64) -> bool {
    error.is_finite() && error > 1e-12
}

/// The p value of the test that swaps the arms for whole patients. Draws come from a stream of its own, so that the same predictions
/// give the same value in every study.
fn swap(a: &Predictions, b: &Predictions, of: &Measure, patients: &Patients, ways: Ways) -> Option<f64> {
    let images = a.labels.len();
    // Under the null hypothesis, arms can be exchanged where a share of the same images is equal, or the order of scores is as good. Of
    // what counts other images for each arm, such as precision, equal values do not make arms exchangeable.
    let same_images = || share_of(of).is_some_and(|share| discordant(a, b, patients, share).is_some());
    if !matches!(of.metric.basis, Basis::Auroc | Basis::Ranks) && !same_images() {
        return None;
    }
    // Both arms in one: an arm is a choice of one row for each image, so that nothing is sorted again.
    // Two networks need not have one scale: what goes by the order of scores is swapped by rank (Bandos, Rockette & Gur 2005).
    let both = match of.metric.basis {
        Basis::Auroc | Basis::Ranks => a.ranked().beside(&b.ranked()),
        _ => a.beside(b),
    };
    let value = |weights: &[f64]| of.value(&both.weighted(weights));
    let difference = |swaps: &[bool]| {
        let mut weights = vec![0.0; 2 * images];
        for (image, patient) in patients.of_image().iter().enumerate() {
            weights[image + if swaps[*patient] { images } else { 0 }] = 1.0;
        }
        let first = value(&weights)?;
        weights.iter_mut().for_each(|w| *w = 1.0 - *w);
        Some(first - value(&weights)?)
    };
    let stream = |k: usize| Seed(0).stream("compare", &format!("swaps-{k}"));
    swapped(patients.count(), ways, stream, difference).map(|found| found.p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::METRICS;

    fn of(scores: &[f64], labels: &[usize], patients: &Patients) -> Tested {
        let rows = scores.iter().map(|s| vec![1.0 - s, *s]).collect();
        Tested::of(METRICS, Predictions::new(2, labels.to_vec(), rows), patients)
    }

    /// Ways of swapping that give a difference as large, counted one by one.
    #[test]
    fn the_test_tries_every_way_of_swapping_few_patients() {
        let labels = [1, 1, 1, 1, 0, 0, 0, 0];
        let patients = Patients::of(&vec![String::new(); 8], &labels, 2);
        let a = of(&[0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1], &labels, &patients);
        let b = of(&[0.4, 0.8, 0.3, 0.6, 0.4, 0.7, 0.2, 0.1], &labels, &patients);
        let accuracy = a.measures().iter().position(|m| m.metric.name == "accuracy").unwrap();
        let found = difference(&[&a], &[&b], accuracy, &patients, TestChoice::Auto, Some(100)).unwrap();
        // Three patients differ, all in favour of `a`: 2 of 8 ways give a difference of three images.
        assert_eq!((found.value, found.p, found.test), (0.375, Some(0.25), "permutation of patients"));
        let by = |choice| difference(&[&a], &[&b], accuracy, &patients, choice, Some(100)).unwrap();
        let exact = by(TestChoice::McnemarExact);
        assert!((exact.p.unwrap() - 0.25).abs() < 1e-12 && exact.test == "McNemar exact", "one image a patient: {exact:?}");
        assert_eq!(by(TestChoice::T).test, "t");
        let same = difference(&[&a], &[&a], accuracy, &patients, TestChoice::Auto, Some(100)).unwrap();
        assert_eq!((same.value, same.p, same.detectable), (0.0, Some(1.0), None));
        // Tango's, of eight images on which the arms never disagree, with Student's t of seven degrees of freedom.
        let limit = 2.364_624_251f64.powi(2) / (8.0 + 2.364_624_251f64.powi(2));
        let (low, high) = same.interval.unwrap();
        assert!((high - limit).abs() < 1e-8 && (low + limit).abs() < 1e-8, "{low} {high}");
    }

    #[test]
    fn the_swapping_test_does_not_care_for_the_scale_of_either_arm() {
        let mut stream = Seed(6).stream("test", "scales");
        let labels: Vec<usize> = (0..60).map(|i| i % 2).collect();
        let patients = Patients::of(&vec![String::new(); 60], &labels, 2);
        let a: Vec<f64> = labels.iter().map(|l| 0.45 + 0.1 * (*l as f64) + 0.1 * stream.normal()).collect();
        let b: Vec<f64> = labels.iter().map(|l| 0.45 + 0.02 * (*l as f64) + 0.1 * stream.normal()).collect();
        let shifted: Vec<f64> = b.iter().map(|s| 0.2 * s + 0.7).collect();
        let [a, b, shifted] = [a, b, shifted].map(|s| of(&s, &labels, &patients));
        for name in ["auroc", "auprc", "partial-auroc", "sens-at-spec"] {
            let at = a.measures().iter().position(|m| m.metric.name == name && m.class == Some(1)).unwrap();
            let p = |other| difference(&[&a], &[other], at, &patients, TestChoice::Auto, Some(199)).unwrap().p;
            assert_eq!(p(&b), p(&shifted), "{name}");
        }
    }

    #[test]
    fn a_difference_is_paired_its_error_is_not_that_of_two_test_sets() {
        let mut stream = Seed(4).stream("test", "paired");
        let labels: Vec<usize> = (0..60).map(|i| i % 2).collect();
        let patients = Patients::of(&vec![String::new(); 60], &labels, 2);
        let a: Vec<f64> = labels.iter().map(|l| 0.5 + 0.1 * (*l as f64) + 0.1 * stream.normal()).collect();
        let b: Vec<f64> = a.iter().map(|s| s + 0.01 * stream.normal()).collect();
        let (a, b) = (of(&a, &labels, &patients), of(&b, &labels, &patients));
        let auroc = a.measures().iter().position(|m| m.metric.name == "auroc" && m.class == Some(1)).unwrap();
        let found = difference(&[&a], &[&b], auroc, &patients, TestChoice::Auto, None).unwrap();
        let (low, high) = found.interval.unwrap();
        let alone = a.covariance(&a, auroc).unwrap().sqrt();
        assert!(high - low < 2.0 * alone && found.test == "t", "{low} {high} {alone}");
        assert!(found.detectable.unwrap() > (high - low) / 2.0, "80 % power needs more than the half width");
    }
}
