//! Tests of the table and of the values.

use super::*;
use crate::contract::seed::Seed;
use crate::evaluation::bootstrap::{Clusters, estimates};
use serde_json::Value;

fn all(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>, weights: &[f64]) -> Vec<Option<f64>> {
    measure(METRICS, &Predictions::new(classes, labels, scores), weights)
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
    const ERROR: Metric = Metric { name: "error", scope: Scope::Whole(|seen| Some(1.0 - accuracy_of(seen)?)), ..accuracy::METRIC };
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
    let found = estimates(&LONGER, &p, &Clusters::of(&patients), 200, &mut Seed(3).stream("test", "bootstrap"));
    let value = |name: &str, class| found.iter().find(|e| e.of.metric.name == name && e.of.class == class).unwrap();
    assert_eq!(value("accuracy", None).value, Some(0.75));
    assert_eq!(value("error", None).value, Some(0.25));
    assert_eq!((value("prevalence", Some(0)).value, value("prevalence", Some(1)).value), (Some(0.75), Some(0.25)));
    assert_eq!(value("mean-prevalence", None).value, Some(0.5));
    let ((low, high), (from, to)) = (value("accuracy", None).interval.unwrap(), value("error", None).interval.unwrap());
    assert!(low < high && (1.0 - high - from).abs() < 1e-12 && (1.0 - low - to).abs() < 1e-12, "an error is what accuracy leaves");
    // Without the row that it is a mean of, the mean is the same.
    static SHORT: [Metric; 1] = [MEAN_PREVALENCE];
    assert_eq!(measure(&SHORT, &p, &[1.0; 4]), [Some(0.5)]);
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/metrics.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 50);
    for case in &cases {
        let classes = case["classes"].as_u64().unwrap() as usize;
        let labels: Vec<usize> = serde_json::from_value(case["labels"].clone()).unwrap();
        let scores: Vec<Vec<f64>> = serde_json::from_value(case["scores"].clone()).unwrap();
        let weights = vec![1.0; labels.len()];
        let found = all(classes, labels, scores, &weights);
        let expected = &case["expected"];
        for (of, value) in measures(METRICS, classes).iter().zip(found) {
            let name = of.metric.name;
            let (of_all, key) = (of.class.is_none(), name.replace('-', "_"));
            // A name that classes have, too, is that of their mean.
            let key = if of_all && find(name, true).is_some() { format!("macro_{key}") } else { key };
            let values = of.class.map_or(expected, |c| &expected["per_class"][c]);
            let want = values.get(&key).unwrap_or_else(|| panic!("tests/oracle/metrics.py does not compute `{key}`: see docs/adding-a-metric.md"));
            match (want.as_f64(), value) {
                (Some(w), Some(v)) => assert!((w - v).abs() < 1e-12, "{name} {:?}: {v} where scikit-learn has {w}", of.class),
                (w, v) => assert!(w.is_none() && v.is_none(), "{name} {:?}: {v:?} where scikit-learn has {w:?}", of.class),
            }
        }
    }
}

#[test]
fn a_weight_is_a_repetition() {
    let (labels, scores) = (vec![0, 1, 1], vec![vec![0.6, 0.4], vec![0.7, 0.3], vec![0.1, 0.9]]);
    let weighted = all(2, labels, scores.clone(), &[2.0, 1.0, 0.0]);
    let repeated = all(2, vec![0, 0, 1], vec![scores[0].clone(), scores[0].clone(), scores[1].clone()], &[1.0; 3]);
    assert_eq!(weighted, repeated);
}

#[test]
fn scores_that_are_no_numbers_have_metrics_all_the_same() {
    let none = f64::NAN;
    let found = Predictions::new(2, vec![0, 1, 1], vec![vec![none, 0.4], vec![none, none], vec![f64::NEG_INFINITY, f64::INFINITY]]);
    assert_eq!([0, 1, 2].map(|image| found.predicted(image)), [1, 0, 1]);
    let values = measure(METRICS, &found, &[1.0; 3]);
    assert_eq!(values[2], None, "a ranking with holes is none");
    assert!(values.iter().flatten().all(|v| v.is_finite()), "{values:?}");
    assert_eq!(Predictions::new(2, vec![0], vec![vec![-0.0, 0.0]]).predicted(0), 0, "both zeros are one score");
    assert!(all(2, vec![], vec![], &[]).iter().all(Option::is_none));
}
