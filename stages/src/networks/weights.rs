//! The named tensors of a network: what is trained, and what is only remembered (running statistics).

use crate::contract::prelude::*;
use candle_core::{DType, Device, Tensor, Var};
use std::collections::HashMap;

/// Named tensors in the order in which the network made them. Names are the file format.
#[derive(Default)]
pub struct Weights {
    trained: Vec<(String, Var)>,
    buffers: Vec<(String, Var)>,
    device: Option<Device>,
}

impl Weights {
    /// An empty collection for tensors on a device.
    pub fn on(device: &Device) -> Self {
        Weights { device: Some(device.clone()), ..Weights::default() }
    }
    fn device(&self) -> Device {
        self.device.clone().unwrap_or(Device::Cpu)
    }
    /// A trained tensor with normally distributed values.
    pub fn normal(&mut self, name: &str, shape: &[usize], mean: f64, std: f64, init: &mut Stream) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| (mean + std * init.normal()) as f32).collect();
        self.add(name, Tensor::from_vec(values, shape, &self.device())?)
    }
    /// A trained tensor with values uniform in `[-bound, bound)`.
    pub fn uniform(&mut self, name: &str, shape: &[usize], bound: f64, init: &mut Stream) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| init.uniform(-bound, bound) as f32).collect();
        self.add(name, Tensor::from_vec(values, shape, &self.device())?)
    }
    /// A trained tensor of one value.
    pub fn constant(&mut self, name: &str, shape: &[usize], value: f64) -> Result<Tensor> {
        let tensor = Tensor::full(value as f32, shape, &self.device())?;
        self.add(name, tensor)
    }
    /// A tensor that is remembered, not trained.
    pub fn buffer(&mut self, name: &str, shape: &[usize], value: f64) -> Result<Var> {
        let var = Var::from_tensor(&Tensor::full(value as f32, shape, &self.device())?)?;
        self.buffers.push((name.to_owned(), var.clone()));
        Ok(var)
    }
    fn add(&mut self, name: &str, tensor: Tensor) -> Result<Tensor> {
        let var = Var::from_tensor(&tensor)?;
        self.trained.push((name.to_owned(), var.clone()));
        Ok(var.as_tensor().clone())
    }

    /// What an optimiser moves.
    pub fn trained(&self) -> Vec<Var> {
        self.trained.iter().map(|(_, v)| v.clone()).collect()
    }
    /// What an optimiser moves, with names.
    pub fn named_trained(&self) -> Vec<(String, Var)> {
        self.trained.clone()
    }
    /// How many numbers are trained.
    pub fn count(&self) -> usize {
        self.trained.iter().map(|(_, v)| v.elem_count()).sum()
    }
    /// All names with their shapes.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        self.all().map(|(n, v)| (n.clone(), v.dims().to_vec())).collect()
    }
    fn all(&self) -> impl Iterator<Item = &(String, Var)> {
        self.trained.iter().chain(&self.buffers)
    }

    /// All tensors as safetensors, names sorted: the same weights are the same bytes.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let mut owned = vec![];
        for (name, var) in self.all() {
            let values = var.as_tensor().flatten_all()?.to_device(&Device::Cpu)?.to_vec1::<f32>()?;
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            owned.push((name.clone(), var.dims().to_vec(), bytes));
        }
        owned.sort_by(|a, b| a.0.cmp(&b.0));
        let fault = |e: safetensors::SafeTensorError| Error::data(format!("weights could not be written: {e}"));
        let mut views = vec![];
        for (name, shape, bytes) in &owned {
            let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).map_err(fault)?;
            views.push((name.as_str(), view));
        }
        safetensors::serialize(views, None).map_err(fault)
    }

    /// Puts tensors of a safetensors file in place of the present ones.
    ///
    /// # Errors
    /// Names the tensor that is missing or of another shape, with both shapes.
    pub fn load_safetensors(&self, bytes: &[u8], device: &Device) -> Result<()> {
        let file = safetensors::SafeTensors::deserialize(bytes).map_err(|e| Error::data(format!("the weights do not read as safetensors: {e}")))?;
        let known: HashMap<String, _> = file.tensors().into_iter().collect();
        for (name, var) in self.all() {
            let view = known.get(name).ok_or_else(|| Error::data(format!("the weights have no tensor `{name}`")))?;
            if view.shape() != var.dims() || view.dtype() != safetensors::Dtype::F32 {
                return Err(Error::data(format!(
                    "tensor `{name}` is {:?} {:?} in the file; the network needs {:?} F32",
                    view.shape(),
                    view.dtype(),
                    var.dims()
                )));
            }
            let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            var.set(&Tensor::from_vec(values, var.dims(), device)?.to_dtype(DType::F32)?)?;
        }
        Ok(())
    }
}
