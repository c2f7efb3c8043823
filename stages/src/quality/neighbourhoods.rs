//! Whether synthetic images lie among real ones and the other way round, by neighbourhoods: balls around every image that
//! reach to its `k`-th nearest other image of the same set.

use super::Features;
use super::pairwise::{for_rows, nearest_others, squared};
use rayon::prelude::*;

/// Neighbours that precision and recall are computed with (Kynkäänniemi et al. 2019).
pub const OF_PRECISION: usize = 3;
/// Neighbours that density and coverage are computed with (Naeem et al. 2020).
pub const OF_DENSITY: usize = 5;

/// What neighbourhoods say of two sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbourhoods {
    /// The share of synthetic images that lie in the neighbourhood of some real image.
    pub precision: f64,
    /// The share of real images that lie in the neighbourhood of some synthetic image.
    pub recall: f64,
    /// Real neighbourhoods that a synthetic image lies in, on average, as a share of `k`; it may exceed 1.
    pub density: f64,
    /// The share of real images with a synthetic image in their neighbourhood.
    pub coverage: f64,
}

/// The figures with neighbourhoods of `k` images. An image lies in a neighbourhood if it is nearer to its centre than the
/// `k`-th neighbour is, not as near.
///
/// # Errors
/// Where `k` is zero, a set has no more than `k` images, the numbers of features differ, or distances overflow.
pub fn neighbourhoods(real: &Features, synthetic: &Features, k: usize) -> Result<Neighbourhoods, String> {
    if real.dimensions() != synthetic.dimensions() {
        return Err(format!("the sets have {} and {} features", real.dimensions(), synthetic.dimensions()));
    }
    if k == 0 {
        return Err("a neighbourhood has at least one neighbour".into());
    }
    if let Some(few) = [real.count(), synthetic.count()].into_iter().find(|count| *count <= k) {
        return Err(format!("{few} {}: neighbourhoods of {k} other images need {}", if few == 1 { "image" } else { "images" }, k + 1));
    }
    let (radii, own_radii) = (radii(real, k)?, radii(synthetic, k)?);
    let of_synthetic = for_rows(synthetic, real, squared, |_, distances| distances.iter().zip(&radii).filter(|(d, r)| d < r).count());
    let of_real = for_rows(real, synthetic, squared, |i, distances| {
        let is_recalled = distances.iter().zip(&own_radii).any(|(d, r)| d < r);
        (is_recalled, distances.iter().any(|d| *d < radii[i]))
    });
    let (n, m) = (real.count() as f64, synthetic.count() as f64);
    let share = |hits: usize, of: f64| hits as f64 / of;
    Ok(Neighbourhoods {
        precision: share(of_synthetic.iter().filter(|inside| **inside > 0).count(), m),
        recall: share(of_real.iter().filter(|(is_recalled, _)| *is_recalled).count(), n),
        density: share(of_synthetic.iter().sum(), m) / k as f64,
        coverage: share(of_real.iter().filter(|(_, is_covered)| *is_covered).count(), n),
    })
}

/// Squared distances of the `k`-th nearest other images.
fn radii(set: &Features, k: usize) -> Result<Vec<f64>, String> {
    let radii: Vec<f64> = nearest_others(set, k).into_par_iter().map(|near| near.squared.last().copied().unwrap_or(f64::INFINITY)).collect();
    if radii.iter().all(|r| r.is_finite()) { Ok(radii) } else { Err("the features are too large: a distance overflows".into()) }
}
