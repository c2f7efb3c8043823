//! The regularised incomplete beta function and its inverse. Independent of distributions.

use super::gamma::{STEPS, TINY, deviance, stirling_error};
use crate::math::{exp, ln};
use std::f64::consts::PI;

/// I_x(a, b) and its complement I_y(b, a), where `y` is 1 − x: both are given, since one of them cannot be had from the
/// other where it is small. Each has its own small relative error.
///
/// # Panics
/// Where `a` or `b` is not above 0, or `x` or `y` not in 0 to 1.
pub fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    assert!(a > 0.0 && b > 0.0, "shapes are above 0");
    assert!((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y), "arguments are in 0 to 1");
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    if is_lower(a, b, x) {
        let below = exp(log_lower(a, b, x, y));
        (below, 1.0 - below)
    } else {
        let above = exp(log_lower(b, a, y, x));
        (1.0 - above, above)
    }
}

/// Where the continued fraction converges fast.
fn is_lower(a: f64, b: f64, x: f64) -> bool {
    x * (a + b + 2.0) < a + 1.0
}

/// The logarithm of x^a y^b / B(a, b), by Stirling's error and deviances (Loader 2000).
fn log_factor(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    errors - deviance(a, n * x) - deviance(b, n * y) + ln(a / n * b / (2.0 * PI)) / 2.0
}

/// ln I_x(a, b) where `is_lower`.
fn log_lower(a: f64, b: f64, x: f64, y: f64) -> f64 {
    log_factor(a, b, x, y) - ln(fraction(a, b, x, y))
}

/// The continued fraction of DiDonato & Morris 1992, by Lentz's method. Its terms are written with `y`, so that nothing is
/// lost where `x` is near 1, as it is by the usual fraction for many degrees of freedom.
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let safe = |v: f64| if v.abs() < TINY { TINY } else { v };
    let term = |m: f64| m + m * (b - m) * x / (a + 2.0 * m - 1.0) + (a + m) * (a * y - b * x + 1.0 + m * (1.0 + y)) / (a + 2.0 * m + 1.0);
    let mut h = safe(a * (a * y - b * x + 1.0) / (a + 1.0));
    let (mut c, mut d) = (h, 0.0);
    for m in 1..STEPS {
        let m = m as f64;
        let half = a + 2.0 * m - 1.0;
        let weight = (a + m - 1.0) / half * ((a + b + m - 1.0) / half) * m * (b - m) * x * x;
        d = 1.0 / safe(term(m) + weight * d);
        c = safe(term(m) + weight / c);
        h *= d * c;
        if (d * c - 1.0).abs() <= 1e-16 {
            break;
        }
    }
    h
}

/// The `x` with I_x(a, b) = `p`, and 1 − x, each with its own small relative error. `q` is 1 − p.
///
/// Newton's steps on the logarithm of the smaller tail as a function of ln(x / y): the density on that scale is log-concave,
/// and so is its integral, so that the steps approach the root from one side wherever they begin.
///
/// # Panics
/// Where `a` or `b` is not above 0, or `p` or `q` not in 0 to 1.
pub fn inverse_beta(a: f64, b: f64, p: f64, q: f64) -> (f64, f64) {
    assert!(a > 0.0 && b > 0.0, "shapes are above 0");
    assert!((0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&q), "probabilities are in 0 to 1");
    if p > q {
        let (y, x) = inverse_beta(b, a, q, p);
        return (x, y);
    }
    if p == 0.0 {
        return (0.0, 1.0);
    }
    let wanted = ln(p);
    let mut z = ln(a / b);
    for _ in 0..200 {
        let (x, y) = logistic(z);
        let below = if is_lower(a, b, x) { log_lower(a, b, x, y) } else { ln(1.0 - exp(log_lower(b, a, y, x))) };
        let step = (wanted - below) / exp(log_factor(a, b, x, y) - below);
        // Beyond 700, x or y is no longer a number that can be told from 0.
        let next = (z + step).clamp(-700.0, 700.0);
        let moved = (next - z).abs();
        z = next;
        if moved <= 4e-16 * z.abs().max(0.1) {
            break;
        }
    }
    logistic(z)
}

/// e^z / (1 + e^z), and 1 minus it.
fn logistic(z: f64) -> (f64, f64) {
    (1.0 / (1.0 + exp(-z)), 1.0 / (1.0 + exp(z)))
}
