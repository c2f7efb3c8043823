//! Precision, also called positive predictive value.

use super::{Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "precision",
    scope: Scope::PerClass(precision),
    direction: Direction::HigherIsBetter,
    shown: Shown::InTables,
    doc: "Share of the images predicted to be of a class that are of it (positive predictive value); it depends on how frequent the class is in the test set.",
    undefined_when: "no image is predicted to be of the class",
    reference: "scikit-learn `precision_score`",
};

fn precision(seen: &Weighted, class: usize) -> Option<f64> {
    share(seen.hits(class), seen.predicted(class))
}
