//! RAD-DINO (Pérez-García et al. 2025): DINOv2's ViT-B/14, trained on chest X-rays of five collections without labels. The feature is the
//! class token. Images are resized to 518 × 518 as its preprocessor resizes them, with Pillow's bicubic filter; all three channels are the
//! grey image. It crops the middle of what is not square, which no packed image is.

use super::{Channel, ExtractorSpec, Input, Resize};
use crate::contract::conversion::Conversion;
use crate::networks::dinov2::{Dinov2, Sizes};

pub(super) static SPEC: ExtractorSpec = ExtractorSpec {
    conversion: Conversion::Download { url: "https://huggingface.co/microsoft/rad-dino/resolve/main/model.safetensors" },
    input: Input { side: Sizes::BASE_518.side, channels: &[Channel { mean: 0.5307, deviation: 0.2583 }; 3], resize: Resize::Bicubic },
    dimensions: Sizes::BASE_518.width,
    classes: None,
    build: |scope| Ok(Box::new(Dinov2::new(Sizes::BASE_518, scope)?)),
};
