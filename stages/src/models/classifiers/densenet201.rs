//! DenseNet with 201 layers (Huang et al. 2017), as torchvision builds it; the architecture stands in
//! `networks/densenet.rs`.

use super::{ClassifierConfig, torchvision};
use crate::contract::prelude::*;
use crate::networks::densenet::{DenseNet, Depth};
use crate::networks::{Classifier, Scope};

/// Its parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(pub torchvision::Config);

impl ClassifierConfig for Config {
    fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(DenseNet::new(Depth::D201, self.channels(), classes, scope)?))
    }
    fn channels(&self) -> usize {
        *self.0.channels
    }
    fn min_side(&self) -> usize {
        torchvision::MIN_SIDE
    }
    fn first_conv(&self) -> &'static str {
        "features.conv0.weight"
    }
    fn head(&self) -> &'static str {
        "classifier."
    }
}
