//! Compares the arms of a study on one test set, image by image.
//!
//! Repeats of an arm are averaged. Intervals and differences come from one bootstrap over patients in which all arms
//! use the same resamples, so that differences are paired.

use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use crate::evaluation::bootstrap::{Clusters, LEVEL, percentile_interval};
use crate::evaluation::metric::{measure, measures};
use crate::evaluation::{METRICS, Predictions};
use crate::figures;
use crate::records::{Compared, Scores, Table};
use std::collections::BTreeMap;

ports! {
    inputs {
        /// The scores of all cells.
        scores: Vec<Gathered<Scores>>,
    }
    outputs {
        /// One row per arm and metric.
        table: Table<Compared> [influenced scores],
        /// Each metric of each arm with its interval.
        figures: FigureFiles [influenced scores],
    }
}

/// Compares arms on one test set, with paired differences from a reference arm.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The reference arm that the others are compared with, by its coordinates, such as `{ arm: real }`. Without it,
    /// there are no differences.
    #[serde(default)]
    pub against: BTreeMap<String, String>,
    /// Bootstrap resamples of the patients for the 95 % intervals.
    #[serde(default = "default_resamples")]
    pub resamples: Whole<100, 1_000_000>,
}

fn default_resamples() -> Whole<100, 1_000_000> {
    Whole::of(1000)
}

/// The scores of the repeats of one arm.
struct ArmScores {
    name: String,
    repeats: Vec<Predictions>,
}

impl ArmScores {
    /// The mean of each metric over the repeats; undefined if it is undefined in any of them.
    fn measure(&self, weights: &[f64]) -> Vec<Option<f64>> {
        let all: Vec<Vec<Option<f64>>> = self.repeats.iter().map(|p| measure(METRICS, p, weights)).collect();
        (0..all[0].len()).map(|i| all.iter().map(|m| m[i]).sum::<Option<f64>>().map(|s| s / all.len() as f64)).collect()
    }
}

