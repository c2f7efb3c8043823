//! Area under the ROC curve, of each class and their mean.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::ranking::Tie;

pub(super) const METRIC: Metric = Metric {
    name: "auroc",
    scope: Scope::PerClass(|seen, class| area(seen.ties(class)?)),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Auroc,
    shown: Shown::InTables,
    doc: "Area under the ROC curve: how often an image of the class gets a higher probability of it than an image of another class, ties counting half.",
    undefined_when: "the class or the rest has no images, or a probability is NaN",
    reference: "scikit-learn `roc_auc_score`; Hanley & McNeil 1982",
};

pub(super) const MEAN: Metric = Metric {
    name: "auroc",
    scope: Scope::MeanOf(&METRIC),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Ranks,
    shown: Shown::Everywhere,
    doc: "Mean of the areas under the ROC curves of the classes, each against the rest (macro average).",
    undefined_when: "it is undefined for a class",
    reference: "scikit-learn `roc_auc_score(multi_class=\"ovr\", average=\"macro\")`",
};

fn area(ties: &[Tie]) -> Option<f64> {
    let (mut below, mut area, mut positives) = (0.0, 0.0, 0.0);
    for tie in ties {
        area += tie.positives * (below + tie.negatives / 2.0);
        below += tie.negatives;
        positives += tie.positives;
    }
    share(area, below * positives)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::ranking::Ranking;

    fn auroc(scores: &[f64], positive: &[bool]) -> Option<f64> {
        area(&Ranking::of(scores, |i| positive[i])?.ties(&vec![1.0; scores.len()]))
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
        }
    }
}
