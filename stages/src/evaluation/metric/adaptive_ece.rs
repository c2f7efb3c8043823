//! The expected calibration error with bins that hold equally many images.

use super::ece::{BINS, error};
use super::{Basis, Direction, Metric, Scope, Shown};

pub(super) const METRIC: Metric = Metric {
    name: "adaptive-ece",
    scope: Scope::Whole(|seen| error(seen, |_, before| (BINS as f64 * before / seen.total()) as usize + 1)),
    direction: Direction::LowerIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Biased,
    shown: Shown::InTables,
    doc: "The expected calibration error with 15 bins of equal mass: in ascending order of the probability of the predicted class, an image with a share s of all images before it is in bin ⌊15s⌋ + 1; images of equal probability are in the bin of the first of them.",
    undefined_when: "there are no images, or a probability is not finite",
    reference: "Nguyen & O'Connor 2015; Nixon et al. 2019; bins and ties as `get_ece_em` of uncertainty-calibration (Kumar et al. 2019) where 15 divides the number of images",
};
