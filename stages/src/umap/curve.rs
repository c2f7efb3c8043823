//! The curve that turns a distance in the embedding into a membership strength.

use crate::math::{exp, ln, pow};

/// How many points the curve is fitted to, and up to how many spreads: umap-learn's choice.
const POINTS: usize = 300;
const REACH: f64 = 3.0;

/// The `(a, b)` for which `1 / (1 + a x^2b)` is the least-squares fit of a membership of one up to
/// `min_dist` and an exponential decay of length `spread` beyond it.
///
/// Levenberg–Marquardt from `(1, 1)`, where umap-learn's solver starts as well.
pub(super) fn fit(min_dist: f64, spread: f64) -> (f64, f64) {
    let points: Vec<(f64, f64)> = (0..POINTS)
        .map(|i| {
            let x = REACH * spread * i as f64 / (POINTS - 1) as f64;
            (x, if x < min_dist { 1.0 } else { exp(-(x - min_dist) / spread) })
        })
        .collect();
    let (mut a, mut b) = (1.0, 1.0);
    let mut damping = 1e-3;
    let mut error = squares(&points, a, b);
    for _ in 0..200 {
        let (step_a, step_b) = step(&points, a, b, damping);
        let tried = squares(&points, a + step_a, b + step_b);
        if tried < error {
            (a, b, error) = (a + step_a, b + step_b, tried);
            damping /= 10.0;
            if step_a.abs() + step_b.abs() < 1e-12 {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    (a, b)
}

/// The sum of squared residuals; infinite for a negative `a`, which would put a pole between the points.
fn squares(points: &[(f64, f64)], a: f64, b: f64) -> f64 {
    if a <= 0.0 || b <= 0.0 {
        return f64::INFINITY;
    }
    let residual = |(x, y): &(f64, f64)| 1.0 / (1.0 + a * pow(*x, 2.0 * b)) - y;
    points.iter().map(residual).map(|r| r * r).sum()
}

fn step(points: &[(f64, f64)], a: f64, b: f64, damping: f64) -> (f64, f64) {
    let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
    // At zero the curve is one whatever `a` and `b` are.
    for (x, y) in points.iter().filter(|(x, _)| *x > 0.0) {
        let power = pow(*x, 2.0 * b);
        let value = 1.0 / (1.0 + a * power);
        let by_a = -power * value * value;
        let by_b = 2.0 * a * ln(*x) * by_a;
        aa += by_a * by_a;
        ab += by_a * by_b;
        bb += by_b * by_b;
        ra += by_a * (y - value);
        rb += by_b * (y - value);
    }
    aa *= 1.0 + damping;
    bb *= 1.0 + damping;
    let determinant = aa * bb - ab * ab;
    ((ra * bb - rb * ab) / determinant, (rb * aa - ra * ab) / determinant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_distance_gives_a_flatter_top() {
        let narrow = fit(0.0, 1.0);
        let wide = fit(0.99, 1.0);
        assert!(narrow.0 > wide.0 && narrow.1 < wide.1);
        // Whatever the distance is, there is an answer, and it is finite.
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300, 3.0] {
            let (a, b) = fit(odd, 1.0);
            assert!(a.is_finite() && b.is_finite() && a > 0.0 && b > 0.0, "{odd}: {a} {b}");
        }
        assert!([narrow.0, narrow.1, wide.0, wide.1].iter().all(|v| v.is_finite() && *v > 0.0));
    }
}
