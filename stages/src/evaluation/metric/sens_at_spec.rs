//! The sensitivity that is left at a high specificity.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "sens-at-spec",
    scope: Scope::PerClass(sensitivity),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Ranks,
    shown: Shown::InTables,
    doc: "The highest sensitivity of a class at a specificity of at least 0.9, over all thresholds of its probability: of the points of the ROC curve, without interpolation. The threshold is chosen on the test set, so that it flatters.",
    undefined_when: "the class or the rest has no images, or a probability is NaN",
    reference: "scikit-learn `roc_curve`; torchmetrics `BinarySensitivityAtSpecificity`",
};

/// The least specificity.
const LEAST: f64 = 0.9;

fn sensitivity(seen: &Weighted, class: usize) -> Option<f64> {
    let actual = seen.actual(class);
    let rest = seen.total() - actual;
    let ties = seen.ties(class).filter(|_| rest > 0.0)?;
    let (mut positives, mut negatives, mut highest) = (0.0, 0.0, 0.0);
    for tie in ties.iter().rev() {
        positives += tie.positives;
        negatives += tie.negatives;
        if (rest - negatives) / rest < LEAST {
            break;
        }
        highest = positives;
    }
    share(highest, actual)
}
