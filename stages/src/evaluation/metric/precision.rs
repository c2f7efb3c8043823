//! Precision, also called positive predictive value.

use super::{Basis, Direction, Metric, Proportion, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "precision",
    scope: Scope::PerClass(|seen, class| counts(seen, Some(class)).share()),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Proportion(counts),
    shown: Shown::InTables,
    doc: "Share of the images predicted to be of a class that are of it (positive predictive value, PPV); it depends on how frequent the class is in the test set.",
    undefined_when: "no image is predicted to be of the class",
    reference: "scikit-learn `precision_score`",
};

fn counts(seen: &Weighted, class: Option<usize>) -> Proportion {
    Proportion::of(class, |class| (seen.hits(class), seen.predicted(class)))
}
