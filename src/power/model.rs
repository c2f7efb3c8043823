//! Probabilities of images that are not there. Two classes have normal scores of variance 1, a distance apart; with more classes, each
//! has such a score of its own, and the distance is that of any two of them. Independent of studies.

use hilum_stages::math::exp;

/// Scores of less than this are not told apart by their scale: classes that are hardly apart would have equal probabilities.
const LEAST_SCALE: f64 = 0.5;

/// How many numbers each image has.
pub(super) fn dimensions(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// The probabilities of an image with this label, by its noise (one number for two classes, else one for each).
pub(super) fn probabilities(label: usize, classes: usize, noise: &[f64], distance: f64, scale: f64) -> Vec<f64> {
    let scale = scale.max(LEAST_SCALE);
    if classes == 2 {
        let score = scale * (noise[0] + distance * (label as f64 - 0.5));
        return vec![1.0 / (1.0 + exp(score)), 1.0 / (1.0 + exp(-score))];
    }
    let score = |class: usize| scale * (noise[class] * std::f64::consts::FRAC_1_SQRT_2 + if class == label { distance / 2.0 } else { 0.0 });
    let most = (0..classes).map(score).fold(f64::NEG_INFINITY, f64::max);
    let each: Vec<f64> = (0..classes).map(|class| exp(score(class) - most)).collect();
    let sum: f64 = each.iter().sum();
    each.iter().map(|e| e / sum).collect()
}
