//! Evaluation of predictions: a table of metrics, and confidence intervals for all of them. No tensors, no files.

pub mod arms;
pub mod conclusion;
pub mod difference;
pub mod disagreement;
pub mod estimate;
mod few;
pub mod metric;
pub mod patients;
pub mod predictions;
mod ranking;
mod scale;
pub mod sentence;
pub mod share_left;
pub mod temperature;
pub mod tested;
pub mod threshold;

pub use metric::{METRICS, Metric};
pub use predictions::{Decision, Predictions, Weighted};
pub use ranking::Tie;
