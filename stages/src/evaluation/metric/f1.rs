//! The F1 score.

use super::{Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "f1",
    scope: Scope::PerClass(f1),
    direction: Direction::HigherIsBetter,
    shown: Shown::InTables,
    doc: "Harmonic mean of precision and sensitivity of a class.",
    undefined_when: "no image is of the class or predicted to be of it",
    reference: "scikit-learn `f1_score`",
};

fn f1(seen: &Weighted, class: usize) -> Option<f64> {
    share(2.0 * seen.hits(class), seen.actual(class) + seen.predicted(class))
}
