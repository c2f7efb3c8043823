//! The generator of CycleGAN (Zhu et al. 2017) after Johnson et al.: two halvings, residual blocks, two doublings, with
//! mirrored margins and instance norm without scales. Tensor names are those of Zhu et al.

use crate::contract::prelude::*;
use crate::networks::Scope;
use crate::networks::blocks::{Conv, Shape, normal};
use candle_nn::init::Init;
use hilum_ops::{Divisor, Epilogue, Rectifier, Value, instance_norm, reflect_pad, tanh};

/// Images `[n, s, s, channels]` in [−1, 1], `s` a multiple of four, → images of another kind.
pub struct ResNetGenerator {
    stem: Conv,
    down: [Conv; 2],
    blocks: Vec<[Conv; 2]>,
    up: [Conv; 2],
    last: Conv,
}

impl ResNetGenerator {
    /// Convolutions N(0, 0.02), biases 0; `width` is 64 in the paper, `blocks` 9, or 6 for images of 128×128 and
    /// less.
    pub fn new(channels: usize, width: usize, blocks: usize, scope: &mut Scope) -> Result<Self> {
        let bias = Some(Init::Const(0.0));
        let conv = |ci, co, k, stride, padding, at: String, scope: &mut Scope| {
            Conv::new(Shape::square(ci, co, k, stride, padding), normal(0.02), bias, &mut scope.at(at))
        };
        let up = |ci, co, at: usize, scope: &mut Scope| {
            Conv::transposed(Shape::square(ci, co, 3, 2, 1), 1, normal(0.02), bias, &mut scope.at(format!("model.{at}")))
        };
        let inner = 4 * width;
        // Numbers count padding, convolutions, norms and activations of a sequence.
        Ok(ResNetGenerator {
            stem: conv(channels, width, 7, 1, 0, "model.1".into(), scope)?,
            down: [conv(width, 2 * width, 3, 2, 1, "model.4".into(), scope)?, conv(2 * width, inner, 3, 2, 1, "model.7".into(), scope)?],
            blocks: (0..blocks)
                .map(|b| {
                    let mut block = scope.at(format!("model.{}.conv_block", 10 + b));
                    Ok([conv(inner, inner, 3, 1, 0, "1".into(), &mut block)?, conv(inner, inner, 3, 1, 0, "5".into(), &mut block)?])
                })
                .collect::<Result<_>>()?,
            up: [up(inner, 2 * width, 10 + blocks, scope)?, up(2 * width, width, 13 + blocks, scope)?],
            last: conv(width, channels, 7, 1, 0, format!("model.{}", 17 + blocks), scope)?,
        })
    }

    /// Translates images.
    pub fn forward(&self, images: &Value) -> Result<Value> {
        const RELU: Epilogue = Epilogue { add: None, rectifier: Rectifier::Relu };
        let norm = |x: Value, epilogue: Epilogue| instance_norm(&x, None, Divisor::EpsInside(1e-5), epilogue);
        let mut x = norm(self.stem.forward(&reflect_pad(images, 3)?)?, RELU)?;
        for conv in &self.down {
            x = norm(conv.forward(&x)?, RELU)?;
        }
        for [first, second] in &self.blocks {
            let y = norm(first.forward(&reflect_pad(&x, 1)?)?, RELU)?;
            x = norm(second.forward(&reflect_pad(&y, 1)?)?, Epilogue { add: Some(&x), ..Epilogue::NONE })?;
        }
        for conv in &self.up {
            x = norm(conv.forward(&x)?, RELU)?;
        }
        Ok(tanh(&self.last.forward(&reflect_pad(&x, 3)?)?)?)
    }
}
