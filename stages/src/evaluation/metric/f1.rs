//! The F1 score.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "f1",
    scope: Scope::PerClass(f1),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Harmonic mean of precision and sensitivity of a class; 0 if none of its images is predicted to be of it.",
    undefined_when: "the class has no image",
    reference: "scikit-learn `f1_score`",
};

fn f1(seen: &Weighted, class: usize) -> Option<f64> {
    let actual = seen.actual(class);
    if actual > 0.0 { share(2.0 * seen.hits(class), actual + seen.predicted(class)) } else { None }
}
