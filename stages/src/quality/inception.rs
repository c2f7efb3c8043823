//! The inception score (Salimans et al. 2016), of whatever classifier's probabilities.

use super::{Estimate, Features};
use crate::math::{exp, ln};
use crate::words::counted;

/// Parts of adjacent images whose scores are averaged.
const SPLITS: usize = 10;

/// Images that a part has at least: with as many, the mean of two classes is already known well enough for a score that is about
/// 5 % too low.
const FEW: usize = 10;

/// The least number of images that have an inception score.
pub const LEAST: usize = SPLITS * FEW;

/// `exp(mean KL(p(y|x) ‖ p(y)))` of class probabilities, `images × classes`: from 1, if all images get the same
/// probabilities, to the number of classes. The mean of the scores of ten parts, and its standard error.
///
/// Parts are of adjacent images, as in the paper, so that images should be in an order that says nothing of their class.
/// One class alone is no subject for this score.
///
/// The score of a part is at most the number of its images, and too low by a factor of up to about `exp((classes − 1) / (2 images))`
/// (Miller 1955), of classes that images are ever given: a part has ten images or more. Even then, only scores of equally many images
/// can be compared, and that of a few thousand images by a network of a thousand classes with no other.
///
/// # Errors
/// Where there are fewer images than that, or probabilities are negative or do not sum to 1 (± 1e-3).
pub fn inception_score(probabilities: &Features) -> Result<Estimate, String> {
    let (count, classes) = (probabilities.count(), probabilities.dimensions());
    if count < LEAST {
        let (images, of) = (counted(count, "image", "images"), counted(classes, "class", "classes"));
        return Err(format!("{images} with {of}: the score needs {LEAST}, {FEW} in each of its {SPLITS} parts, so that their means say something"));
    }
    score_of_parts(probabilities)
}

/// Classes from which on a score says how varied images are: the published ones are of a thousand.
const MANY_CLASSES: usize = 100;

/// Why a score says little, where the classes are few: it lies between 1 and their number.
pub fn few_classes(classes: usize) -> Option<String> {
    let said = || {
        format!(
            "an inception score of {} lies between 1 and {classes}: it says whether images are of each class and surely so, not how varied they are, and is not comparable with published ones, of 1,000 classes",
            counted(classes, "class", "classes")
        )
    };
    (classes < MANY_CLASSES).then(said)
}

/// The same, however few images there are, as other programs compute it.
///
/// # Errors
/// Where probabilities are negative or do not sum to 1 (± 1e-3).
pub fn score_of_parts(probabilities: &Features) -> Result<Estimate, String> {
    let count = probabilities.count();
    let is_odd = |row: &[f64]| row.iter().any(|p| *p < 0.0) || (row.iter().sum::<f64>() - 1.0).abs() > 1e-3;
    if let Some(i) = probabilities.rows().position(is_odd) {
        return Err(format!("the probabilities of image {i} are not those of classes: {:?}", probabilities.row(i)));
    }
    let part = |n: usize| -> f64 {
        let indices: Vec<usize> = (n * count / SPLITS..(n + 1) * count / SPLITS).collect();
        let part = probabilities.select(&indices);
        let mean = part.mean();
        // A class without any probability adds nothing.
        let term = |(p, q): (&f64, &f64)| if *p > 0.0 { p * (ln(*p) - ln(*q)) } else { 0.0 };
        let divergence: f64 = part.rows().map(|row| row.iter().zip(&mean).map(term).sum::<f64>()).sum();
        exp(divergence / part.count() as f64)
    };
    let scores: Vec<f64> = (0..SPLITS).map(part).collect();
    let value = scores.iter().sum::<f64>() / SPLITS as f64;
    let variance = scores.iter().map(|s| (s - value) * (s - value)).sum::<f64>() / (SPLITS - 1) as f64;
    Ok(Estimate { value, error: Some((variance / SPLITS as f64).sqrt()) })
}
