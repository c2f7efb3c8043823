//! Area under the ROC curve, of each class and their mean.

use super::{Direction, Metric, Scope, Shown};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "auroc",
    scope: Scope::PerClass(auroc),
    direction: Direction::HigherIsBetter,
    shown: Shown::InTables,
    doc: "Area under the ROC curve: how often an image of the class gets a higher probability of it than an image of another class, ties counting half.",
    undefined_when: "the class or the rest has no images, or a probability is NaN",
    reference: "scikit-learn `roc_auc_score`; Hanley & McNeil 1982",
};

pub(super) const MEAN: Metric = Metric {
    name: "auroc",
    scope: Scope::MeanOf(&METRIC),
    direction: Direction::HigherIsBetter,
    shown: Shown::Everywhere,
    doc: "Mean of the areas under the ROC curves of the classes, each against the rest.",
    undefined_when: "it is undefined for every class",
    reference: "scikit-learn `roc_auc_score(multi_class=\"ovr\", average=\"macro\")`",
};

fn auroc(seen: &Weighted, class: usize) -> Option<f64> {
    let p = seen.predictions();
    weighted(p.scores_of(class), |image| p.labels[image] == class, seen.weights(), p.ascending(class))
}

/// Area under the ROC curve with weights (ties count half): `None` if one of the two classes has no weight, or a score
/// is NaN, which has no rank. `order` sorts `scores` ascending; it is given so that a bootstrap sorts once.
fn weighted(scores: &[f64], is_positive: impl Fn(usize) -> bool, weights: &[f64], order: &[usize]) -> Option<f64> {
    if scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let (mut below, mut area, mut positives) = (0.0, 0.0, 0.0);
    // Each group holds a score at least, whatever is equal to what.
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let (mut tied_negative, mut tied_positive) = (0.0, 0.0);
        for &i in tied {
            if is_positive(i) { tied_positive += weights[i] } else { tied_negative += weights[i] }
        }
        area += tied_positive * (below + tied_negative / 2.0);
        below += tied_negative;
        positives += tied_positive;
    }
    (below > 0.0 && positives > 0.0).then(|| area / (below * positives))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::ascending;

    fn auroc(scores: &[f64], positive: &[bool]) -> Option<f64> {
        weighted(scores, |i| positive[i], &vec![1.0; scores.len()], &ascending(scores))
    }

    #[test]
    fn it_is_the_share_of_pairs_in_order() {
        assert_eq!(auroc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Some(0.75));
        assert_eq!(auroc(&[0.5, 0.5], &[false, true]), Some(0.5));
        assert_eq!(auroc(&[0.5, 0.6], &[true, true]), None);
        assert_eq!(auroc(&[], &[]), None);
    }

    #[test]
    fn infinite_scores_have_a_place_and_what_is_no_number_has_none() {
        let (below, above) = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(auroc(&[below, 0.2, above, above], &[false, false, true, true]), Some(1.0));
        assert_eq!(auroc(&[above, above], &[false, true]), Some(0.5));
        assert_eq!(auroc(&[-0.0, 0.0], &[true, false]), Some(0.5), "both zeros are one score");
        for none in [f64::NAN, -f64::NAN] {
            assert_eq!(auroc(&[0.1, none, 0.3], &[false, true, true]), None);
            assert_eq!(auroc(&[none; 3], &[false, true, true]), None);
            assert_eq!(ascending(&[none, none, none]), [0, 1, 2]);
        }
    }
}
