//! What a classifier is trained to make small: cross-entropy, and how it weighs classes, films and certainty.

use crate::contract::prelude::*;
use hilum_ops::{CrossEntropy, class_balanced_weights};

/// Cross-entropy and its variants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Loss {
    /// What a film of each class counts.
    pub class_weights: ClassWeights,
    /// Share of the target that is spread over all classes.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub label_smoothing: f64,
    /// Focal loss (Lin et al. 2017): how much less films count that are classified with certainty; 2 is usual, 0 is cross-entropy.
    #[schemars(range(min = 0.0))]
    pub focal_gamma: f64,
}

/// What a film of each class counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// The same for all.
    #[default]
    None,
    /// Films / (classes · films of the class), as scikit-learn's `balanced`.
    Balanced,
    /// By the effective number of films with β = 0.9999 (Cui et al. 2019).
    Effective,
}

impl Loss {
    /// Finds parameters that make no sense.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        [
            BadParameter::unless((0.0..1.0).contains(&self.label_smoothing), &format!("{path}.label_smoothing"), "must be at least 0 and below 1"),
            BadParameter::unless(self.focal_gamma >= 0.0 && self.focal_gamma.is_finite(), &format!("{path}.focal_gamma"), "must be at least 0"),
        ]
        .concat()
    }

    /// The loss for a training set with so many films of each class; each class has one.
    pub fn build(&self, films: &[usize]) -> CrossEntropy {
        let all: usize = films.iter().sum();
        let class_weights = match self.class_weights {
            ClassWeights::None => vec![],
            ClassWeights::Balanced => films.iter().map(|n| all as f64 / (films.len() * n) as f64).collect(),
            ClassWeights::Effective => class_balanced_weights(films, 0.9999),
        };
        CrossEntropy { class_weights, label_smoothing: self.label_smoothing, focal_gamma: self.focal_gamma }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_make_up_for_how_rare_a_class_is() {
        let weights = |class_weights| Loss { class_weights, ..Loss::default() }.build(&[90, 10]).class_weights;
        assert_eq!(weights(ClassWeights::None), [0.0; 0]);
        // sklearn.utils.class_weight.compute_class_weight("balanced", ...)
        assert_eq!(weights(ClassWeights::Balanced), [100.0 / 180.0, 5.0]);
        let effective = weights(ClassWeights::Effective);
        assert!((effective[1] / effective[0] - 8.964).abs() < 1e-3 && (effective.iter().sum::<f64>() - 2.0).abs() < 1e-12, "{effective:?}");
    }

    #[test]
    fn what_makes_no_sense_is_found() {
        assert!(Loss::default().check("loss").is_empty());
        assert_eq!(Loss { label_smoothing: 1.0, focal_gamma: -1.0, ..Loss::default() }.check("loss").len(), 2);
    }
}