impl Stage for Compare {
    const NAME: &'static str = "compare";
    const VERSION: u32 = 2;
    const NEEDS: Needs = Needs::Heavy;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::Bitwise;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        BadParameter::unless(!self.against.contains_key("repeat"), "against.repeat", "repeats of an arm are averaged and cannot be named")
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        // Folds have different test sets by design; any other difference is found once the tables exist.
        let fold_of = |evaluate: usize| {
            let splits = upstream.makers(evaluate, "samples").into_iter().filter(|m| upstream.kind(*m) == "split");
            splits.map(|m| (m, &upstream.parameters(m)["fold"])).find(|split| split.1.is_number())
        };
        let all: Vec<(usize, usize, &serde_json::Value)> =
            makers("scores").into_iter().filter_map(|m| fold_of(m).map(|(split, fold)| (m, split, fold))).collect();
        let Some((first, other)) = all.first().and_then(|first| Some((first, all.iter().find(|o| o.2 != first.2)?))) else { return vec![] };
        let coordinates = |split: usize| upstream.name(split).split('/').skip(1);
        let axis = coordinates(first.1).find(|c| !coordinates(other.1).any(|o| o == *c)).and_then(|c| c.split_once('=')).map(|c| c.0);
        let help = match axis.and_then(|axis| Some((axis, upstream.gathering_all_but("scores", axis)?))) {
            Some((axis, binding)) => format!("compare one fold at a time: gather every axis but `{axis}`, such as `{binding}`"),
            None => "compare results of one test set".into(),
        };
        let (first, other) = (upstream.name(first.0), upstream.name(other.0));
        let why = format!("`{first}` and `{other}` are tested on different folds, so that a paired comparison is not valid");
        vec![BadInput { port: "scores", why, help }]
    }

    fn named_cell(&self) -> Option<NamedCell<'_>> {
        Some(NamedCell { port: "scores", parameter: "against", coordinates: &self.against })
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let first = &inputs.scores.first().ok_or_else(|| Error::data("there are no scores to compare"))?.value;
        if let Some(other) = inputs.scores.iter().find(|s| s.value.purpose != first.purpose) {
            return Err(Error::helped(
                format!("`{}` and `{}` were evaluated for different purposes and are not comparable", inputs.scores[0].cell, other.cell),
                "compare evaluations of one `purpose` only",
            ));
        }
        first.purpose.mark().into_iter().for_each(|mark| cx.warn(mark));
        let same = |s: &Scores| {
            s.classes == first.classes
                && s.predictions.len() == first.predictions.len()
                && s.predictions.iter().zip(&first.predictions).all(|(a, b)| a.image == b.image && a.label == b.label)
        };
        if let Some(other) = inputs.scores.iter().find(|s| !same(&s.value)) {
            return Err(Error::helped(
                format!("`{}` and `{}` were tested on different images, so that a paired comparison is not valid", inputs.scores[0].cell, other.cell),
                "evaluate all arms on one test set, or gather one fold at a time",
            ));
        }
        let mut arms = arms(&inputs.scores);
        let mut against = self.against(&arms)?;
        if let Some(at) = against {
            // The reference arm comes first.
            arms[..=at].rotate_right(1);
            against = Some(0);
        }
        let clusters = Clusters::of(&first.predictions.iter().map(|p| p.patient.clone()).collect::<Vec<_>>());
        let ones = vec![1.0; first.predictions.len()];
        let values: Vec<Vec<Option<f64>>> = arms.iter().map(|a| a.measure(&ones)).collect();
        let mut stream = cx.stream("bootstrap");
        let mut resampled: Vec<Vec<Vec<Option<f64>>>> = vec![];
        for n in 0..*self.resamples as usize {
            let weights = clusters.resample(&mut stream);
            resampled.push(arms.iter().map(|a| a.measure(&weights)).collect());
            if n % 50 == 49 {
                cx.progress(n + 1, *self.resamples as usize, "resample", &[])?;
            }
        }
        let interval = |of: &dyn Fn(&Vec<Vec<Option<f64>>>) -> Option<f64>| percentile_interval(&resampled.iter().map(of).collect::<Vec<_>>(), LEVEL);
        let minus = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
        let mut table = Table::default();
        for (m, of) in measures(METRICS, first.classes.len()).iter().enumerate() {
            let (name, class) = (of.metric.name, of.class.map(|c| first.classes[c].clone()).unwrap_or_default());
            for (a, arm) in arms.iter().enumerate() {
                let value = values[a][m];
                let own = value.and_then(|_| interval(&|r| r[a][m]));
                let difference = against.filter(|b| *b != a).map(|b| (minus(value, values[b][m]), interval(&|r| minus(r[a][m], r[b][m]))));
                table.rows.push(Compared {
                    arm: arm.name.clone(),
                    repeats: arm.repeats.len(),
                    metric: name.into(),
                    class: class.clone(),
                    value,
                    low: own.map(|i| i.0),
                    high: own.map(|i| i.1),
                    difference: difference.and_then(|d| d.0),
                    difference_low: difference.and_then(|d| d.1).map(|i| i.0),
                    difference_high: difference.and_then(|d| d.1).map(|i| i.1),
                });
            }
        }
        let figures = figures::of_comparison(&table)?;
        Ok(Outputs { table, figures })
    }
}

impl Compare {
    fn against(&self, arms: &[ArmScores]) -> Result<Option<usize>> {
        if self.against.is_empty() {
            return Ok(None);
        }
        let wanted: Vec<String> = self.against.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        let found = arms.iter().position(|a| wanted.iter().all(|w| a.name.split('/').any(|part| part == w)));
        let names: Vec<&str> = arms.iter().map(|a| a.name.as_str()).collect();
        found.map(Some).ok_or_else(|| Error::helped(format!("there is no arm `{}`", wanted.join("/")), format!("the arms are: {}", names.join(", "))))
    }
}

/// Cells that differ only in `repeat` are one arm.
fn arms(scores: &[Gathered<Scores>]) -> Vec<ArmScores> {
    let mut arms: Vec<ArmScores> = vec![];
    for s in scores {
        let parts: Vec<&str> = s.cell.split('/').filter(|p| !p.starts_with("repeat=") && !p.is_empty()).collect();
        let name = if parts.is_empty() { "all".to_owned() } else { parts.join("/") };
        let predictions = s.value.predictions();
        match arms.iter_mut().find(|a| a.name == name) {
            Some(arm) => arm.repeats.push(predictions),
            None => arms.push(ArmScores { name, repeats: vec![predictions] }),
        }
    }
    arms
}
