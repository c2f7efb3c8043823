//! The bootstrap.

use super::*;
use crate::contract::seed::{Seed, Stream};
use bootstrap::{Strata, bca, percentile, studentised};

/// Statistics of the oracle under weights, all samples behind each other; `first` is the size of the first.
fn statistic(name: &str, values: &[f64], first: usize, weights: &[f64]) -> Option<f64> {
    let mean = |f: &dyn Fn(f64) -> f64| Some(values.iter().zip(weights).map(|(v, w)| w * f(*v)).sum::<f64>() / weights.iter().sum::<f64>());
    match name {
        "mean" => mean(&|v| v),
        "mean of squares" => mean(&|v| v * v),
        "area" => {
            let (mut pairs, mut whole) = (0.0, 0.0);
            for (i, j) in (0..first).flat_map(|i| (first..values.len()).map(move |j| (i, j))) {
                let above = f64::from(values[i] > values[j]) + f64::from(values[i] == values[j]) / 2.0;
                pairs += weights[i] * weights[j] * above;
                whole += weights[i] * weights[j];
            }
            Some(pairs / whole)
        }
        _ => panic!("{name} is not computed"),
    }
}

#[test]
fn intervals_of_given_resamples_are_scipys() {
    for case in cases("resampling") {
        let samples: Vec<Vec<f64>> = case["samples"].as_array().unwrap().iter().map(numbers).collect();
        let (values, first) = (samples.concat(), samples[0].len());
        let of = |weights: &[f64]| statistic(case["statistic"].as_str().unwrap(), &values, first, weights);
        let counts = |text: &Value| text.as_str().unwrap().bytes().map(|b| f64::from(b - b'0')).collect::<Vec<f64>>();
        let resampled: Vec<Option<f64>> = case["drawn"].as_array().unwrap().iter().map(|d| of(&counts(d))).collect();
        let strata = Strata::of(&samples.iter().enumerate().flat_map(|(s, v)| vec![s; v.len()]).collect::<Vec<_>>());
        let level = case["level"].as_f64().unwrap();
        near_pair("percentile", percentile(&resampled, level), &case["percentile"], 1e-12);
        let value = of(&vec![1.0; values.len()]).unwrap();
        near_pair("bca", bca(value, &resampled, &strata.jackknife(of), level), &case["bca"], 1e-12);
    }
}

fn streams(k: usize) -> Stream {
    Seed(3).stream("test", "bootstrap").item(k as u64)
}

#[test]
fn resamples_keep_strata_and_are_the_same_on_any_number_of_threads() {
    let strata = Strata::of(&[5, 5, 2, 5, 2, 9]);
    let weights = strata.resample(40, streams, |w| w.to_vec());
    assert!(weights.iter().all(|w| w[0] + w[1] + w[3] == 3.0 && w[2] + w[4] == 2.0 && w[5] == 1.0));
    assert_eq!(strata.resample(10, streams, |w| w.to_vec()), weights[..10], "more resamples move none");
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(alone.install(|| strata.resample(40, streams, |w| w.to_vec())), weights);
    let without = strata.jackknife(|w| Some(w[0] + 10.0 * w[5]));
    assert_eq!(without.concat(), [11.0, 11.0, 10.0, 11.0, 11.0, 1.0].map(Some), "strata by their numbers");
}

#[test]
fn no_interval_is_made_of_nothing() {
    let (none, values) = ([None, None, Some(1.0)], [Some(1.0), Some(2.0), Some(f64::NAN), Some(3.0)]);
    assert_eq!((percentile(&none, 0.95), percentile(&[], 0.95), percentile(&[Some(1.0); 9], 0.95)), (None, None, None));
    assert!(percentile(&values, 0.95).is_some_and(|(low, high)| 1.0 < low && high < 3.0));
    let jackknife = [vec![Some(1.0), Some(2.0), Some(4.0)]];
    assert!(bca(2.0, &values, &jackknife, 0.95).is_some());
    assert_eq!(bca(5.0, &values, &jackknife, 0.95), None, "all on one side");
    assert_eq!(bca(2.0, &values, &[vec![Some(1.0), None]], 0.95), None);
    assert_eq!(bca(1.0, &[Some(1.0); 9], &jackknife, 0.95), None, "no width");
    assert_eq!(bca(f64::NAN, &values, &jackknife, 0.95), None);
}

#[test]
fn the_studentised_interval_turns_the_tails_round() {
    let resampled: Vec<Option<(f64, f64)>> = (0..=100).map(|i| Some((0.5 + f64::from(i), 2.0))).collect();
    // Ratios run from −4.95 to 45.05, so that the 5th and the 95th of 100 are −2.45 and 42.55.
    let (low, high) = studentised((10.4, 1.0), &resampled, 0.9).unwrap();
    assert!((low - (10.4 - 42.55)).abs() < 1e-12 && (high - (10.4 + 2.45)).abs() < 1e-12, "{low} to {high}");
    assert_eq!((studentised((1.0, 0.0), &resampled, 0.9), studentised((1.0, 1.0), &[Some((1.0, 0.0)); 9], 0.9)), (None, None));
}

#[test]
fn the_error_of_a_mean_by_the_jackknife_is_the_textbooks() {
    let values = [1.0, 4.0, 2.0, 7.0, 3.0];
    let mean = |w: &[f64]| (w.iter().sum::<f64>() > 0.0).then(|| w.iter().zip(&values).map(|(w, v)| w * v).sum::<f64>() / w.iter().sum::<f64>());
    let textbook = |drawn: &[f64]| {
        let (n, mean) = (drawn.len() as f64, drawn.iter().sum::<f64>() / drawn.len() as f64);
        (mean, (drawn.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0) / n).sqrt())
    };
    let strata = Strata::of(&[0; 5]);
    for (weights, drawn) in [([1.0; 5], values.to_vec()), ([2.0, 0.0, 1.0, 2.0, 0.0], vec![1.0, 1.0, 2.0, 7.0, 7.0])] {
        let (found, wanted) = (strata.with_error(&weights, mean).unwrap(), textbook(&drawn));
        assert!((found.0 - wanted.0).abs() < 1e-12 && (found.1 - wanted.1).abs() < 1e-12, "{found:?} and {wanted:?}");
    }
    // A difference of two means, each in its stratum: variances add up.
    let strata = Strata::of(&[0, 0, 1, 1, 1]);
    let difference = |w: &[f64]| {
        let part = |of: std::ops::Range<usize>| of.clone().map(|i| w[i] * values[i]).sum::<f64>() / of.map(|i| w[i]).sum::<f64>();
        Some(part(0..2) - part(2..5))
    };
    let (a, b) = (textbook(&values[..2]), textbook(&values[2..]));
    let found = strata.with_error(&[1.0; 5], difference).unwrap();
    assert!((found.0 - (a.0 - b.0)).abs() < 1e-12 && (found.1 - a.1.hypot(b.1)).abs() < 1e-12);
    assert_eq!(Strata::of(&[0]).with_error(&[1.0], |w| (w[0] > 0.0).then_some(1.0)), None, "nothing is left");
}
