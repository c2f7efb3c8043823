//! `smallcnn64`: six 3 × 3 convolutions in three stages and global average pooling.
//!
//! Davoodi & Lo Giudice do not state their classifier; this one has a size that suits their data: 287,844 trained
//! parameters for four classes, 287,715 for three.

use super::ClassifierConfig;
use crate::contract::prelude::*;
use crate::networks::blocks::{BatchNorm, Conv, Linear, Shape, TORCH, dropout, normal};
use crate::networks::{Classifier, Mode, Scope};
use candle_nn::init::Init;
use hilum_ops::{PoolWindow, Rectifier, Value, global_average_pool, max_pool2d};

/// The small classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Channels of the first stage; the others have two and four times as many.
    pub width: Size,
    /// Dropout before the last layer.
    pub dropout: Dropout,
}

impl Default for Config {
    fn default() -> Self {
        Config { width: Size::of(32), dropout: Dropout::of(0.5) }
    }
}

impl ClassifierConfig for Config {
    fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(SmallCnn::new(self, classes, scope)?))
    }
    fn min_side(&self) -> usize {
        4
    }
    fn first_conv(&self) -> &'static str {
        "conv1.weight"
    }
    fn head(&self) -> &'static str {
        "fc."
    }
}

/// Images `[n, s, s, 1]` in [0, 1], `s` at least 4 → logits `[n, classes]`.
pub struct SmallCnn {
    layers: Vec<(Conv, BatchNorm)>,
    fc: Linear,
    dropout: f64,
}

impl SmallCnn {
    /// Kaiming-normal convolutions.
    pub fn new(c: &Config, classes: usize, scope: &mut Scope) -> Result<Self> {
        let width = c.width.get();
        let channels = [1, width, width, 2 * width, 2 * width, 4 * width, 4 * width];
        let mut layers = vec![];
        for (i, pair) in channels.windows(2).enumerate() {
            let std = (2.0 / (9.0 * pair[0] as f64)).sqrt();
            let shape = Shape::square(pair[0], pair[1], 3, 1, 1);
            let conv = Conv::new(shape, normal(std), Some(Init::Const(0.0)), &mut scope.at(format!("conv{}", i + 1)))?;
            layers.push((conv, BatchNorm::new(pair[1], TORCH, &mut scope.at(format!("bn{}", i + 1)))?));
        }
        Ok(SmallCnn { layers, fc: Linear::new(4 * width, classes, &mut scope.at("fc"))?, dropout: *c.dropout })
    }
}

impl Classifier for SmallCnn {
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        let mut x = x.clone();
        for (i, (conv, norm)) in self.layers.iter().enumerate() {
            x = norm.forward(&conv.forward(&x)?, mode.is_train(), Rectifier::Relu)?;
            if i == 1 || i == 3 {
                x = max_pool2d(&x, PoolWindow { k: 2, stride: 2, padding: 0 })?;
            }
        }
        Ok(x)
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        Ok(global_average_pool(maps)?)
    }
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value> {
        self.fc.forward(&dropout(features, self.dropout, mode)?)
    }
}
