//! Cohen's kappa.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "kappa",
    scope: Scope::Whole(kappa),
    direction: Direction::HigherIsBetter,
    range: (-1.0, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Cohen's kappa, unweighted: how much labels and predicted classes agree beyond what their frequencies make agree by chance.",
    undefined_when: "all images are of one class and predicted to be of it",
    reference: "scikit-learn `cohen_kappa_score`; Cohen 1960",
};

fn kappa(seen: &Weighted) -> Option<f64> {
    let sum = |of: &dyn Fn(usize) -> f64| (0..seen.classes()).map(of).sum::<f64>();
    let (all, by_chance) = (seen.total(), sum(&|c| seen.actual(c) * seen.predicted(c)));
    share(all * sum(&|c| seen.hits(c)) - by_chance, all * all - by_chance)
}
