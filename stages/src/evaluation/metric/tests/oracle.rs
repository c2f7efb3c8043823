//! Values against scikit-learn's and others': `tests/oracle/metrics.py`.

use super::*;
use serde_json::Value;

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../../../tests/oracle/metrics.json")).unwrap()
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let oracle = oracle();
    let cases = oracle["cases"].as_array().unwrap();
    assert!(cases.len() >= 200);
    for (n, case) in cases.iter().enumerate() {
        let (classes, steps) = (case["classes"].as_u64().unwrap() as usize, case["steps"].as_f64().unwrap());
        let labels: Vec<usize> = serde_json::from_value(case["labels"].clone()).unwrap();
        let scores: Vec<Vec<f64>> = serde_json::from_value(case["scores"].clone()).unwrap();
        let scores = scores.iter().map(|s| s.iter().map(|s| s / steps).collect()).collect();
        let weights = vec![1.0; labels.len()];
        for (of, value) in measures(METRICS, classes).iter().zip(all(classes, labels, scores, &weights)) {
            let name = of.metric.name;
            let want = of.class.map_or_else(|| &case["whole"][name], |class| &case["per_class"][name][class]);
            assert!(want.is_number() || want.is_null() && case["whole"].get(name).or(case["per_class"].get(name)).is_some(), "{name} has no reference");
            match (want.as_f64(), value) {
                (Some(w), Some(v)) => {
                    assert!((w - v).abs() < 1e-12, "case {n}, {name} {:?}: {v} where scikit-learn has {w}", of.class);
                    assert!(of.metric.range.0 <= v && v <= of.metric.range.1, "case {n}, {name}: {v} is out of range");
                }
                (w, v) => assert!(w.is_none() && v.is_none(), "case {n}, {name} {:?}: {v:?} where scikit-learn has {w:?}", of.class),
            }
        }
    }
}

/// All tables of true and false positives and negatives with 1 to 12 images, in the order of the script.
fn tables() -> impl Iterator<Item = [usize; 4]> {
    let all = (0..13usize.pow(4)).map(|n| [n / 2197, n / 169 % 13, n / 13 % 13, n % 13]);
    all.filter(|n| (1..=12).contains(&n.iter().sum::<usize>()))
}

/// The predictions that a table counts, of two classes of which 1 is positive.
fn predictions([tp, fp, r#fn, tn]: [usize; 4]) -> Predictions {
    let images = [(tp, 1, 1), (fp, 0, 1), (r#fn, 1, 0), (tn, 0, 0)].map(|(n, label, guess)| vec![(label, vec![1.0 - f64::from(guess), f64::from(guess)]); n]);
    let (labels, scores) = images.concat().into_iter().unzip();
    Predictions::new(2, labels, scores)
}

/// What the fixture has of each metric of counts: how many values are undefined, which, and three weighted sums.
#[test]
fn metrics_of_counts_agree_with_scikit_learn_on_every_small_table() {
    let oracle = oracle();
    let measured = measures(METRICS, 2);
    let mut found = vec![[0.0; 5]; measured.len()];
    let mut count = 0;
    for (t, table) in tables().enumerate() {
        count += 1;
        let predictions = predictions(table);
        for (sums, value) in found.iter_mut().zip(measure(METRICS, &predictions, &vec![1.0; predictions.labels.len()])) {
            let terms = value.map_or([1.0, t as f64, 0.0, 0.0, 0.0], |v| [0.0, 0.0, v, v * t as f64, v * (t * t % 97) as f64]);
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
    }
    assert_eq!(count, 1819);
    let mut compared = 0;
    for (of, sums) in measured.iter().zip(found) {
        let scope = match of.class {
            None => "whole",
            Some(1) => "per_class",
            Some(_) => continue,
        };
        let Some(want) = oracle["tables"][scope].get(of.metric.name) else { continue };
        compared += 1;
        for (sum, want) in sums.iter().zip(want.as_array().unwrap()) {
            let want = want.as_f64().unwrap();
            assert!((sum - want).abs() <= 1e-12 * want.abs().max(1000.0), "{} ({scope}): a sum is {sum} where scikit-learn has {want}", of.metric.name);
        }
    }
    assert_eq!(compared, 11, "metrics of counts");
}

/// A proportion is the metric's own value, and counts whole images.
#[test]
fn proportions_are_the_values() {
    for table in tables().step_by(7) {
        let predictions = predictions(table);
        let weights = vec![1.0; predictions.labels.len()];
        let seen = predictions.weighted(&weights);
        let mut count = 0;
        for (of, value) in measures(METRICS, 2).iter().zip(measure(METRICS, &predictions, &weights)) {
            let Basis::Proportion(counts) = of.metric.basis else { continue };
            let found = counts(&seen, of.class);
            assert_eq!(found.share(), value, "{} {:?} of {table:?}", of.metric.name, of.class);
            assert!(found.successes <= found.trials && found.trials <= weights.len() as f64 && found.successes.fract() == 0.0);
            assert!(!of.metric.is_per_class() || counts(&seen, None).share().is_none(), "a proportion of a class is none of the whole");
            count += 1;
        }
        assert_eq!(count, 9, "accuracy, and four of each class");
    }
}
