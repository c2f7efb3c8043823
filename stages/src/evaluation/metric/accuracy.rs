//! Accuracy.

use super::{Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "accuracy",
    scope: Scope::Whole(accuracy),
    direction: Direction::HigherIsBetter,
    shown: Shown::InFigures,
    doc: "Share of images whose predicted class is their label; it is misleadingly high if one label is frequent.",
    undefined_when: "there are no images",
    reference: "scikit-learn `accuracy_score`",
};

fn accuracy(seen: &Weighted) -> Option<f64> {
    share((0..seen.classes()).map(|class| seen.hits(class)).sum(), seen.total())
}
