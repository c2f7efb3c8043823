//! Networks: one architecture per file, readable beside its paper. They touch no file and draw from streams only.

pub mod blocks;
pub mod dcgan;
pub mod densenet;
pub mod diffaugment;
pub mod inception;
pub mod keras_cyclegan;
pub mod patchgan;
pub mod pix2pix;
pub mod resnet;
pub mod resnet_generator;
pub mod smallcnn;
pub mod stylegan2;
pub mod vgg;
mod weights;

pub use weights::{Scope, Weights};

use crate::contract::prelude::*;
use hilum_ops::Value;

impl From<candle_core::Error> for Error {
    fn from(e: candle_core::Error) -> Self {
        Error::data(format!("a tensor operation was refused: {e}"))
    }
}

/// The classifiers that a stage may train; the tag in a study is the file's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClassifierNetwork {
    /// Six convolutions and global average pooling.
    Smallcnn64(smallcnn::Config),
}

/// A classifier: `[n, side, side, 1]` in [0, 1] → logits `[n, classes]`, by way of features.
pub trait Classifier {
    /// The last maps `[n, h, w, f]`. In training, batch statistics and dropout are on.
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value>;
    /// Features before the last layer, `[n, f]`: the mean of each map.
    fn features(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        Ok(hilum_ops::global_average_pool(&self.maps(x, mode)?)?)
    }
    /// Logits `[n, classes]` of features.
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value>;
}

impl ClassifierNetwork {
    /// Builds the network with fresh weights, which it makes in `scope`.
    pub fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        match self {
            ClassifierNetwork::Smallcnn64(c) => Ok(Box::new(smallcnn::SmallCnn::new(c, classes, scope)?)),
        }
    }
    /// The name in studies and tables.
    pub fn name(&self) -> &'static str {
        match self {
            ClassifierNetwork::Smallcnn64(_) => "smallcnn64",
        }
    }
}

/// Training with a stream for dropout, or evaluation.
pub enum Mode<'a> {
    /// Batch statistics are used and remembered, dropout draws from the stream.
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
