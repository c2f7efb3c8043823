//! Splits samples into parts or folds, by patient.
//!
//! Two images of one patient are not independent: by default no patient is in two parts. Strata are the labels; a
//! patient with images of several labels counts under the rarest of them, and the receipt says how many there are. The
//! part of a patient follows from the seed and the patient's images, so that the same images give the same parts.

mod deal;
mod groups;
#[cfg(test)]
mod growth;
mod kept;

use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::contract::source::{Help, Source, SourceKind, SourcePath};
use crate::data::sample::{Sample, Samples};
use crate::words::counted;
use deal::Shares;
use groups::{Group, groups};
use std::collections::BTreeMap;

ports! {
    inputs {
        /// The samples to split.
        samples: Samples,
    }
    outputs {
        /// The training part.
        train: Samples [contains samples],
        /// The validation part.
        validation: Option<Samples> [contains samples],
        /// The test part.
        test: Option<Samples> [contains samples],
    }
}

/// Splits samples into training, validation and test parts, or into folds, by patient.
///
/// Which part a patient is in follows from the seed and from the patient's own images. If a patient is added, at most
/// (parts − 1) × labels other patients change their part, so that the parts keep their sizes (more if patients have images of two
/// labels, and another of them becomes the rarer one). With `assign: threshold`, no other patient moves. With `keep`, patients of an
/// earlier split stay where they are, and the shares apply to new patients only. If an image of a patient is changed, added or
/// removed, that patient may move, and so may patients who turn out to share an image, since they are assigned together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The unit that is assigned to one part.
    #[serde(default)]
    pub by: By,
    /// Share of the training part.
    #[serde(default)]
    pub train: Option<Share>,
    /// Share of the validation part; without it there is no such part. With `folds`: its share of what is not in the
    /// test fold.
    #[serde(default)]
    pub validation: Option<Share>,
    /// Share of the test part; without it there is no such part.
    #[serde(default)]
    pub test: Option<Share>,
    /// Instead of shares: the number of folds. One fold is the test part, the others are the training part.
    #[serde(default)]
    pub folds: Option<Whole<2, 1000>>,
    /// Which fold is the test part, from 0; usually an axis of the matrix.
    #[serde(default)]
    pub fold: Option<u32>,
    /// Whether all parts have the same proportions of labels.
    #[serde(default)]
    pub stratify: Stratify,
    /// Whether parts have exact counts, or each patient is assigned independently.
    #[serde(default)]
    pub assign: Assign,
    /// A directory with the `train.csv`, `validation.csv` and `test.csv` of an earlier split: its patients stay in
    /// their parts, and only new ones are assigned. Give a copy, not the results of this study.
    #[serde(default)]
    pub keep: Option<SourcePath>,
}

/// How shares are turned into parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assign {
    /// Parts have the sizes of their shares, to within one patient; remainders carry over from label to label.
    #[default]
    Counts,
    /// Each patient is assigned independently: sizes match the shares only approximately, and no patient moves when
    /// others are added. A patient may move if images of that patient are added.
    Threshold,
}

/// The unit that is assigned to one part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// All images of a patient go to one part, as do those of patients who share an image.
    #[default]
    Patient,
    /// Images are assigned one by one: a patient may be in two parts.
    Image,
}

/// Whether all parts have the same proportions of labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stratify {
    /// Parts have equal proportions of labels.
    #[default]
    Label,
    /// Labels are not considered.
    None,
}

const PARTS: [&str; 3] = ["train", "validation", "test"];
const TRAIN: usize = 0;
const TEST: usize = 2;

impl Split {
    fn shares(&self) -> [f64; 3] {
        [self.train, self.validation, self.test].map(|s| s.map_or(0.0, Share::get))
    }
}

impl Stage for Split {
    const NAME: &'static str = "split";
    const VERSION: u32 = 3;
    const SEEDED: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let fault = |path: &str, why: String| vec![BadParameter { path: if path.is_empty() { vec![] } else { vec![path.into()] }, what: Fault::Value(why) }];
        let shares = self.shares();
        if self.keep.is_some() && self.folds.is_some() {
            return fault("keep", "`keep` and `folds` cannot be used together: an earlier split pins parts, not folds".into());
        }
        if let Some(folds) = self.folds {
            if let Some((part, _)) = [("train", self.train), ("test", self.test)].into_iter().find(|p| p.1.is_some()) {
                return fault(part, format!("`{part}` and `folds` cannot be used together: one fold is the test part, the others are for training"));
            }
            return match self.fold {
                _ if self.validation.is_some_and(|v| InnerShare::new(*v).is_none()) => fault("validation", "must be greater than 0 and less than 1".into()),
                None => fault("folds", "`fold` must say which fold is the test part".into()),
                Some(fold) if fold >= *folds => fault("fold", format!("folds are numbered 0 to {}, found {fold}", *folds - 1)),
                Some(_) => vec![],
            };
        }
        let sum: f64 = shares.iter().sum();
        if shares[0] == 0.0 {
            return fault("", "`train` must be given, or `folds` and `fold`".into());
        }
        // A share of 0.8001 beside 0.2 is due to rounding, not a mistake.
        if sum > 1.001 { fault("", format!("the shares sum to {sum}, more than 1")) } else { vec![] }
    }

    fn sources(&self) -> Vec<Source> {
        let help = Some(Help::Say("copy the directory of an earlier split, such as results/STUDY/split, next to the study"));
        self.keep.iter().map(|path| Source { parameter: "keep".into(), path: path.clone(), what: SourceKind::Tables, help }).collect()
    }

    fn fills(&self, port: &str) -> bool {
        match port {
            "train" => true,
            "test" => self.folds.is_some() || self.test.is_some(),
            _ => self.validation.is_some(),
        }
    }

    fn takes(&self, _: &str) -> Takes {
        Takes::Some
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let groups = groups(&inputs.samples, self.by);
        let mixed = groups.iter().filter(|g| g.labels().len() > 1).count();
        if mixed > 0 {
            cx.note(format!(
                "{} images with several labels; each stays in one part and counts under the rarest label",
                counted(mixed, "patient has", "patients have")
            ));
        }
        let shares = self.folds.map_or_else(|| Shares::of(&self.shares()), |n| Shares::equal(*n as usize));
        let (pinned, taken) = kept::pinned(self, &groups, shares.len(), cx)?;
        let unpinned = (0..groups.len()).filter(|i| pinned[*i].is_none()).collect();
        let mut part_of = pinned;
        for (i, part) in self.deal(&groups, unpinned, &shares, &taken, "parts", cx) {
            part_of[i] = Some(part);
        }
        if let Some(fold) = self.fold {
            part_of.iter_mut().flatten().for_each(|part| *part = if *part == fold as usize { TEST } else { TRAIN });
            if let Some(validation) = self.validation {
                let others = (0..groups.len()).filter(|i| part_of[*i] == Some(TRAIN)).collect();
                // Train and validation are the first two parts.
                for (i, part) in self.deal(&groups, others, &Shares::of(&[1.0 - *validation, *validation]), &[0, 0], "validation", cx) {
                    part_of[i] = Some(part);
                }
            }
        }
        self.outputs(&groups, &part_of, cx)
    }
}

