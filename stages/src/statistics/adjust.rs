//! P values of several tests, adjusted for their number. Independent of the tests.

use super::ascending;

/// Holm's adjusted p values (1979), in the order of `p`: those at most α are rejected, with a family-wise error of at most α
/// whatever the tests have to do with each other. NaN is not adjusted, and no test.
///
/// # Panics
/// Where a value is not in 0 to 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = tests(p);
    let mut out = p.to_vec();
    let mut largest = 0.0f64;
    for (rank, at) in order.iter().enumerate() {
        largest = largest.max(p[*at] * (order.len() - rank) as f64).min(1.0);
        out[*at] = largest;
    }
    out
}

/// The adjusted p values of Benjamini & Hochberg (1995), in the order of `p`: the share of false rejections among those at
/// most α is at most α on average, for independent or positively dependent tests. NaN is not adjusted, and no test.
///
/// # Panics
/// Where a value is not in 0 to 1.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = tests(p);
    let mut out = p.to_vec();
    let mut smallest = 1.0f64;
    for (rank, at) in order.iter().enumerate().rev() {
        smallest = smallest.min(p[*at] * (order.len() as f64 / (rank + 1) as f64));
        out[*at] = smallest;
    }
    out
}

/// The positions of numbers, by ascending value.
fn tests(p: &[f64]) -> Vec<usize> {
    assert!(p.iter().all(|p| p.is_nan() || (0.0..=1.0).contains(p)), "p values are in 0 to 1");
    ascending(p).into_iter().filter(|at| !p[*at].is_nan()).collect()
}
