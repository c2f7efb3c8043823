//! Layers that several networks share: convolutions, batch norm with running statistics, dropout from a stream, linear.

use super::{Mode, Scope};
use crate::contract::prelude::*;
use candle_nn::init::Init;
use hilum_ops::{Affine, ChannelStatistics, Epilogue, Rectifier, Value, Window};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Normally distributed initial values with mean 0.
pub fn normal(stdev: f64) -> Init {
    Init::Randn { mean: 0.0, stdev }
}

/// Normally distributed initial values of a `k × k` convolution with `co` output channels before a ReLU (He et al.
/// 2015, fan-out).
pub fn kaiming(co: usize, k: usize) -> Init {
    normal((2.0 / (co * k * k) as f64).sqrt())
}

/// Uniformly distributed initial values within ±`1/√inputs`: the default of torch's layers.
pub fn torch_default(inputs: usize) -> Init {
    let bound = 1.0 / (inputs as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}

/// The shape of a convolution.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Channels of the input.
    pub ci: usize,
    /// Channels of the output.
    pub co: usize,
    /// Rows and columns of the kernel.
    pub k: [usize; 2],
    /// Stride, padding, dilation and groups.
    pub window: Window,
}

impl Shape {
    /// A square kernel.
    pub fn square(ci: usize, co: usize, k: usize, stride: usize, padding: usize) -> Self {
        Shape { ci, co, k: [k; 2], window: Window::square(stride, padding) }
    }
}

/// A convolution, with or without a bias per channel.
pub struct Conv {
    weight: Value,
    bias: Option<Value>,
    window: Window,
    transposed: Option<usize>,
}

impl Conv {
    /// `weight [co, ci/groups, kh, kw]` and, if `bias` gives initial values, `bias [co]`.
    pub fn new(shape: Shape, init: Init, bias: Option<Init>, scope: &mut Scope) -> Result<Self> {
        let weight = scope.parameter("weight", &[shape.co, shape.ci / shape.window.groups, shape.k[0], shape.k[1]], init)?;
        Conv::with(weight, shape, None, bias, scope)
    }
    /// A transposed convolution: `weight [ci, co/groups, kh, kw]`; `extra` is the output padding in rows and columns.
    pub fn transposed(shape: Shape, extra: usize, init: Init, bias: Option<Init>, scope: &mut Scope) -> Result<Self> {
        let weight = scope.parameter("weight", &[shape.ci, shape.co / shape.window.groups, shape.k[0], shape.k[1]], init)?;
        Conv::with(weight, shape, Some(extra), bias, scope)
    }
    fn with(weight: Value, shape: Shape, transposed: Option<usize>, bias: Option<Init>, scope: &mut Scope) -> Result<Self> {
        let bias = bias.map(|init| scope.parameter("bias", &[shape.co], init)).transpose()?;
        Ok(Conv { weight, bias, window: shape.window, transposed })
    }
    /// `[n, h, w, ci] → [n, oh, ow, co]`.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        self.rectified(x, Rectifier::Identity)
    }
    /// [`Conv::forward`] with a rectifier, in one pass over memory.
    pub fn rectified(&self, x: &Value, rectifier: Rectifier) -> Result<Value> {
        Ok(match self.transposed {
            None => hilum_ops::conv2d_then(x, &self.weight, self.window, self.bias.as_ref(), rectifier)?,
            Some(extra) => hilum_ops::conv_transpose2d_then(x, &self.weight, self.window, [extra; 2], self.bias.as_ref(), rectifier)?,
        })
    }
}

/// Batch normalisation with running statistics (unbiased running variance).
pub struct BatchNorm {
    weight: Value,
    bias: Value,
    running: ChannelStatistics,
    settings: NormSettings,
    frozen: Arc<AtomicBool>,
}

/// Settings of a batch norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormSettings {
    /// Added to the variance.
    pub eps: f64,
    /// Weight of a batch in the running statistics, in (0, 1].
    pub momentum: f64,
}

