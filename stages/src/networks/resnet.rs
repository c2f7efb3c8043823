//! ResNet (He et al. 2016) with 18 or 50 layers, as torchvision builds it: in bottleneck blocks the stride is in the 3
//! × 3 convolution (version 1.5), where Keras has it in the first 1 × 1. Tensor names are torchvision's.

use super::blocks::{BatchNorm, Conv, Linear, Shape, TORCH, kaiming};
use super::{Classifier, Mode, Scope};
use crate::contract::prelude::*;
use hilum_ops::{Epilogue, PoolWindow, Rectifier, Value, global_average_pool, max_pool2d};

/// The number of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Blocks of two 3 × 3 convolutions.
    Eighteen,
    /// Blocks of 1 × 1, 3 × 3, 1 × 1.
    Fifty,
}

impl Depth {
    fn blocks(self) -> [usize; 4] {
        match self {
            Depth::Eighteen => [2, 2, 2, 2],
            Depth::Fifty => [3, 4, 6, 3],
        }
    }
    /// How many times as many channels a block's output has as its inner maps.
    fn expansion(self) -> usize {
        match self {
            Depth::Eighteen => 1,
            Depth::Fifty => 4,
        }
    }
}

/// Images `[n, s, s, channels]`, `s` at least 32 → logits `[n, classes]`.
pub struct ResNet {
    conv1: Conv,
    bn1: BatchNorm,
    layers: Vec<Block>,
    fc: Linear,
}

struct Block {
    /// Each followed by its norm; the last by the shortcut as well.
    convs: Vec<(Conv, BatchNorm)>,
    /// The projection of the shortcut, where shapes differ.
    downsample: Option<(Conv, BatchNorm)>,
}

impl ResNet {
    /// Initial weights of convolutions as He et al. 2015 by fan-out, of norms 1.
    pub fn new(depth: Depth, channels: usize, classes: usize, scope: &mut Scope) -> Result<Self> {
        let conv1 = pair(Shape::square(channels, 64, 7, 2, 3), ["conv1", "bn1"], scope)?;
        let (mut layers, mut ci) = (vec![], 64);
        for (stage, blocks) in depth.blocks().into_iter().enumerate() {
            for i in 0..blocks {
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                let block = Block::new(depth, ci, 64 << stage, stride, &mut scope.at(format!("layer{}.{i}", stage + 1)))?;
                layers.push(block);
                ci = (64 << stage) * depth.expansion();
            }
        }
        Ok(ResNet { conv1: conv1.0, bn1: conv1.1, layers, fc: Linear::new(ci, classes, &mut scope.at("fc"))? })
    }
}

/// A convolution without bias and its norm.
fn pair(shape: Shape, [conv, norm]: [&str; 2], scope: &mut Scope) -> Result<(Conv, BatchNorm)> {
    Ok((Conv::new(shape, kaiming(shape.co, shape.k[0]), None, &mut scope.at(conv))?, BatchNorm::new(shape.co, TORCH, &mut scope.at(norm))?))
}

impl Block {
    fn new(depth: Depth, ci: usize, width: usize, stride: usize, scope: &mut Scope) -> Result<Self> {
        let co = width * depth.expansion();
        let shapes = match depth {
            Depth::Eighteen => vec![Shape::square(ci, width, 3, stride, 1), Shape::square(width, width, 3, 1, 1)],
            Depth::Fifty => vec![Shape::square(ci, width, 1, 1, 0), Shape::square(width, width, 3, stride, 1), Shape::square(width, co, 1, 1, 0)],
        };
        let convs = shapes.into_iter().enumerate().map(|(i, s)| pair(s, [&format!("conv{}", i + 1), &format!("bn{}", i + 1)], scope)).collect::<Result<_>>()?;
        let shortcut = Shape::square(ci, co, 1, stride, 0);
        let downsample = (ci != co || stride != 1).then(|| pair(shortcut, ["downsample.0", "downsample.1"], scope)).transpose()?;
        Ok(Block { convs, downsample })
    }

    fn forward(&self, x: &Value, train: bool) -> Result<Value> {
        let shortcut = match &self.downsample {
            Some((conv, norm)) => norm.forward(&conv.forward(x)?, train, Epilogue::NONE)?,
            None => x.clone(),
        };
        let mut y = x.clone();
        let last = self.convs.len() - 1;
        for (i, (conv, norm)) in self.convs.iter().enumerate() {
            let epilogue = Epilogue { add: (i == last).then_some(&shortcut), rectifier: Rectifier::Relu };
            y = norm.forward(&conv.forward(&y)?, train, epilogue)?;
        }
        Ok(y)
    }
}

impl Classifier for ResNet {
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        let train = mode.is_train();
        let x = self.bn1.forward(&self.conv1.forward(x)?, train, Rectifier::Relu)?;
        let x = max_pool2d(&x, PoolWindow { k: 3, stride: 2, padding: 1 })?;
        self.layers.iter().try_fold(x, |x, block| block.forward(&x, train))
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        Ok(global_average_pool(maps)?)
    }
    fn head(&self, features: &Value, _mode: &mut Mode) -> Result<Value> {
        self.fc.forward(features)
    }
}
