//! What the classifiers that torchvision has have in common: the channels of an image, and how small it may be.

use crate::contract::prelude::*;
use crate::networks::{Classifier, Mode};
use hilum_ops::Value;

/// A network of torchvision's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// 1: the network sees one channel; weights for three are summed over them, which is the same as showing the image thrice.
    /// 3: the image is shown in three channels, and their weights are learnt apart.
    pub channels: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config { channels: 1 }
    }
}

/// They halve an image five times.
pub(super) const MIN_SIDE: usize = 32;

/// A network that is shown grey images in several channels.
pub(super) struct Repeated {
    pub(super) network: Box<dyn Classifier>,
    pub(super) channels: usize,
}

impl Classifier for Repeated {
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        let (n, h, w, _) = x.dims4().map_err(Error::from)?;
        self.network.maps(&x.repeat_to(&[n, h, w, self.channels])?, mode)
    }
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value> {
        self.network.head(features, mode)
    }
}
