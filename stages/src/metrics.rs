//! Metrics: pure functions on slices. No tensors, no files.

pub mod bootstrap;
pub mod classification;
pub mod ranking;
