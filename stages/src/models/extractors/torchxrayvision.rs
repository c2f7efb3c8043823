//! DenseNet with 121 layers, trained on chest X-rays of seven collections (torchxrayvision, Cohen et al. 2022): one channel of 224 × 224 in
//! [−1024, 1024]. Features are those that the package calls `features2`.

use super::{Channel, ExtractorSpec, Input, Resize};
use crate::contract::conversion::Conversion;
use crate::networks::densenet::{DenseNet, Depth};

/// The findings that it was trained on.
const FINDINGS: usize = 18;

pub(super) static SPEC: ExtractorSpec = ExtractorSpec {
    conversion: Conversion::Python { imports: "torchxrayvision as xrv", tensors: r#"xrv.models.DenseNet(weights="densenet121-res224-all").state_dict()"# },
    input: Input { side: 224, channels: &[Channel { mean: 0.5, deviation: 1.0 / 2048.0 }], resize: Resize::SmoothedBilinear },
    dimensions: 1024,
    // Each finding has a probability of its own; they do not add up to one.
    classes: None,
    build: |scope| Ok(Box::new(DenseNet::new(Depth::D121, 1, FINDINGS, scope)?)),
};
