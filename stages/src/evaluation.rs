//! Evaluation of predictions: a table of metrics, and confidence intervals for all of them. No tensors, no files.

pub mod bootstrap;
pub mod metric;
pub mod predictions;
mod ranking;

pub use metric::{METRICS, Metric};
pub use predictions::{Predictions, Weighted};
pub use ranking::Tie;
