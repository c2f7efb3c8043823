//! Oversampling: the training sets that a study compares. Small classes are filled up by repeating real images or by
//! adding synthetic ones.

use crate::contract::prelude::*;
use crate::data::sample::{Sample, Samples};
use crate::words::{counted, there_are};
use std::collections::BTreeMap;

ports! {
    inputs {
        /// Real images.
        real: Samples,
        /// Synthetic images.
        synthetic: Option<Samples>,
    }
    outputs {
        /// The training set of the arm.
        samples: Samples [contains real synthetic],
    }
}

/// Builds the training set of one arm: real images as they are, small classes filled up with repeated or synthetic images, or synthetic images in place of the real ones.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oversample {
    /// Which training set to build.
    pub arm: Arm,
    /// Size of each filled-up class, as a share of the largest class.
    #[serde(default = "one")]
    pub ratio: Positive,
    /// Images added to each filled-up class, as a multiple of its real images; alternative to `ratio`. `repeated` fills up all classes but the largest, `real+synthetic` all that have synthetic images; of `only-synthetic`, so many take the place of the real ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose: Option<Positive>,
}

/// The largest dose: a class of a hundred images has a hundred thousand then.
const MOST: f64 = 1000.0;

fn one() -> Positive {
    Positive::of(1.0)
}

/// The training sets of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Arm {
    /// Real images as they are.
    #[serde(rename = "real")]
    Real,
    /// Real images, with those of the small classes repeated.
    #[serde(rename = "repeated")]
    Repeated,
    /// Real images, with synthetic images added to the small classes, or, by a `dose`, to all that have some.
    #[serde(rename = "real+synthetic")]
    RealSynthetic,
    /// In classes with synthetic images, only these; in others, the real images.
    #[serde(rename = "only-synthetic")]
    OnlySynthetic,
}

impl Stage for Oversample {
    const NAME: &'static str = "oversample";
    const VERSION: u32 = 2;
    const SEEDED: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let alone = self.dose.is_none() || self.ratio == one();
        let is_small = self.dose.is_none_or(|dose| *dose <= MOST);
        let together = BadParameter::unless(alone, "dose", "`dose` and `ratio` cannot be used together: both say how many images are added");
        [together, BadParameter::unless(is_small, "dose", "must be at most 1000")].concat()
    }

    fn reads(&self, port: &str) -> bool {
        port == "real" || matches!(self.arm, Arm::RealSynthetic | Arm::OnlySynthetic)
    }

    fn requires(&self, port: &str) -> Option<&'static str> {
        self.reads(port).then_some("its `arm` contains them")
    }

    fn takes(&self, input: &str) -> Takes {
        match (input, self.arm) {
            // Which classes lose their real images depends on the labels of the synthetic ones.
            ("real", Arm::OnlySynthetic) => Takes::Any,
            ("real", _) => Takes::All,
            _ => Takes::Some,
        }
    }

    fn draws(&self, input: &str, labels: &dyn Fn(&str) -> Option<BTreeMap<String, usize>>) -> bool {
        let Some(real) = labels("real").filter(|_| input == "synthetic" && self.arm == Arm::RealSynthetic) else { return true };
        let largest = real.values().copied().max().unwrap_or(0);
        real.values().any(|n| self.added(*n, largest).is_ok_and(|more| more > 0))
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let real = inputs.real;
        let synthetic = if self.reads("synthetic") { inputs.synthetic.expect("BUG: required") } else { Samples::default() };
        let generated = synthetic.by_label();
        let groups = real.by_label();
        let largest = groups.values().map(Vec::len).max().ok_or_else(|| Error::data("there are no real images"))?;
        let mut rows: Vec<Sample> = vec![];
        let mut added = BTreeMap::new();
        for (label, images) in &groups {
            let synthetic = generated.get(label).map_or(&[][..], Vec::as_slice);
            let more = self.added(images.len(), largest);
            let drawn: Vec<&Sample> = match self.arm {
                Arm::OnlySynthetic if !synthetic.is_empty() => self.draw(synthetic, self.in_place_of(images.len(), largest)?, label, cx)?,
                Arm::RealSynthetic if !synthetic.is_empty() => self.draw(synthetic, more?, label, cx)?,
                Arm::Repeated if images.len() < largest || self.dose.is_none() => {
                    // Complete rounds first, so that no image is repeated more than once more than another.
                    let mut order = images.clone();
                    let stream = cx.stream("repeat");
                    order.sort_by_key(|row| row.priority(&stream));
                    order.into_iter().cycle().take(more?).collect()
                }
                _ => vec![],
            };
            if !drawn.is_empty() {
                added.insert(*label, drawn.len());
            }
            let replaced = self.arm == Arm::OnlySynthetic && !synthetic.is_empty();
            rows.extend(drawn.into_iter().chain(images.iter().copied().filter(|_| !replaced)).cloned());
        }
        if added.is_empty() && self.dose.is_some() && self.arm != Arm::Real {
            cx.warn("no class was filled up: the largest is not, nor one without synthetic images where these are added");
        }
        for (label, n) in added {
            cx.note(format!("{} added to `{label}`", counted(n, "image was", "images were")));
        }
        Ok(Outputs { samples: Samples::of(rows) })
    }
}

impl Oversample {
    /// Images that are added to a class that is filled up, by how many real ones it and the largest class have.
    ///
    /// # Errors
    /// Where a dose is less than one image.
    fn added(&self, images: usize, largest: usize) -> Result<usize> {
        match self.dose {
            Some(dose) if rounded(images, dose) == 0 => {
                let why = format!("a dose of {} of {} is no image", *dose, counted(images, "image", "images"));
                Err(Error::helped(why, "raise `dose`"))
            }
            Some(dose) => Ok(rounded(images, dose)),
            None => Ok(rounded(largest, self.ratio).saturating_sub(images)),
        }
    }

    /// Synthetic images that take the place of the real ones of a class.
    ///
    /// # Errors
    /// Where a dose is less than one image.
    fn in_place_of(&self, images: usize, largest: usize) -> Result<usize> {
        if self.dose.is_some() { self.added(images, largest) } else { Ok(rounded(largest, self.ratio).max(images)) }
    }

    fn draw<'a>(&self, synthetic: &[&'a Sample], wanted: usize, label: &str, cx: &Context) -> Result<Vec<&'a Sample>> {
        if synthetic.len() < wanted {
            return Err(Error::helped(
                format!("`{label}` needs {}, but {}", counted(wanted, "synthetic image", "synthetic images"), there_are(synthetic.len())),
                format!("synthesize at least {}, or lower `{}`", counted(wanted, "image", "images"), if self.dose.is_some() { "dose" } else { "ratio" }),
            ));
        }
        let mut order = synthetic.to_vec();
        let stream = cx.stream("draw");
        order.sort_by_key(|row| row.priority(&stream));
        order.truncate(wanted);
        Ok(order)
    }
}

fn rounded(images: usize, share: Positive) -> usize {
    (images as f64 * *share).round() as usize
}

#[cfg(test)]
mod tests;
