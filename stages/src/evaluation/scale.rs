//! Intervals that stay inside the range of a metric: computed on a scale without bounds, and taken back. Independent of
//! metrics.

use crate::math::{exp, ln};
use crate::statistics::{Limits, repeats::Mean};

/// The interval of a mean by Student's t, on the logit scale between two finite bounds, on the logarithmic one above a single
/// one, and as it is without bounds. None where the mean lies on a bound, which the scale does not know, or its error is not
/// above 0.
///
/// # Panics
/// Where `level` is not between 0 and 1.
pub(super) fn limits(mean: &Mean, range: (f64, f64), level: f64) -> Option<Limits> {
    let (low, high) = range;
    let on_scale = |value: f64, slope: f64| Mean { value, error: mean.error * slope, ..*mean }.interval(level);
    match (low.is_finite(), high.is_finite()) {
        (true, true) => {
            let share = (mean.value - low) / (high - low);
            let slope = 1.0 / (share * (1.0 - share) * (high - low));
            let back = |z: f64| low + (high - low) / (1.0 + exp(-z));
            let (a, b) = (share > 0.0 && share < 1.0).then(|| on_scale(ln(share / (1.0 - share)), slope))??;
            Some((back(a), back(b)))
        }
        (true, false) => {
            let above = mean.value - low;
            let (a, b) = (above > 0.0).then(|| on_scale(ln(above), 1.0 / above))??;
            Some((low + exp(a), low + exp(b)))
        }
        (false, true) => {
            let below = high - mean.value;
            let (a, b) = (below > 0.0).then(|| on_scale(ln(below), 1.0 / below))??;
            Some((high - exp(b), high - exp(a)))
        }
        (false, false) => mean.interval(level),
    }
    .filter(|(low, high)| low.is_finite() && high.is_finite() && low < high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_stays_in_the_range_and_holds_the_mean() {
        const INF: f64 = f64::INFINITY;
        let of = |value, error, range| limits(&Mean { value, error, freedom: 20.0 }, range, 0.95);
        for (value, range) in [(0.97, (0.0, 1.0)), (0.01, (0.0, 1.0)), (-0.9, (-1.0, 1.0)), (0.02, (0.0, INF)), (-3.0, (-INF, 0.0)), (7.0, (-INF, INF))] {
            let (low, high) = of(value, 0.2, range).unwrap();
            assert!(range.0 <= low && low < value && value < high && high <= range.1, "{value}: {low} {high}");
        }
        // A small error is the same on every scale.
        let (low, high) = of(0.5, 1e-6, (0.0, 1.0)).unwrap();
        let (flat_low, flat_high) = of(0.5, 1e-6, (-INF, INF)).unwrap();
        assert!((low - flat_low).abs() < 1e-11 && (high - flat_high).abs() < 1e-11);
        for none in [of(1.0, 0.1, (0.0, 1.0)), of(0.0, 0.1, (0.0, INF)), of(0.5, 0.0, (0.0, 1.0)), of(0.5, f64::NAN, (0.0, 1.0))] {
            assert_eq!(none, None);
        }
    }
}
