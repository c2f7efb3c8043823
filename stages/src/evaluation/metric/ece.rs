//! The expected calibration error.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;
use crate::evaluation::ranking::Tie;

pub(super) const METRIC: Metric = Metric {
    name: "ece",
    scope: Scope::Whole(|seen| error(seen, |tie, _| (tie.score * BINS as f64).ceil() as usize)),
    direction: Direction::LowerIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Biased,
    shown: Shown::InTables,
    doc: "Expected calibration error: how far the probability of the predicted class is from how often the prediction is right. Mean absolute difference over 15 bins of equal width, (0, 1/15] to (14/15, 1], weighted by their images; it tends to be too high for few images.",
    undefined_when: "there are no images, or a probability is not finite",
    reference: "Guo et al. 2017; Naeini et al. 2015; bins as scikit-learn `calibration_curve(n_bins=15)`",
};

/// How many bins there are.
pub(super) const BINS: usize = 15;

/// The mean absolute difference over bins. `bin` gives the bin, from 1, of a tie and the weight of all before it; what is
/// outside belongs to the first or the last.
pub(super) fn error(seen: &Weighted, bin: impl Fn(&Tie, f64) -> usize) -> Option<f64> {
    let mut bins = [0.0; BINS];
    let mut before = 0.0;
    for tie in seen.confidences()? {
        let weight = tie.positives + tie.negatives;
        bins[bin(tie, before).clamp(1, BINS) - 1] += tie.positives - weight * tie.score;
        before += weight;
    }
    share(bins.iter().map(|b| b.abs()).sum(), seen.total()).filter(|e| e.is_finite())
}
