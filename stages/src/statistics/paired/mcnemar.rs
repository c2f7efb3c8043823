//! McNemar's tests of two proportions on the same images, of independent images and of images that come in patients, and
//! Cochran's Q for more than two. Independent of what is counted.

use super::Test;
use crate::statistics::special::{binomial_at_most, chi_squared_above};

/// Images on which two classifiers disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discordant {
    /// The first is right, the second is wrong.
    pub first: u64,
    /// The second is right, the first is wrong.
    pub second: u64,
}

impl Discordant {
    fn total(self) -> u64 {
        self.first + self.second
    }

    fn fewer(self) -> u64 {
        self.first.min(self.second)
    }

    /// Twice the probability of no more than the fewer, whoever of the two is right (McNemar 1947): the p value of the exact
    /// conditional test, which is 1 where they never disagree. Images are independent.
    pub fn exact(self) -> f64 {
        (2.0 * binomial_at_most(self.fewer(), self.total(), 0.5)).min(1.0)
    }

    /// The exact test with half of the probability of what was found (Fagerland, Lydersen & Laake 2013): less
    /// conservative, and 1 where they never disagree. Images are independent.
    pub fn mid_p(self) -> f64 {
        let (fewer, total) = (self.fewer(), self.total());
        if total == 0 {
            return 1.0;
        }
        let at_most = binomial_at_most(fewer, total, 0.5);
        let fewer_still = if fewer == 0 { 0.0 } else { binomial_at_most(fewer - 1, total, 0.5) };
        let here = at_most - fewer_still;
        if self.first == self.second { 1.0 - here / 2.0 } else { at_most + fewer_still }
    }

    /// McNemar's χ² with one degree of freedom, with Edwards' continuity correction if `is_corrected`; for many discordant
    /// images that are independent. None where they never disagree.
    pub fn chi_squared(self, is_corrected: bool) -> Option<Test> {
        let (difference, total) = (self.first.abs_diff(self.second) as f64, self.total() as f64);
        // As statsmodels: 1 is subtracted whatever the difference is.
        let difference = difference - f64::from(u8::from(is_corrected));
        let statistic = difference * difference / total;
        (total > 0.0).then(|| Test { statistic, p: chi_squared_above(statistic, 1.0) })
    }
}

/// The images of a patient on which two classifiers disagree, among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patient {
    /// Images on which they disagree.
    pub discordant: Discordant,
    /// Images.
    pub images: u64,
}

/// McNemar's test for images that come in patients (Durkalski et al. 2003): χ² with one degree of freedom of the sum over
/// patients of the difference of the two shares of right images. None where no patient has a difference.
///
/// # Panics
/// Where a patient has more discordant images than images.
pub fn durkalski(patients: &[Patient]) -> Option<Test> {
    let (mut sum, mut squares) = (0.0, 0.0);
    for patient in patients.iter().filter(|p| p.images > 0 || p.discordant.total() > 0) {
        assert!(patient.discordant.total() <= patient.images, "no more discordant images than images");
        let difference = (patient.discordant.first as f64 - patient.discordant.second as f64) / patient.images as f64;
        sum += difference;
        squares += difference * difference;
    }
    let statistic = sum * sum / squares;
    (squares > 0.0).then(|| Test { statistic, p: chi_squared_above(statistic, 1.0) })
}

/// Cochran's Q (1950) of three or more classifiers on the same independent images: for each image, which classifiers are
/// right. χ² with one degree of freedom fewer than classifiers. None where there are fewer than two classifiers, or on each
/// image all are right or all are wrong.
///
/// # Panics
/// Where images have different numbers of classifiers.
pub fn cochran_q(images: &[Vec<bool>]) -> Option<Test> {
    let classifiers = images.first()?.len();
    let mut of_classifier = vec![0.0; classifiers];
    let (mut total, mut squares) = (0.0, 0.0);
    for image in images {
        assert_eq!(image.len(), classifiers, "each image has each classifier");
        let right = image.iter().filter(|r| **r).count() as f64;
        of_classifier.iter_mut().zip(image).for_each(|(sum, right)| *sum += f64::from(*right));
        total += right;
        squares += right * right;
    }
    let k = classifiers as f64;
    let spread = k * of_classifier.iter().map(|c| c * c).sum::<f64>() - total * total;
    let within = k * total - squares;
    let statistic = (k - 1.0) * spread / within;
    (classifiers > 1 && within > 0.0).then(|| Test { statistic, p: chi_squared_above(statistic, k - 1.0) })
}
