//! VGG-16 (Simonyan & Zisserman 2015). As in Zunair & Hamza, global average pooling and one layer follow its features;
//! the original three layers, with 124 million parameters, are there for weights that need them. Tensor names are
//! torchvision's.

use super::{ClassifierConfig, torchvision};
use crate::contract::prelude::*;
use crate::networks::blocks::{Conv, Linear, Shape, dropout, kaiming, normal};
use crate::networks::{Classifier, Mode, Scope};
use candle_nn::init::Init;
use hilum_ops::{PoolWindow, Rectifier, Value, channels_first, max_pool2d, relu};

/// Its parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config(pub torchvision::Config);

impl ClassifierConfig for Config {
    fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(Vgg16::new(self.channels(), classes, false, scope)?))
    }
    fn channels(&self) -> usize {
        *self.0.channels
    }
    fn min_side(&self) -> usize {
        torchvision::MIN_SIDE
    }
    fn first_conv(&self) -> &'static str {
        "features.0.weight"
    }
    fn head(&self) -> &'static str {
        "fc."
    }
}

/// Channels of the convolutions; 0 is a pool.
const PLAN: [usize; 18] = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0];
/// Side of the maps that the original head reads.
const POOLED: usize = 7;

/// Images `[n, s, s, channels]`, `s` at least 32 → logits `[n, classes]`.
pub struct Vgg16 {
    layers: Vec<Option<Conv>>,
    head: Vec<Linear>,
}

impl Vgg16 {
    /// Convolutions as He et al. 2015 by fan-out. `original`: the head of three layers, for 224×224 images.
    pub fn new(channels: usize, classes: usize, original: bool, scope: &mut Scope) -> Result<Self> {
        let (mut layers, mut ci, mut at) = (vec![], channels, 0);
        for co in PLAN {
            if co == 0 {
                layers.push(None);
                at += 1;
                continue;
            }
            let conv = Conv::new(Shape::square(ci, co, 3, 1, 1), kaiming(co, 3), Some(Init::Const(0.0)), &mut scope.at(format!("features.{at}")))?;
            layers.push(Some(conv));
            (ci, at) = (co, at + 2);
        }
        let mut linear = |name: &str, inputs, outputs| Linear::with(inputs, outputs, normal(0.01), Init::Const(0.0), &mut scope.at(name));
        let head = match original {
            true => vec![linear("classifier.0", 512 * POOLED * POOLED, 4096)?, linear("classifier.3", 4096, 4096)?, linear("classifier.6", 4096, classes)?],
            false => vec![linear("fc", 512, classes)?],
        };
        Ok(Vgg16 { layers, head })
    }
}

fn halved(maps: &Value) -> Result<Value> {
    Ok(max_pool2d(maps, PoolWindow { k: 2, stride: 2, padding: 0 })?)
}

impl Classifier for Vgg16 {
    fn maps(&self, x: &Value, _mode: &mut Mode) -> Result<Value> {
        // The last pool is the first step of `pool`.
        self.layers[..self.layers.len() - 1].iter().try_fold(x.clone(), |x, layer| match layer {
            Some(conv) => conv.rectified(&x, Rectifier::Relu),
            None => halved(&x),
        })
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        let maps = halved(maps)?;
        if self.head.len() == 1 {
            return Ok(hilum_ops::global_average_pool(&maps)?);
        }
        let (n, h, w, c) = maps.dims4()?;
        if (h, w) != (POOLED, POOLED) {
            return Err(Error::data(format!("the original head of VGG-16 needs {0}×{0} images", 32 * POOLED)));
        }
        Ok(channels_first(&maps)?.reshape(&[n, h * w * c])?)
    }
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value> {
        let last = self.head.len() - 1;
        let mut x = features.clone();
        for (i, layer) in self.head.iter().enumerate() {
            x = layer.forward(&x)?;
            if i < last {
                x = dropout(&relu(&x)?, 0.5, mode)?;
            }
        }
        Ok(x)
    }
}
