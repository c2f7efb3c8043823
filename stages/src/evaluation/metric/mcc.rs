//! Matthews' correlation coefficient, of each class against the rest and of all classes.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "mcc",
    scope: Scope::PerClass(of_class),
    direction: Direction::HigherIsBetter,
    range: (-1.0, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Matthews' correlation coefficient: the correlation of being of a class with being predicted to be of it.",
    undefined_when: "the class or the rest has no images, or no predictions (scikit-learn gives 0)",
    reference: "scikit-learn `matthews_corrcoef` of the class against the rest; Matthews 1975",
};

pub(super) const WHOLE: Metric = Metric {
    name: "mcc",
    scope: Scope::Whole(of_all),
    direction: Direction::HigherIsBetter,
    range: (-1.0, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Matthews' correlation coefficient of all classes (R_K): how labels and predicted classes correlate.",
    undefined_when: "all images are of one class, or all are predicted to be of one (scikit-learn gives 0)",
    reference: "scikit-learn `matthews_corrcoef`; Gorodkin 2004",
};

fn of_class(seen: &Weighted, class: usize) -> Option<f64> {
    let (all, actual, predicted) = (seen.total(), seen.actual(class), seen.predicted(class));
    correlation(all * seen.hits(class) - actual * predicted, actual * (all - actual), predicted * (all - predicted))
}

fn of_all(seen: &Weighted) -> Option<f64> {
    let sum = |of: &dyn Fn(usize) -> f64| (0..seen.classes()).map(of).sum::<f64>();
    let all = seen.total();
    let agreement = all * sum(&|c| seen.hits(c)) - sum(&|c| seen.actual(c) * seen.predicted(c));
    let spread = |of: &dyn Fn(usize) -> f64| all * all - sum(&|c| of(c) * of(c));
    correlation(agreement, spread(&|c| seen.actual(c)), spread(&|c| seen.predicted(c)))
}

/// From a covariance and two variances, all in the same multiple.
fn correlation(covariance: f64, a: f64, b: f64) -> Option<f64> {
    share(covariance, (a * b).sqrt())
}
