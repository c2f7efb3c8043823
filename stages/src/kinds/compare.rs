//! Compares the arms of a study on one test set or several, patient by patient, and answers by a fixed rule.
//!
//! Cells that differ in `repeat` are trainings of one arm, those that differ in `fold` are pooled, or are trainings too if they are
//! tested on the same images. An arm is compared with the one
//! that `against` names, within all other axes. Which interval and which test are used is in `docs/statistics.md`.

mod answers;
mod folds;
mod measures;
mod overall;
mod pairs;
mod reference;
mod tables;
mod test_set;

use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceFiles, SourceKind};
use crate::data::figure::FigureFiles;
use crate::evaluation::METRICS;
use crate::evaluation::arms::{Arm, Partner, arms, is_fold, partner, variants};
use crate::evaluation::metric::{Measure, measures};
use crate::figures;
use crate::published::PublishedTable;
use crate::records::{Answer, ArmRow, Compared, OverallRow, ReferenceRow, Scores, Table};
use std::collections::{BTreeMap, BTreeSet};
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
        /// Whether three arms or more differ at all in a share of images.
        overall: Table<OverallRow> [influenced scores],
        /// Published numbers beside those of the study.
        reference: Table<ReferenceRow> [influenced scores],
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
    /// A published table whose numbers stand beside those of the study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Draws of the test that swaps arms, and resamples of bootstrap intervals.
    #[serde(default = "default_resamples")]
    pub resamples: Whole<100, 1_000_000>,
}

/// How p values are adjusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Adjust {
    /// Holm: the probability of any wrong finding on a metric and a test set stays below 5 %.
    #[default]
    Holm,
    /// Benjamini and Hochberg: of the findings, 5 % are wrong on average.
    BenjaminiHochberg,
    /// Not at all.
    None,
}

pub use crate::evaluation::difference::TestChoice;
pub use crate::evaluation::estimate::Intervals;
pub use reference::Reference;

fn auroc() -> String {
    "auroc".into()
}

fn default_resamples() -> Whole<100, 1_000_000> {
    Whole::of(2000)
}

impl Stage for Compare {
    const NAME: &'static str = "compare";
    const VERSION: u32 = 9;
    const NEEDS: Needs = Needs::Heavy;
    const DETERMINISM: Determinism = Determinism::Bitwise;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let repeat = BadParameter::unless(!self.against.contains_key("repeat"), "against.repeat", "repeats of an arm are averaged and cannot be named");
        let fold = BadParameter::unless(!self.against.keys().any(|axis| is_fold(axis)), "against", "folds of an arm are pooled and cannot be named");
        let published: BTreeSet<String> = self.reference.iter().flat_map(|r| r.all_columns().map(|(metric, _)| metric.clone())).collect();
        let names_columns = self.reference.is_none() || !published.is_empty();
        let names = [
            measures::check("metric", [self.metric.clone()]),
            measures::check("show", self.show.iter().cloned()),
            BadParameter::repeated(&self.show, "show"),
            measures::check("reference.columns", published),
            BadParameter::unless(names_columns, "reference", "names no column: give `columns`, here or in each of `rows`"),
        ];
        let margin = self.margin.map_or(vec![], |margin| {
            let name = self.metric.split('/').next().unwrap_or_default();
            let widest = METRICS.iter().filter(|m| m.name == name).map(|m| m.range.1 - m.range.0).fold(0.0, f64::max);
            BadParameter::unless(widest == 0.0 || *margin < widest, "margin", "no difference of this metric is larger than the margin")
        });
        [repeat, fold, names.concat(), margin].concat()
    }

    fn sources(&self) -> Vec<Source> {
        let of = |r: &Reference| Source { parameter: Reference::PAPER.into(), path: r.paper.clone(), what: SourceKind::File, help: None };
        self.reference.iter().map(of).collect()
    }

    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        self.reference.as_ref()?.in_paper(&files.read(Reference::PAPER)?).err()
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let makers = makers("scores");
        let unpaired = || if self.against.is_empty() { None } else { pairs::unpaired(&makers, upstream, &self.against) };
        let positive = || pairs::other_positive(&makers, upstream);
        let no_folds = || pairs::no_folds(&makers, upstream).filter(|_| self.test == TestChoice::NadeauBengio);
        let no_class = || pairs::no_class(&self.metric, &makers, upstream).filter(|_| !self.against.is_empty());
        let all = || arms(makers.iter().map(|m| upstream.name(*m)));
        let no_arm = || self.reference.as_ref().and_then(|r| r.unknown_arms(all().iter().map(|a| a.name.as_str())));
        pairs::bad_folds(&makers, upstream).or_else(positive).or_else(unpaired).or_else(no_folds).or_else(no_class).or_else(no_arm).into_iter().collect()
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
        for name in test_set::join_copies(&mut arms, scores) {
            cx.warn(format!("trainings of `{name}` predict the same on every image: they are counted once"));
        }
        let published = self.published(cx);
        self.check_variants(&arms, cx);
        let mut out = Outputs {
            table: Table::default(),
            answers: Table::default(),
            arms: Table::default(),
            overall: Table::default(),
            reference: Table::default(),
            figures: FigureFiles::default(),
        };
        let mut sets: Vec<&str> = vec![];
        arms.iter().for_each(|a| {
            if !sets.contains(&a.set.as_str()) {
                sets.push(&a.set)
            }
        });
        for set in sets {
            let of_set: Vec<usize> = (0..arms.len()).filter(|at| arms[*at].set == set).collect();
            // Arms that are not compared need no test set in common.
            let groups: Vec<Vec<usize>> = if self.against.is_empty() { of_set.iter().map(|at| vec![*at]).collect() } else { vec![of_set] };
            for group in groups {
                self.one_set(&arms, &group, scores, published.as_ref(), &mut out, cx)?;
            }
        }
        if published.is_some() {
            reference::nothing_beside(&out.reference.rows, &out.table.rows).into_iter().for_each(|warning| cx.warn(warning));
        }
        reference::impossible(&out.reference.rows).into_iter().for_each(|warning| cx.warn(warning));
        reference::note(&out.reference.rows).into_iter().for_each(|note| cx.note(note));
        test_set::equal_arms(&arms, scores).into_iter().for_each(|note| cx.warn(note));
        out.figures = figures::of_comparison(&out.table)?;
        Ok(out)
    }
}