/// Parts that miss their share of the images by more than this are warned of.
const FAR: f64 = 0.1;

impl Split {
    /// Assigns some of the groups to parts, stratum by stratum. `taken` counts the groups that the parts have already.
    fn deal(&self, groups: &[Group], members: Vec<usize>, shares: &Shares, taken: &[usize], stream: &str, cx: &Context) -> Vec<(usize, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        groups.iter().flat_map(|g| &g.rows).for_each(|row| *counts.entry(&row.label).or_default() += 1);
        let mut strata: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for i in members {
            let rarest = groups[i].labels().into_iter().min_by_key(|l| (counts[*l], *l)).expect("BUG: a group has images");
            strata.entry(if self.stratify == Stratify::Label { rarest } else { "" }).or_default().push(i);
        }
        let stream = cx.stream(stream);
        let mut sequence = shares.sequence(taken);
        let mut out = vec![];
        for (label, members) in strata {
            let priorities: Vec<(u64, &str)> = members.iter().map(|i| (stream.priority(groups[*i].key.as_bytes()), groups[*i].key.as_str())).collect();
            let parts = match self.assign {
                Assign::Threshold => priorities.iter().map(|p| shares.at(p.0)).collect(),
                Assign::Counts => {
                    if let Some(folds) = self.folds.filter(|n| shares.len() == **n as usize && members.len() < shares.len() && self.stratify == Stratify::Label)
                    {
                        cx.warn(format!(
                            "label `{label}` has {}, fewer than the {} folds: some folds contain none",
                            counted(members.len(), "patient", "patients"),
                            *folds
                        ));
                    }
                    deal::cut(&priorities, &sequence.take(members.len()))
                }
            };
            out.extend(members.into_iter().zip(parts));
        }
        out
    }

    /// Warns if few patients with many images lead to parts whose sizes differ from their shares.
    fn remark_shares(&self, parts: &[&Samples; 3], patients: usize, cx: &Context) {
        let all = parts.iter().map(|p| p.rows.len()).sum::<usize>() as f64;
        let wanted: f64 = self.shares().iter().sum();
        if self.folds.is_some() || self.keep.is_some() || all == 0.0 {
            return;
        }
        let far = |(part, (samples, share)): (&&str, (&&Samples, f64))| {
            let (actual, expected) = (samples.rows.len() as f64 / all, share / wanted);
            ((actual - expected).abs() > FAR).then(|| format!("`{part}` has {:.0} % of the images instead of {:.0} %", actual * 100.0, expected * 100.0))
        };
        let far: Vec<String> = PARTS.iter().zip(parts.iter().zip(self.shares())).filter_map(far).collect();
        if !far.is_empty() && self.by == By::Patient {
            let whose = counted(patients, "patient has", "patients have");
            cx.warn(format!("{}: {whose} {}, and all images of a patient stay together", far.join(", "), counted(all as u64, "image", "images")));
        }
    }

    fn outputs(&self, groups: &[Group], part_of: &[Option<usize>], cx: &Context) -> Result<Outputs> {
        let mut parts: [Vec<Sample>; 3] = Default::default();
        for (group, part) in groups.iter().zip(part_of) {
            let part = part.expect("BUG: every group is in a part, if only in the remainder");
            if let Some(rows) = parts.get_mut(part) {
                rows.extend(group.rows.iter().map(|s| (*s).clone()));
            }
        }
        let [train, validation, test] = parts.map(Samples::of);
        for (part, samples) in PARTS.iter().zip([&train, &validation, &test]) {
            if self.fills(part) && samples.rows.is_empty() {
                return Err(Error::helped(
                    format!("the part `{part}` would be empty"),
                    format!(
                        "give it a larger share, or import more patients: there {} in all",
                        if groups.len() == 1 { "is 1".to_owned() } else { format!("are {}", groups.len()) }
                    ),
                ));
            }
        }
        self.remark_shares(&[&train, &validation, &test], groups.len(), cx);
        Ok(Outputs { train, validation: self.fills("validation").then_some(validation), test: self.fills("test").then_some(test) })
    }
}
