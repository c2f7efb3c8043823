//! What is chosen for how many patients.

use super::*;
use crate::contract::seed::Seed;
use crate::statistics::proportion::Cluster;
use interval::{Method, TooFew, auroc, proportion};

/// Scores of so many positive and negative patients, with an image each.
fn ranked(positive: usize, negative: usize, distance: f64) -> (Vec<f64>, Vec<bool>, Vec<usize>) {
    let mut stream = Seed(8).stream("test", "scores");
    let truth: Vec<bool> = (0..positive + negative).map(|i| i < positive).collect();
    let scores = truth.iter().map(|t| stream.normal() + distance * f64::from(*t)).collect();
    (scores, truth, (0..positive + negative).collect())
}

fn method(positive: usize, negative: usize, distance: f64) -> Result<Method, TooFew> {
    let (scores, truth, patient) = ranked(positive, negative, distance);
    let found = auroc(&scores, &truth, &patient, 0.95)?;
    let value = delong::area(&scores, &delong::Images::independent(&truth)).unwrap().value;
    assert!(0.0 <= found.low && found.low < found.high && found.high <= 1.0 && (found.low..=found.high).contains(&value));
    Ok(found.method)
}

#[test]
fn areas_have_the_method_that_covers() {
    assert_eq!(method(100, 100, 1.0), Ok(Method::LogitDeLong));
    assert_eq!(method(6, 40, 1.0), Ok(Method::LogitDeLongNewcombe), "few patients");
    assert_eq!(method(40, 40, 2.8), Ok(Method::LogitDeLongNewcombe), "few are ranked wrongly");
    assert_eq!(method(6, 6, 50.0), Ok(Method::Newcombe), "none is ranked wrongly");
    assert_eq!(method(6, 6, -50.0), Ok(Method::Newcombe), "all are ranked wrongly");
    assert_eq!(method(3, 3, 0.0).map(|_| ()), Ok(()));
    assert_eq!(method(2, 40, 1.0), Err(TooFew::PatientsOfClass { positive: 2, negative: 40 }));
    assert_eq!(method(0, 40, 1.0), Err(TooFew::Images));
    assert_eq!(auroc(&[f64::NAN], &[true], &[0], 0.95), Err(TooFew::Ranks));
    let constant = auroc(&[0.5; 20], &ranked(10, 10, 0.0).1, &(0..20).collect::<Vec<_>>(), 0.95).unwrap();
    assert!(constant.method == Method::Newcombe && constant.low < 0.3 && constant.high > 0.7, "constant scores are no certainty");
}

#[test]
fn the_limit_towards_a_half_is_not_nearer_than_newcombes() {
    let (scores, truth, patient) = ranked(20, 20, 2.2);
    let found = auroc(&scores, &truth, &patient, 0.95).unwrap();
    let area = delong::area(&scores, &delong::Images::independent(&truth)).unwrap();
    let score = delong::limits::newcombe(area.value, 20.0, 20.0, z_of(0.95)).unwrap();
    assert!(found.method == Method::LogitDeLongNewcombe && found.low <= score.0);
    // Turned round, the interval is turned round.
    let turned = auroc(&scores.iter().map(|s| -s).collect::<Vec<_>>(), &truth, &patient, 0.95).unwrap();
    assert!((turned.low + found.high - 1.0).abs() < 1e-12 && (turned.high + found.low - 1.0).abs() < 1e-12);
}

#[test]
fn several_images_of_a_patient_widen_the_interval() {
    let (scores, truth, patient) = ranked(30, 30, 1.0);
    let twice = |v: &[usize]| v.iter().flat_map(|p| [*p, *p]).collect::<Vec<_>>();
    let scores: Vec<f64> = scores.iter().flat_map(|s| [*s, *s]).collect();
    let truth: Vec<bool> = truth.iter().flat_map(|t| [*t, *t]).collect();
    let clustered = auroc(&scores, &truth, &twice(&patient), 0.95).unwrap();
    let alone = auroc(&scores, &truth, &(0..120).collect::<Vec<_>>(), 0.95).unwrap();
    let ratio = (clustered.high - clustered.low) / (alone.high - alone.low);
    assert!((1.3..1.6).contains(&ratio), "about √2, not {ratio}");
}

