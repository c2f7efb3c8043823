//! Against what other programs compute: `tests/oracle/inference.py`.

mod areas;
mod chosen;
mod groups;
mod paired;
mod resampling;

use super::*;
use serde_json::Value;

/// The cases of a key.
fn cases(key: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../tests/oracle/inference.json")).unwrap();
    all[key].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn flags(value: &Value) -> Vec<bool> {
    value.as_array().unwrap().iter().map(|v| v.as_bool().unwrap()).collect()
}

/// A number, or null where there is none.
fn near(name: &str, found: impl Into<Option<f64>>, wanted: &Value, tolerance: f64) {
    let found = found.into();
    let is_near = match (found, wanted.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= tolerance,
        (a, b) => a.is_none() && b.is_none(),
    };
    assert!(is_near, "{name}: {found:?} and {wanted}");
}

fn near_pair(name: &str, found: Option<Limits>, wanted: &Value, tolerance: f64) {
    near(name, found.map(|f| f.0), &wanted[0], tolerance);
    near(name, found.map(|f| f.1), &wanted[1], tolerance);
}

#[test]
fn distributions_are_right_to_twelve_digits() {
    let mut worst = 0.0f64;
    for case in cases("distributions") {
        let (name, x) = (case[0].as_str().unwrap(), numbers(&case[1]));
        let one = |v: f64| (v, None);
        let both = |v: Limits| (v.0, Some(v.1));
        let found = match name {
            "log_gamma" => one(special::log_gamma(x[0])),
            "normal" => both(special::normal_tails(x[0])),
            "erf" => one(special::erf(x[0])),
            "normal_quantile" => one(special::normal_quantile(x[0])),
            "t" => both(special::t_tails(x[0], x[1])),
            "t_quantile" => one(special::t_quantile(x[0], x[1])),
            "chi_squared" => one(special::chi_squared_above(x[0], x[1])),
            "beta" => both(special::beta_tails(x[0], x[1], x[2], 1.0 - x[2])),
            "inverse_beta" => one(special::inverse_beta(x[0], x[1], x[2], 1.0 - x[2]).0),
            "binomial" => one(special::binomial_at_most(x[0] as u64, x[1] as u64, x[2])),
            _ => panic!("{name} is not computed"),
        };
        for (found, wanted) in [(Some(found.0), &case[2]), (found.1, &case[3])] {
            let (Some(a), Some(b)) = (found, wanted.as_f64()) else { continue };
            let far = if a == b { 0.0 } else { (a - b).abs() / b.abs() };
            assert!(far <= 1e-12, "{name} of {x:?}: {a:e} and {b:e}, apart by {far:e}");
            worst = worst.max(far);
        }
    }
    assert!(worst > 0.0, "no machine agrees with scipy to the last bit");
}

/// These bits are in artifacts.
#[test]
fn bits_of_distributions_are_golden() {
    let mut all = blake3::Hasher::new();
    for i in 1..200 {
        let p = f64::from(i) / 200.0;
        for v in
            [special::normal_quantile(p), special::t_quantile(p, f64::from(i)), special::t_cdf(8.0 * p - 4.0, 5.5), special::chi_squared_above(9.0 * p, 3.0)]
        {
            all.update(&v.to_bits().to_le_bytes());
        }
    }
    assert_eq!(all.finalize().to_hex()[..16], *GOLDEN);
}
const GOLDEN: &str = "727049b36abedfb7";

#[test]
fn the_ends_of_distributions_are_ends() {
    assert_eq!((special::normal_quantile(0.0), special::normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((special::t_quantile(0.0, 3.0), special::t_quantile(1.0, 3.0)), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(special::t_quantile(0.975, f64::INFINITY), special::normal_quantile(0.975));
    assert_eq!(special::beta_tails(2.0, 3.0, 0.0, 1.0), (0.0, 1.0));
    assert_eq!(special::inverse_beta(2.0, 3.0, 1.0, 0.0), (1.0, 0.0));
    assert_eq!(special::chi_squared_above(0.0, 1.0), 1.0);
    assert_eq!(special::t_two_sided(0.0, 4.0), 1.0);
}

#[test]
fn proportions_are_statsmodels() {
    for case in cases("proportions") {
        let (k, n, level) = (case["hits"].as_u64().unwrap(), case["n"].as_u64().unwrap(), case["level"].as_f64().unwrap());
        near_pair("wilson", proportion::wilson(k as f64, n as f64, level), &case["wilson"], 1e-10);
        near_pair("clopper_pearson", proportion::clopper_pearson(k, n, level), &case["exact"], 1e-10);
    }
    assert_eq!((proportion::wilson(0.0, 0.0, 0.95), proportion::clopper_pearson(0, 0, 0.95)), (None, None));
}

#[test]
fn images_of_a_patient_count_for_less() {
    use proportion::{Cluster, clustered, clustered_wilson};
    let of = |counts: &[(u32, u32)]| counts.iter().map(|c| Cluster { hits: c.0.into(), images: c.1.into() }).collect::<Vec<_>>();
    // Each patient's images are alike: patients count.
    let alike = clustered(&of(&[(3, 3), (0, 3), (3, 3), (0, 3)])).unwrap();
    assert_eq!((alike.proportion, alike.effective_size, alike.patients), (0.5, 4.0, 4));
    // As different as can be: no more than all images.
    assert_eq!(clustered(&of(&[(1, 2), (1, 2), (1, 2)])).unwrap().effective_size, 6.0);
    // Σ(y − pn)² = 4 · (1/2)²; 4/3 of that over 36, by 1/4 over 6: 8/9, which is below 1.
    assert_eq!(clustered(&of(&[(1, 1), (1, 2), (1, 2), (0, 1)])).unwrap().effective_size, 6.0);
    let (low, high) = clustered_wilson(&of(&[(2, 2), (3, 3), (0, 0)]), 0.95).unwrap();
    assert!(low > 0.0 && low < 0.5 && high == 1.0, "all are hits, and it has a width: {low} to {high}");
    assert_eq!(clustered_wilson(&of(&[]), 0.95), None);
    assert_eq!(clustered_wilson(&of(&[(1, 3)]), 0.95), None, "one patient says nothing about patients");
}

#[test]
fn p_values_are_adjusted_as_statsmodels_does() {
    for case in cases("adjusted") {
        let p = numbers(&case["p"]);
        for (name, found) in [("holm", adjust::holm(&p)), ("benjamini_hochberg", adjust::benjamini_hochberg(&p))] {
            let wanted = case[name].as_array().unwrap();
            assert_eq!(found.len(), wanted.len());
            found.iter().zip(wanted).for_each(|(a, b)| near(name, *a, b, 1e-12));
        }
    }
    let holm = adjust::holm(&[0.02, f64::NAN, 0.03]);
    assert_eq!((holm[0], holm[2]), (0.04, 0.04));
    assert!(holm[1].is_nan());
}

#[test]
fn trainings_and_patients_are_an_analysis_of_variance() {
    for case in cases("repeats") {
        let covariance: Vec<Vec<f64>> = case["covariance"].as_array().unwrap().iter().map(numbers).collect();
        let patients = case["patients"].as_u64().unwrap() as usize;
        let found = repeats::over_trainings(&numbers(&case["values"]), &covariance, patients).unwrap();
        let repeats::Estimate::OfTrainings(mean, components) = found else { panic!("there are several trainings") };
        near("error", mean.error, &case["error"], 1e-12);
        near("freedom", mean.freedom, &case["freedom"], 1e-9);
        near("between", components.between_trainings, &case["between"], 1e-12);
        near_pair("interval", mean.interval(0.95), &case["interval"], 1e-10);
    }
}

#[test]
fn one_training_speaks_of_itself() {
    use repeats::{Estimate, over_trainings};
    let one = over_trainings(&[0.8], &[vec![0.0025]], 31).unwrap();
    assert!(matches!(one, Estimate::OfThisTraining(_)));
    let (low, high) = one.mean().interval(0.95).unwrap();
    assert!((high - low - 2.0 * 0.05 * special::t_quantile(0.975, 30.0)).abs() < 1e-12);
    assert!(over_trainings(&[], &[], 31).is_none() && over_trainings(&[0.8], &[vec![0.1]], 1).is_none());
    assert!(over_trainings(&[f64::NAN], &[vec![0.1]], 31).is_none());
    // The same network twice: patients are all there is, and their part does not shrink.
    let twice = over_trainings(&[0.8, 0.8], &[vec![0.0025; 2], vec![0.0025; 2]], 31).unwrap();
    assert!((twice.mean().error - 0.05).abs() < 1e-15 && (twice.mean().freedom - 30.0).abs() < 1e-9);
    let nothing = over_trainings(&[0.8, 0.8], &[vec![0.0; 2], vec![0.0; 2]], 31).unwrap();
    assert_eq!(nothing.mean().interval(0.95), None, "never of zero width");
}

#[test]
fn what_is_detectable_grows_with_the_error() {
    let normal = detectable::smallest_difference(0.1, f64::INFINITY, 0.05, 0.8).unwrap();
    assert!((normal - 0.280_158_5).abs() < 1e-6, "(1.959964 + 0.841621) / 10, not {normal}");
    assert!((detectable::smallest_difference(0.1, 1e6, 0.05, 0.8).unwrap() - normal).abs() < 1e-6);
    for case in cases("detectable") {
        let x = numbers(&case);
        let found = detectable::smallest_difference(1.0, x[0], x[1], x[2]).unwrap();
        assert!((found / x[3] - 1.0).abs() < 1e-7, "{found} for {case}");
    }
    assert_eq!(detectable::smallest_difference(0.0, 5.0, 0.05, 0.8), None);
}
