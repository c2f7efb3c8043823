//! Specificity.

use super::{Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "specificity",
    scope: Scope::PerClass(specificity),
    direction: Direction::HigherIsBetter,
    shown: Shown::Everywhere,
    doc: "Share of the images of all other classes that are not predicted to be of this one.",
    undefined_when: "no other class has an image",
    reference: "scikit-learn `recall_score` of the rest",
};

fn specificity(seen: &Weighted, class: usize) -> Option<f64> {
    let rest = seen.total() - seen.actual(class);
    share(seen.total() - seen.actual(class) - seen.predicted(class) + seen.hits(class), rest)
}