#[test]
fn proportions_have_wilsons_interval_from_three_patients_on() {
    let of = |images: &[f64]| images.iter().map(|n| Cluster { hits: *n, images: *n }).collect::<Vec<_>>();
    let found = proportion(&of(&[2.0, 1.0, 3.0]), 0.95).unwrap();
    assert!(found.method == Method::ClusteredWilson && found.high == 1.0 && found.low < 0.5);
    assert_eq!(proportion(&of(&[2.0, 0.0, 3.0]), 0.95), Err(TooFew::Patients(2)));
    assert_eq!(proportion(&of(&[0.0]), 0.95), Err(TooFew::Images));
    for reason in [TooFew::Images, TooFew::Patients(2), TooFew::PatientsOfClass { positive: 1, negative: 9 }, TooFew::Ranks] {
        assert!(!reason.to_string().is_empty());
    }
}

#[test]
fn trainings_are_one_area_with_one_interval() {
    use interval::auroc_over_trainings;
    use repeats::Estimate;
    let (scores, truth, patient) = ranked(30, 30, 1.0);
    let images = delong::Images::of_patients(&truth, &patient);
    let of = |shift: f64| delong::area(&scores.iter().zip(&truth).map(|(s, t)| s + shift * f64::from(*t)).collect::<Vec<_>>(), &images).unwrap();
    let width = |i: interval::Interval| i.high - i.low;
    let (one, alone) = auroc_over_trainings(&[of(0.0)], 0.95).unwrap();
    assert!(matches!(one, Estimate::OfThisTraining(_)) && one.mean().value == of(0.0).value);
    let single = auroc(&scores, &truth, &patient, 0.95).unwrap();
    assert!(width(alone) >= width(single) && width(alone) < 1.1 * width(single), "fewer degrees of freedom");
    let (three, spread) = auroc_over_trainings(&[of(-0.8), of(0.0), of(0.8)], 0.95).unwrap();
    assert!(matches!(three, Estimate::OfTrainings(..)) && width(spread) > 1.5 * width(alone), "trainings differ");
    assert!((three.mean().value - [-0.8, 0.0, 0.8].map(|s| of(s).value).iter().sum::<f64>() / 3.0).abs() < 1e-12);
    let (_, perfect) = auroc_over_trainings(&[of(50.0), of(50.0)], 0.95).unwrap();
    assert!(perfect.method == Method::Newcombe && perfect.high == 1.0 && perfect.low < 0.95, "never of zero width");
    assert_eq!(auroc_over_trainings(&[], 0.95).map(|_| ()), Err(TooFew::Images));
    let few = delong::Images::independent(&[true, true, false, false, false]);
    let area = delong::area(&[0.1, 0.9, 0.3, 0.5, 0.2], &few).unwrap();
    assert_eq!(auroc_over_trainings(&[area], 0.95).map(|_| ()), Err(TooFew::PatientsOfClass { positive: 2, negative: 3 }));
}

/// A small coverage study that stays: of what is chosen, from scores with a part that images of a patient share.
#[test]
fn what_is_chosen_covers() {
    let distance = std::f64::consts::SQRT_2 * special::normal_quantile(0.9);
    let stream = Seed(11).stream("test", "coverage");
    let mut covered = 0;
    for k in 0..600 {
        let mut s = stream.item(k);
        let (mut scores, mut truth, mut patient) = (vec![], vec![], vec![]);
        for who in 0..46 {
            let common = s.normal();
            for _ in 0..1 + s.below(3) {
                truth.push(who < 12);
                scores.push((common + s.normal()) / std::f64::consts::SQRT_2 + distance * f64::from(who < 12));
                patient.push(who);
            }
        }
        let found = auroc(&scores, &truth, &patient, 0.95).unwrap();
        covered += usize::from(found.low <= 0.9 && 0.9 <= found.high);
    }
    // 93 to 97 %, and two standard errors.
    assert!((547..=592).contains(&covered), "{covered} of 600");
}
