//! Pieces of training loops: optimisers as parameters, devices, and a thread with room for deep graphs. No trainer object:
//! the loops stand in the stages, in order of execution.

use crate::contract::context::DeviceChoice;
use crate::contract::prelude::*;
use candle_core::{Device, Tensor, Var};
use hilum_ops::{Adam, Optimiser, Sgd};

/// How weights are moved along their gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OptimiserChoice {
    /// Adam (Kingma & Ba 2015), without weight decay.
    Adam(AdamParameters),
    /// Stochastic gradient descent with momentum.
    Sgd(SgdParameters),
}

/// Parameters of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamParameters {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
}

impl Default for AdamParameters {
    fn default() -> Self {
        AdamParameters { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

/// Parameters of stochastic gradient descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SgdParameters {
    /// Step size.
    pub learning_rate: f64,
    /// Share of the velocity that is kept.
    pub momentum: f64,
    /// Look ahead along the velocity (Nesterov).
    pub nesterov: bool,
    /// Weight decay, added to the gradient.
    pub weight_decay: f64,
}

impl Default for SgdParameters {
    fn default() -> Self {
        SgdParameters { learning_rate: 0.01, momentum: 0.9, nesterov: true, weight_decay: 0.0 }
    }
}

impl OptimiserChoice {
    /// An optimiser over these weights.
    pub fn build(&self, weights: Vec<Var>) -> Box<dyn Optimiser> {
        match self {
            OptimiserChoice::Adam(p) => Box::new(Adam::new(weights, p.learning_rate, p.beta1, p.beta2, p.eps)),
            OptimiserChoice::Sgd(p) => Box::new(Sgd::new(weights, p.learning_rate, p.momentum, p.nesterov, p.weight_decay)),
        }
    }
    /// Finds parameters that make no sense.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let (name, rate) = match self {
            OptimiserChoice::Adam(p) => ("adam", p.learning_rate),
            OptimiserChoice::Sgd(p) => ("sgd", p.learning_rate),
        };
        BadParameter::unless(rate > 0.0 && rate.is_finite(), &format!("{path}.{name}.learning_rate"), "must be greater than 0")
    }
}

/// Finds what makes no sense in how long is trained: passes or steps, and films per step.
pub fn check_budget(epochs: Option<u32>, steps: Option<u32>, batch: u32) -> Vec<BadParameter> {
    [
        BadParameter::unless(epochs.is_some() != steps.is_some(), "", "either `epochs` or `steps` must be given"),
        BadParameter::unless(epochs != Some(0) && steps != Some(0), "", "at least one step is needed"),
        BadParameter::unless(batch >= 2, "batch", "must be at least 2"),
    ]
    .concat()
}

/// Opens the device that the run chose.
///
/// # Errors
/// Where this build or machine does not have it.
pub fn open_device(choice: DeviceChoice) -> Result<Device> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda(n) => Device::new_cuda(n).map_err(|e| Error::helped(format!("GPU {n} cannot be used: {e}"), "run with `--device cpu`")),
    }
}

/// Runs work on a thread with a large stack: candle walks the graph of a training step recursively.
pub fn with_deep_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let spawned = std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, work);
        match spawned.map_err(|e| Error::data(format!("no thread for training: {e}")))?.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Packed films as they are, in [0, 1]: `[n, side, side, 1]`.
pub fn film_tensor(films: &[&[u8]], side: usize, device: &Device) -> Result<Tensor> {
    let values: Vec<f32> = films.iter().flat_map(|f| f.iter().map(|v| f32::from(*v) / 255.0)).collect();
    Ok(Tensor::from_vec(values, (films.len(), side, side, 1), device)?)
}

/// Noise `[n, 1, 1, latent]` uniform in [−1, 1), film `k` from its own stream.
pub fn uniform_noise(streams: &Stream, first: u64, n: usize, latent: usize, device: &Device) -> Result<Tensor> {
    let values: Vec<f32> = (0..n as u64)
        .flat_map(|k| {
            let mut stream = streams.item(first + k);
            (0..latent).map(move |_| stream.uniform(-1.0, 1.0) as f32).collect::<Vec<_>>()
        })
        .collect();
    Ok(Tensor::from_vec(values, (n, 1, 1, latent), device)?)
}
