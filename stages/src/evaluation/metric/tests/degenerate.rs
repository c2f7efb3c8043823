//! What is undefined, and what is defined at the edge: absent classes, scores that tell nothing, ties, one image.

use super::*;

/// A metric of predictions, each image counted once.
fn value(name: &str, class: Option<usize>, classes: usize, labels: &[usize], scores: &[Vec<f64>]) -> Option<f64> {
    let values = all(classes, labels.to_vec(), scores.to_vec(), &vec![1.0; labels.len()]);
    let at = measures(METRICS, classes).iter().position(|of| of.metric.name == name && of.class == class).unwrap();
    values[at]
}

#[test]
fn an_absent_class_has_no_metrics_and_neither_has_a_mean_over_the_classes() {
    // Of class 2 there is no image; one is predicted to be.
    let (labels, scores) = ([0, 0, 1, 1], [vec![0.5, 0.25, 0.25], vec![0.75, 0.25, 0.0], vec![0.25, 0.5, 0.25], vec![0.25, 0.25, 0.5]]);
    let of = |name, class| value(name, class, 3, &labels, &scores);
    for name in ["sensitivity", "f1", "mcc", "hm-sens-spec", "auroc", "auprc", "partial-auroc", "sens-at-spec"] {
        assert_eq!(of(name, Some(2)), None, "{name} of a class without images");
        assert!(of(name, Some(0)).is_some(), "{name} of the others is what it is");
    }
    for name in ["balanced-accuracy", "auroc", "auprc"] {
        assert_eq!(of(name, None), None, "{name} is no mean over the classes that happen to be there");
    }
    assert_eq!((of("precision", Some(2)), of("specificity", Some(2)), of("npv", Some(2))), (Some(0.0), Some(0.75), Some(1.0)));
    assert_eq!((of("accuracy", None), of("net-benefit", Some(2))), (Some(0.75), Some(-0.25)));
    assert!(["mcc", "kappa", "brier", "log-loss", "ece", "adaptive-ece"].iter().all(|name| of(name, None).is_some()));
}

#[test]
fn a_class_that_is_never_predicted_has_an_f1_of_zero() {
    let (labels, scores) = ([0, 1], [vec![0.75, 0.25], vec![0.75, 0.25]]);
    let of = |name, class| value(name, Some(class), 2, &labels, &scores);
    assert_eq!((of("f1", 1), of("sensitivity", 1), of("hm-sens-spec", 1)), (Some(0.0), Some(0.0), Some(0.0)));
    assert_eq!((of("precision", 1), of("mcc", 1), of("npv", 0)), (None, None, None));
    assert_eq!((value("mcc", None, 2, &labels, &scores), value("kappa", None, 2, &labels, &scores)), (None, Some(0.0)));
    let wrong = [vec![0.25, 0.75], vec![0.75, 0.25]];
    assert_eq!(value("hm-sens-spec", Some(1), 2, &labels, &wrong), Some(0.0), "both are 0");
    assert_eq!(value("mcc", None, 2, &labels, &wrong), Some(-1.0));
}

#[test]
fn constant_scores_tell_nothing() {
    let (labels, scores) = ([0, 1, 1, 1, 1], vec![vec![0.25, 0.75]; 5]);
    let of = |name, class| value(name, class, 2, &labels, &scores);
    assert_eq!((of("auroc", Some(0)), of("auroc", None)), (Some(0.5), Some(0.5)));
    assert_eq!((of("auprc", Some(0)), of("auprc", Some(1)), of("auprc", None)), (Some(0.2), Some(0.8), Some(0.5)), "the prevalence");
    assert!((of("partial-auroc", Some(0)).unwrap() - 0.5).abs() < 1e-15);
    assert_eq!(of("sens-at-spec", Some(0)), Some(0.0), "no threshold but that above all scores");
    assert_eq!((of("net-benefit", Some(0)).map(f64::to_bits), of("net-benefit", Some(1))), (Some(0), Some(0.6)), "zero has no sign");
    let (ece, adaptive) = (of("ece", None).unwrap(), of("adaptive-ece", None).unwrap());
    assert!((ece - 0.05).abs() < 1e-15 && ece == adaptive, "one bin: 0.8 right with 0.75: {ece} {adaptive}");
}

/// The order of images of equal scores changes nothing: they are in one bin, and pass a threshold together.
#[test]
fn the_order_of_ties_does_not_matter() {
    let mut stream = Seed(3).stream("test", "ties");
    for _ in 0..40 {
        let mut images: Vec<(usize, Vec<f64>)> = (0..50).map(|_| (stream.below(3), shares(3, &mut stream))).collect();
        let values = |images: &[(usize, Vec<f64>)]| {
            let (labels, scores) = images.iter().cloned().unzip();
            all(3, labels, scores, &[1.0; 50])
        };
        let before = values(&images);
        stream.shuffle(&mut images);
        for ((of, a), b) in measures(METRICS, 3).iter().zip(before).zip(values(&images)) {
            assert!(a.zip(b).is_some_and(|(a, b)| (a - b).abs() < 1e-12), "{} {:?}: {a:?} and {b:?}", of.metric.name, of.class);
        }
    }
}

#[test]
fn one_image_has_what_needs_no_second() {
    let of = |name, class| value(name, class, 2, &[1], &[vec![0.25, 0.75]]);
    assert_eq!((of("accuracy", None), of("sensitivity", Some(1)), of("f1", Some(1)), of("auprc", Some(1))), (Some(1.0), Some(1.0), Some(1.0), Some(1.0)));
    assert_eq!((of("auroc", Some(1)), of("kappa", None), of("mcc", None), of("balanced-accuracy", None)), (None, None, None, None));
    assert_eq!((of("brier", None), of("brier", Some(0)), of("ece", None), of("adaptive-ece", None)), (Some(0.125), Some(0.0625), Some(0.25), Some(0.25)));
    assert!((of("log-loss", None).unwrap() - 0.287_682_072_451_780_9).abs() < 1e-15);
    assert_eq!((of("net-benefit", Some(1)), of("net-benefit", Some(0))), (Some(1.0), Some(0.0)));
}

#[test]
fn a_probability_of_zero_costs_a_finite_loss() {
    let surely = |label| value("log-loss", None, 2, &[label], &[vec![1.0, 0.0]]).unwrap();
    assert!((surely(1) - 52.0 * 2f64.ln()).abs() < 1e-13, "clipped to the machine epsilon");
    assert!(surely(0) > 0.0 && surely(0) < 1e-15);
}

/// Fifteen bins of equally many images: a value per image where there are as many, and again with each twice.
#[test]
fn equal_mass_is_of_weights() {
    let scores: Vec<Vec<f64>> = (0..15).map(|i| vec![0.6 + f64::from(i) / 64.0, 0.4 - f64::from(i) / 64.0]).collect();
    let labels: Vec<usize> = (0..15).map(|i| i % 2).collect();
    let each = labels.iter().zip(&scores).map(|(label, s)| (f64::from(*label == 0) - s[0]).abs()).sum::<f64>() / 15.0;
    for times in [1.0, 2.0] {
        let at = METRICS.iter().filter(|m| !m.is_per_class()).position(|m| m.name == "adaptive-ece").unwrap();
        let found = all(2, labels.clone(), scores.clone(), &[times; 15])[at].unwrap();
        assert!((found - each).abs() < 1e-12, "{found} {each}");
    }
    assert!(value("ece", None, 2, &labels, &scores).unwrap() < each, "bins of equal width hold several");
}
