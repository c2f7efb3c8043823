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
}

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
    /// Real images, with synthetic images added to the small classes.
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
        let target = self.target(real.values().copied().max().unwrap_or(0));
        real.values().any(|n| *n < target)
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let real = inputs.real;
        let synthetic = if self.reads("synthetic") { inputs.synthetic.expect("BUG: required") } else { Samples::default() };
        let generated = synthetic.by_label();
        let groups = real.by_label();
        let largest = groups.values().map(Vec::len).max().ok_or_else(|| Error::data("there are no real images"))?;
        let target = self.target(largest);
        let mut rows: Vec<Sample> = vec![];
        let mut added = BTreeMap::new();
        for (label, images) in &groups {
            let own = |s: &Sample| s.clone();
            let synthetic = generated.get(label).cloned().unwrap_or_default();
            match self.arm {
                Arm::OnlySynthetic if !synthetic.is_empty() => {
                    let wanted = target.max(images.len());
                    rows.extend(self.draw(&synthetic, wanted, label, cx)?.into_iter().map(own));
                    added.insert(*label, wanted);
                    continue;
                }
                Arm::RealSynthetic if !synthetic.is_empty() && images.len() < target => {
                    let wanted = target - images.len();
                    rows.extend(self.draw(&synthetic, wanted, label, cx)?.into_iter().map(own));
                    added.insert(*label, wanted);
                }
                Arm::Repeated if images.len() < target => {
                    // Complete rounds first, so that no image is repeated more than once more than another.
                    let mut order = images.clone();
                    let stream = cx.stream("repeat");
                    order.sort_by_key(|row| row.priority(&stream));
                    rows.extend(order.iter().cycle().take(target - images.len()).map(|s| own(s)));
                    added.insert(*label, target - images.len());
                }
                _ => {}
            }
            rows.extend(images.iter().map(|s| own(s)));
        }
        for (label, n) in added {
            cx.note(format!("{} added to `{label}`", counted(n, "image was", "images were")));
        }
        Ok(Outputs { samples: Samples::of(rows) })
    }
}

impl Oversample {
    /// Images that every class should have, given the size of the largest.
    fn target(&self, largest: usize) -> usize {
        (largest as f64 * *self.ratio).round() as usize
    }
    fn draw<'a>(&self, synthetic: &[&'a Sample], wanted: usize, label: &str, cx: &Context) -> Result<Vec<&'a Sample>> {
        if synthetic.len() < wanted {
            return Err(Error::helped(
                format!("`{label}` needs {}, but {}", counted(wanted, "synthetic image", "synthetic images"), there_are(synthetic.len())),
                format!("synthesize at least {}, or lower `ratio`", counted(wanted, "image", "images")),
            ));
        }
        let mut order = synthetic.to_vec();
        let stream = cx.stream("draw");
        order.sort_by_key(|row| row.priority(&stream));
        order.truncate(wanted);
        Ok(order)
    }
}
