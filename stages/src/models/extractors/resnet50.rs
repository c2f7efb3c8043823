//! ResNet with 50 layers (He et al. 2016), trained on ImageNet by torchvision.

use super::{ExtractorSpec, imagenet};
use crate::contract::conversion::Conversion;
use crate::networks::resnet::{Depth, ResNet};

pub(super) static SPEC: ExtractorSpec = ExtractorSpec {
    conversion: Conversion::Python { imports: "torchvision", tensors: r#"torchvision.models.resnet50(weights="IMAGENET1K_V2").state_dict()"# },
    input: imagenet::INPUT,
    dimensions: 2048,
    classes: Some(imagenet::CLASSES),
    build: |scope| Ok(Box::new(ResNet::new(Depth::Fifty, 3, imagenet::CLASSES, scope)?)),
};
