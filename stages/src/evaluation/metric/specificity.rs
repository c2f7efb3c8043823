//! Specificity.

use super::{Basis, Direction, Metric, Proportion, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "specificity",
    scope: Scope::PerClass(|seen, class| counts(seen, Some(class)).share()),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Proportion(counts),
    shown: Shown::Everywhere,
    doc: "Share of the images of all other classes that are not predicted to be of this one.",
    undefined_when: "no other class has an image",
    reference: "scikit-learn `recall_score` of the rest",
};

fn counts(seen: &Weighted, class: Option<usize>) -> Proportion {
    Proportion::of(class, |class| (seen.correct_rejections(class), seen.total() - seen.actual(class)))
}
