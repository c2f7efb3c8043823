//! Tests of the table, and of values under weights.

use super::*;
use crate::contract::seed::{Seed, Stream};
use crate::evaluation::estimate::{Intervals, estimates};
use crate::evaluation::patients::Patients;
use crate::evaluation::tested::Tested;

mod degenerate;
mod oracle;

fn all(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>, weights: &[f64]) -> Vec<Option<f64>> {
    measure(METRICS, &Predictions::new(classes, labels, scores), weights)
}

/// Probabilities that are multiples of an eighth, so that many are equal, and add up to 1.
fn shares(classes: usize, stream: &mut Stream) -> Vec<f64> {
    let mut eighths = vec![0.0; classes];
    (0..8).for_each(|_| eighths[stream.below(classes)] += 0.125);
    eighths
}

#[test]
fn every_row_says_what_it_is() {
    let mut keys: Vec<(&str, bool)> = METRICS.iter().map(|m| (m.name, m.is_per_class())).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), METRICS.len(), "a name stands once for the whole and once for each class");
    for m in METRICS {
        assert!(m.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", m.name);
        assert!(m.doc.len() > 20 && m.doc.ends_with('.') && !m.undefined_when.is_empty() && !m.reference.is_empty(), "{}", m.name);
        assert_eq!(find(m.name, m.is_per_class()).unwrap().doc, m.doc);
        assert!(m.range.0.is_finite() && m.range.0 < m.range.1, "{}", m.name);
        if let Scope::MeanOf(of) = m.scope {
            assert!(of.is_per_class() && find(of.name, true).is_some(), "{}: the mean of what is no row would be computed twice", m.name);
        }
    }
    let whole: Vec<bool> = METRICS.iter().map(Metric::is_per_class).collect();
    assert!(whole.is_sorted(), "the order of the table is the order of the rows: the whole comes first");
}

#[test]
fn a_direction_is_that_of_a_perfect_prediction() {
    let labels = vec![0, 0, 1, 1];
    let weights = vec![1.0; 4];
    let perfect = all(2, labels.clone(), [0.1, 0.2, 0.8, 0.9].map(|p| vec![1.0 - p, p]).to_vec(), &weights);
    let poor = all(2, labels, [0.7, 0.2, 0.8, 0.3].map(|p| vec![1.0 - p, p]).to_vec(), &weights);
    for ((m, good), bad) in measures(METRICS, 2).iter().zip(perfect).zip(poor) {
        let (good, bad) = (good.unwrap(), bad.unwrap());
        let is_right = if m.metric.direction == Direction::HigherIsBetter { good > bad } else { good < bad };
        assert!(is_right, "{}: {good} for a perfect prediction, {bad} for a poor one", m.metric.name);
    }
}

/// A row that is added is measured, in its place, with an interval, and nothing else changes.
#[test]
fn a_row_more_is_measured_with_its_interval() {
    const ERROR: Metric = Metric { name: "error", scope: Scope::Whole(|seen| Some(1.0 - accuracy_of(seen)?)), basis: Basis::Other, ..accuracy::METRIC };
    const PREVALENCE: Metric = Metric { name: "prevalence", scope: Scope::PerClass(|seen, class| share(seen.actual(class), seen.total())), ..f1::METRIC };
    const MEAN_PREVALENCE: Metric = Metric { name: "mean-prevalence", scope: Scope::MeanOf(&PREVALENCE), ..f1::METRIC };
    fn accuracy_of(seen: &Weighted) -> Option<f64> {
        let Scope::Whole(f) = accuracy::METRIC.scope else { return None };
        f(seen)
    }
    static LONGER: [Metric; 5] = [accuracy::METRIC, ERROR, MEAN_PREVALENCE, sensitivity::METRIC, PREVALENCE];
    let names = |m: &'static [Metric]| measures(m, 2).iter().map(|m| (m.metric.name, m.class)).collect::<Vec<_>>();
    let longer = names(&LONGER);
    assert_eq!(longer[..4], [("accuracy", None), ("error", None), ("mean-prevalence", None), ("sensitivity", Some(0))]);
    let p = Predictions::new(2, vec![0, 0, 0, 1], vec![vec![0.9, 0.1], vec![0.2, 0.8], vec![0.6, 0.4], vec![0.3, 0.7]]);
    let patients: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
    let patients = Patients::of(&patients, &p.labels, 2);
    let tested = Tested::of(&LONGER, p.clone(), &patients);
    let found = estimates(std::slice::from_ref(&tested), &patients, Intervals::Auto, 100);
    let value = |name: &str, class| &found[tested.measures().iter().position(|m| m.metric.name == name && m.class == class).unwrap()];
    assert_eq!(value("accuracy", None).value, Some(0.75));
    assert_eq!(value("error", None).value, Some(0.25));
    assert_eq!((value("prevalence", Some(0)).value, value("prevalence", Some(1)).value), (Some(0.75), Some(0.25)));
    assert_eq!(value("mean-prevalence", None).value, Some(0.5));
    let interval = value("accuracy", None).interval.as_ref().unwrap();
    assert!(interval.low < 0.75 && 0.75 < interval.high && interval.method == "clustered Wilson");
    assert!(value("error", None).interval.as_ref().is_err_and(|why| why.starts_with("an interval needs 8 patients")), "{:?}", value("error", None));
    // Without the row that it is a mean of, the mean is the same.
    static SHORT: [Metric; 1] = [MEAN_PREVALENCE];
    assert_eq!(measure(&SHORT, &p, &[1.0; 4]), [Some(0.5)]);
}

