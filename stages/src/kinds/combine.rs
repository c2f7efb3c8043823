//! Joins tables of images, and takes part of them: some labels, a number of each, or each several times. Independent of where the
//! images come from.

use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::data::sample::{Sample, Samples};
use crate::words::{counted, there_are};
use std::collections::{BTreeMap, BTreeSet};

ports! {
    inputs {
        /// Images of one table or several.
        samples: Vec<Samples>,
    }
    outputs {
        /// The images that are taken.
        samples: Samples [contains samples],
        /// The others, of the labels in `take`.
        rest: Samples [contains samples],
    }
}

/// Joins tables of images; keeps some labels, draws a number of each, or repeats them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Combine {
    /// The labels to keep; all by default.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// How many images of a label are drawn, at random and without replacement; all by default. The output `rest` has the others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub take: BTreeMap<String, Whole<1, 10_000_000>>,
    /// How often each image of a label is in the table; once by default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<String, Whole<1, 1000>>,
}

impl Stage for Combine {
    const NAME: &'static str = "combine";
    const VERSION: u32 = 1;
    const SEEDED: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let kept = |label: &String| self.labels.is_empty() || self.labels.contains(label);
        let unkept = |name: &'static str, labels: Vec<&String>| {
            let not = labels.into_iter().find(|label| !kept(label));
            not.map(|label| BadParameter { path: vec![name.into(), label.clone()], what: Fault::Value(format!("`labels` does not keep `{label}`")) })
        };
        [unkept("take", self.take.keys().collect()), unkept("times", self.times.keys().collect())].into_iter().flatten().collect()
    }

    fn takes(&self, _: &str) -> Takes {
        match (self.take.is_empty(), self.labels.is_empty()) {
            (false, _) => Takes::Any,
            (true, true) => Takes::All,
            (true, false) => Takes::Labels(self.labels.iter().cloned().collect()),
        }
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let mut rows: Vec<Sample> = inputs.samples.into_iter().flat_map(|s| s.rows).collect();
        let known: BTreeSet<String> = rows.iter().map(|r| r.label.clone()).collect();
        if let Some(label) = self.labels.iter().chain(self.take.keys()).chain(self.times.keys()).find(|label| !known.contains(*label)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(Error::helped(format!("no image has the label `{label}`"), format!("the labels are: {}", known.join(", "))));
        }
        rows.retain(|row| self.labels.is_empty() || self.labels.contains(&row.label));
        let stream = cx.stream("take");
        let mut rest = vec![];
        for (label, wanted) in &self.take {
            let mut of_label: Vec<Sample> = rows.extract_if(.., |row| row.label == *label).collect();
            let (wanted, found) = (**wanted as usize, of_label.len());
            if found < wanted {
                return Err(Error::helped(
                    format!("`take` asks for {} of `{label}`, but {}", counted(wanted, "image", "images"), there_are(found)),
                    "ask for fewer, or bind more",
                ));
            }
            of_label.sort_by_key(|row| row.priority(&stream));
            rest.extend(of_label.split_off(wanted));
            rows.extend(of_label);
        }
        let times = |row: &Sample| self.times.get(&row.label).map_or(1, |n| **n as usize);
        let rows = rows.into_iter().flat_map(|row| std::iter::repeat_n(row.clone(), times(&row))).collect();
        Ok(Outputs { samples: Samples::of(rows), rest: Samples::of(rest) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::counts;
    use crate::data::sample::tests::sample;

    fn tables() -> Vec<Samples> {
        let of = |patient: &str, label: &str, n: u32| Samples::of((0..n).map(|i| sample(patient, i, label)).collect());
        vec![of("p1", "normal", 6), of("p2", "covid", 4), of("p3", "pneumonia", 2)]
    }

    fn made(parameters: serde_json::Value) -> Result<Outputs> {
        let stage: Combine = serde_json::from_value(parameters).unwrap();
        stage.run(Inputs { samples: tables() }, &Context::for_tests(Combine::NAME).seeded(3))
    }

    #[test]
    fn labels_are_kept_drawn_and_repeated() {
        let out = made(serde_json::json!({ "labels": ["normal", "covid"], "take": { "normal": 4 }, "times": { "covid": 3 } })).unwrap();
        assert_eq!(counts(&out.samples.rows), BTreeMap::from([("covid".to_owned(), 12), ("normal".to_owned(), 4)]));
        assert_eq!(counts(&out.rest.rows), BTreeMap::from([("normal".to_owned(), 2)]));
        let taken: BTreeSet<_> = out.samples.rows.iter().map(|r| r.image).collect();
        assert!(out.rest.rows.iter().all(|r| !taken.contains(&r.image)) && taken.len() == 8);
        let all = made(serde_json::json!({})).unwrap();
        assert_eq!((all.samples.rows.len(), all.rest.rows.len()), (12, 0));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let said = |parameters| made(parameters).err().unwrap().to_string();
        assert_eq!(said(serde_json::json!({ "take": { "covid": 5 } })), "`take` asks for 5 images of `covid`, but there are 4");
        assert_eq!(said(serde_json::json!({ "labels": ["flu"] })), "no image has the label `flu`");
        let stage: Combine = serde_json::from_value(serde_json::json!({ "labels": ["covid"], "times": { "normal": 2 } })).unwrap();
        assert_eq!(stage.check().len(), 1);
    }
}
