//! Whether synthetic images lie nearer to training images than images do that the generator never saw.
//!
//! A held-out image is one that a perfect generator might have made: real, of the same class, and of another patient than
//! the training images. A generator that repeats training images makes images that lie nearer.

use super::{Features, Watch};
use crate::neighbours::{nearest, nearest_others};
use crate::statistics::adjust::benjamini_hochberg;
use crate::words::number;

/// The nearest training image of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Its place among the training images; of several, the first.
    pub training: usize,
    /// Its Euclidean distance.
    pub distance: f64,
}

/// The nearest training image of every image. `O(n²d)`, at nearly the speed of a matrix product.
///
/// # Errors
/// Where there is no training image, the numbers of features differ, or a distance overflows.
pub fn nearest_training(images: &Features, training: &Features, watch: Watch) -> Result<Vec<Nearest>, String> {
    if images.dimensions() != training.dimensions() {
        return Err(format!("the sets have {} and {} features", images.dimensions(), training.dimensions()));
    }
    if training.count() == 0 {
        return Err("there is no training image".into());
    }
    let found = nearest(images, training, 1, watch).into_iter().map(|near| Nearest { training: near.at[0], distance: near.squared[0].sqrt() });
    let found: Vec<Nearest> = found.collect();
    if found.iter().all(|near| near.distance.is_finite()) { Ok(found) } else { Err("the features are too large: a distance overflows".into()) }
}

/// The distance of every training image to the nearest other one; infinite for one alone.
pub fn nearest_other_training(training: &Features, watch: Watch) -> Vec<f64> {
    nearest_others(training, 1, watch).into_iter().map(|near| near.squared.first().map_or(f64::INFINITY, |d| d.sqrt())).collect()
}

/// Which synthetic images are authentic (Alaa et al. 2022): farther from their nearest training image than that image is from
/// the nearest other training image. `others` is what [`nearest_other_training`] gives.
pub fn authentic(synthetic: &[Nearest], others: &[f64]) -> Vec<bool> {
    synthetic.iter().map(|near| near.distance > others[near.training]).collect()
}

/// The median distance of synthetic images to training images divided by that of held-out images: below 1 where synthetic
/// images lie nearer. None where a set is empty or the median of the held-out ones is zero.
pub fn ratio(synthetic: &[f64], held_out: &[f64]) -> Option<f64> {
    let (of_synthetic, of_held_out) = (median(synthetic)?, median(held_out)?);
    (of_held_out > 0.0).then(|| of_synthetic / of_held_out)
}

/// The median, of an even number the mean of both in the middle; none of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { (values[middle - 1] + upper) / 2.0 } else { upper })
}

/// For every distance of a synthetic image, the p value of the hypothesis that it is exchangeable with the held-out images,
/// against lying nearer: `(1 + held-out images that are as near or nearer) / (1 + held-out images)`.
///
/// All of them are compared with the same held-out images, which makes them positively dependent: the procedure of Benjamini
/// and Hochberg holds all the same (Bates et al. 2023).
pub fn p_values(synthetic: &[f64], held_out: &[f64]) -> Vec<f64> {
    let mut sorted = held_out.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |distance: &f64| sorted.partition_point(|held_out| held_out <= distance);
    synthetic.iter().map(|distance| (1 + rank(distance)) as f64 / (1 + sorted.len()) as f64).collect()
}

/// Which images lie nearer than held-out images do, with a share of `q` of false ones among them on average (Benjamini &
/// Hochberg 1995). `held_out` is the number of held-out images that each p value was made with.
///
/// # Errors
/// Where nothing can be found, however near the images are: the smallest p value is `1 / (held-out images + 1)`, which may not
/// suffice even if all images have it.
pub fn discoveries(p: &[f64], held_out: &[usize], q: f64) -> Result<Vec<bool>, String> {
    let least: Vec<f64> = held_out.iter().map(|m| 1.0 / (*m as f64 + 1.0)).collect();
    let found = |p: &[f64]| -> Vec<bool> { benjamini_hochberg(p).iter().map(|adjusted| *adjusted <= q).collect() };
    if !p.is_empty() && !found(&least).contains(&true) {
        let most = held_out.iter().max().copied().unwrap_or(0);
        return Err(format!(
            "with {most} held-out {}, no p value is below {:.4}: no image could be called nearer at a false discovery rate of {}",
            if most == 1 { "image" } else { "images" },
            1.0 / (most as f64 + 1.0),
            number(q)
        ));
    }
    Ok(found(p))
}
