//! Inference from numbers: intervals, tests and what repeats of a training add to them, for test sets of few patients with
//! several images each. Numbers in, numbers out: independent of stages, predictions, records and files.
//!
//! Which method is used where, and the coverage that was measured for it, is in `docs/statistics.md`.

pub mod adjust;
pub mod association;
pub mod bootstrap;
pub mod delong;
pub mod detectable;
pub mod interval;
pub mod paired;
pub mod proportion;
pub mod rank_correlation;
pub mod ratio;
pub mod repeats;
pub mod simulated;
pub mod special;
#[cfg(test)]
mod tests;

/// Lower and upper limit of an interval.
pub type Limits = (f64, f64);

/// The two-sided normal quantile of a level: 1.96 for 0.95.
///
/// # Panics
/// Where `level` is not between 0 and 1.
pub(crate) fn z_of(level: f64) -> f64 {
    -special::normal_quantile(tail_of(level))
}

/// The two-sided quantile of Student's t of a level.
///
/// # Panics
/// Where `level` is not between 0 and 1, or `freedom` is not above 0.
pub(crate) fn t_of(level: f64, freedom: f64) -> f64 {
    -special::t_quantile(tail_of(level), freedom)
}

/// What an interval of this level leaves out on each side.
pub(crate) fn tail_of(level: f64) -> f64 {
    assert!(level > 0.0 && level < 1.0, "a level is between 0 and 1");
    (1.0 - level) / 2.0
}

/// The positions of values in ascending order of the values, ties by position.
pub(crate) fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    order
}
