//! Balanced accuracy: the mean of the sensitivities.

use super::{Basis, Direction, Metric, Scope, Shown, sensitivity};

pub(super) const METRIC: Metric = Metric {
    name: "balanced-accuracy",
    scope: Scope::MeanOf(&sensitivity::METRIC),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Other,
    shown: Shown::Everywhere,
    doc: "Mean of the sensitivities of the classes, each class counting the same however many images it has.",
    undefined_when: "a class has no image (scikit-learn leaves such a class out)",
    reference: "scikit-learn `balanced_accuracy_score`; Brodersen et al. 2010",
};