impl Compare {
    /// What answers, of these classes; none where there is no such class, or the metric has a value for each and nothing says of which.
    pub fn answering(&self, classes: &[String], positive: Option<usize>) -> Option<Measure> {
        let all = measures(METRICS, classes.len());
        let [at] = measures::places(&self.metric, &all, classes, positive).ok()?[..] else { return None };
        Some(all[at])
    }

    /// The published table. Trainings are not lost for one that does not read: it is said, and there is none.
    fn published(&self, cx: &Context) -> Option<PublishedTable> {
        match self.reference.as_ref()?.open(cx) {
            Ok(table) => Some(table),
            Err(why) => {
                cx.warn(why.to_string());
                None
            }
        }
    }

    /// Says where an arm was trained in more variants than another: the best of more is better by chance.
    fn check_variants(&self, arms: &[Arm], cx: &Context) {
        let variants = variants(arms, &self.against);
        let (least, most) = (variants.iter().min_by_key(|v| v.1), variants.iter().max_by_key(|v| v.1));
        if let (Some((fewer, least)), Some((more, most))) = (least, most)
            && least != most
        {
            cx.warn(format!(
                "`{more}` was trained in {most} variants and `{fewer}` in {least}: the best of more is better by chance, so compare them one by one"
            ));
        }
    }

    /// Says where the test that the study names cannot be made, and t is.
    fn check_test(&self, test: &TestSet, sides: &[Side], cx: &Context) {
        let is_mcnemar = matches!(self.test, TestChoice::McnemarExact | TestChoice::McnemarMidP);
        let several = sides.iter().any(|s| s.tested.len() > 1);
        let why = match self.test {
            TestChoice::NadeauBengio if sides.iter().any(|s| s.folds.is_none()) => "the folds are tested on the same images",
            TestChoice::Durkalski if several => "it is a test of single trainings",
            _ if is_mcnemar && several => "it is a test of single trainings",
            _ if is_mcnemar && test.patients.count() < test.labels.len() => "some patients have several images, for which there is `durkalski`",
            _ => return,
        };
        cx.warn(format!("the test that `test` names is not made, since {why}: p values are by Student's t where `test` of the table says `t`"));
    }

    /// Compares the arms of one test set.
    fn one_set(
        &self,
        arms: &[Arm],
        of_set: &[usize],
        scores: &[Gathered<Scores>],
        published: Option<&PublishedTable>,
        out: &mut Outputs,
        cx: &Context,
    ) -> Result<()> {
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
            // Folds that are tested on the same images are trainings by now.
            let folds = if self.test == TestChoice::NadeauBengio { folds::values(&arms[*at].trainings, scores)? } else { None };
            sides.push(Side { arm: &arms[*at], tested: test.tested(&arms[*at], scores)?, against, folds });
            cx.progress(n + 1, of_set.len(), "arm", &[])?;
        }
        tables::check_repeats(&sides, cx);
        self.check_test(&test, &sides, cx);
        let rows = self.rows(&test, &sides)?;
        out.answers.rows.extend(self.answers(&test, &sides, &rows, scores)?);
        if let (Some(reference), Some(table)) = (&self.reference, published) {
            out.reference.rows.extend(reference.beside(table, &test, sides[0].tested[0].measures(), &rows)?);
        }
        out.overall.rows.extend(overall::overall(&test, &sides));
        out.table.rows.extend(rows.into_iter().flatten());
        out.arms.rows.extend(tables::arms(&test, &sides, scores, cx));
        Ok(())
    }
}
