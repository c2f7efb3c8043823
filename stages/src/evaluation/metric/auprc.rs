//! Area under the precision-recall curve, of each class and their mean.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "auprc",
    scope: Scope::PerClass(average_precision),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Ranks,
    shown: Shown::InTables,
    doc: "Area under the precision-recall curve of a class as average precision: in steps, without interpolation. Of scores that tell nothing it is the share of images of the class.",
    undefined_when: "the class has no image, or a probability is NaN",
    reference: "scikit-learn `average_precision_score`; Davis & Goadrich 2006",
};

pub(super) const MEAN: Metric = Metric {
    name: "auprc",
    scope: Scope::MeanOf(&METRIC),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Ranks,
    shown: Shown::InTables,
    doc: "Mean of the areas under the precision-recall curves of the classes, each against the rest (macro average).",
    undefined_when: "it is undefined for a class",
    reference: "scikit-learn `average_precision_score(average=\"macro\")`",
};

fn average_precision(seen: &Weighted, class: usize) -> Option<f64> {
    let (mut positives, mut all, mut area) = (0.0, 0.0, 0.0);
    for tie in seen.ties(class)?.iter().rev() {
        positives += tie.positives;
        all += tie.positives + tie.negatives;
        if tie.positives > 0.0 {
            area += tie.positives * (positives / all);
        }
    }
    share(area, positives)
}
