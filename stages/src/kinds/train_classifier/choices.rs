//! Choices that a study makes for a classifier: normalisation, sampling, weights to keep, trees.

use crate::contract::prelude::*;
use crate::data::pack::ImageStore;
use crate::data::sample::{Origin, Sample, Samples};
use crate::networks::Greys;
use std::collections::BTreeSet;

/// How grey values are normalised before they enter the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// Not at all: they are in [0, 1].
    #[default]
    None,
    /// By mean and standard deviation of all pixels of the real images of the training set, or of all its images if
    /// none are real.
    TrainingSet,
    /// By a given mean and standard deviation.
    Given(Greys),
}

impl Normalise {
    /// Finds invalid parameters; `path` is the location of this below `with:`.
    pub(super) fn check(&self, path: &str) -> Vec<BadParameter> {
        let fine = if let Normalise::Given(greys) = self { greys.mean.is_finite() } else { true };
        BadParameter::unless(fine, &format!("{path}.given.mean"), "must be a finite number")
    }

    /// Mean and standard deviation for this training set; each image counts once.
    pub(super) fn units(&self, samples: &Samples, store: &ImageStore) -> Result<Option<Greys>> {
        let of = |rows: &mut dyn Iterator<Item = &Sample>| {
            let images: BTreeSet<_> = rows.map(|r| r.image).collect();
            images.iter().map(|f| store.get(f)).collect::<Result<Vec<_>>>()
        };
        Ok(match self {
            Normalise::None => None,
            Normalise::Given(greys) => Some(*greys),
            Normalise::TrainingSet => {
                let real = of(&mut samples.rows.iter().filter(|r| r.origin == Origin::Real))?;
                Some(Greys::of(&if real.is_empty() { of(&mut samples.rows.iter())? } else { real })?)
            }
        })
    }
}

/// How the images of a step are sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Every image once per epoch, in a new random order.
    #[default]
    Shuffled,
    /// Images are drawn with replacement, all labels equally often.
    Balanced,
}

/// Which weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Those of the epoch with the lowest validation loss.
    Best,
    /// Those of the last step.
    Last,
}

/// Bagged decision trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trees {
    /// Number of trees; 10 as in scikit-learn.
    #[serde(default = "default_trees")]
    pub count: Count,
}

fn default_trees() -> Count {
    Count::of(10)
}
