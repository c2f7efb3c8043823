//! Compares the arms of a study on one test set or several, patient by patient, and answers by a fixed rule.
//!
//! Cells that differ in `repeat` are trainings of one arm, those that differ in `fold` are pooled, or are trainings too if they are
//! tested on the same images. An arm is compared with the one
//! that `against` names, within all other axes. Which interval and which test are used is in `docs/statistics.md`.

mod answers;
mod measures;
mod pairs;
mod tables;
mod test_set;

use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use crate::evaluation::arms::{Arm, Partner, arms, partner};
use crate::figures;
use crate::records::{Answer, ArmRow, Compared, Scores, Table};
use std::collections::BTreeMap;
use tables::Side;
use test_set::TestSet;

ports! {
    inputs {
        /// The scores of all cells, of one evaluation or of several.
        scores: Vec<Gathered<Scores>>,
    }
    outputs {
        /// One row per arm and metric.
        table: Table<Compared> [influenced scores],
        /// One sentence per arm that is compared with another.
        answers: Table<Answer> [influenced scores],
        /// What each arm was trained and tested on.
        arms: Table<ArmRow> [influenced scores],
        /// Each metric of each arm with its interval.
        figures: FigureFiles [influenced scores],
    }
}

/// Compares arms on one test set or several, with paired differences from a reference arm, and says what they show.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The reference arm that the others are compared with, by the coordinates in which it differs, such as `{ arm: real }`. Arms are
    /// paired within all other axes. Without it, there are no differences.
    #[serde(default)]
    pub against: BTreeMap<String, String>,
    /// The metric that answers: `auroc`, or `sensitivity/covid` for a class.
    #[serde(default = "auroc")]
    pub metric: String,
    /// The metrics that are shown on the terminal and in the figure, named as `metric` is; a few by default. The table has all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<String>,
    /// Differences of the metric up to this do not matter: an interval inside it is no relevant difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Positive>,
    /// How differences are tested.
    #[serde(default, skip_serializing_if = "TestChoice::is_auto")]
    pub test: TestChoice,
    /// How p values are adjusted for the number of arms.
    #[serde(default)]
    pub adjust: Adjust,
    /// How intervals of values are computed; those of differences are by Student's t.
    #[serde(default, skip_serializing_if = "Intervals::is_auto")]
    pub intervals: Intervals,
    /// Draws of the test that swaps arms, and resamples of bootstrap intervals.
    #[serde(default = "default_resamples")]
    pub resamples: Whole<100, 1_000_000>,
}

/// How p values are adjusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Adjust {
    /// Holm: the probability of any wrong finding stays below 5 %.
    #[default]
    Holm,
    /// Benjamini and Hochberg: of the findings, 5 % are wrong on average.
    BenjaminiHochberg,
    /// Not at all.
    None,
}

pub use crate::evaluation::difference::TestChoice;
pub use crate::evaluation::estimate::Intervals;

fn auroc() -> String {
    "auroc".into()
}

fn default_resamples() -> Whole<100, 1_000_000> {
    Whole::of(2000)
}

impl Stage for Compare {
    const NAME: &'static str = "compare";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Heavy;
    const DETERMINISM: Determinism = Determinism::Bitwise;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let repeat = BadParameter::unless(!self.against.contains_key("repeat"), "against.repeat", "repeats of an arm are averaged and cannot be named");
        let fold = BadParameter::unless(!self.against.contains_key("fold"), "against.fold", "folds of an arm are pooled and cannot be named");
        [repeat, fold, measures::check("metric", [self.metric.clone()]), measures::check("show", self.show.iter().cloned())].concat()
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let makers = makers("scores");
        let unpaired = || if self.against.is_empty() { None } else { pairs::unpaired(&makers, upstream, &self.against) };
        pairs::bad_folds(&makers, upstream).or_else(unpaired).into_iter().collect()
    }

    fn named_cell(&self) -> Option<NamedCell<'_>> {
        Some(NamedCell { port: "scores", parameter: "against", coordinates: &self.against })
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let scores = &inputs.scores;
        test_set::check_alike(scores)?;
        scores[0].value.purpose.mark().into_iter().for_each(|mark| cx.warn(mark));
        let mut arms = arms(scores.iter().map(|s| s.cell.as_str()));
        test_set::part_trainings(&mut arms, scores);
        let mut out = Outputs { table: Table::default(), answers: Table::default(), arms: Table::default(), figures: FigureFiles::default() };
        let mut sets: Vec<&str> = arms.iter().map(|a| a.set.as_str()).collect();
        sets.dedup();
        for set in sets {
            let of_set: Vec<usize> = (0..arms.len()).filter(|at| arms[*at].set == set).collect();
            self.one_set(&arms, &of_set, scores, &mut out, cx)?;
        }
        test_set::equal_arms(&arms, scores).into_iter().for_each(|note| cx.warn(note));
        out.figures = figures::of_comparison(&out.table)?;
        Ok(out)
    }
}

impl Compare {
    /// Compares the arms of one test set.
    fn one_set(&self, arms: &[Arm], of_set: &[usize], scores: &[Gathered<Scores>], out: &mut Outputs, cx: &Context) -> Result<()> {
        let test = TestSet::of(&arms[of_set[0]].trainings[0], scores)?;
        let mut sides: Vec<Side> = vec![];
        for (n, at) in of_set.iter().enumerate() {
            let against = match partner(arms, *at, &self.against) {
                _ if self.against.is_empty() => None,
                Partner::Itself => None,
                Partner::Arm(other) => of_set.iter().position(|o| *o == other),
                Partner::Missing(name) => {
                    return Err(Error::helped(
                        format!("`{}` has no arm `{name}` to be compared with", arms[*at].name),
                        "name in `against` the axes in which arms differ",
                    ));
                }
            };
            sides.push(Side { arm: &arms[*at], tested: test.tested(&arms[*at], scores)?, against });
            cx.progress(n + 1, of_set.len(), "arm", &[])?;
        }
        tables::check_repeats(&sides, cx);
        let rows = self.rows(&test, &sides)?;
        out.answers.rows.extend(self.answers(&test, &sides, &rows, scores)?);
        out.table.rows.extend(rows.into_iter().flatten());
        out.arms.rows.extend(tables::arms(&test, &sides, scores, cx));
        Ok(())
    }
}
