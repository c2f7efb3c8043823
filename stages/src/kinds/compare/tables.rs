//! The tables of a comparison on one test set.

use super::folds::{self, FoldValues};
use super::test_set::TestSet;
use super::{Adjust, Compare, measures};
use crate::contract::prelude::*;
use crate::evaluation::arms::{Arm, common};
use crate::evaluation::difference::{Difference, TestChoice, difference, over_folds};
use crate::evaluation::estimate::{Estimate, estimates};
use crate::evaluation::metric::Measure;
use crate::evaluation::tested::Tested;
use crate::records::{ArmRow, Compared, Scores};
use crate::statistics::adjust::{benjamini_hochberg, holm};
use crate::words::counted;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// An arm with its trainings, and the position of the side that it is compared with.
pub(super) struct Side<'a> {
    pub(super) arm: &'a Arm,
    pub(super) tested: Vec<Tested>,
    pub(super) against: Option<usize>,
    /// Its metrics fold by fold, where they are asked for.
    pub(super) folds: Option<FoldValues>,
}

impl Compare {
    /// The rows of the table, by measure and side.
    pub(super) fn rows(&self, test: &TestSet, sides: &[Side]) -> Result<Vec<Vec<Compared>>> {
        let all = sides[0].tested[0].measures();
        let estimates: Vec<Vec<Estimate>> =
            sides.iter().map(|side| estimates(&side.tested, &test.patients, self.intervals, *self.resamples as usize)).collect();
        let named = |names: &[String]| names.iter().map(|n| measures::places(n, all, &test.classes, test.positive)).collect::<Result<Vec<_>>>();
        let answering = named(std::slice::from_ref(&self.metric))?.concat();
        let shown = named(&self.show)?.concat();
        let of = |at: usize| {
            let is_tested = answering.contains(&at) || shown.contains(&at);
            let mut rows = self.of_measure(test, sides, &estimates, at, is_tested.then_some(*self.resamples as usize));
            rows.iter_mut().for_each(|row| row.shown = (!self.show.is_empty()).then(|| shown.contains(&at)));
            rows
        };
        Ok((0..all.len()).into_par_iter().map(of).collect())
    }

    /// The rows of one measure. Those that answer or are shown are tested by swapping arms.
    fn of_measure(&self, test: &TestSet, sides: &[Side], estimates: &[Vec<Estimate>], at: usize, draws: Option<usize>) -> Vec<Compared> {
        let Measure { metric, class } = sides[0].tested[0].measures()[at];
        let differences: Vec<Option<Difference>> = sides.iter().map(|side| between(side, sides, at, test, self.test, draws)).collect();
        let p: Vec<f64> = differences.iter().map(|d| d.as_ref().and_then(|d| d.p).unwrap_or(f64::NAN)).collect();
        let adjusted = match self.adjust {
            Adjust::Holm => holm(&p),
            Adjust::BenjaminiHochberg => benjamini_hochberg(&p),
            Adjust::None => p,
        };
        let row = |(((side, found), d), adjusted): (((&Side, &Vec<Estimate>), &Option<Difference>), &f64)| {
            let found = &found[at];
            let limits = found.interval.as_ref().ok();
            let of = |f: fn(&Difference) -> Option<f64>| d.as_ref().and_then(f);
            Compared {
                set: side.arm.set.clone(),
                arm: side.arm.name.clone(),
                repeats: side.tested.len(),
                metric: metric.name.into(),
                class: class.map(|c| test.classes[c].clone()).unwrap_or_default(),
                value: found.value,
                low: limits.map(|i| i.low),
                high: limits.map(|i| i.high),
                difference: of(|d| Some(d.value)),
                difference_low: of(|d| d.interval.map(|i| i.0)),
                difference_high: of(|d| d.interval.map(|i| i.1)),
                against: side.against.map(|other| sides[other].arm.name.clone()).unwrap_or_default(),
                count: found.counts.map(|(hits, of)| format!("{hits}/{of}")).unwrap_or_default(),
                interval: found.interval.as_ref().map_or_else(Clone::clone, |i| i.method.to_owned()),
                p: of(|d| d.p),
                p_adjusted: Some(*adjusted).filter(|p| !p.is_nan()),
                test: d.as_ref().filter(|d| d.p.is_some()).map_or_else(String::new, |d| d.test.to_owned()),
                detectable: of(|d| d.detectable),
                shown: None,
            }
        };
        sides.iter().zip(estimates).zip(&differences).zip(&adjusted).map(row).collect()
    }
}

/// The difference of a side from the one that it is compared with, over the repeats that both have.
fn between(side: &Side, sides: &[Side], at: usize, test: &TestSet, choice: TestChoice, draws: Option<usize>) -> Option<Difference> {
    let other = &sides[side.against?];
    let pairs: Vec<(usize, usize)> = common(side.arm, other.arm);
    if let (TestChoice::NadeauBengio, Some(a), Some(b)) = (choice, &side.folds, &other.folds) {
        return folds::differences(a, b, &pairs, at).map(|found| over_folds(&found, side.tested[0].measures()[at].metric.range));
    }
    let (a, b): (Vec<&Tested>, Vec<&Tested>) = pairs.iter().map(|p| (&side.tested[p.0], &other.tested[p.1])).unzip();
    difference(&a, &b, at, &test.patients, choice, draws)
}

