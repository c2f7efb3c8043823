//! ResNet with 50 layers (He et al. 2016), trained on ImageNet by torchvision.

use super::{ExtractorConfig, Input, imagenet};
use crate::contract::prelude::*;
use crate::networks::resnet::{Depth, ResNet};
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
        Conversion { imports: "torchvision", tensors: "torchvision.models.resnet50(weights='IMAGENET1K_V2').state_dict()" }
    }
    fn input(&self) -> Input {
        imagenet::INPUT
    }
    fn dimensions(&self) -> usize {
        2048
    }
    fn classes(&self) -> Option<usize> {
        Some(imagenet::CLASSES)
    }
    fn build(&self, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(ResNet::new(Depth::Fifty, 3, imagenet::CLASSES, scope)?))
    }
}
