//! Grad-CAM (Selvaraju et al. 2017): where in an image the last feature maps speak for a class. Independent of which images
//! these are and of what is said about the maps.

use super::{Classifier, Mode};
use crate::contract::prelude::*;
use candle_core::Tensor;
use hilum_ops::{Value, relu, up_sample_bilinear, without_history};

/// The logits of images, and what each says about one class.
pub struct Explained {
    /// Logits, image by image.
    pub logits: Vec<Vec<f32>>,
    /// Maps `[n, h, w, 1]` of the size of the feature maps, from 0, not scaled.
    pub maps: Value,
}

/// The last feature maps `[n, h, w, k]` of images `[n, side, side, 1]` in [0, 1], in evaluation mode.
///
/// # Errors
/// Where images do not fit the network.
pub fn last_maps(network: &dyn Classifier, images: &Value) -> Result<Value> {
    without_history(|| network.maps(images, &mut Mode::Evaluate))
}

/// Explains a class of each image by its last feature maps `A_k`: `ReLU(Σ α_k A_k)`, where `α_k` is the mean of `∂ logit / ∂ A_k` over
/// the map. `class_of` gives the class, from the image's place and its logits. Gradients go no further back than to these maps.
///
/// # Errors
/// Where the maps are not the network's.
pub fn explain(network: &dyn Classifier, maps: &Value, class_of: impl Fn(usize, &[f32]) -> usize) -> Result<Explained> {
    let maps = maps.to_leaf();
    let head = network.head(&network.pool(&maps)?, &mut Mode::Evaluate)?;
    let logits = head.to_rows()?;
    let classes = logits.first().map_or(0, Vec::len);
    let mut chosen = vec![0.0_f32; logits.len() * classes];
    logits.iter().enumerate().for_each(|(image, row)| chosen[image * classes + class_of(image, row)] = 1.0);
    let chosen = Value::constant(Tensor::from_vec(chosen, (logits.len(), classes), maps.device())?);
    // No image's logits depend on another image, so that one sum has the gradients of all.
    let gradients = head.mul(&chosen)?.sum()?.backward_to([&maps])?;
    let gradient = gradients.get(&maps).ok_or_else(|| Error::data("BUG: logits depend on feature maps"))?;
    without_history(|| {
        let (n, h, w, k) = maps.dims4()?;
        let weights = gradient.mean_to(&[n, 1, 1, k])?.repeat_to(&[n, h, w, k])?;
        let maps = relu(&maps.detach().mul(&weights)?.sum_to(&[n, h, w, 1])?)?;
        Ok(Explained { logits, maps })
    })
}

/// Maps `[n, h, w, 1]` as large as their images, by bilinear interpolation as `cv2.resize` does it, each divided by its maximum: rows of
/// `side × side` numbers from 0 to 1. A map that is zero everywhere stays so.
///
/// # Errors
/// Where the device has no memory left.
pub fn spread(maps: &Value, side: usize) -> Result<Vec<Vec<f32>>> {
    let large = without_history(|| up_sample_bilinear(&maps.detach(), [side, side], false))?.to_vec()?;
    let scaled = |map: &[f32]| {
        let most = map.iter().copied().fold(0.0, f32::max);
        map.iter().map(|v| if most > 0.0 { v / most } else { 0.0 }).collect()
    };
    Ok(large.chunks_exact(side * side).map(scaled).collect())
}
