//! Inception-v3 with the weights of the FID (Heusel et al. 2017). Images are resized to 299 × 299 as pytorch-fid resizes them, without
//! smoothing, and are in [−1, 1]. Logits have no bias, as those of the inception score (Salimans et al. 2016).

use super::{Channel, ExtractorSpec, Input, Resize};
use crate::contract::conversion::Conversion;
use crate::contract::prelude::*;
use crate::networks::inception::FidInception;
use crate::networks::{Classifier, Mode};
use hilum_ops::Value;

pub(super) static SPEC: ExtractorSpec = ExtractorSpec {
    conversion: Conversion::Python {
        imports: "torch",
        tensors: r#"torch.load("pt_inception-2015-12-05-6726825d.pth", map_location="cpu", weights_only=True)"#,
    },
    input: Input { side: 299, channels: &[Channel { mean: 0.5, deviation: 0.5 }; 3], resize: Resize::Bilinear },
    dimensions: 2048,
    classes: Some(1008),
    build: |scope| Ok(Box::new(Unbiased(FidInception::new(scope)?))),
};

struct Unbiased(FidInception);

impl Classifier for Unbiased {
    fn maps(&self, x: &Value, _mode: &mut Mode) -> Result<Value> {
        self.0.maps(x)
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        self.0.pool(maps)
    }
    fn head(&self, features: &Value, _mode: &mut Mode) -> Result<Value> {
        self.0.unbiased_logits(features)
    }
}
