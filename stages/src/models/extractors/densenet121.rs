//! DenseNet with 121 layers (Huang et al. 2017), trained on ImageNet by torchvision.

use super::{ExtractorSpec, imagenet};
use crate::contract::conversion::Conversion;
use crate::networks::densenet::{DenseNet, Depth};

pub(super) static SPEC: ExtractorSpec = ExtractorSpec {
    conversion: Conversion::Python { imports: "torchvision", tensors: r#"torchvision.models.densenet121(weights="IMAGENET1K_V1").state_dict()"# },
    input: imagenet::INPUT,
    dimensions: 1024,
    classes: Some(imagenet::CLASSES),
    build: |scope| Ok(Box::new(DenseNet::new(Depth::D121, 3, imagenet::CLASSES, scope)?)),
};
