//! Layers with equalised learning rates: weights of deviation one, scaled when they are used.

use crate::contract::prelude::*;
use crate::networks::Scope;
use candle_nn::init::Init;
use hilum_ops::{FirWindow, Rectifier, Value, Window, conv_transpose2d, conv2d, conv2d_then, linear, scale_shift, upfirdn};

const UNIT: Init = Init::Randn { mean: 0.0, stdev: 1.0 };
const LEAKY: Rectifier = Rectifier::Leaky(0.2);
/// What an activation is multiplied by, to keep the size of what goes through.
pub(super) const GAIN: f64 = std::f64::consts::SQRT_2;
/// The filter of all resampling, one axis of it.
const FILTER: [f32; 4] = [0.125, 0.375, 0.375, 0.125];

/// Twice as many rows and columns.
pub(super) fn doubled(x: &Value) -> Result<Value> {
    Ok(upfirdn(x, &FILTER.map(|f| 2.0 * f), FirWindow { up: 2, down: 1, before: 2, after: 1 })?)
}

/// A fully connected layer.
pub(super) struct Full {
    weight: Value,
    bias: Value,
    gain: f64,
    rate: f64,
    leaky: bool,
}

impl Full {
    /// `rate` is the learning rate of this layer, as a share; `bias` what its bias begins with.
    pub(super) fn new(inputs: usize, outputs: usize, rate: f64, bias: f64, leaky: bool, scope: &mut Scope) -> Result<Self> {
        Ok(Full {
            weight: scope.parameter("weight", &[outputs, inputs], Init::Randn { mean: 0.0, stdev: 1.0 / rate })?,
            bias: scope.parameter("bias", &[outputs], Init::Const(bias))?,
            gain: rate / (inputs as f64).sqrt(),
            rate,
            leaky,
        })
    }
    /// `[n, inputs] → [n, outputs]`.
    pub(super) fn forward(&self, x: &Value) -> Result<Value> {
        // A leaky ReLU of √2·x is √2 times that of x.
        let gain = if self.leaky { GAIN } else { 1.0 };
        let x = linear(x, &self.weight.scale(self.gain * gain)?, None)?;
        let rectifier = if self.leaky { LEAKY } else { Rectifier::Identity };
        Ok(scale_shift(&x, None, &self.bias.scale(self.rate * gain)?, rectifier.into())?)
    }
}

/// A convolution of the discriminator.
pub(super) struct Convolution {
    weight: Value,
    bias: Option<Value>,
    gain: f64,
    k: usize,
    halve: bool,
}

impl Convolution {
    /// With a bias and a leaky ReLU, or with neither.
    pub(super) fn new(ci: usize, co: usize, k: usize, activated: bool, halve: bool, scope: &mut Scope) -> Result<Self> {
        Ok(Convolution {
            weight: scope.parameter("weight", &[co, ci, k, k], UNIT)?,
            bias: activated.then(|| scope.parameter("bias", &[co], Init::Const(0.0))).transpose()?,
            gain: 1.0 / ((ci * k * k) as f64).sqrt(),
            k,
            halve,
        })
    }
    /// `gain` multiplies the result.
    pub(super) fn forward(&self, x: &Value, gain: f64) -> Result<Value> {
        let gain = if self.bias.is_some() { gain * GAIN } else { gain };
        let weight = self.weight.scale(self.gain * gain)?;
        let (x, window) = match (self.halve, self.k) {
            (false, k) => (x.clone(), Window::square(1, k / 2)),
            (true, 1) => (upfirdn(x, &FILTER, FirWindow { up: 1, down: 2, before: 1, after: 1 })?, Window::square(1, 0)),
            (true, _) => (upfirdn(x, &FILTER, FirWindow { up: 1, down: 1, before: 2, after: 2 })?, Window::square(2, 0)),
        };
        match &self.bias {
            Some(bias) => Ok(conv2d_then(&x, &weight, window, Some(&bias.scale(gain)?), LEAKY)?),
            None => Ok(conv2d(&x, &weight, window)?),
        }
    }
}

/// A convolution whose kernel each image's style scales.
pub(super) struct Modulated {
    affine: Full,
    weight: Value,
    bias: Value,
    /// None for the layers that make images.
    noise: Option<(Value, Value)>,
    double: bool,
}

impl Modulated {
    /// A layer of the synthesis; `side` is that of its result.
    pub(super) fn new(ci: usize, co: usize, latent: usize, side: usize, double: bool, scope: &mut Scope) -> Result<Self> {
        Ok(Modulated {
            affine: Full::new(latent, ci, 1.0, 1.0, false, &mut scope.at("affine"))?,
            weight: scope.parameter("weight", &[co, ci, 3, 3], UNIT)?,
            bias: scope.parameter("bias", &[co], Init::Const(0.0))?,
            noise: Some((scope.parameter("noise_strength", &[], Init::Const(0.0))?, scope.buffer("noise_const", &[side, side], UNIT)?)),
            double,
        })
    }
    /// A layer that makes an image of maps.
    pub(super) fn image(ci: usize, co: usize, latent: usize, scope: &mut Scope) -> Result<Self> {
        Ok(Modulated {
            affine: Full::new(latent, ci, 1.0, 1.0, false, &mut scope.at("affine"))?,
            weight: scope.parameter("weight", &[co, ci, 1, 1], UNIT)?,
            bias: scope.parameter("bias", &[co], Init::Const(0.0))?,
            noise: None,
            double: false,
        })
    }

    /// `x [n, h, w, ci]`, style `w [n, latent]`, noise as `noise` makes it of the layer's own.
    pub(super) fn forward(&self, x: &Value, w: &Value, noise: &mut dyn FnMut(&Value) -> Result<Option<Value>>) -> Result<Value> {
        let (n, _, _, ci) = x.dims4()?;
        let style = self.affine.forward(w)?;
        let Some((strength, constant)) = &self.noise else {
            let style = style.scale(1.0 / (ci as f64).sqrt())?.reshape(&[n, 1, 1, ci])?;
            return Ok(conv2d_then(&x.mul(&style)?, &self.weight, Window::square(1, 0), Some(&self.bias), Rectifier::Identity)?);
        };
        // Scaling the input by the style and the result by its inverse norm is the same as scaling each image's kernel.
        let scaled = x.mul(&style.reshape(&[n, 1, 1, ci])?)?;
        let mut y = match self.double {
            false => conv2d(&scaled, &self.weight, Window::square(1, 1))?,
            true => {
                let wide = conv_transpose2d(&scaled, &self.weight.permute(&[1, 0, 2, 3])?, Window::square(2, 0), [0; 2])?;
                upfirdn(&wide, &FILTER.map(|f| 2.0 * f), FirWindow { up: 1, down: 1, before: 1, after: 1 })?
            }
        };
        let co = self.weight.dims()[0];
        let squares = self.weight.square()?.reshape(&[co, ci, 9])?.sum_to(&[co, ci, 1])?.reshape(&[co, ci])?;
        let norm = linear(&style.square()?, &squares, None)?.shift(1e-8)?.sqrt()?.reciprocal()?;
        y = y.mul(&norm.scale(GAIN)?.reshape(&[n, 1, 1, co])?)?;
        if let Some(noise) = noise(constant)? {
            y = y.add(&noise.mul(&strength.scale(GAIN)?)?)?;
        }
        Ok(scale_shift(&y, None, &self.bias.scale(GAIN)?, LEAKY.into())?)
    }
}
