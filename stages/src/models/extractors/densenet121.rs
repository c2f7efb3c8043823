//! DenseNet with 121 layers (Huang et al. 2017), trained on ImageNet by torchvision.

use super::{ExtractorConfig, Input, imagenet};
use crate::contract::prelude::*;
use crate::networks::densenet::{DenseNet, Depth};
use crate::networks::{Classifier, Conversion, Pretrained, Scope};

/// The file of its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Pretrained);

impl ExtractorConfig for Config {
    fn file(&self) -> &Pretrained {
        &self.0
    }
    fn conversion(&self) -> Conversion {
        Conversion { imports: "torchvision", tensors: "torchvision.models.densenet121(weights='IMAGENET1K_V1').state_dict()" }
    }
    fn input(&self) -> Input {
        imagenet::INPUT
    }
    fn dimensions(&self) -> usize {
        1024
    }
    fn classes(&self) -> Option<usize> {
        Some(imagenet::CLASSES)
    }
    fn build(&self, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(DenseNet::new(Depth::D121, 3, imagenet::CLASSES, scope)?))
    }
}
