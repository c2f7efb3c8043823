//! The loss of a classifier: cross-entropy, with weights for classes, label smoothing and focal loss.

use crate::contract::prelude::*;
use crate::math;
use hilum_ops::{CrossEntropy, class_balanced_weights};
use std::collections::BTreeMap;

/// Cross-entropy and its variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Loss {
    /// Weights of the classes.
    pub class_weights: ClassWeights,
    /// Share of the target that is spread over all classes.
    pub label_smoothing: PartialShare,
    /// γ of focal loss (Lin et al. 2017), which reduces the weight of images that are classified with confidence; 2 is
    /// usual, 0 is cross-entropy.
    pub focal_gamma: NonNegative,
}

impl Default for Loss {
    fn default() -> Self {
        Loss { class_weights: ClassWeights::None, label_smoothing: PartialShare::of(0.0), focal_gamma: NonNegative::of(0.0) }
    }
}

/// Weights of the classes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Equal weights.
    #[default]
    None,
    /// Images / (classes · images of the class), as scikit-learn's `balanced`.
    Balanced,
    /// By the effective number of images with β = 0.9999 (Cui et al. 2019).
    Effective,
    /// Given weights, by label; also α of focal loss. The sum is divided by the sum of the images' weights, as in
    /// PyTorch.
    Given(BTreeMap<String, Positive>),
}

impl Loss {
    /// The loss for a training set, given the number of images of each class, which is at least 1.
    ///
    /// # Errors
    /// Where weights are given and not for exactly these classes.
    pub fn build(&self, classes: &[String], images: &[usize]) -> Result<CrossEntropy> {
        let all: usize = images.iter().sum();
        let class_weights = match &self.class_weights {
            ClassWeights::None => vec![],
            ClassWeights::Balanced => images.iter().map(|n| all as f64 / (images.len() * n) as f64).collect(),
            ClassWeights::Effective => class_balanced_weights(images, 0.9999),
            ClassWeights::Given(weights) if weights.keys().eq(classes) => weights.values().map(|w| w.get()).collect(),
            ClassWeights::Given(weights) => {
                let named: Vec<&str> = weights.keys().map(String::as_str).collect();
                return Err(Error::helped(
                    format!("`class_weights` names {}, but the training set has {}", named.join(", "), classes.join(", ")),
                    "give each label of the training set a weight",
                ));
            }
        };
        Ok(CrossEntropy { class_weights, label_smoothing: *self.label_smoothing, focal_gamma: *self.focal_gamma })
    }

    /// The loss of one image with these probabilities, without class weights, as monitored on a validation set. NaN if
    /// a probability is NaN.
    pub fn of_image(&self, probabilities: &[f64], label: usize) -> f64 {
        // The floor below would take NaN for a small probability, and a diverged network for a bad one.
        if probabilities.iter().any(|p| p.is_nan()) {
            return f64::NAN;
        }
        let term = |(class, p): (usize, &f64)| {
            let hit = if class == label { 1.0 - *self.label_smoothing } else { 0.0 };
            -(hit + *self.label_smoothing / probabilities.len() as f64) * math::ln(p.max(1e-12)) * math::pow(1.0 - p, *self.focal_gamma)
        };
        probabilities.iter().enumerate().map(term).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_make_up_for_how_rare_a_class_is() {
        let classes = ["covid", "normal"].map(String::from);
        let build = |class_weights| Loss { class_weights, ..Loss::default() }.build(&classes, &[90, 10]);
        let weights = |class_weights| build(class_weights).unwrap().class_weights;
        let given = |pairs: &[(&str, f64)]| ClassWeights::Given(pairs.iter().map(|(l, w)| ((*l).to_owned(), Positive::of(*w))).collect());
        assert_eq!(weights(given(&[("normal", 0.75), ("covid", 0.25)])), [0.25, 0.75]);
        assert!(build(given(&[("covid", 0.25), ("flu", 0.75)])).unwrap_err().to_string().contains("names covid, flu, but the training set has covid, normal"));
        assert_eq!(weights(ClassWeights::None), [0.0; 0]);
        // sklearn.utils.class_weight.compute_class_weight("balanced", ...)
        assert_eq!(weights(ClassWeights::Balanced), [100.0 / 180.0, 5.0]);
        let effective = weights(ClassWeights::Effective);
        assert!((effective[1] / effective[0] - 8.964).abs() < 1e-3 && (effective.iter().sum::<f64>() - 2.0).abs() < 1e-12, "{effective:?}");
    }

    #[test]
    fn the_validation_loss_is_the_training_loss() {
        let logits = [[0.3f32, -1.0, 2.0], [1.5, 0.0, -0.5]];
        let value = hilum_ops::Value::constant(candle_core::Tensor::new(&logits, &candle_core::Device::Cpu).unwrap());
        for (label_smoothing, focal_gamma) in [(0.0, 0.0), (0.1, 0.0), (0.0, 2.0), (0.2, 0.5)] {
            let loss = Loss { label_smoothing: PartialShare::of(label_smoothing), focal_gamma: NonNegative::of(focal_gamma), ..Loss::default() };
            let trained = loss.build(&[], &[1, 1, 1]).unwrap().of(&value, &[2, 1]).unwrap().scalar().unwrap();
            let watched = logits.iter().zip([2, 1]).map(|(row, label)| {
                let sum: f64 = row.iter().map(|l| f64::from(*l).exp()).sum();
                loss.of_image(&row.map(|l| f64::from(l).exp() / sum), label)
            });
            assert!((watched.sum::<f64>() / 2.0 - trained).abs() < 1e-6, "{loss:?}");
        }
    }

    #[test]
    fn a_probability_that_is_no_number_has_no_loss() {
        for focal_gamma in [0.0, 2.0] {
            let loss = Loss { focal_gamma: NonNegative::of(focal_gamma), ..Loss::default() };
            assert!(loss.of_image(&[f64::NAN, f64::NAN], 0).is_nan() && loss.of_image(&[0.5, f64::NAN], 0).is_nan());
            assert!([[0.0, 1.0], [1.0, 0.0], [-0.0, 1.0]].iter().all(|p| loss.of_image(p, 0).is_finite()));
        }
        assert_eq!(Loss::default().of_image(&[], 0), 0.0);
    }

    #[test]
    fn an_image_that_is_certain_gives_no_infinite_slope() {
        let loss = Loss { focal_gamma: NonNegative::of(0.5), ..Loss::default() }.build(&[], &[1, 1]).unwrap();
        let logits = hilum_ops::Value::leaf(&candle_core::Tensor::new(&[[40f32, 0.0], [0.0, 0.1]], &candle_core::Device::Cpu).unwrap());
        let slopes = loss.of(&logits, &[0, 1]).unwrap().backward().unwrap();
        let slopes = slopes.get(&logits).unwrap().to_rows().unwrap();
        assert!(slopes.iter().flatten().all(|s| s.is_finite()) && slopes[1][0] > 0.0, "{slopes:?}");
    }
}