#[test]
fn a_weight_is_a_repetition() {
    let (labels, scores) = (vec![0, 1, 1], vec![vec![0.6, 0.4], vec![0.7, 0.3], vec![0.1, 0.9]]);
    let weighted = all(2, labels, scores.clone(), &[2.0, 1.0, 0.0]);
    let repeated = all(2, vec![0, 0, 1], vec![scores[0].clone(), scores[0].clone(), scores[1].clone()], &[1.0; 3]);
    assert_eq!(weighted, repeated);
}

/// Also weights of nothing, as in a jackknife: an image that is not drawn is not there.
#[test]
fn weights_are_repetitions_of_many_images() {
    let mut stream = Seed(7).stream("test", "weights");
    for round in 0..60 {
        let (classes, n) = (2 + round % 3, 1 + stream.below(40));
        let labels: Vec<usize> = (0..n).map(|_| stream.below(classes)).collect();
        let scores: Vec<Vec<f64>> = (0..n).map(|_| shares(classes, &mut stream)).collect();
        let drawn: Vec<usize> = (0..n).map(|_| if round % 4 == 0 { usize::from(stream.below(n) != 0) } else { stream.below(4) }).collect();
        let images: Vec<usize> = (0..n).flat_map(|image| vec![image; drawn[image]]).collect();
        let weights: Vec<f64> = drawn.iter().map(|n| *n as f64).collect();
        let weighted = all(classes, labels.clone(), scores.clone(), &weights);
        let (labels, scores) = images.iter().map(|i| (labels[*i], scores[*i].clone())).unzip();
        let repeated = all(classes, labels, scores, &vec![1.0; images.len()]);
        for ((of, a), b) in measures(METRICS, classes).iter().zip(weighted).zip(repeated) {
            let is_same = match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-12,
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(is_same, "{} {:?} of {n} images: {a:?} with weights, {b:?} with repetitions", of.metric.name, of.class);
        }
    }
}

#[test]
fn scores_that_are_no_numbers_have_metrics_all_the_same() {
    let none = f64::NAN;
    let found = Predictions::new(2, vec![0, 1, 1], vec![vec![none, 0.4], vec![none, none], vec![f64::NEG_INFINITY, f64::INFINITY]]);
    assert_eq!([0, 1, 2].map(|image| found.predicted(image)), [1, 0, 1]);
    let values = measure(METRICS, &found, &[1.0; 3]);
    let ranks = ["auroc", "auprc", "partial-auroc", "sens-at-spec", "brier", "log-loss", "ece", "adaptive-ece", "net-benefit"];
    let with_holes = measures(METRICS, 2).into_iter().zip(&values).filter(|(of, _)| ranks.contains(&of.metric.name));
    assert!(with_holes.clone().count() == 18 && with_holes.into_iter().all(|(_, v)| v.is_none()), "what goes by probabilities has none with holes");
    assert!(values.iter().flatten().all(|v| v.is_finite()), "{values:?}");
    assert_eq!(Predictions::new(2, vec![0], vec![vec![-0.0, 0.0]]).predicted(0), 0, "both zeros are one score");
    assert!(all(2, vec![], vec![], &[]).iter().all(Option::is_none));
}
