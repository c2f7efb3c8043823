//! Splits samples into parts or folds, by patient.
//!
//! Two films of one person are not independent: by default no patient stands in two parts. Strata are the labels; a
//! patient with films of several labels counts under the rarest of them, and the receipt says how many there are.

use crate::contract::decode::Fault;
use crate::contract::prelude::*;
use crate::data::sample::{Sample, Samples};
use std::collections::BTreeMap;
use std::collections::HashMap;

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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// What must not be torn apart.
    #[serde(default)]
    pub by: By,
    /// Share of the training part.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub train: Option<f64>,
    /// Share of the validation part; no such part where not given.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub validation: Option<f64>,
    /// Share of the test part; no such part where not given.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub test: Option<f64>,
    /// Instead of shares: the number of folds. One fold is the test part, the others are the training part.
    #[serde(default)]
    pub folds: Option<u32>,
    /// Which fold is the test part, from 0; usually an axis of the matrix.
    #[serde(default)]
    pub fold: Option<u32>,
    /// Keeps the proportions of the labels equal in all parts.
    #[serde(default)]
    pub stratify: Stratify,
}

/// What must not be torn apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// All films of a patient go to one part.
    #[default]
    Patient,
    /// Images are dealt out one by one: patients may stand in two parts.
    Image,
}

/// Whether proportions are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stratify {
    /// Equal proportions of labels.
    #[default]
    Label,
    /// As it falls.
    None,
}

const PARTS: [&str; 3] = ["train", "validation", "test"];

impl Split {
    fn shares(&self) -> [f64; 3] {
        [self.train, self.validation, self.test].map(|s| s.unwrap_or(0.0))
    }
}

impl Stage for Split {
    const NAME: &'static str = "split";
    const VERSION: u32 = 2;
    const SEEDED: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let fault = |path: &str, why: String| vec![BadParameter { path: if path.is_empty() { vec![] } else { vec![path.into()] }, what: Fault::Value(why) }];
        let shares = self.shares();
        if let Some(folds) = self.folds {
            if let Some(given) = PARTS.iter().zip([self.train, self.validation, self.test]).find(|p| p.1.is_some()) {
                return fault(given.0, "shares and `folds` exclude each other".into());
            }
            return match self.fold {
                _ if folds < 2 => fault("folds", "at least 2 folds are needed".into()),
                None => fault("folds", "`fold` must say which fold is the test part".into()),
                Some(fold) if fold >= folds => fault("fold", format!("folds are numbered 0 to {}", folds - 1)),
                Some(_) => vec![],
            };
        }
        for (part, share) in PARTS.iter().zip(shares) {
            if !(0.0..=1.0).contains(&share) {
                return fault(part, "a share lies between 0 and 1".into());
            }
        }
        let sum: f64 = shares.iter().sum();
        if shares[0] == 0.0 {
            return fault("", "`train` must be given, or `folds` and `fold`".into());
        }
        // A share of 0.8001 beside 0.2 is a rounding, not a mistake.
        if sum > 1.001 { fault("", format!("the shares sum to {sum}, more than 1")) } else { vec![] }
    }

    fn fills(&self, port: &str) -> bool {
        match port {
            "train" => true,
            "test" => self.folds.is_some() || self.test.is_some(),
            _ => self.validation.is_some(),
        }
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let groups = groups(&inputs.samples, self.by);
        let mut strata: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
        let counts = inputs.samples.counts();
        let mixed = groups.iter().filter(|g| g.labels().len() > 1).count();
        if mixed > 0 {
            cx.note(format!("{mixed} patients have films under several labels; each is kept whole and counts under the rarest of them"));
        }
        for group in &groups {
            let rarest = group.labels().into_iter().min_by_key(|l| (counts[*l], *l)).expect("BUG: a group has films");
            strata.entry(if self.stratify == Stratify::Label { rarest } else { "" }).or_default().push(group);
        }
        let mut parts: [Vec<Sample>; 3] = Default::default();
        for (label, mut groups) in strata {
            cx.stream(&format!("shuffle {label}")).shuffle(&mut groups);
            for (group, part) in groups.iter().zip(self.deal(groups.len(), label)?) {
                if let Some(part) = part {
                    parts[part].extend(group.films.iter().map(|s| (*s).clone()));
                }
            }
        }
        let [train, validation, test] = parts.map(Samples::of);
        for (part, samples) in PARTS.iter().zip([&train, &validation, &test]) {
            if self.fills(part) && samples.rows.is_empty() {
                return Err(Error::helped(format!("the part `{part}` would be empty"), "give it a larger share, or import more films"));
            }
        }
        Ok(Outputs { train, validation: self.fills("validation").then_some(validation), test: self.fills("test").then_some(test) })
    }
}

impl Split {
    /// The part of each of `n` shuffled groups: cumulative shares rounded to the nearest, so that 0.8 and 0.8001 of ten are both eight.
    fn deal(&self, n: usize, label: &str) -> Result<Vec<Option<usize>>> {
        if let (Some(folds), Some(fold)) = (self.folds, self.fold) {
            if n < folds as usize {
                return Err(Error::data(format!("label `{label}` has {n} patients, fewer than the {folds} folds")));
            }
            return Ok((0..n).map(|i| Some(if i % folds as usize == fold as usize { 2 } else { 0 })).collect());
        }
        let mut out = vec![None; n];
        let (mut from, mut share) = (0, 0.0);
        for (part, s) in self.shares().into_iter().enumerate() {
            share += s;
            let to = ((n as f64 * share).round() as usize).min(n);
            out[from..to.max(from)].fill(Some(part));
            from = to.max(from);
        }
        Ok(out)
    }
}

/// What is dealt out as one.
struct Group<'a> {
    films: Vec<&'a Sample>,
}

impl Group<'_> {
    fn labels(&self) -> std::collections::BTreeSet<&str> {
        self.films.iter().map(|s| s.label.as_str()).collect()
    }
}

/// Groups in table order, which is by pseudonym: a film whose bytes change does not move anybody.
fn groups(samples: &Samples, by: By) -> Vec<Group<'_>> {
    let mut out: Vec<Group> = vec![];
    // Translations stand behind all real films of a table, and belong to the patients of those.
    let mut known: HashMap<&str, usize> = HashMap::new();
    for row in &samples.rows {
        match known.get(row.patient.as_str()) {
            Some(group) if by == By::Patient && !row.patient.is_empty() => out[*group].films.push(row),
            _ => {
                known.insert(&row.patient, out.len());
                out.push(Group { films: vec![row] });
            }
        }
    }
    out
}
