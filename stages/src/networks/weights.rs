//! The named tensors of a network: what is trained, and buffers (running statistics).

mod file;
mod pretrained;

pub use pretrained::Pretrained;

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
    /// Norms by name: true where running statistics are used in training, too, and stay as they are.
    still: Vec<(String, Arc<AtomicBool>)>,
    /// No numbers are drawn: only names and shapes are wanted.
    shapes_only: bool,
}

/// Where in a network a layer makes its tensors: below a name, from a stream.
pub struct Scope<'a> {
    weights: &'a mut Weights,
    init: &'a mut Stream,
    prefix: String,
}

impl Weights {
    /// An empty collection for tensors on a device.
    pub fn on(device: &Device) -> Self {
        Weights { trained: vec![], buffers: vec![], device: device.clone(), still: vec![], shapes_only: false }
    }
    /// A collection that only counts: its tensors take no memory and hold no numbers.
    pub fn shapes_only() -> Self {
        Weights { shapes_only: true, ..Weights::on(&Device::Cpu) }
    }
    /// The place where a whole network makes its tensors.
    pub fn scope<'a>(&'a mut self, init: &'a mut Stream) -> Scope<'a> {
        Scope { weights: self, init, prefix: String::new() }
    }

    /// What an optimiser moves.
    pub fn trained(&self) -> Vec<Value> {
        self.trained.iter().map(|(_, v)| v.clone()).collect()
    }
    /// What an optimiser moves, with names.
    pub fn named_trained(&self) -> &[(String, Value)] {
        &self.trained
    }
    /// What an optimiser moves, in groups: those whose name `rate` gives the same factor on the learning rate. Zero freezes.
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
    /// Which norms use their running statistics in training, too, and leave them as they are: what Keras does with a frozen
    /// layer. PyTorch goes on with statistics of the batch, and with the running ones.
    pub fn freeze(&self, norm: impl Fn(&str) -> bool) {
        self.still.iter().for_each(|(name, still)| still.store(norm(name), Ordering::Relaxed));
    }
    /// Where the tensors lie.
    pub fn device(&self) -> &Device {
        &self.device
    }
    /// True where every number is one: a step along an infinite gradient leaves none.
    pub fn are_finite(&self) -> Result<bool> {
        for (_, value) in self.all() {
            if !value.detach().sum()?.scalar()?.is_finite() {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// How many numbers are trained.
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
    /// Goes `share` of the way to another collection of the same network, buffers all the way: an exponential moving average.
    pub fn approach(&self, other: &Weights, share: f64) -> Result<()> {
        for ((_, target), (_, source)) in self.trained.iter().zip(&other.trained) {
            hilum_ops::approach(target, source, share)?;
        }
        for ((_, target), (_, source)) in self.buffers.iter().zip(&other.buffers) {
            hilum_ops::overwrite(target, source.data())?;
        }
        Ok(())
    }
}

impl Scope<'_> {
    /// A place below a name.
    pub fn at(&mut self, name: impl std::fmt::Display) -> Scope<'_> {
        Scope { prefix: self.name(&name.to_string()), weights: self.weights, init: self.init }
    }
    /// Where its tensors lie.
    pub fn device(&self) -> &Device {
        &self.weights.device
    }
    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
    /// Whether the norm of this place holds still: see [`Weights::freeze`].
    pub(crate) fn still(&mut self) -> Arc<AtomicBool> {
        let still = Arc::new(AtomicBool::new(false));
        self.weights.still.push((self.prefix.clone(), still.clone()));
        still
    }
    /// A tensor that is learned. `Init::Kaiming` is none of its kinds: layers say their deviation.
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Value> {
        let value = Value::leaf(&self.tensor(shape, init)?);
        self.weights.trained.push((self.name(name), value.clone()));
        Ok(value)
    }
    /// A tensor that is not learned, but kept with the weights: running statistics.
    pub fn buffer(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Value> {
        let value = Value::constant(self.tensor(shape, init)?);
        self.weights.buffers.push((self.name(name), value.clone()));
        Ok(value)
    }
    fn tensor(&mut self, shape: &[usize], init: Init) -> Result<Tensor> {
        let device = self.weights.device.clone();
        if self.weights.shapes_only {
            return Ok(Tensor::zeros((), DType::F32, &device)?.broadcast_as(shape)?);
        }
        let n = shape.iter().product();
        let stream = &mut *self.init;
        let values: Vec<f32> = match init {
            Init::Const(value) => vec![value as f32; n],
            Init::Randn { mean, stdev } => (0..n).map(|_| (mean + stdev * stream.normal()) as f32).collect(),
            Init::Uniform { lo, up } => (0..n).map(|_| stream.uniform(lo, up) as f32).collect(),
            Init::Kaiming { .. } => return Err(Error::data("BUG: a layer says its deviation itself")),
        };
        Ok(Tensor::from_vec(values, shape, &device)?)
    }
}