/// Says where arms have different repeats: only those that both have are compared.
pub(super) fn check_repeats(sides: &[Side], cx: &Context) {
    for (side, other) in sides.iter().filter_map(|s| Some((s, &sides[s.against?]))) {
        let (a, b, both) = (side.tested.len(), other.tested.len(), common(side.arm, other.arm).len());
        let is_paired = side.arm.trainings.iter().any(|t| other.arm.trainings.iter().any(|o| o.repeat == t.repeat));
        if !is_paired {
            cx.warn(format!("`{}` and `{}` have no `repeat` in common: their trainings are paired in their order", side.arm.name, other.arm.name));
        } else if both < a.max(b) {
            let times = |n: usize| counted(n, "time", "times");
            let what = "the difference is of the repeats that both have, and not that of the two means";
            cx.warn(format!(
                "`{}` was trained {} and `{}` {}, of which {}: {what}",
                side.arm.name,
                times(a),
                other.arm.name,
                times(b),
                counted(both, "goes together", "go together")
            ));
        }
    }
    if sides.iter().all(|s| s.tested.len() == 2) {
        cx.warn("each arm was trained twice: how much trainings differ is an estimate from two, so that intervals are very wide; `matrix: { repeat: [0, 1, 2] }` trains three times");
    }
    if sides.iter().all(|s| s.tested.len() == 1) && sides.iter().any(|s| s.against.is_some()) {
        cx.warn("each arm was trained once: differences are those of these trainings, and another one may give others; `matrix: { repeat: [0, 1, 2] }` trains three");
    }
}

/// What the trainings of an arm were trained on: means over its trainings and folds; none where some scores do not say.
struct Trained {
    steps: u64,
    /// By class: real images, synthetic images, patients.
    classes: BTreeMap<String, [u64; 3]>,
}

fn trained(arm: &Arm, scores: &[Gathered<Scores>]) -> Option<Trained> {
    let cells = arm.trainings.iter().flat_map(|t| &t.cells);
    let all = cells.map(|cell| scores[*cell].value.training.as_ref()).collect::<Option<Vec<_>>>()?;
    let mean = |sum: u64| (sum as f64 / all.len() as f64).round() as u64;
    let mut classes: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for class in all.iter().flat_map(|t| &t.classes) {
        let sums = classes.entry(class.class.clone()).or_default();
        [class.real, class.synthetic, class.patients].into_iter().zip(sums).for_each(|(n, sum)| *sum += n);
    }
    classes.values_mut().flatten().for_each(|sum| *sum = mean(*sum));
    Some(Trained { steps: mean(all.iter().map(|t| t.steps).sum()), classes })
}

/// True where some training of an arm had synthetic images.
pub(super) fn has_synthetic(arm: &Arm, scores: &[Gathered<Scores>]) -> Option<bool> {
    let of = |cell: &usize| scores[*cell].value.training.as_ref().map(|t| t.classes.iter().any(|c| c.synthetic > 0));
    arm.trainings.iter().flat_map(|t| &t.cells).map(of).reduce(|a, b| Some(a? || b?))?
}

/// What each arm was trained and tested on; says where arms had other numbers of steps.
pub(super) fn arms(test: &TestSet, sides: &[Side], scores: &[Gathered<Scores>], cx: &Context) -> Vec<ArmRow> {
    let mut out = vec![];
    let mut steps: Vec<(u64, &str)> = vec![];
    for side in sides {
        let trained = trained(side.arm, scores);
        // A network that keeps its initial weights, as features of trees, has no budget.
        steps.extend(trained.as_ref().filter(|t| t.steps > 0).map(|t| (t.steps, side.arm.name.as_str())));
        for (number, class) in test.classes.iter().enumerate() {
            let of = |at: usize| trained.as_ref().map(|t| t.classes.get(class).map_or(0, |c| c[at]));
            out.push(ArmRow {
                set: side.arm.set.clone(),
                arm: side.arm.name.clone(),
                trainings: side.tested.len(),
                steps: trained.as_ref().map(|t| t.steps),
                class: class.clone(),
                real: of(0),
                synthetic: of(1),
                training_patients: of(2),
                test_images: test.labels.iter().filter(|l| **l == number).count(),
                test_patients: test.patients.with(number),
            });
        }
    }
    if let (Some(least), Some(most)) = (steps.iter().min(), steps.iter().max())
        && least.0 != most.0
    {
        cx.warn(format!(
            "arms were trained for different numbers of steps, from {} (`{}`) to {} (`{}`): a difference may come from that; `steps` in place of `epochs` makes them equal",
            least.0, least.1, most.0, most.1
        ));
    }
    out
}
