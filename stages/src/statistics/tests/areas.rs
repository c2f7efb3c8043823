//! Areas under ROC curves.

use super::*;
use delong::{Area, Images, area, covariance, limits};

#[test]
fn variances_are_those_over_all_pairs() {
    let (mut defined, mut both) = (0, 0);
    for case in cases("areas") {
        let (positive, patient) = (flags(&case["positive"]), numbers(&case["patient"]));
        let patient: Vec<usize> = patient.iter().map(|p| *p as usize).collect();
        for (kind, images) in [("plain", Images::independent(&positive)), ("clustered", Images::of_patients(&positive, &patient))] {
            let found: Vec<Option<Area>> = case["scores"].as_array().unwrap().iter().map(|s| area(&numbers(s), &images)).collect();
            let [Some(a), Some(b)] = &found[..] else {
                assert!(case["area"].is_null() && found.iter().all(Option::is_none));
                continue;
            };
            near("area", a.value, &case["area"][0], 1e-12);
            near("area", b.value, &case["area"][1], 1e-12);
            for (at, found) in [covariance(a, a), covariance(b, b), covariance(a, b)].into_iter().enumerate() {
                near(kind, found, &case[kind][at], 1e-10);
            }
            near("alone", a.variance_of_independent_images(), &case["plain"][0], 1e-10);
            let counts = a.counts();
            both += usize::from(counts.positive_patients + counts.negative_patients > counts.patients);
            defined += 1;
        }
    }
    assert!(defined > 20 && both > 5, "{defined} cases, {both} with patients of both classes");
}

#[test]
fn what_has_no_rank_or_no_class_has_no_area() {
    let images = Images::of_patients(&[true, false, true], &[7, 7, 3]);
    assert!(area(&[0.1, f64::NAN, 0.3], &images).is_none());
    assert_eq!(area(&[-0.0, 0.0, 0.0], &images).unwrap().value, 0.5, "both zeros are one score");
    assert_eq!(area(&[0.5, f64::NEG_INFINITY, f64::INFINITY], &images).unwrap().value, 1.0);
    assert!(area(&[0.1, 0.2, 0.3], &images).unwrap().variance().is_none(), "one patient is no variance");
    assert!(area(&[], &Images::independent(&[])).is_none());
}

#[test]
fn limits_stay_inside_and_have_a_width() {
    let z = z_of(0.95);
    for a in [0.0, 0.03, 0.5, 0.9, 1.0] {
        let mut all = vec![limits::wilson(a, 0.0, 12.0, z), limits::wilson(a, 0.2, 12.0, z), limits::newcombe(a, 6.0, 30.0, z)];
        if a > 0.0 && a < 1.0 {
            all.push(limits::logit(a, 0.1, z));
        }
        for (low, high) in all.into_iter().map(Option::unwrap) {
            assert!(0.0 <= low && low <= a && a <= high && high <= 1.0 && low < high, "{a}: {low} to {high}");
        }
    }
    assert_eq!((limits::logit(1.0, 0.1, z), limits::logit(0.9, 0.0, z), limits::newcombe(0.5, 0.0, 3.0, z)), (None, None, None));
    // The limits of Newcombe's interval are where z² variances are the squared distance.
    let (low, _) = limits::newcombe(0.8, 20.0, 40.0, z).unwrap();
    let variance = low * (1.0 - low) * (1.0 + 29.0 * (1.0 - low) / (2.0 - low) + 29.0 * low / (1.0 + low)) / 800.0;
    assert!(((0.8 - low) / variance.sqrt() - z).abs() < 1e-9);
}
