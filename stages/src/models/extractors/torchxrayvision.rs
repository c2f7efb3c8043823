//! DenseNet with 121 layers, trained on chest X-rays of seven collections (torchxrayvision, Cohen et al. 2022): one channel of 224 × 224 in
//! [−1024, 1024]. Features are those that the package calls `features2`.

use super::{Channel, ExtractorConfig, Input};
use crate::contract::prelude::*;
use crate::networks::densenet::{DenseNet, Depth};
use crate::networks::{Classifier, Conversion, Pretrained, Scope};

/// The findings that it was trained on.
const FINDINGS: usize = 18;

/// The file of its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Pretrained);

impl ExtractorConfig for Config {
    fn file(&self) -> &Pretrained {
        &self.0
    }
    fn conversion(&self) -> Conversion {
        Conversion { imports: "torchxrayvision as xrv", tensors: "xrv.models.DenseNet(weights='densenet121-res224-all').state_dict()" }
    }
    fn input(&self) -> Input {
        Input { side: 224, channels: &[Channel { mean: 0.5, deviation: 1.0 / 2048.0 }], is_smoothed: true }
    }
    fn dimensions(&self) -> usize {
        1024
    }
    fn classes(&self) -> Option<usize> {
        // Each finding has a probability of its own; they do not add up to one.
        None
    }
    fn build(&self, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(DenseNet::new(Depth::D121, 1, FINDINGS, scope)?))
    }
}
