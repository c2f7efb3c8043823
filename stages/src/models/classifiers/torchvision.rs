//! What torchvision's classifiers have in common: the channels of an image, and its minimum size.

use crate::contract::prelude::*;
use crate::networks::{Classifier, Mode};
use hilum_ops::Value;

/// Parameters of a torchvision network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "TorchvisionNetwork")]
pub struct Config {
    /// 1: the network has one input channel; weights for three are summed, which is equivalent to repeating the image
    /// in three channels. 3: the image is repeated in three channels, whose weights are trained separately.
    pub channels: Channels,
}

impl Default for Config {
    fn default() -> Self {
        Config { channels: Channels::of(1) }
    }
}

/// They halve an image five times.
pub(super) const MIN_SIDE: usize = 32;

/// A network that receives grey images repeated in several channels.
pub(super) struct Repeated {
    pub(super) network: Box<dyn Classifier>,
    pub(super) channels: usize,
}

impl Classifier for Repeated {
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        let (n, h, w, _) = x.dims4().map_err(Error::from)?;
        self.network.maps(&x.repeat_to(&[n, h, w, self.channels])?, mode)
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        self.network.pool(maps)
    }
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value> {
        self.network.head(features, mode)
    }
}
