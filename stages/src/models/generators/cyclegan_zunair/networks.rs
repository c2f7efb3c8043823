//! The CycleGAN that Zunair & Hamza trained: a small U-Net and a discriminator from Keras-GAN, with activations before
//! norms, and a norm that takes one mean, one deviation, one scale and one shift over a whole image.

use crate::contract::prelude::*;
use crate::networks::Scope;
use crate::networks::blocks::{Conv, Shape};
use candle_nn::init::Init;
use hilum_ops::{Affine, Divisor, Epilogue, Margins, Rectifier, Value, concat_channels, layer_norm, tanh, up_sample_nearest, zero_pad};

/// keras-contrib's `InstanceNormalization()` without arguments: `(x − mean) / (deviation + 0.001) · γ + β` over the
/// whole image.
struct WholeNorm {
    gamma: Value,
    beta: Value,
}

impl WholeNorm {
    fn new(scope: &mut Scope) -> Result<Self> {
        Ok(WholeNorm { gamma: scope.parameter("gamma", &[1], Init::Const(1.0))?, beta: scope.parameter("beta", &[1], Init::Const(0.0))? })
    }
    fn forward(&self, x: &Value) -> Result<Value> {
        Ok(layer_norm(x, Some(Affine { weight: &self.gamma, bias: &self.beta }), Divisor::EpsOutside(1e-3), Epilogue::NONE)?)
    }
}

/// Glorot & Bengio 2010, as Keras begins.
fn glorot(ci: usize, co: usize, k: usize) -> Init {
    let bound = (6.0 / ((ci + co) * k * k) as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}

fn conv(ci: usize, co: usize, stride: usize, scope: &mut Scope) -> Result<Conv> {
    // "Same" padding of an even kernel with stride 1 is uneven, and is put around the map beforehand.
    Conv::new(Shape::square(ci, co, 4, stride, if stride == 2 { 1 } else { 0 }), glorot(ci, co, 4), Some(Init::Const(0.0)), scope)
}

/// One place before, two after: Keras' "same" for a kernel of four.
fn same(x: &Value) -> Result<Value> {
    Ok(zero_pad(x, Margins { top: 1, bottom: 2, left: 1, right: 2 })?)
}

const LEAKY: Rectifier = Rectifier::Leaky(0.2);
/// Channels of the first maps.
const WIDTH: usize = 32;

/// Images `[n, s, s, channels]` in [−1, 1], `s` a multiple of 16, → images of another kind.
pub struct Generator {
    down: Vec<(Conv, WholeNorm)>,
    up: Vec<(Conv, WholeNorm)>,
    last: Conv,
}

impl Generator {
    /// Weights as Keras begins.
    pub fn new(channels: usize, scope: &mut Scope) -> Result<Self> {
        let mut pair = |name: String, ci, co, stride| -> Result<(Conv, WholeNorm)> {
            let mut s = scope.at(name);
            Ok((conv(ci, co, stride, &mut s.at("conv"))?, WholeNorm::new(&mut s.at("norm"))?))
        };
        let mut down = vec![];
        let mut ci = channels;
        for i in 0..4 {
            down.push(pair(format!("down{}", i + 1), ci, WIDTH << i, 2)?);
            ci = WIDTH << i;
        }
        let mut up = vec![];
        for i in 0..3 {
            let co = WIDTH << (2 - i);
            up.push(pair(format!("up{}", i + 1), ci, co, 1)?);
            // What comes from the way down has as many channels.
            ci = 2 * co;
        }
        Ok(Generator { down, up, last: conv(ci, channels, 1, &mut scope.at("last"))? })
    }

    /// Translates images.
    pub fn forward(&self, images: &Value) -> Result<Value> {
        let mut maps = vec![images.clone()];
        for (conv, norm) in &self.down {
            maps.push(norm.forward(&conv.rectified(&maps[maps.len() - 1], LEAKY)?)?);
        }
        let mut x = maps[4].clone();
        for (i, (conv, norm)) in self.up.iter().enumerate() {
            let y = conv.rectified(&same(&up_sample_nearest(&x, 2)?)?, Rectifier::Relu)?;
            x = concat_channels(&[&norm.forward(&y)?, &maps[3 - i]])?;
        }
        Ok(tanh(&self.last.forward(&same(&up_sample_nearest(&x, 2)?)?)?)?)
    }
}

/// Images `[n, s, s, channels]` in [−1, 1] → logits `[n, s/16, s/16, 1]`.
pub struct Discriminator {
    convs: Vec<Conv>,
    norms: Vec<WholeNorm>,
}

impl Discriminator {
    /// Weights as Keras begins.
    pub fn new(channels: usize, scope: &mut Scope) -> Result<Self> {
        let plan = [(channels, 64, 2), (64, 128, 2), (128, 256, 2), (256, 512, 2), (512, 1, 1)];
        let convs =
            plan.iter().enumerate().map(|(i, (ci, co, stride))| conv(*ci, *co, *stride, &mut scope.at(format!("conv{}", i + 1)))).collect::<Result<_>>()?;
        Ok(Discriminator { convs, norms: (2..5).map(|i| WholeNorm::new(&mut scope.at(format!("norm{i}")))).collect::<Result<_>>()? })
    }

    /// Logits of patches.
    pub fn forward(&self, images: &Value) -> Result<Value> {
        let mut x = self.convs[0].rectified(images, LEAKY)?;
        for (conv, norm) in self.convs[1..4].iter().zip(&self.norms) {
            x = norm.forward(&conv.rectified(&x, LEAKY)?)?;
        }
        self.convs[4].forward(&same(&x)?)
    }
}
