//! Sensitivity, also called recall.

use super::{Basis, Direction, Metric, Proportion, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "sensitivity",
    scope: Scope::PerClass(|seen, class| counts(seen, Some(class)).share()),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Proportion(counts),
    shown: Shown::Everywhere,
    doc: "Share of the images of a class that are predicted to be of it (recall).",
    undefined_when: "the class has no image",
    reference: "scikit-learn `recall_score`",
};

fn counts(seen: &Weighted, class: Option<usize>) -> Proportion {
    Proportion::of(class, |class| (seen.hits(class), seen.actual(class)))
}
