//! What networks are made of: weights by name, layers, and architectures that several models share, one per file, to be
//! read beside its paper. They touch no file, draw from streams only, and know no study.

pub mod bagged_trees;
pub mod blocks;
pub mod densenet;
pub mod diffaugment;
pub mod dinov2;
pub mod grad_cam;
mod greys;
pub mod inception;
pub mod resnet;
mod weights;

pub use greys::Greys;
pub use weights::{Ends, Pretrained, Scope, Weights};

use crate::contract::prelude::*;
use hilum_ops::Value;

impl From<candle_core::Error> for Error {
    fn from(e: candle_core::Error) -> Self {
        // Where backtraces are enabled, one follows the message; it is for the log.
        let text = e.to_string();
        let text = text.split("\n   0: ").next().unwrap_or_default();
        // candle's own operations pass the driver's message on.
        if text.contains(hilum_ops::MEMORY_IS_FULL) || text.contains("OUT_OF_MEMORY") || text.contains("ALLOC_FAILED") {
            let what = if text.contains(hilum_ops::MEMORY_IS_FULL) { text.to_owned() } else { format!("{}: {text}", hilum_ops::MEMORY_IS_FULL) };
            return Error::helped(what, "train with a lower `batch`, smaller images (`size` of `prepare`) or `precision: bf16`");
        }
        Error::data(format!("a tensor operation failed: {text}"))
    }
}

/// A classifier: images `[n, side, side, 1]` in [0, 1] → feature maps → features → logits `[n, classes]`.
pub trait Classifier {
    /// The last feature maps `[n, h, w, k]`, after the last ReLU: those that [`grad_cam`] explains a class by.
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value>;
    /// Features `[n, f]` of the last feature maps.
    fn pool(&self, maps: &Value) -> Result<Value>;
    /// Features before the last layer, `[n, f]`.
    fn features(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        self.pool(&self.maps(x, mode)?)
    }
    /// Logits `[n, classes]` of features.
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value>;
}

/// Training with a stream for dropout, or evaluation.
pub enum Mode<'a> {
    /// Norms use the statistics of the batch and update the running ones; dropout draws from the stream.
    Train(&'a mut Stream),
    /// Running statistics, no dropout.
    Evaluate,
}

impl Mode<'_> {
    /// True in training.
    pub fn is_train(&self) -> bool {
        matches!(self, Mode::Train(_))
    }
}
