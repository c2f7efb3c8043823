//! What a test could have found. Independent of the test.

use super::special::gamma::{gamma_tails, log_gamma};
use super::special::{normal_cdf, t_quantile};
use crate::math::{exp, ln};

/// Steps of an integral: more change nothing.
const STEPS: i32 = 128;
/// Degrees of freedom below which the error varies more than what it divides.
const FEW: f64 = 50.0;

/// The smallest true difference that a two-sided t test at `alpha` finds with probability `power`, given its standard error
/// and its degrees of freedom (infinite for a normal test): by the non-central t distribution, since the error is an
/// estimate, too. None where the error is no finite number above 0 or `freedom` is not above 0.
///
/// # Panics
/// Where `alpha` or `power` is not between 0 and 1, or `power` not above `alpha`.
pub fn smallest_difference(error: f64, freedom: f64, alpha: f64, power: f64) -> Option<f64> {
    let is_share = |p: f64| p > 0.0 && p < 1.0;
    assert!(is_share(alpha) && is_share(power) && power > alpha, "α and power are between 0 and 1, and power is above α");
    if !(error > 0.0 && error.is_finite() && freedom > 0.0) {
        return None;
    }
    let critical = -t_quantile(alpha / 2.0, freedom);
    // Power grows with the difference, and is above any that can be asked for at 8 critical values.
    let (mut low, mut high) = (0.0, 8.0 * (critical + 1.0));
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if found(middle, critical, freedom) < power { low = middle } else { high = middle }
    }
    Some(error * high)
}

/// The probability that |(Z + shift) / s| is above a critical value, where s² is χ² over its degrees of freedom.
fn found(shift: f64, critical: f64, freedom: f64) -> f64 {
    if freedom > 1e6 {
        return normal_cdf(shift - critical) + normal_cdf(-shift - critical);
    }
    // Either integrand is smooth where it is used, and falls fast to both sides: the trapezoidal rule converges at once.
    if freedom < FEW {
        // Over z, whose density is as wide as 1.
        let step = 16.0 / f64::from(STEPS);
        let at = |k: i32| {
            let z = step * f64::from(k) - 8.0;
            let most = (z + shift).abs() / critical;
            exp(-z * z / 2.0) * gamma_tails(freedom / 2.0, freedom * most * most / 2.0).0
        };
        return step / (2.0 * std::f64::consts::PI).sqrt() * (0..=STEPS).map(at).sum::<f64>();
    }
    // Over u = ln s, of which there is little beyond 10 standard deviations.
    let spread = 1.0 / (2.0 * freedom).sqrt();
    let (half, step) = (freedom / 2.0, 20.0 * spread / f64::from(STEPS));
    let constant = ln(2.0) + half * ln(half) - log_gamma(half);
    let at = |k: i32| {
        let u = step * f64::from(k) - 10.0 * spread;
        let s = exp(u);
        exp(constant + freedom * (u - s * s / 2.0)) * (normal_cdf(shift - critical * s) + normal_cdf(-shift - critical * s))
    };
    step * (0..=STEPS).map(at).sum::<f64>()
}
