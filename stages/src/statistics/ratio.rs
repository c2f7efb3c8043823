//! Intervals of the ratio of two estimates that are correlated. Independent of what they are of.

use super::Limits;

/// Two estimates with their variances and their covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The numerator and its variance.
    pub above: (f64, f64),
    /// The denominator and its variance.
    pub below: (f64, f64),
    /// Their covariance.
    pub covariance: f64,
}

impl Ratio {
    /// The interval of the ratio (Fieller 1954): the ratios r for which |above − r below| is at most `quantile` times its standard error.
    /// None where 0 is in the interval of the denominator, since the ratio is then not bounded, and where nothing varies.
    pub fn fieller(&self, quantile: f64) -> Option<Limits> {
        let squared = quantile * quantile;
        let (a, b) = (self.above.0, self.below.0);
        let square = b * b - squared * self.below.1;
        let (middle, last) = (a * b - squared * self.covariance, a * a - squared * self.above.1);
        let root = middle * middle - square * last;
        // What rounding leaves of two variances of 0 is none.
        (square > 0.0 && root > 0.0).then(|| ((middle - root.sqrt()) / square, (middle + root.sqrt()) / square)).filter(|(low, high)| high - low > 1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    #[test]
    fn limits_are_those_ratios_that_are_just_not_excluded() {
        let of = Ratio { above: (0.21, 0.0016), below: (0.4, 0.0009), covariance: 0.0007 };
        let (low, high) = of.fieller(1.96).unwrap();
        for r in [low, high] {
            let off = of.above.0 - r * of.below.0;
            let error = (of.above.1 - 2.0 * r * of.covariance + r * r * of.below.1).sqrt();
            assert!((off.abs() / error - 1.96).abs() < 1e-9, "{r}");
        }
        assert!(low < 0.525 && 0.525 < high);
        // Without an error below, it is the interval above, divided.
        let plain = Ratio { above: (0.3, 0.01), below: (2.0, 0.0), covariance: 0.0 }.fieller(2.0).unwrap();
        assert!((plain.0 - 0.05).abs() < 1e-12 && (plain.1 - 0.25).abs() < 1e-12, "{plain:?}");
    }

    #[test]
    fn a_denominator_that_may_be_nothing_bounds_nothing() {
        let of = |below: f64, variance: f64| Ratio { above: (0.1, 0.001), below: (below, variance), covariance: 0.0 }.fieller(1.96);
        assert!(of(0.1, 0.0026).is_some() && of(0.1, 0.0027).is_none() && of(0.0, 0.0).is_none());
        assert_eq!(Ratio { above: (0.1, 0.0), below: (0.4, 0.0), covariance: 0.0 }.fieller(1.96), None, "nothing varies");
    }

    #[test]
    fn the_true_ratio_is_in_95_of_100_intervals() {
        let mut stream = Seed(5).stream("test", "fieller");
        let mut inside = 0;
        for _ in 0..4000 {
            let (x, y) = (stream.normal(), stream.normal());
            let (above, below) = (0.3 + 0.1 * x, 0.6 + 0.1 * (0.8 * x + 0.6 * y));
            let found = Ratio { above: (above, 0.01), below: (below, 0.01), covariance: 0.008 }.fieller(1.959_964).unwrap();
            inside += usize::from(found.0 <= 0.5 && 0.5 <= found.1);
        }
        assert!((3740..=3860).contains(&inside), "{inside} of 4000");
    }
}
