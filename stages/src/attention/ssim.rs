//! Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004).

use crate::math;

/// The deviation of the Gaussian window in pixels.
const DEVIATION: f64 = 1.5;
/// Pixels on each side of its centre.
const RADIUS: usize = 5;
/// What keeps quotients of two small numbers from being anything: the squares of 0.01 and of 0.03.
const SMALL: [f64; 2] = [1e-4, 9e-4];

/// The structural similarity of two maps of `side × side` numbers from 0 to 1: 1 where they are equal, about 0 where they have nothing
/// in common. It is the mean over all places at which a Gaussian window of 11 × 11 pixels fits, as scikit-image computes it with
/// `gaussian_weights` and without `use_sample_covariance`. None where the maps are smaller than the window.
///
/// # Panics
/// Where a map has not `side × side` numbers.
pub fn ssim(a: &[f32], b: &[f32], side: usize) -> Option<f64> {
    assert!(a.len() == side * side && b.len() == side * side, "both maps have side × side numbers");
    let fits = side.checked_sub(2 * RADIUS).filter(|fits| *fits > 0)?;
    let window = window();
    let mean = |of: &dyn Fn(f64, f64) -> f64| {
        let values: Vec<f64> = a.iter().zip(b).map(|(a, b)| of(f64::from(*a), f64::from(*b))).collect();
        blurred(&values, side, &window)
    };
    let (of_a, of_b) = (mean(&|a, _| a), mean(&|_, b| b));
    let (of_aa, of_bb, of_ab) = (mean(&|a, _| a * a), mean(&|_, b| b * b), mean(&|a, b| a * b));
    let at = |i: usize| {
        let (a, b) = (of_a[i], of_b[i]);
        let (var_a, var_b, covariance) = (of_aa[i] - a * a, of_bb[i] - b * b, of_ab[i] - a * b);
        (2.0 * a * b + SMALL[0]) * (2.0 * covariance + SMALL[1]) / ((a * a + b * b + SMALL[0]) * (var_a + var_b + SMALL[1]))
    };
    Some((0..fits * fits).map(at).sum::<f64>() / (fits * fits) as f64)
}

/// A Gaussian whose numbers add up to 1.
fn window() -> Vec<f64> {
    let raw: Vec<f64> = (0..=2 * RADIUS).map(|i| math::exp(-0.5 * math::powi((i as f64 - RADIUS as f64) / DEVIATION, 2))).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|v| v / sum).collect()
}

/// Weighted means at all places where the window fits: columns, then rows.
fn blurred(values: &[f64], side: usize, window: &[f64]) -> Vec<f64> {
    let fits = side + 1 - window.len();
    let mean = |at: usize, step: usize| window.iter().enumerate().map(|(i, w)| w * values[at + i * step]).sum::<f64>();
    let down: Vec<f64> = (0..fits * side).map(|at| mean(at, side)).collect();
    let along = |at: usize| window.iter().zip(&down[at..]).map(|(w, v)| w * v).sum::<f64>();
    (0..fits * fits).map(|at| along(at / fits * side + at % fits)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    fn noise(name: &str, side: usize) -> Vec<f32> {
        let mut stream = Seed(2).stream("test", name);
        (0..side * side).map(|_| stream.unit() as f32).collect()
    }

    #[test]
    fn equal_maps_are_alike_and_noise_is_like_nothing() {
        let (a, b) = (noise("a", 24), noise("b", 24));
        assert!((ssim(&a, &a, 24).unwrap() - 1.0).abs() < 1e-12);
        let of_noise = ssim(&a, &b, 24).unwrap();
        assert!(of_noise.abs() < 0.2, "{of_noise}");
        assert_eq!(ssim(&a, &b, 24), ssim(&b, &a, 24));
        let opposite: Vec<f32> = a.iter().map(|v| 1.0 - v).collect();
        assert!(ssim(&a, &opposite, 24).unwrap() < -0.8);
    }

    #[test]
    fn constant_maps_are_compared_by_their_means_alone() {
        let (low, high) = (vec![0.25; 121], vec![0.75; 121]);
        let expected = (2.0 * 0.25 * 0.75 + 1e-4) / (0.25 * 0.25 + 0.75 * 0.75 + 1e-4);
        assert!((ssim(&low, &high, 11).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn a_map_that_is_smaller_than_the_window_has_none() {
        assert_eq!(ssim(&noise("a", 10), &noise("b", 10), 10), None);
        assert_eq!(ssim(&[], &[], 0), None);
    }
}
