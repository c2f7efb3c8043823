//! The thresholds of a classifier: which images lie above each, and intervals of shares of these images, by patients. Independent of
//! which curve is drawn.

use crate::evaluation::Predictions;
use crate::evaluation::estimate::LEVEL;
use crate::statistics::Limits;
use crate::statistics::interval;
use crate::statistics::proportion::Cluster;

/// Images of one training in descending order of their probability of a class.
#[derive(Debug, Clone)]
pub(super) struct Cuts {
    /// Whether each image is of the class, and its patient.
    images: Vec<(bool, usize)>,
    patients: usize,
    /// From the highest threshold on, beginning above all images.
    cuts: Vec<Cut>,
}

/// A threshold: images at it or above it are taken for the class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    /// The probability; infinite above all images.
    pub(super) threshold: f64,
    /// How many images are taken for the class: the first ones.
    pub(super) taken: usize,
    /// How many of them are of it.
    pub(super) hits: usize,
}

impl Cuts {
    /// None where the class or the rest has no images, or a probability is NaN. Images of equal probability move together; those that are
    /// rounded to 1 are told apart as metrics do.
    pub(super) fn of(predictions: &Predictions, patients: &[usize], class: usize) -> Option<Cuts> {
        let (ranks, scores) = (predictions.ranks_of(class), predictions.scores_of(class));
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        if ranks.iter().any(|r| r.is_nan()) {
            return None;
        }
        order.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]));
        let images: Vec<(bool, usize)> = order.iter().map(|i| (predictions.labels[*i] == class, patients[*i])).collect();
        let mut cuts = vec![Cut { threshold: f64::INFINITY, taken: 0, hits: 0 }];
        let mut hits = 0;
        for (n, image) in order.iter().enumerate() {
            hits += usize::from(images[n].0);
            if order.get(n + 1).is_none_or(|next| ranks[*next] < ranks[*image]) {
                cuts.push(Cut { threshold: scores[*image], taken: n + 1, hits });
            }
        }
        let count = patients.iter().max().map_or(0, |p| p + 1);
        (hits > 0 && hits < images.len()).then_some(Cuts { images, patients: count, cuts })
    }
    /// The thresholds, from the highest on.
    pub(super) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }
    /// Images of the class.
    pub(super) fn positives(&self) -> usize {
        self.cuts.last().map_or(0, |c| c.hits)
    }
    /// All images.
    pub(super) fn images(&self) -> usize {
        self.images.len()
    }
    /// The 95 % interval of a share of images, as tables have it: `counted` says of an image by whether it is of the class and whether it
    /// is taken for it, whether it counts, and then whether it is a hit. None where too few patients have an image that counts.
    pub(super) fn interval(&self, cut: &Cut, counted: impl Fn(bool, bool) -> Option<bool>) -> Option<Limits> {
        let mut clusters = vec![Cluster { hits: 0.0, images: 0.0 }; self.patients];
        for (n, (is_of_class, patient)) in self.images.iter().enumerate() {
            if let Some(is_hit) = counted(*is_of_class, n < cut.taken) {
                clusters[*patient].images += 1.0;
                clusters[*patient].hits += f64::from(u8::from(is_hit));
            }
        }
        interval::proportion(&clusters, LEVEL).ok().map(|i| (i.low, i.high))
    }
    /// The mean over images and its 95 % interval, as a ratio over patients: `value` says of an image by whether it is of the class and
    /// whether it is taken for it, what it adds.
    pub(super) fn mean(&self, taken: usize, value: impl Fn(bool, bool) -> f64) -> (f64, Option<Limits>) {
        let mut of_patients = vec![(0.0, 0.0); self.patients];
        for (n, (is_of_class, patient)) in self.images.iter().enumerate() {
            of_patients[*patient].0 += value(*is_of_class, n < taken);
            of_patients[*patient].1 += 1.0;
        }
        let images = self.images.len() as f64;
        let mean = of_patients.iter().fold(0.0, |sum, p| sum + p.0) / images;
        let with_images = of_patients.iter().filter(|p| p.1 > 0.0).count();
        if with_images < interval::LEAST_PATIENTS {
            return (mean, None);
        }
        let m = with_images as f64;
        let squares = of_patients.iter().fold(0.0, |sum, (value, n)| sum + (value - mean * n) * (value - mean * n));
        let error = (m / (m - 1.0) * squares).sqrt() / images;
        let half = crate::statistics::t_of(LEVEL, m - 1.0) * error;
        (mean, Some((mean - half, mean + half)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::proportion::wilson;

    fn cuts(scores: &[f64], labels: &[usize], patients: &[usize]) -> Option<Cuts> {
        Cuts::of(&Predictions::new(2, labels.to_vec(), scores.iter().map(|p| vec![1.0 - p, *p]).collect()), patients, 1)
    }

    #[test]
    fn images_of_one_probability_are_above_the_same_thresholds() {
        let found = cuts(&[0.75, 0.75, 0.5, 0.25, 0.25], &[1, 0, 0, 1, 0], &[0, 1, 2, 3, 4]).unwrap();
        let all: Vec<(usize, usize)> = found.cuts().iter().map(|c| (c.taken, c.hits)).collect();
        assert_eq!(all, [(0, 0), (2, 1), (3, 1), (5, 2)]);
        assert_eq!((found.cuts()[1].threshold, found.positives(), found.images()), (0.75, 2, 5));
        for (scores, labels) in [(&[0.5, 0.25][..], &[1, 1][..]), (&[0.5, 0.25], &[0, 0]), (&[f64::NAN, 0.25], &[0, 1]), (&[], &[])] {
            assert!(cuts(scores, labels, &(0..labels.len()).collect::<Vec<_>>()).is_none());
        }
    }

    #[test]
    fn intervals_are_those_of_tables_and_patients_with_many_images_widen_them() {
        let scores: Vec<f64> = (0..40).map(|n| f64::from(n) / 64.0).collect();
        let labels: Vec<usize> = (0..40).map(|n| usize::from(n % 3 == 0)).collect();
        let interval = |patients: &[usize]| {
            let found = cuts(&scores, &labels, patients).unwrap();
            let cut = found.cuts()[20];
            found.interval(&cut, |is_of_class, is_taken| is_of_class.then_some(is_taken)).unwrap()
        };
        let one_each: Vec<usize> = (0..40).collect();
        let (low, high) = interval(&one_each);
        let (narrow_low, narrow_high) = wilson(7.0, 14.0, LEVEL).unwrap();
        assert!((low..high).contains(&0.5) && high - low < 1.25 * (narrow_high - narrow_low), "{low} to {high}");
        let pairs: Vec<usize> = (0..40).map(|n| n / 10).collect();
        let (low_of_few, high_of_few) = interval(&pairs);
        assert!(high_of_few - low_of_few > 1.3 * (high - low));
        assert!(
            cuts(&scores, &labels, &vec![0; 40]).unwrap().interval(&cuts(&scores, &labels, &one_each).unwrap().cuts()[20], |_, taken| Some(taken)).is_none()
        );
    }

    #[test]
    fn a_mean_of_independent_images_has_the_interval_of_students_t() {
        let found = cuts(&[0.1, 0.2, 0.3, 0.4], &[0, 1, 0, 1], &[0, 1, 2, 3]).unwrap();
        // Values 1, −1, 0 and 0: their standard deviation is √(2/3).
        let (mean, limits) = found.mean(2, |is_of_class, is_taken| match (is_of_class, is_taken) {
            (true, true) => 1.0,
            (false, true) => -1.0,
            _ => 0.0,
        });
        let half = 3.182_446_305_284_263 * (2.0f64 / 3.0).sqrt() / 2.0;
        let (low, high) = limits.unwrap();
        assert!(mean == 0.0 && (low + half).abs() < 1e-9 && (high - half).abs() < 1e-9, "{low} {high} {half}");
    }
}
