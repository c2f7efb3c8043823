//! Whether synthetic images lie among real ones and the other way round, by neighbourhoods: balls around every image that
//! reach to its `k`-th nearest other image of the same set.

use super::Features;
use super::pairwise::{Pair, for_rows, nearest_others};

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

/// The figures with neighbourhoods of each of the sizes `k`, or why there are none of that size. An image lies in a
/// neighbourhood if it is nearer to its centre than the `k`-th neighbour is, not as near.
///
/// # Errors
/// For a size that is zero, or a set of no more images than that; where the numbers of features differ, or distances
/// overflow.
pub fn neighbourhoods<const N: usize>(real: &Features, synthetic: &Features, k: [usize; N]) -> [Result<Neighbourhoods, String>; N] {
    if real.dimensions() != synthetic.dimensions() {
        let why = format!("the sets have {} and {} features", real.dimensions(), synthetic.dimensions());
        return [(); N].map(|()| Err(why.clone()));
    }
    let least = real.count().min(synthetic.count());
    let largest = k.into_iter().filter(|k| *k < least).max().unwrap_or(0);
    // Squared distances of the nearest other images, of which the `k`-th is a radius. Both sets are gone through once for
    // all sizes.
    let near = [real, synthetic].map(|set| nearest_others(set, largest));
    let radius = |set: usize, i: usize, k: usize| k.checked_sub(1).and_then(|k| near[set][i].squared.get(k)).copied().unwrap_or(0.0);
    let radii = |set: usize| k.map(|k| (0..near[set].len()).map(|i| radius(set, i, k)).collect::<Vec<f64>>());
    let (of_real, of_synthetic) = (radii(0), radii(1));

    let inside = |distances: &[f64], radii: &[f64]| distances.iter().zip(radii).filter(|(distance, radius)| distance < radius).count();
    let centres = for_rows(synthetic, real, Pair::Squared, |_, distances| of_real.each_ref().map(|radii| inside(distances, radii)));
    let points = for_rows(real, synthetic, Pair::Squared, |i, distances| {
        let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
        std::array::from_fn::<(bool, bool), N, _>(|n| (inside(distances, &of_synthetic[n]) > 0, nearest < of_real[n][i]))
    });
    std::array::from_fn(|n| {
        if k[n] == 0 {
            return Err("a neighbourhood has at least one neighbour".into());
        }
        if k[n] >= least {
            return Err(format!("{least} {}: neighbourhoods of {} other images need {}", if least == 1 { "image" } else { "images" }, k[n], k[n] + 1));
        }
        if of_real[n].iter().chain(&of_synthetic[n]).any(|radius| !radius.is_finite()) {
            return Err("the features are too large: a distance overflows".into());
        }
        let share = |hits: usize, of: &Features| hits as f64 / of.count() as f64;
        Ok(Neighbourhoods {
            precision: share(centres.iter().filter(|hits| hits[n] > 0).count(), synthetic),
            recall: share(points.iter().filter(|hits| hits[n].0).count(), real),
            density: share(centres.iter().map(|hits| hits[n]).sum(), synthetic) / k[n] as f64,
            coverage: share(points.iter().filter(|hits| hits[n].1).count(), real),
        })
    })
}
