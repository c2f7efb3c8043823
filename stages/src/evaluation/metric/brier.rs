//! The Brier score, of each class against the rest and of all classes.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "brier",
    scope: Scope::PerClass(of_class),
    direction: Direction::LowerIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Mean squared difference of the probability of a class from 1 for its images and from 0 for others.",
    undefined_when: "there are no images, or a probability is not finite",
    reference: "scikit-learn `brier_score_loss` of the class against the rest",
};

pub(super) const SUM: Metric = Metric {
    name: "brier",
    scope: Scope::Whole(|seen| (0..seen.classes()).map(|class| of_class(seen, class)).sum::<Option<f64>>().filter(|_| seen.total() > 0.0)),
    direction: Direction::LowerIsBetter,
    range: (0.0, 2.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "The Brier score as first defined: the sum over the classes of the mean squared differences, 0 to 2. With two classes it is twice what is common for these, the score of one class.",
    undefined_when: "there are no images, or a probability is not finite",
    reference: "Brier 1950; scikit-learn `brier_score_loss(scale_by_half=False)`, whose default halves it for two classes, but not for more",
};

fn of_class(seen: &Weighted, class: usize) -> Option<f64> {
    let ties = seen.ties(class)?;
    let squares = ties.iter().map(|t| t.positives * (1.0 - t.score) * (1.0 - t.score) + t.negatives * t.score * t.score);
    share(squares.sum(), seen.total()).filter(|b| b.is_finite())
}
