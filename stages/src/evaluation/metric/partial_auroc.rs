//! The area under the part of the ROC curve where few images of the rest are taken for the class.

use super::{Basis, Direction, Metric, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "partial-auroc",
    scope: Scope::PerClass(partial_area),
    direction: Direction::HigherIsBetter,
    range: (standardised(0.0), 1.0),
    basis: Basis::Ranks,
    shown: Shown::InTables,
    doc: "Area under the ROC curve of a class up to a false positive rate of 0.1, standardised by McClish: 0.5 for scores that tell nothing, 1 for perfect ones.",
    undefined_when: "the class or the rest has no images, or a probability is NaN",
    reference: "scikit-learn `roc_auc_score(max_fpr=0.1)`; McClish 1989",
};

/// The greatest false positive rate.
const LIMIT: f64 = 0.1;

/// An area up to the limit on a scale on which that below the diagonal is 0.5 and the greatest is 1.
const fn standardised(area: f64) -> f64 {
    let least = LIMIT * LIMIT / 2.0;
    0.5 * (1.0 + (area - least) / (LIMIT - least))
}

fn partial_area(seen: &Weighted, class: usize) -> Option<f64> {
    let actual = seen.actual(class);
    let rest = seen.total() - actual;
    let ties = seen.ties(class).filter(|_| actual > 0.0 && rest > 0.0)?;
    let (mut positives, mut negatives, mut area) = (0.0, 0.0, 0.0);
    // Where the curve is so far: false and true positive rate.
    let (mut x, mut y) = (0.0, 0.0);
    for tie in ties.iter().rev() {
        positives += tie.positives;
        negatives += tie.negatives;
        let (to_x, to_y) = (negatives / rest, positives / actual);
        if to_x > LIMIT {
            let at_limit = y + (to_y - y) * ((LIMIT - x) / (to_x - x));
            area += (LIMIT - x) * (y + at_limit) / 2.0;
            break;
        }
        area += (to_x - x) * (y + to_y) / 2.0;
        (x, y) = (to_x, to_y);
    }
    // Sums of rates may pass the limits by a rounding.
    Some(standardised(area.min(LIMIT)))
}
