//! Weights as safetensors.

use super::Weights;
use crate::contract::prelude::*;
use candle_core::{Device, Tensor};
use hilum_ops::Value;
use std::collections::HashMap;

impl Weights {
    /// All tensors as safetensors, sorted by name: the same weights are the same bytes.
    ///
    /// # Errors
    /// Where a GPU does not answer.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let mut owned = vec![];
        for (name, value) in self.all() {
            let values = value.to_vec()?;
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            owned.push((name.clone(), value.dims().to_vec(), bytes));
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

    /// Replaces the values of all tensors by those of a safetensors file.
    ///
    /// # Errors
    /// Names the tensor that is missing or of another shape, with both shapes.
    pub fn load_safetensors(&self, bytes: &[u8], device: &Device) -> Result<()> {
        let file = safetensors::SafeTensors::deserialize(bytes).map_err(|e| Error::data(format!("the weights are not a safetensors file: {e}")))?;
        let known: HashMap<String, _> = file.tensors().into_iter().collect();
        for (name, value) in self.all() {
            let view = known.get(name).ok_or_else(|| Error::data(format!("the weights have no tensor `{name}`")))?;
            if view.shape() != value.dims() || view.dtype() != safetensors::Dtype::F32 {
                return Err(Error::data(format!(
                    "tensor `{name}` is {:?} {:?} in the file; the network needs {:?} F32",
                    view.shape(),
                    view.dtype(),
                    value.dims()
                )));
            }
            let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            hilum_ops::overwrite(value, &Value::constant(Tensor::from_vec(values, value.dims(), device)?))?;
        }
        Ok(())
    }
}
