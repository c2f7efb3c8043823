//! ResNet with 50 layers (He et al. 2016), as torchvision builds it; the architecture stands in `networks/resnet.rs`.

use super::{ClassifierConfig, torchvision};
use crate::contract::prelude::*;
use crate::networks::resnet::{Depth, ResNet};
use crate::networks::{Classifier, Scope};

/// Its parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(pub torchvision::Config);

impl ClassifierConfig for Config {
    fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(ResNet::new(Depth::Fifty, self.channels(), classes, scope)?))
    }
    fn channels(&self) -> usize {
        *self.0.channels
    }
    fn min_side(&self) -> usize {
        torchvision::MIN_SIDE
    }
    fn first_conv(&self) -> &'static str {
        "conv1.weight"
    }
    fn head(&self) -> &'static str {
        "fc."
    }
}
