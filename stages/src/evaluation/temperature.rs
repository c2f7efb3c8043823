//! Temperature scaling (Guo et al. 2017): one number that makes probabilities neither too sure nor too unsure, fitted on images
//! that nothing is tested on. Independent of where probabilities come from.

use crate::math::{exp, ln};

/// Temperatures that are looked at, as logarithms: e⁻⁴ to e⁴.
const LIMIT: f64 = 4.0;

/// Temperatures from this on are at the upper limit.
pub const HIGHEST: f64 = 54.59;

/// Probabilities `[image][class]` at another temperature: proportional to p^(1/T). At 1 they stay as they are.
pub fn scaled(probabilities: &[Vec<f64>], temperature: f64) -> Vec<Vec<f64>> {
    probabilities.iter().map(|p| softmax(p, temperature)).collect()
}

/// The temperature with the smallest logarithmic loss on images of known class, to 1e-9 of its logarithm. None without images, and where
/// no temperature is low enough, since all images are right: it would make all probabilities 0 and 1. Of probabilities that say nothing,
/// it is the upper limit.
pub fn fitted(probabilities: &[Vec<f64>], labels: &[usize]) -> Option<f64> {
    let loss = |log_t: f64| -> f64 {
        let t = exp(log_t);
        probabilities.iter().zip(labels).map(|(p, label)| -ln(softmax(p, t)[*label].max(f64::MIN_POSITIVE))).sum()
    };
    // In 1/T the loss is convex, so that in ln T it has one minimum: a golden section finds it.
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-LIMIT, LIMIT);
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut of_a, mut of_b) = (loss(a), loss(b));
    while high - low > 1e-9 {
        if of_a <= of_b {
            (high, b, of_b) = (b, a, of_a);
            a = high - golden * (high - low);
            of_a = loss(a);
        } else {
            (low, a, of_a) = (a, b, of_b);
            b = low + golden * (high - low);
            of_b = loss(b);
        }
    }
    let found = low + (high - low) / 2.0;
    (!labels.is_empty() && found > 1e-6 - LIMIT).then(|| exp(found))
}

fn softmax(probabilities: &[f64], temperature: f64) -> Vec<f64> {
    let logits: Vec<f64> = probabilities.iter().map(|p| ln(p.clamp(f64::MIN_POSITIVE, 1.0)) / temperature).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|l| exp(l - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_undoes_what_another_temperature_did() {
        let mut stream = crate::contract::seed::Seed(3).stream("test", "temperature");
        // Labels drawn from calibrated probabilities.
        let calibrated: Vec<Vec<f64>> = (0..4000).map(|_| softmax(&[exp(stream.normal()), exp(stream.normal()), exp(stream.normal())], 1.0)).collect();
        let labels: Vec<usize> = calibrated
            .iter()
            .map(|p| {
                let u = stream.unit();
                if u < p[0] {
                    0
                } else if u < p[0] + p[1] {
                    1
                } else {
                    2
                }
            })
            .collect();
        let sure = scaled(&calibrated, 0.25);
        let found = fitted(&sure, &labels).unwrap();
        assert!((found - 4.0).abs() < 0.4, "{found}");
        let back = scaled(&sure, 4.0);
        assert!(back.iter().flatten().zip(calibrated.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(fitted(&[], &[]), None);
    }

    #[test]
    fn at_a_temperature_of_1_nothing_changes_and_extremes_stay_finite() {
        for p in [vec![0.2, 0.8], vec![0.0, 1.0]] {
            let same = scaled(std::slice::from_ref(&p), 1.0);
            assert!(same[0].iter().zip(&p).all(|(a, b)| (a - b).abs() < 1e-15));
        }
        assert!(scaled(&[vec![0.0, 1.0]], exp(-LIMIT)).iter().flatten().all(|p| p.is_finite()));
        assert_eq!(fitted(&[vec![0.1, 0.9], vec![0.9, 0.1]], &[1, 0]), None, "always right: no temperature is low enough");
        let tiny = scaled(&[vec![1e-30, 1.0], vec![1e-29, 1.0]], 1.0);
        assert!(tiny[0][0] < tiny[1][0], "the order stays");
    }
}
