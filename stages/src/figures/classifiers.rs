//! The losses of all classifiers of a study.

use super::curves::{Points, curves};
use super::{Draw, Drawing, Figure};
use crate::records::History;

pub(super) const TRAINING: Figure = Figure {
    name: "classifier-losses",
    doc: "The loss of each classifier on its training set over the epochs, a colour per arm.",
    draw: Draw::Histories(|histories| of(histories, "loss", "loss on the training set")),
};

pub(super) const VALIDATION: Figure = Figure {
    name: "classifier-validation-losses",
    doc: "The loss of each classifier on its validation set over the epochs, a colour per arm.",
    draw: Draw::Histories(|histories| of(histories, "validation-loss", "loss on the validation set")),
};

/// None where no training recorded the column.
fn of(histories: &[(String, History)], column: &str, what: &str) -> Option<Drawing> {
    let curve = |(name, history): &(String, History)| Some((name.clone(), history.curve(column)?));
    let all: Vec<(String, Points)> = histories.iter().filter_map(curve).filter(|(_, points)| !points.is_empty()).collect();
    (!all.is_empty()).then(|| curves(&format!("Classifiers: {what}"), "epoch", "loss", &all))
}
