//! The harmonic mean of sensitivity and specificity.

use super::{Basis, Direction, Metric, Scope, Shown, share};
use crate::evaluation::predictions::Weighted;

pub(super) const METRIC: Metric = Metric {
    name: "hm-sens-spec",
    scope: Scope::PerClass(harmonic_mean),
    direction: Direction::HigherIsBetter,
    range: (0.0, 1.0),
    basis: Basis::Other,
    shown: Shown::InTables,
    doc: "Harmonic mean of sensitivity and specificity of a class, 2ab/(a + b); 0 if both are.",
    undefined_when: "the class or the rest has no images",
    reference: "the F1 score with specificity in place of precision",
};

fn harmonic_mean(seen: &Weighted, class: usize) -> Option<f64> {
    let actual = seen.actual(class);
    let sensitivity = share(seen.hits(class), actual)?;
    let specificity = share(seen.correct_rejections(class), seen.total() - actual)?;
    Some(share(2.0 * sensitivity * specificity, sensitivity + specificity).unwrap_or(0.0))
}
