//! Balanced accuracy: the mean of the sensitivities.

use super::{Direction, Metric, Scope, Shown, sensitivity};

pub(super) const METRIC: Metric = Metric {
    name: "balanced-accuracy",
    scope: Scope::MeanOf(&sensitivity::METRIC),
    direction: Direction::HigherIsBetter,
    shown: Shown::Everywhere,
    doc: "Mean of the sensitivities of the classes, each class counting the same however many images it has.",
    undefined_when: "there are no images",
    reference: "scikit-learn `balanced_accuracy_score`; Brodersen et al. 2010",
};
