//! Choices that a study makes for a classifier: units of greys, order of images, weights that stay, trees.

use crate::contract::prelude::*;
use crate::data::pack::ImageStore;
use crate::data::sample::{Origin, Sample, Samples};
use crate::networks::Greys;
use std::collections::BTreeSet;

/// What greys are measured in before a network sees them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// They are shown as they are, in [0, 1].
    #[default]
    None,
    /// Mean and deviation of all pixels of the real images of the training set; of all its images where none is real.
    TrainingSet,
    /// A given mean and deviation.
    Given(Greys),
}

impl Normalise {
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub(super) fn check(&self, path: &str) -> Vec<BadParameter> {
        let fine = match self {
            Normalise::Given(greys) => greys.std > 0.0 && greys.std.is_finite() && greys.mean.is_finite(),
            _ => true,
        };
        BadParameter::unless(fine, &format!("{path}.given"), "must be numbers, `std` greater than 0")
    }

    /// What greys are measured in for this training set; each image counts once.
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

/// Which images come in a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Every image once a pass, in an order that is drawn anew.
    #[default]
    Shuffled,
    /// Images drawn with replacement, all labels equally often.
    Balanced,
}

/// Which weights stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Those of the pass with the lowest validation loss.
    Best,
    /// Those of the last step.
    Last,
}

/// Bagged decision trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trees {
    /// How many; 10 as in scikit-learn.
    #[serde(default = "default_trees")]
    #[schemars(range(min = 1))]
    pub count: u32,
}

fn default_trees() -> u32 {
    10
}
