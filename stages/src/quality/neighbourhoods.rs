//! Whether synthetic images lie among real ones and the other way round, by neighbourhoods: balls around every image that
//! reach to its `k`-th nearest other image of the same set.

use super::{Compared, Features, Watch};
use crate::neighbours::{Nearest, balls, nearest_others, part};

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
/// neighbourhood if it is nearer to its centre than the `k`-th neighbour is, not as near. `O(n²d)`, at nearly the speed of a matrix
/// product.
///
/// # Errors
/// For a size that is zero, or a set of no more images than that; where the numbers of features differ, distances overflow, or all
/// neighbourhoods of a set are empty, since its images are equal.
pub fn neighbourhoods<const N: usize>([real, synthetic]: [&Features; 2], k: [usize; N], of: Compared, watch: Watch) -> [Result<Neighbourhoods, String>; N] {
    if real.dimensions() != synthetic.dimensions() {
        let why = format!("the sets have {} and {} features", real.dimensions(), synthetic.dimensions());
        return [(); N].map(|()| Err(why.clone()));
    }
    let (smaller, least) = if synthetic.count() < real.count() { (1, synthetic.count()) } else { (0, real.count()) };
    let largest = k.into_iter().filter(|k| *k < least).max().unwrap_or(0);
    // Half of the pairs are within a set.
    let near = [nearest_others(real, largest, &part(watch, 0.0, 0.25)), nearest_others(synthetic, largest, &part(watch, 0.25, 0.5))];
    // Squared distances of the `k`-th nearest other images.
    let radius = |near: &Nearest, k: usize| k.checked_sub(1).and_then(|k| near.squared.get(k)).copied().unwrap_or(0.0);
    let radii = k.map(|k| near.each_ref().map(|near| near.iter().map(|near| radius(near, k)).collect::<Vec<f64>>()));
    let found = balls(real, synthetic, radii.each_ref().map(|of| of.each_ref().map(Vec::as_slice)), &part(watch, 0.5, 1.0));
    std::array::from_fn(|n| {
        if k[n] == 0 {
            return Err("a neighbourhood has at least one neighbour".into());
        }
        if k[n] >= least {
            return Err(format!("{}: neighbourhoods of {} other images need {}", of.counted(smaller, least), k[n], k[n] + 1));
        }
        if radii[n].iter().flatten().any(|radius| !radius.is_finite()) {
            return Err("the features are too large: a distance overflows".into());
        }
        if let Some(which) = radii[n].iter().position(|radii| radii.iter().all(|radius| *radius == 0.0)) {
            return Err(format!("{} has the features of {} others or more: neighbourhoods are empty", of.every(which), k[n]));
        }
        let hit = |counts: &[u32]| counts.iter().filter(|hits| **hits > 0).count() as f64 / counts.len() as f64;
        let hits: u64 = found[n].around_b.iter().map(|hits| u64::from(*hits)).sum();
        Ok(Neighbourhoods {
            precision: hit(&found[n].around_b),
            recall: hit(&found[n].around_a),
            density: hits as f64 / synthetic.count() as f64 / k[n] as f64,
            coverage: hit(&found[n].within_a),
        })
    })
}
