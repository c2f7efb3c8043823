//! Sensitivity, also called recall.

use super::{Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "sensitivity",
    scope: Scope::PerClass(sensitivity),
    direction: Direction::HigherIsBetter,
    shown: Shown::Everywhere,
    doc: "Share of the images of a class that are predicted to be of it (recall).",
    undefined_when: "the class has no image",
    reference: "scikit-learn `recall_score`",
};

fn sensitivity(seen: &Weighted, class: usize) -> Option<f64> {
    share(seen.hits(class), seen.actual(class))
}
