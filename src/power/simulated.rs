//! One simulated study: predictions of both arms, and what `compare` says of their difference. The same functions answer as in a
//! study; only swaps of arms are drawn no longer than it takes to know on which side of 5 % their p value is.

use super::assumed::Assumed;
use super::curve::sign;
use super::design::{Design, Training};
use super::networks::Seen;
use super::{Effort, Share};
use hilum_stages::evaluation::Predictions;
use hilum_stages::evaluation::conclusion::{ALPHA, Conclusion};
use hilum_stages::evaluation::difference::{Difference, OverFolds, TestChoice, difference_by, over_folds};
use hilum_stages::evaluation::metric::{measure, rows_of};
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::tested::Tested;
use hilum_stages::kinds::compare::Adjust;
use hilum_stages::statistics::paired::permutation::Ways;
use hilum_stages::statistics::special::binomial_at_most;
use rayon::prelude::*;

/// Draws of the first look at a p value; more where it is not clear.
const FIRST_DRAWS: usize = 199;
/// Patients up to whose number every swap is tried: of a few more, draws tell the same in less time.
const EXACT: usize = 8;
/// A p value is on one side of a threshold if on the other side, what was drawn would be less likely than this.
const UNLIKELY: f64 = 0.002;

/// What a study says of an arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Said {
    pub(super) conclusion: Conclusion,
    /// False where `compare` gives no interval of the difference.
    pub(super) has_interval: bool,
}

/// Studies of a design.
pub(super) struct Studies<'a> {
    design: &'a Design,
    assumed: &'a Assumed,
    effort: Effort,
    patients: Patients,
    at: usize,
}

impl<'a> Studies<'a> {
    pub(super) fn new(design: &'a Design, assumed: &'a Assumed, effort: Effort) -> Studies<'a> {
        let patients = Patients::of(&design.tokens, &design.labels, design.classes.len());
        Studies { design, assumed, effort, patients, at: design.place() }
    }

    pub(super) fn patients(&self) -> &Patients {
        &self.patients
    }

    /// What studies say whose classes are so far apart for the arm and for the one it is compared with. Study k has the same random
    /// numbers whatever the distances are, so that shares rise with them.
    pub(super) fn say(&self, distances: [f64; 2]) -> Vec<Said> {
        (0..self.effort.simulations).into_par_iter().map(|k| self.one(k, distances)).collect()
    }

    /// The share of studies of which something is so.
    pub(super) fn share(said: &[Said], is_so: impl Fn(&Said) -> bool) -> Share {
        Share { found: said.iter().filter(|s| is_so(s)).count(), of: said.len() }
    }

    /// The predictions of a study, by arm and training.
    pub(super) fn predictions(&self, k: usize, distances: [f64; 2]) -> [Vec<Predictions>; 2] {
        let mut s = self.effort.seed.stream("power", "study").item(k as u64);
        let seen = Seen::new(self.design, self.assumed, self.patients.of_image(), &mut s);
        distances.map(|distance| seen.arm(distance, &mut s))
    }

    pub(super) fn one(&self, k: usize, distances: [f64; 2]) -> Said {
        let [arm, other] = self.predictions(k, distances);
        let Some(found) = self.difference(arm, other) else { return Said { conclusion: Conclusion::CannotTell, has_interval: false } };
        let direction = self.design.measure.metric.direction;
        let better = |(low, high): (f64, f64)| if sign(direction) < 0.0 { (-high, -low) } else { (low, high) };
        // The other arms are as good as the one they are compared with, so that this one's p value is the smallest wherever it counts.
        let adjusted = found.p.map(|p| (p * self.family()).min(1.0));
        Said { conclusion: Conclusion::of(found.interval.map(better), adjusted, self.design.margin), has_interval: found.interval.is_some() }
    }

    /// By how much the p value of the one arm that differs is multiplied.
    fn family(&self) -> f64 {
        if self.design.adjust == Adjust::None { 1.0 } else { self.design.family as f64 }
    }

    fn difference(&self, arm: Vec<Predictions>, other: Vec<Predictions>) -> Option<Difference> {
        let design = self.design;
        let rows = rows_of(design.measure.metric.name);
        let has_folds = design.trainings.iter().all(|t| t.folds() > 1);
        if design.test == TestChoice::NadeauBengio && has_folds {
            return fold_by_fold(&arm, &other, &design.trainings, self.at, design).map(|f| over_folds(&f, design.measure.metric.range));
        }
        let tested = |all: Vec<Predictions>| all.into_iter().map(|p| Tested::of(rows, p, &self.patients)).collect::<Vec<_>>();
        let (arm, other) = (tested(arm), tested(other));
        let (arm, other): (Vec<&Tested>, Vec<&Tested>) = (arm.iter().collect(), other.iter().collect());
        let mut draws = FIRST_DRAWS.min(design.draws);
        loop {
            let ways = Ways { draws, exact: EXACT };
            let found = difference_by(&arm, &other, self.at, &self.patients, design.test, Some(ways))?;
            let is_drawn = found.test == "permutation of patients" && self.patients.count() > EXACT;
            if !is_drawn || draws >= design.draws || found.p.is_none_or(|p| is_clear(p, draws, ALPHA / self.family())) {
                return Some(found);
            }
            // Among many arms, it takes as many times more draws before a small p value is clear.
            draws = (4 * draws).max(FIRST_DRAWS * design.family).min(design.draws);
        }
    }
}

/// Whether more draws would leave a p value on its side of the threshold.
fn is_clear(p: f64, draws: usize, threshold: f64) -> bool {
    let extreme = (p * (draws + 1) as f64).round() as u64 - 1;
    let at_most = binomial_at_most(extreme, draws as u64, threshold);
    let at_least = if extreme == 0 { 1.0 } else { 1.0 - binomial_at_most(extreme - 1, draws as u64, threshold) };
    at_most.min(at_least) < UNLIKELY
}

/// Differences fold by fold, each the mean over trainings.
fn fold_by_fold(arm: &[Predictions], other: &[Predictions], trainings: &[Training], at: usize, design: &Design) -> Option<OverFolds> {
    let rows = rows_of(design.measure.metric.name);
    let mut out = OverFolds { differences: vec![], trained: 0, tested: 0 };
    for fold in 0..trainings[0].folds() {
        let value = |predictions: &Predictions, training: &Training| {
            let images: Vec<usize> = (0..training.fold.len()).filter(|i| training.fold[*i] == fold).collect();
            measure(rows, &predictions.part(&images), &vec![1.0; images.len()])[at]
        };
        let one = |k: usize| Some(value(&arm[k], &trainings[k])? - value(&other[k], &trainings[k])?);
        let differences = (0..trainings.len()).map(one).collect::<Option<Vec<f64>>>()?;
        out.differences.push(differences.iter().sum::<f64>() / differences.len() as f64);
        out.trained += trainings[0].trained[fold];
        out.tested += trainings[0].fold.iter().filter(|f| **f == fold).count();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p_value_is_clear_once_no_more_draws_would_carry_it_across() {
        assert!(is_clear(0.005, 199, 0.05) && is_clear(0.4, 199, 0.05));
        assert!(!is_clear(0.05, 199, 0.05) && !is_clear(0.03, 199, 0.05) && !is_clear(0.09, 199, 0.05));
        assert!(!is_clear(0.005, 199, 0.005), "199 draws cannot show a p value below 0.005");
    }
}
