//! Scores of images that are not there: normal, with a part in common for the images of a patient, and for networks that see the same
//! images. Coverage of intervals, errors of tests and the power of a study are measured on them. Independent of what is measured.

use super::special::{normal_cdf, normal_quantile};
use crate::contract::seed::Stream;

/// Normal numbers of variance 1, one for each image, of which those of a patient have the correlation `within`. The numbers of patients
/// may be any.
pub fn alike(patient: &[usize], within: f64, s: &mut Stream) -> Vec<f64> {
    let mut common: Vec<Option<f64>> = vec![None; patient.iter().max().map_or(0, |most| most + 1)];
    let mut one = |patient: &usize| {
        let common = *common[*patient].get_or_insert_with(|| s.normal() * within.sqrt());
        common + s.normal() * (1.0 - within).sqrt()
    };
    patient.iter().map(&mut one).collect()
}

/// Sums of numbers of variance 1 that have variance 1 again, of which each part is given its share. What is left is of the first.
pub fn mixed(first: &[f64], others: &[(f64, &[f64])]) -> Vec<f64> {
    let rest = (1.0 - others.iter().map(|(share, _)| share).sum::<f64>()).max(0.0).sqrt();
    let of = |(at, value): (usize, &f64)| rest * value + others.iter().map(|(share, part)| share.sqrt() * part[at]).sum::<f64>();
    first.iter().enumerate().map(of).collect()
}

/// How far apart the means of two classes are whose scores have variance 1, so that the area under the ROC curve is this: on average
/// over trainings, whose distances have the standard deviation `spread`.
pub fn distance(area: f64, spread: f64) -> f64 {
    (2.0 + spread * spread).sqrt() * normal_quantile(area)
}

/// The area under the ROC curve of classes that are so far apart, on average over trainings: the inverse of [`distance`].
pub fn area(distance: f64, spread: f64) -> f64 {
    normal_cdf(distance / (2.0 + spread * spread).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;
    use crate::statistics::delong::{self, Images};

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64
    }

    #[test]
    fn images_of_a_patient_and_networks_are_as_alike_as_is_asked_for() {
        let mut s = Seed(1).stream("test", "simulated");
        // Patients need not be in their order.
        let patient: Vec<usize> = (0..40_000).map(|i| i % 20_000).collect();
        let common = alike(&patient, 0.3, &mut s);
        assert!((correlation(&common, &common) - 1.0).abs() < 0.03);
        assert!((correlation(&common[..20_000], &common[20_000..]) - 0.3).abs() < 0.03);
        let [one, other] = [0, 1].map(|_| mixed(&common, &[(0.2, &alike(&patient, 0.3, &mut s))]));
        assert!((correlation(&one, &other) - 0.8).abs() < 0.03 && (correlation(&one, &one) - 1.0).abs() < 0.03);
        assert!((correlation(&one[..20_000], &one[20_000..]) - 0.3).abs() < 0.03, "whatever is a network's own is alike within a patient, too");
    }

    #[test]
    fn the_area_is_the_mean_over_trainings() {
        let mut s = Seed(2).stream("test", "areas");
        let positive: Vec<bool> = (0..400).map(|i| i % 2 == 0).collect();
        let patient: Vec<usize> = (0..400).collect();
        let images = Images::of_patients(&positive, &patient);
        let (wanted, spread) = (0.85, 0.8);
        let mean = distance(wanted, spread);
        let one = |_| {
            let d = mean + spread * s.normal();
            let scores: Vec<f64> = alike(&patient, 0.0, &mut s).iter().zip(&positive).map(|(x, p)| x + d * f64::from(*p)).collect();
            delong::area(&scores, &images).unwrap().value
        };
        let found = (0..1000).map(one).sum::<f64>() / 1000.0;
        assert!((found - wanted).abs() < 0.01, "{found}");
        assert!((area(mean, spread) - wanted).abs() < 1e-12);
    }
}
