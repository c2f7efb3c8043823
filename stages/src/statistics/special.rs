//! Distribution functions and their inverses, from `crate::math` alone, so that their bits are the same on every machine.
//! Independent of what is tested with them.
//!
//! Relative error at most 1e-12 against scipy, in both tails (`tests/oracle/inference.py`): for probabilities from 1e-100,
//! and for Student's t with 1 to 1e6 degrees of freedom, whole or not. Tails are computed as such, never as 1 − p.

mod beta;
pub(super) mod gamma;

pub use beta::{beta_tails, inverse_beta};
pub use gamma::{gamma_tails, log_gamma};

use crate::math::{exp, ln};

/// Both tails of the standard normal distribution: at most `z`, and above it.
pub fn normal_tails(z: f64) -> (f64, f64) {
    let (near, far) = gamma_tails(0.5, z * z / 2.0);
    let (small, large) = (far / 2.0, 0.5 + near / 2.0);
    if z < 0.0 { (small, large) } else { (large, small) }
}

/// The probability that a standard normal number is at most `z`.
pub fn normal_cdf(z: f64) -> f64 {
    normal_tails(z).0
}

/// The error function.
pub fn erf(x: f64) -> f64 {
    gamma_tails(0.5, x * x).0.copysign(x)
}

/// The standard normal number below which the share `p` lies; infinite for 0 and 1.
///
/// # Panics
/// Where `p` is not in 0 to 1.
pub fn normal_quantile(p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "a probability is in 0 to 1");
    let small = p.min(1.0 - p);
    if small == 0.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let z = if small < 0.25 { normal_tail_quantile(small) } else { normal_middle_quantile((0.5 - p).abs()) };
    if p < 0.5 { -z } else { z }
}

/// The number that is exceeded with probability `p` below 1/4. Newton's steps on the logarithm of the tail, which is
/// concave: from outside they approach the root from one side.
fn normal_tail_quantile(p: f64) -> f64 {
    let mut z = (-2.0 * ln(2.0 * p)).sqrt();
    for _ in 0..50 {
        let tail = normal_tails(z).1;
        let step = (ln(tail) - ln(p)) * tail / density(z);
        z += step;
        if step.abs() <= 1e-15 * z {
            break;
        }
    }
    z
}

/// The number between which and 0 the share `p`, at most 1/4, lies.
fn normal_middle_quantile(p: f64) -> f64 {
    let mut z = p / density(0.0);
    for _ in 0..50 {
        let step = (p - gamma_tails(0.5, z * z / 2.0).0 / 2.0) / density(z);
        z += step;
        if step.abs() <= 1e-15 * z {
            break;
        }
    }
    z
}

/// The density of the standard normal distribution.
fn density(z: f64) -> f64 {
    exp(-z * z / 2.0) / (2.0 * std::f64::consts::PI).sqrt()
}

/// Both tails of Student's t distribution with `freedom` degrees of freedom: at most `t`, and above it.
///
/// # Panics
/// Where `freedom` is not above 0.
pub fn t_tails(t: f64, freedom: f64) -> (f64, f64) {
    if freedom.is_infinite() {
        return normal_tails(t);
    }
    let whole = freedom + t * t;
    let (far, near) = beta_tails(freedom / 2.0, 0.5, freedom / whole, t * t / whole);
    let (small, large) = (far / 2.0, 0.5 + near / 2.0);
    if t < 0.0 { (small, large) } else { (large, small) }
}

/// The probability that Student's t with `freedom` degrees of freedom is at most `t`.
///
/// # Panics
/// Where `freedom` is not above 0.
pub fn t_cdf(t: f64, freedom: f64) -> f64 {
    t_tails(t, freedom).0
}

/// The probability that |t| is at least this large; 1 for 0.
///
/// # Panics
/// Where `freedom` is not above 0.
pub fn t_two_sided(t: f64, freedom: f64) -> f64 {
    (2.0 * t_tails(t.abs(), freedom).1).min(1.0)
}

/// The value of Student's t below which the share `p` lies; infinite for 0 and 1. An infinite number of degrees of freedom
/// is the normal distribution.
///
/// # Panics
/// Where `p` is not in 0 to 1, or `freedom` is not above 0.
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    assert!(freedom > 0.0, "degrees of freedom are above 0");
    let two_sided = 2.0 * p.min(1.0 - p);
    if freedom.is_infinite() || two_sided <= 0.0 || p.is_nan() {
        return normal_quantile(p);
    }
    let size = if p == 0.5 {
        0.0
    } else if two_sided <= 0.5 {
        let (far, near) = inverse_beta(freedom / 2.0, 0.5, two_sided, 1.0 - two_sided);
        (freedom * (near / far)).sqrt()
    } else {
        let (near, far) = inverse_beta(0.5, freedom / 2.0, 2.0 * (p - 0.5).abs(), two_sided);
        (freedom * (near / far)).sqrt()
    };
    if p < 0.5 { -size } else { size }
}

/// The probability that χ² with `freedom` degrees of freedom is above `x`; 1 for `x` not above 0.
///
/// # Panics
/// Where `freedom` is not above 0.
pub fn chi_squared_above(x: f64, freedom: f64) -> f64 {
    if x <= 0.0 { 1.0 } else { gamma_tails(freedom / 2.0, x / 2.0).1 }
}

/// The probability of at most `k` successes of `n` with probability `p` each.
///
/// # Panics
/// Where `p` is not in 0 to 1.
pub fn binomial_at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_tails((n - k) as f64, k as f64 + 1.0, 1.0 - p, p).0 }
}
