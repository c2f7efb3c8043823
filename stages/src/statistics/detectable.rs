//! What a test could have found. Independent of the test.

use super::special::t_quantile;

/// The smallest true difference that a two-sided test at `alpha` finds with probability `power`, given its standard error
/// and its degrees of freedom (infinite for a normal test): `error · (t(1 − alpha / 2) + t(power))`. By the central t
/// distribution, which for few degrees of freedom is slightly too small against the non-central one. None where the error
/// is no finite number above 0 or `freedom` is not above 0.
///
/// # Panics
/// Where `alpha` or `power` is not between 0 and 1.
pub fn smallest_difference(error: f64, freedom: f64, alpha: f64, power: f64) -> Option<f64> {
    let is_share = |p: f64| p > 0.0 && p < 1.0;
    assert!(is_share(alpha) && is_share(power), "α and power are between 0 and 1");
    if !(error > 0.0 && error.is_finite() && freedom > 0.0) {
        return None;
    }
    Some(error * (t_quantile(power, freedom) - t_quantile(alpha / 2.0, freedom)))
}
