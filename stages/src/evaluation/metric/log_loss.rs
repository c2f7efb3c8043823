//! The logarithmic loss.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "log-loss",
    scope: Scope::Whole(log_loss),
    direction: Direction::LowerIsBetter,
    range: (0.0, f64::INFINITY),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Mean of −ln of the probability of an image's label (cross-entropy). Probabilities are clipped to ε and 1 − ε, where ε = 2⁻⁵² is the machine epsilon of float64, so that no image adds more than 36.04.",
    undefined_when: "there are no images, or a probability is NaN",
    reference: "scikit-learn `log_loss` of float64; Good 1952",
};

fn log_loss(seen: &Weighted) -> Option<f64> {
    let sum = seen.predictions().losses().iter().zip(seen.weights()).map(|(loss, weight)| loss * weight).sum();
    share(sum, seen.total()).filter(|l| l.is_finite())
}
