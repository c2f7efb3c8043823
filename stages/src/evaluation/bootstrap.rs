//! Confidence intervals by resampling patients, not images: images of one patient are not independent.

use super::metric::{Measure, Metric, measure, measures};
use super::predictions::Predictions;
use crate::contract::seed::Stream;

/// The share of resamples that an interval contains.
pub const LEVEL: f64 = 0.95;

/// The patients of a test set, for a bootstrap.
pub struct Clusters {
    of_image: Vec<usize>,
    count: usize,
}

/// A value with its interval.
pub struct Estimate {
    /// What was measured.
    pub of: Measure,
    /// The value on the test set; None if it is undefined.
    pub value: Option<f64>,
    /// Lower and upper limit at [`LEVEL`]; None if the value or most of the resamples are undefined.
    pub interval: Option<(f64, f64)>,
}

/// Every metric of predictions with its interval.
pub fn estimates(metrics: &'static [Metric], predictions: &Predictions, clusters: &Clusters, resamples: usize, stream: &mut Stream) -> Vec<Estimate> {
    let values = measure(metrics, predictions, &vec![1.0; predictions.labels.len()]);
    let resampled: Vec<Vec<Option<f64>>> = (0..resamples).map(|_| measure(metrics, predictions, &clusters.resample(stream))).collect();
    let interval = |at: usize| percentile_interval(&resampled.iter().map(|r| r[at]).collect::<Vec<_>>(), LEVEL);
    let of = |(at, of): (usize, Measure)| Estimate { of, value: values[at], interval: values[at].and_then(|_| interval(at)) };
    measures(metrics, predictions.classes).into_iter().enumerate().map(of).collect()
}

impl Clusters {
    /// Groups images by patient; an image without a patient is its own group.
    pub fn of(patients: &[String]) -> Self {
        let mut known = std::collections::HashMap::new();
        let mut count = 0;
        let of_image = patients
            .iter()
            .map(|p| {
                let mut fresh = || {
                    count += 1;
                    count - 1
                };
                if p.is_empty() { fresh() } else { *known.entry(p).or_insert_with(fresh) }
            })
            .collect();
        Clusters { of_image, count }
    }

    /// Weights of images for one resample: how often each image's patient was drawn.
    pub fn resample(&self, stream: &mut Stream) -> Vec<f64> {
        let mut drawn = vec![0.0; self.count];
        for _ in 0..self.count {
            drawn[stream.below(self.count)] += 1.0;
        }
        self.of_image.iter().map(|c| drawn[*c]).collect()
    }
}

/// The percentile interval that contains `level` of the values; `None` if fewer than half of them are defined. Values
/// that are not finite are not defined.
pub fn percentile_interval(values: &[Option<f64>], level: f64) -> Option<(f64, f64)> {
    let mut defined: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    if defined.len() * 2 < values.len() || defined.is_empty() {
        return None;
    }
    defined.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some((quantile(&defined, tail), quantile(&defined, 1.0 - tail)))
}

/// The quantile of sorted values by linear interpolation, as numpy's default; no number where there are none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let at = q * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    #[test]
    fn images_of_a_patient_are_drawn_together() {
        let patients: Vec<String> = ["a", "a", "b", "", ""].map(String::from).to_vec();
        let clusters = Clusters::of(&patients);
        assert_eq!(clusters.count, 4);
        let mut stream = Seed(1).stream("test", "bootstrap");
        for _ in 0..50 {
            let w = clusters.resample(&mut stream);
            assert_eq!(w[0], w[1]);
            assert_eq!((w[0] + w[2] + w[3] + w[4]) as usize, 4);
        }
    }

    #[test]
    fn quantiles_are_numpys() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.025), 1.075);
        assert_eq!(percentile_interval(&[None, None, Some(1.0)], 0.95), None);
    }

    #[test]
    fn what_is_not_finite_is_not_defined() {
        let (none, above, below) = (Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY));
        assert_eq!(percentile_interval(&[], 0.95), None);
        assert_eq!(percentile_interval(&[none, above, below], 0.95), None);
        assert_eq!(percentile_interval(&[none, Some(1.0), below, Some(1.0), above, Some(1.0)], 0.95), Some((1.0, 1.0)));
        let (low, high) = percentile_interval(&[Some(0.0), Some(-0.0)], 0.95).unwrap();
        assert!(low == 0.0 && high == 0.0);
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(Clusters::of(&[]).resample(&mut Seed(1).stream("test", "empty")), [0.0; 0]);
    }

    /// The interval of a mean of normal numbers, one per patient, holds the truth about 95 times in 100.
    #[test]
    fn coverage_is_what_it_says() {
        let mut stream = Seed(5).stream("test", "coverage");
        let patients: Vec<String> = (0..60).map(|i| i.to_string()).collect();
        let clusters = Clusters::of(&patients);
        let mut inside = 0;
        for _ in 0..300 {
            let x: Vec<f64> = (0..60).map(|_| stream.normal()).collect();
            let means: Vec<Option<f64>> = (0..300)
                .map(|_| {
                    let w = clusters.resample(&mut stream);
                    Some(w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() / 60.0)
                })
                .collect();
            let (low, high) = percentile_interval(&means, 0.95).unwrap();
            inside += usize::from(low <= 0.0 && 0.0 <= high);
        }
        assert!((273..=297).contains(&inside), "{inside} of 300");
    }
}
