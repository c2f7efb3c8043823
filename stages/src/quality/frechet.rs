//! The Fréchet distance of two sets of features (Heusel et al. 2017).

use super::pairwise::squared;
use super::products::cross;
use super::{Compared, Features, Watch, root, singular};
use crate::neighbours::part;

/// `|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 √(Σ₁Σ₂))` of the means and covariances (divided by `n − 1`) of two sets.
///
/// The trace of `√(Σ₁Σ₂)` is the sum of the singular values of `R₁R₂ᵀ` for any `R` with `RᵀR = Σ`. These are the
/// deviations from the mean themselves where there are fewer images than features, and a Cholesky factor otherwise.
/// `O(nd²)` for `n` images and `d` features, or `O(n²d)` where there are fewer images.
///
/// # Errors
/// Where a set has fewer than two images, the numbers of features differ, or the distance overflows. See [`full_rank`]
/// for whether the distance means anything.
pub fn frechet_distance(a: &Features, b: &Features, watch: Watch) -> Result<f64, String> {
    if a.dimensions() != b.dimensions() {
        return Err(format!("the sets have {} and {} features", a.dimensions(), b.dimensions()));
    }
    if a.count().min(b.count()) < 2 {
        return Err("a covariance needs at least two images".into());
    }
    let means = [a.mean(), b.mean()];
    let variance = |set: &Features, mean: &[f64]| set.rows().map(|row| squared(row, mean)).sum::<f64>() / (set.count() as f64 - 1.0);
    let traces = variance(a, &means[0]) + variance(b, &means[1]);
    let between = squared(&means[0], &means[1]);
    if !(between + traces).is_finite() {
        return Err("the features are too large: their variance overflows".into());
    }
    let a = root::rows(a, &means[0]);
    watch(0.15);
    let b = root::rows(b, &means[1]);
    watch(0.3);
    // Rounding may take it below zero for sets that are alike.
    Ok((between + traces - 2.0 * singular::nuclear_norm(cross(&a, &b), b.count(), &part(watch, 0.3, 1.0))).max(0.0))
}

/// Says why the Fréchet distance of sets of these sizes means nothing: with no more images than features, a covariance has
/// directions without any variance, and the distance depends on the numbers of images more than on the images.
///
/// # Errors
/// Where there are too few images, which are counted in the message.
pub fn full_rank(counts: [usize; 2], dimensions: usize, of: Compared) -> Result<(), String> {
    let least = dimensions + 1;
    let few = (0..2).find(|set| counts[*set] < least);
    let why = |set: usize| format!("{} with {dimensions} features each: a covariance of full rank needs {least} (see kid)", of.counted(set, counts[set]));
    few.map_or(Ok(()), |set| Err(why(set)))
}