/// PyTorch's defaults.
pub const TORCH: NormSettings = NormSettings { eps: 1e-5, momentum: 0.1 };
/// Keras's defaults.
pub const KERAS: NormSettings = NormSettings { eps: 1e-3, momentum: 0.01 };

impl BatchNorm {
    /// Weight 1, bias 0.
    pub fn new(channels: usize, settings: NormSettings, scope: &mut Scope) -> Result<Self> {
        BatchNorm::with_weight(channels, Init::Const(1.0), settings, scope)
    }
    /// Initial weights of `init`, bias 0.
    pub fn with_weight(channels: usize, init: Init, settings: NormSettings, scope: &mut Scope) -> Result<Self> {
        Ok(BatchNorm {
            weight: scope.parameter("weight", &[channels], init)?,
            bias: scope.parameter("bias", &[channels], Init::Const(0.0))?,
            running: ChannelStatistics {
                mean: scope.buffer("running_mean", &[channels], Init::Const(0.0))?,
                variance: scope.buffer("running_var", &[channels], Init::Const(1.0))?,
            },
            settings,
            frozen: scope.frozen(),
        })
    }
    /// `[n, h, w, c] → [n, h, w, c]`, and the epilogue. Training updates the running statistics.
    ///
    /// # Errors
    /// In training with torch's settings, where there is one value per channel.
    pub fn forward<'a>(&self, x: &Value, train: bool, epilogue: impl Into<Epilogue<'a>>) -> Result<Value> {
        let NormSettings { eps, momentum } = self.settings;
        let (affine, epilogue) = (Affine { weight: &self.weight, bias: &self.bias }, epilogue.into());
        if !train || self.frozen.load(Ordering::Relaxed) {
            return Ok(hilum_ops::batch_norm_fixed(x, affine, &self.running, eps, epilogue)?);
        }
        if self.settings == TORCH && x.elem_count() < 2 * self.weight.elem_count() {
            return Err(Error::helped("a batch norm needs more than one value per channel to train", "raise `batch`, or `size` of `prepare`"));
        }
        let (y, batch) = hilum_ops::batch_norm(x, affine, eps, epilogue)?;
        hilum_ops::lerp(&self.running.mean, &batch.mean, momentum)?;
        hilum_ops::lerp(&self.running.variance, &batch.variance, momentum)?;
        Ok(y)
    }
}

/// Dropout (Srivastava et al. 2014): sets values to zero with probability `p` and multiplies the others with `1/(1−p)`;
/// the identity in evaluation.
pub fn dropout(x: &Value, p: f64, mode: &mut Mode) -> Result<Value> {
    match mode {
        Mode::Train(stream) if p > 0.0 => Ok(hilum_ops::masked(x, stream.mask(x.elem_count(), 1.0 - p), 1.0 / (1.0 - p))?),
        _ => Ok(x.clone()),
    }
}

/// A fully connected layer.
pub struct Linear {
    weight: Value,
    bias: Value,
}

impl Linear {
    /// `[n, inputs] → [n, outputs]` with torch's initial values.
    pub fn new(inputs: usize, outputs: usize, scope: &mut Scope) -> Result<Self> {
        Linear::with(inputs, outputs, torch_default(inputs), torch_default(inputs), scope)
    }
    /// `[n, inputs] → [n, outputs]` with these initial values.
    pub fn with(inputs: usize, outputs: usize, weight: Init, bias: Init, scope: &mut Scope) -> Result<Self> {
        Ok(Linear { weight: scope.parameter("weight", &[outputs, inputs], weight)?, bias: scope.parameter("bias", &[outputs], bias)? })
    }
    /// `x · Wᵀ + b`.
    pub fn forward(&self, x: &Value) -> Result<Value> {
        Ok(hilum_ops::linear(x, &self.weight, Some(&self.bias))?)
    }
    /// `x · Wᵀ`.
    pub fn unbiased(&self, x: &Value) -> Result<Value> {
        Ok(hilum_ops::linear(x, &self.weight, None)?)
    }
}
