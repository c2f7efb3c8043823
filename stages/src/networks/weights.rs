//! The named tensors of a network: what is trained, and buffers (running statistics).

mod file;
mod header;
mod pretrained;

pub use pretrained::{Ends, Pretrained};

use crate::contract::prelude::*;
use candle_core::{DType, Device, Tensor};
use candle_nn::init::Init;
use hilum_ops::{Group, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Named tensors in the order in which the network made them. Names are the file format.
pub struct Weights {
    trained: Vec<(String, Value)>,
    buffers: Vec<(String, Value)>,
    device: Device,
    /// Norms by name: true where running statistics are used in training as well, and not updated.
    frozen: Vec<(String, Arc<AtomicBool>)>,
    initial: Initial,
}

/// What becomes of initial values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Initial {
    /// They are drawn.
    Drawn,
    /// Zeros, as a file replaces them.
    Zero,
    /// There are none: only names and shapes are needed.
    None,
}

/// A part of a network by its name, in which layers make their tensors, with initial values from a stream.
pub struct Scope<'a> {
    weights: &'a mut Weights,
    init: &'a mut Stream,
    prefix: String,
}

impl Weights {
    /// An empty collection for tensors on a device.
    pub fn on(device: &Device) -> Self {
        Weights { trained: vec![], buffers: vec![], device: device.clone(), frozen: vec![], initial: Initial::Drawn }
    }
    /// A collection that only counts: its tensors take no memory and have no values of their own.
    pub fn shapes_only() -> Self {
        Weights { initial: Initial::None, ..Weights::on(&Device::Cpu) }
    }
    /// A collection whose tensors are zero until a file is loaded: drawing values for tens of millions of numbers takes seconds.
    pub fn to_be_loaded(device: &Device) -> Self {
        Weights { initial: Initial::Zero, ..Weights::on(device) }
    }
    /// The scope in which a whole network makes its tensors.
    pub fn scope<'a>(&'a mut self, init: &'a mut Stream) -> Scope<'a> {
        Scope { weights: self, init, prefix: String::new() }
    }

    /// The trained parameters.
    pub fn trained(&self) -> Vec<Value> {
        self.trained.iter().map(|(_, v)| v.clone()).collect()
    }
    /// The trained parameters by name.
    pub fn named_trained(&self) -> &[(String, Value)] {
        &self.trained
    }
    /// The trained parameters in groups: of equal factor on the learning rate, which `rate` gives for a name. Zero
    /// freezes.
    pub fn groups(&self, rate: impl Fn(&str) -> f64) -> Vec<Group> {
        let mut groups: Vec<Group> = vec![];
        for (name, value) in &self.trained {
            let factor = rate(name);
            match groups.iter_mut().find(|g| g.rate == factor) {
                Some(group) => group.weights.push(value.clone()),
                None => groups.push(Group { weights: vec![value.clone()], rate: factor }),
            }
        }
        groups
    }
    /// Which norms use their running statistics in training as well, and do not update them: what Keras does with a
    /// frozen layer. PyTorch goes on to use statistics of the batch, and to update the running ones.
    pub fn freeze(&self, norm: impl Fn(&str) -> bool) {
        self.frozen.iter().for_each(|(name, frozen)| frozen.store(norm(name), Ordering::Relaxed));
    }
    /// The device of the tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }
    /// False where a weight is infinite or NaN, as after a step along an infinite gradient.
    pub fn are_finite(&self) -> Result<bool> {
        for (_, value) in self.all() {
            if !value.detach().sum()?.scalar()?.is_finite() {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// How many parameters are trained.
    pub fn count(&self) -> usize {
        self.trained.iter().map(|(_, v)| v.elem_count()).sum()
    }
    /// All names with their shapes.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        self.all().map(|(n, v)| (n.clone(), v.dims().to_vec())).collect()
    }
    /// All tensors by name: what is trained, then buffers.
    pub fn all(&self) -> impl Iterator<Item = &(String, Value)> {
        self.trained.iter().chain(&self.buffers)
    }
    /// A step of an exponential moving average of another collection of the same network: `self += weight · (other −
    /// self)`, and buffers are copied.
    ///
    /// # Errors
    /// Where shapes differ.
    pub fn lerp(&self, other: &Weights, weight: f64) -> Result<()> {
        for ((_, target), (_, source)) in self.trained.iter().zip(&other.trained) {
            hilum_ops::lerp(target, source, weight)?;
        }
        for ((_, target), (_, source)) in self.buffers.iter().zip(&other.buffers) {
            hilum_ops::overwrite(target, source)?;
        }
        Ok(())
    }
}

impl Scope<'_> {
    /// A scope below a name.
    pub fn at(&mut self, name: impl std::fmt::Display) -> Scope<'_> {
        Scope { prefix: self.name(&name.to_string()), weights: self.weights, init: self.init }
    }
    /// The device of its tensors.
    pub fn device(&self) -> &Device {
        &self.weights.device
    }
    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
    /// Whether the norm of this scope is frozen: see [`Weights::freeze`].
    pub(crate) fn frozen(&mut self) -> Arc<AtomicBool> {
        let frozen = Arc::new(AtomicBool::new(false));
        self.weights.frozen.push((self.prefix.clone(), frozen.clone()));
        frozen
    }
    /// A tensor that is trained. `Init::Kaiming` is refused: layers compute their standard deviation.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Value> {
        let value = Value::leaf(&self.tensor(shape, init)?);
        self.weights.trained.push((self.name(name), value.clone()));
        Ok(value)
    }
    /// A tensor that is not trained, but stored with the weights: running statistics.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn buffer(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Value> {
        let value = Value::constant(self.tensor(shape, init)?);
        self.weights.buffers.push((self.name(name), value.clone()));
        Ok(value)
    }
    fn tensor(&mut self, shape: &[usize], init: Init) -> Result<Tensor> {
        let device = self.weights.device.clone();
        match self.weights.initial {
            Initial::None => return Ok(Tensor::zeros((), DType::F32, &device)?.broadcast_as(shape)?),
            Initial::Zero => return Ok(Tensor::zeros(shape, DType::F32, &device)?),
            Initial::Drawn => {}
        }
        let n = shape.iter().product();
        let stream = &mut *self.init;
        let values: Vec<f32> = match init {
            Init::Const(value) => vec![value as f32; n],
            Init::Randn { mean, stdev } => (0..n).map(|_| (mean + stdev * stream.normal()) as f32).collect(),
            Init::Uniform { lo, up } => (0..n).map(|_| stream.uniform(lo, up) as f32).collect(),
            Init::Kaiming { .. } => return Err(Error::data("BUG: a layer computes its standard deviation itself")),
        };
        Ok(Tensor::from_vec(values, shape, &device)?)
    }
}
