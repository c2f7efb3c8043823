//! Negative predictive value.

use super::{Basis, Direction, Metric, Proportion, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "npv",
    scope: Scope::PerClass(|seen, class| counts(seen, Some(class)).share()),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Proportion(counts),
    shown: Shown::InTables,
    doc: "Share of the images predicted to be of another class that are of another one (negative predictive value); it depends on how frequent the class is in the test set.",
    undefined_when: "every image is predicted to be of the class",
    reference: "scikit-learn `precision_score` of the rest",
};

fn counts(seen: &Weighted, class: Option<usize>) -> Proportion {
    Proportion::of(class, |class| (seen.correct_rejections(class), seen.total() - seen.predicted(class)))
}
