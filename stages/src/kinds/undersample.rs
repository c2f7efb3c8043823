//! Undersampling: images of the larger classes are dropped until the classes are balanced. Which ones are kept follows
//! from the seed and each image alone.

use crate::contract::prelude::*;
use crate::data::sample::{Sample, Samples};

ports! {
    inputs {
        /// Samples of several labels.
        samples: Samples,
    }
    outputs {
        /// The images that are kept.
        samples: Samples [contains samples],
    }
}

/// Drops images of the larger classes until every class has as many as the smallest.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undersample {
    /// Maximum size of the other classes, as a multiple of the smallest.
    #[serde(default = "one")]
    pub ratio: Multiple,
}

fn one() -> Multiple {
    Multiple::of(1.0)
}

impl Stage for Undersample {
    const NAME: &'static str = "undersample";
    const VERSION: u32 = 2;
    const SEEDED: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn takes(&self, _: &str) -> Takes {
        Takes::Some
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let groups = inputs.samples.by_label();
        let smallest = groups.values().map(Vec::len).min().ok_or_else(|| Error::data("there are no images to draw from"))?;
        let keep = (smallest as f64 * *self.ratio).round() as usize;
        let mut rows: Vec<Sample> = vec![];
        let stream = cx.stream("draw");
        for (_, mut images) in groups {
            images.sort_by_key(|row| row.priority(&stream));
            rows.extend(images.into_iter().take(keep).cloned());
        }
        Ok(Outputs { samples: Samples::of(rows) })
    }
}
