//! DenseNet (Huang et al. 2017) with 121 or 201 layers: every layer reads the feature maps of all layers before it in
//! its block. Tensor names are torchvision's.

use super::blocks::{BatchNorm, Conv, Linear, Shape, TORCH, normal, torch_default};
use super::{Classifier, Mode, Scope};
use crate::contract::prelude::*;
use candle_nn::init::Init;
use hilum_ops::{PoolWindow, Rectifier, Value, avg_pool2d, concat_channels, global_average_pool, max_pool2d};

/// The number of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 6, 12, 24, 16 layers in its blocks.
    D121,
    /// 6, 12, 48, 32 layers.
    D201,
}

/// Channels that each layer adds.
const GROWTH: usize = 32;
/// Channels of the bottleneck of a layer.
const INNER: usize = 4 * GROWTH;

/// Images `[n, s, s, channels]`, `s` at least 32 → logits `[n, classes]`.
pub struct DenseNet {
    conv0: Conv,
    norm0: BatchNorm,
    blocks: Vec<(Vec<Layer>, Option<(BatchNorm, Conv)>)>,
    norm5: BatchNorm,
    classifier: Linear,
}

struct Layer {
    norm1: BatchNorm,
    conv1: Conv,
    norm2: BatchNorm,
    conv2: Conv,
}

impl DenseNet {
    /// Initial weights of convolutions as He et al. 2015 by fan-in, of norms 1.
    pub fn new(depth: Depth, channels: usize, classes: usize, scope: &mut Scope) -> Result<Self> {
        let layers = match depth {
            Depth::D121 => [6, 12, 24, 16],
            Depth::D201 => [6, 12, 48, 32],
        };
        let mut f = scope.at("features");
        let conv0 = conv(Shape::square(channels, 64, 7, 2, 3), &mut f.at("conv0"))?;
        let norm0 = BatchNorm::new(64, TORCH, &mut f.at("norm0"))?;
        let (mut blocks, mut c) = (vec![], 64);
        for (b, n) in layers.into_iter().enumerate() {
            let mut own = vec![];
            for l in 0..n {
                own.push(Layer::new(c, &mut f.at(format!("denseblock{}.denselayer{}", b + 1, l + 1)))?);
                c += GROWTH;
            }
            let mut transition = None;
            if b + 1 < layers.len() {
                let mut t = f.at(format!("transition{}", b + 1));
                transition = Some((BatchNorm::new(c, TORCH, &mut t.at("norm"))?, conv(Shape::square(c, c / 2, 1, 1, 0), &mut t.at("conv"))?));
                c /= 2;
            }
            blocks.push((own, transition));
        }
        let norm5 = BatchNorm::new(c, TORCH, &mut f.at("norm5"))?;
        let classifier = Linear::with(c, classes, torch_default(c), Init::Const(0.0), &mut scope.at("classifier"))?;
        Ok(DenseNet { conv0, norm0, blocks, norm5, classifier })
    }
}

fn conv(shape: Shape, scope: &mut Scope) -> Result<Conv> {
    Conv::new(shape, normal((2.0 / (shape.ci * shape.k[0] * shape.k[1]) as f64).sqrt()), None, scope)
}

impl Layer {
    fn new(ci: usize, scope: &mut Scope) -> Result<Self> {
        Ok(Layer {
            norm1: BatchNorm::new(ci, TORCH, &mut scope.at("norm1"))?,
            conv1: conv(Shape::square(ci, INNER, 1, 1, 0), &mut scope.at("conv1"))?,
            norm2: BatchNorm::new(INNER, TORCH, &mut scope.at("norm2"))?,
            conv2: conv(Shape::square(INNER, GROWTH, 3, 1, 1), &mut scope.at("conv2"))?,
        })
    }
    fn forward(&self, x: &Value, train: bool) -> Result<Value> {
        let y = self.conv1.forward(&self.norm1.forward(x, train, Rectifier::Relu)?)?;
        self.conv2.forward(&self.norm2.forward(&y, train, Rectifier::Relu)?)
    }
}

impl Classifier for DenseNet {
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        let train = mode.is_train();
        let x = self.norm0.forward(&self.conv0.forward(x)?, train, Rectifier::Relu)?;
        let mut x = max_pool2d(&x, PoolWindow { k: 3, stride: 2, padding: 1 })?;
        for (layers, transition) in &self.blocks {
            for layer in layers {
                x = concat_channels(&[&x, &layer.forward(&x, train)?])?;
            }
            if let Some((norm, conv)) = transition {
                // Average pooling and a 1 × 1 convolution commute: a quarter of the products, and torchvision's sums but for rounding.
                let halved = avg_pool2d(&norm.forward(&x, train, Rectifier::Relu)?, PoolWindow { k: 2, stride: 2, padding: 0 }, true)?;
                x = conv.forward(&halved)?;
            }
        }
        self.norm5.forward(&x, train, Rectifier::Relu)
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        Ok(global_average_pool(maps)?)
    }
    fn head(&self, features: &Value, _mode: &mut Mode) -> Result<Value> {
        self.classifier.forward(features)
    }
}
