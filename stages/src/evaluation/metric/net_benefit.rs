//! The net benefit of decision curve analysis.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "net-benefit",
    scope: Scope::PerClass(net_benefit),
    direction: Direction::HigherIsBetter,
    range: (-ODDS, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Net benefit of treating images whose probability of a class is at least 0.5 (the threshold probability): the share of true positives less that of false positives times the odds of the threshold, which are 1. At most the share of images of the class.",
    undefined_when: "there are no images, or a probability is NaN",
    reference: "Vickers & Elkin 2006; dcurves `dca(thresholds=[0.5])`",
};

/// From which probability on an image is positive.
const THRESHOLD: f64 = 0.5;
/// How many true positives a false one costs.
const ODDS: f64 = THRESHOLD / (1.0 - THRESHOLD);

fn net_benefit(seen: &Weighted, class: usize) -> Option<f64> {
    let positive = seen.ties(class)?.iter().filter(|t| t.score >= THRESHOLD);
    // Not `sum`, by which nothing is −0.
    share(positive.fold(0.0, |net, t| net + t.positives - ODDS * t.negatives), seen.total())
}
