//! Accuracy.

use super::{Basis, Direction, Metric, Proportion, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "accuracy",
    scope: Scope::Whole(|seen| counts(seen, None).share()),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Proportion(counts),
    shown: Shown::InFigures,
    doc: "Share of images whose predicted class is their label; it is misleadingly high if one label is frequent.",
    undefined_when: "there are no images",
    reference: "scikit-learn `accuracy_score`",
};

fn counts(seen: &Weighted, _: Option<usize>) -> Proportion {
    Proportion { successes: (0..seen.classes()).map(|class| seen.hits(class)).sum(), trials: seen.total() }
}
