//! The area under the ROC curve, its variance and its covariance between classifiers: DeLong, DeLong & Clarke-Pearson 1988,
//! and Obuchowski 1997 for several images a patient, of which some may be positive and others not. Independent of what the
//! scores are of.

pub mod groups;
pub mod limits;

use super::ascending;

/// Images that are ranked: which are positive, and whose they are.
#[derive(Debug, Clone)]
pub struct Images {
    positive: Vec<bool>,
    /// The patient of each image, from 0.
    patient: Vec<usize>,
    patients: usize,
}

/// How many there are of each class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Positive images.
    pub positive: usize,
    /// Negative images.
    pub negative: usize,
    /// Patients with a positive image.
    pub positive_patients: usize,
    /// Patients with a negative image; may be among those with a positive one.
    pub negative_patients: usize,
    /// Patients.
    pub patients: usize,
    /// Of positive images: by how much they would count for less if all of a patient were alike (Kish: Σn² / Σn).
    pub positive_alike: f64,
    /// The same of negative images.
    pub negative_alike: f64,
}

impl Images {
    /// Images, each with the number of its patient; numbers need not be without gaps.
    ///
    /// # Panics
    /// Where there are not as many patients as images.
    pub fn of_patients(positive: &[bool], patient: &[usize]) -> Self {
        assert_eq!(positive.len(), patient.len(), "each image has a patient");
        let mut known = patient.to_vec();
        known.sort_unstable();
        known.dedup();
        let number = |p: &usize| known.partition_point(|k| k < p);
        Images { positive: positive.to_vec(), patient: patient.iter().map(number).collect(), patients: known.len() }
    }

    /// Images that are independent of each other: variances are DeLong's.
    pub fn independent(positive: &[bool]) -> Self {
        Images { positive: positive.to_vec(), patient: (0..positive.len()).collect(), patients: positive.len() }
    }

    /// How many there are.
    pub fn counts(&self) -> Counts {
        let positive = self.positive.iter().filter(|p| **p).count();
        let images = |class: bool| self.sums(|i| f64::from(self.positive[i] == class));
        let [of_positive, of_negative] = [true, false].map(images);
        let patients_with = |of: &[f64]| of.iter().filter(|n| **n > 0.0).count();
        let alike = |of: &[f64]| of.iter().map(|n| n * n).sum::<f64>() / of.iter().sum::<f64>().max(1.0);
        Counts {
            positive,
            negative: self.positive.len() - positive,
            positive_patients: patients_with(&of_positive),
            negative_patients: patients_with(&of_negative),
            patients: self.patients,
            positive_alike: alike(&of_positive).max(1.0),
            negative_alike: alike(&of_negative).max(1.0),
        }
    }

    /// The sum of something over the images of each patient.
    fn sums(&self, of: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; self.patients];
        for (image, patient) in self.patient.iter().enumerate() {
            out[*patient] += of(image);
        }
        out
    }
}

/// The area of one classifier, and what each image contributes to it.
#[derive(Debug, Clone)]
pub struct Area {
    /// How often a positive image has a higher score than a negative one, ties counting half.
    pub value: f64,
    /// For each patient, what his positive images deviate from the area: Σ (share of negative images below − area).
    of_positive: Vec<f64>,
    /// For each patient, what his negative images deviate from it.
    of_negative: Vec<f64>,
    /// For each class, the sum of squares of what its images deviate from the area.
    squares: [f64; 2],
    counts: Counts,
}

