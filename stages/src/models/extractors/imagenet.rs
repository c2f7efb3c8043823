//! What networks of torchvision that were trained on ImageNet are given: 224 × 224, each channel less its mean there, over its deviation.

use super::{Channel, Input, Resize};

pub(super) const CLASSES: usize = 1000;

pub(super) const INPUT: Input = Input {
    side: 224,
    channels: &[Channel { mean: 0.485, deviation: 0.229 }, Channel { mean: 0.456, deviation: 0.224 }, Channel { mean: 0.406, deviation: 0.225 }],
    resize: Resize::SmoothedBilinear,
};
