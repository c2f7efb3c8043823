//! `smallcnn64`: six 3 × 3 convolutions in three stages and global average pooling.
//!
//! Davoodi & Lo Giudice do not state their classifier; this one is of the size that their data allow: 287,844 trained
//! numbers for four classes, 287,715 for three.

use super::blocks::{BatchNorm, Linear, dropout};
use super::{Classifier, Mode, Weights};
use crate::contract::prelude::*;
use candle_core::Tensor;
use hilum_ops::{Window, add_channel_bias, conv2d, global_average_pool, max_pool2d, relu};

/// The small classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Channels of the first stage; the others have two and four times as many.
    #[schemars(range(min = 1))]
    pub width: usize,
    /// Dropout before the last layer.
    #[schemars(range(min = 0, max = 0.95))]
    pub dropout: f64,
}

impl Default for Config {
    fn default() -> Self {
        Config { width: 32, dropout: 0.5 }
    }
}

/// Films `[n, s, s, 1]` in [0, 1], `s` at least 4 → logits `[n, classes]`.
pub struct SmallCnn {
    layers: Vec<(Tensor, Tensor, BatchNorm)>,
    fc: Linear,
    dropout: f64,
}

impl SmallCnn {
    /// Kaiming-normal convolutions.
    pub fn new(c: &Config, classes: usize, weights: &mut Weights, init: &mut Stream) -> Result<Self> {
        let channels = [1, c.width, c.width, 2 * c.width, 2 * c.width, 4 * c.width, 4 * c.width];
        let mut layers = vec![];
        for (i, pair) in channels.windows(2).enumerate() {
            let std = (2.0 / (9.0 * pair[0] as f64)).sqrt();
            let kernel = weights.normal(&format!("conv{}.weight", i + 1), &[pair[1], pair[0], 3, 3], 0.0, std, init)?;
            let bias = weights.constant(&format!("conv{}.bias", i + 1), &[pair[1]], 0.0)?;
            layers.push((kernel, bias, BatchNorm::new(&format!("bn{}", i + 1), pair[1], (1.0, 0.0), weights, init)?));
        }
        Ok(SmallCnn { layers, fc: Linear::new("fc", 4 * c.width, classes, weights, init)?, dropout: c.dropout })
    }
}

impl Classifier for SmallCnn {
    fn features(&self, x: &Tensor, mode: &mut Mode) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, (kernel, bias, norm)) in self.layers.iter().enumerate() {
            x = relu(&norm.forward(&add_channel_bias(&conv2d(&x, kernel, Window::square(1, 1))?, bias)?, mode.is_train())?)?;
            if i == 1 || i == 3 {
                x = max_pool2d(&x, 2, 2, 0)?;
            }
        }
        Ok(global_average_pool(&x)?)
    }
    fn head(&self, features: &Tensor, mode: &mut Mode) -> Result<Tensor> {
        self.fc.forward(&dropout(features, self.dropout, mode)?)
    }
}