/// The area of scores, one for each image; O(n log n). None where a class has no images, or a score is NaN, which has no
/// rank.
///
/// # Panics
/// Where there are not as many scores as images.
pub fn area(scores: &[f64], images: &Images) -> Option<Area> {
    assert_eq!(scores.len(), images.positive.len(), "each image has a score");
    let counts = images.counts();
    if counts.positive == 0 || counts.negative == 0 || scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let (m, n) = (counts.positive as f64, counts.negative as f64);
    let order = ascending(scores);
    let mut placement = vec![0.0; scores.len()];
    let (mut positives, mut negatives, mut pairs) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let here = tied.iter().filter(|i| images.positive[**i]).count() as f64;
        let others = tied.len() as f64 - here;
        for &i in tied {
            placement[i] = if images.positive[i] { (negatives + others / 2.0) / n } else { (m - positives - here / 2.0) / m };
        }
        pairs += here * (negatives + others / 2.0);
        positives += here;
        negatives += others;
    }
    let value = pairs / (m * n);
    let of = |class: bool| images.sums(|i| if images.positive[i] == class { placement[i] - value } else { 0.0 });
    let squares = |class: bool| (0..placement.len()).filter(|i| images.positive[*i] == class).map(|i| (placement[i] - value) * (placement[i] - value)).sum();
    Some(Area { value, of_positive: of(true), of_negative: of(false), squares: [squares(true), squares(false)], counts })
}

impl Area {
    /// How many images and patients it is of.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The variance of the area; 0 where all patients contribute the same, as with an area of 1. None where a class is of
    /// fewer than two patients.
    pub fn variance(&self) -> Option<f64> {
        // Not below 0 but by rounding, or where patients with both classes outweigh the rest.
        Some(covariance(self, self)?.max(0.0))
    }

    /// The variance that the area would have if images were independent, which is DeLong's: for the design effect. None where
    /// a class has fewer than two images.
    pub fn variance_of_independent_images(&self) -> Option<f64> {
        let part = |squares: f64, images: usize| (images > 1).then(|| squares / ((images - 1) as f64 * images as f64));
        Some(part(self.squares[0], self.counts.positive)? + part(self.squares[1], self.counts.negative)?)
    }

    /// Satterthwaite's degrees of freedom of the variance: its parts of positive and negative images have as many as there
    /// are patients with such images, less one. Those of the smaller class where there is no variance. None where a class is
    /// of fewer than two patients.
    pub fn freedom(&self) -> Option<f64> {
        let counts = self.counts;
        covariance(self, self)?;
        let part = |sums: &[f64], images: usize, patients: usize| {
            let (m, i) = (images as f64, patients as f64);
            (i / (i - 1.0) * sums.iter().map(|s| s * s).sum::<f64>() / (m * m), i - 1.0)
        };
        let (a, of_a) = part(&self.of_positive, counts.positive, counts.positive_patients);
        let (b, of_b) = part(&self.of_negative, counts.negative, counts.negative_patients);
        Some(if a + b > 0.0 { (a + b) * (a + b) / (a * a / of_a + b * b / of_b) } else { of_a.min(of_b) })
    }
}

/// The covariance of the areas of two classifiers on the same images. None where a class is of fewer than two patients.
///
/// # Panics
/// Where the areas are not of the same images, as far as their numbers tell.
pub fn covariance(a: &Area, b: &Area) -> Option<f64> {
    assert_eq!(a.counts, b.counts, "both areas are of the same images");
    let counts = a.counts;
    if counts.positive_patients < 2 || counts.negative_patients < 2 {
        return None;
    }
    let (m, n) = (counts.positive as f64, counts.negative as f64);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let correction = |patients: usize| patients as f64 / (patients - 1) as f64;
    let of_positive = correction(counts.positive_patients) * product(&a.of_positive, &b.of_positive) / (m * m);
    let of_negative = correction(counts.negative_patients) * product(&a.of_negative, &b.of_negative) / (n * n);
    let between = product(&a.of_positive, &b.of_negative) + product(&b.of_positive, &a.of_negative);
    Some(of_positive + of_negative + correction(counts.patients) * between / (m * n))
}

/// The variance of the difference of two areas on the same images. None where a class is of fewer than two patients.
///
/// # Panics
/// As [`covariance`].
pub fn variance_of_difference(a: &Area, b: &Area) -> Option<f64> {
    let variance = covariance(a, a)? + covariance(b, b)? - 2.0 * covariance(a, b)?;
    Some(variance.max(0.0))
}
