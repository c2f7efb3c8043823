//! Operations that move elements and change none. Differentiable to any order.

use crate::tape::Value;
use candle_core::{Result, Tensor, bail};

/// Errors: where shapes do not fit.
impl Value {
    /// An error of the operation where there is no element: a mean of none would be NaN.
    pub(crate) fn refuse_empty(&self, operation: &str, what: &str) -> Result<()> {
        if self.elem_count() == 0 { bail!("{operation} of no {what}: {:?}", self.dims()) } else { Ok(()) }
    }
    /// The same elements in the same order with another shape.
    pub fn reshape(&self, dims: &[usize]) -> Result<Value> {
        let data = self.data().contiguous()?.reshape(dims)?;
        let before = self.dims().to_vec();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.reshape(&before))?])))
    }
    /// Dimensions in another order: dimension `i` of the result is dimension `order[i]` of this.
    pub fn permute(&self, order: &[usize]) -> Result<Value> {
        let data = self.data().permute(order)?.contiguous()?;
        let back: Vec<usize> = (0..order.len()).map(|i| order.iter().position(|o| *o == i).unwrap_or(i)).collect();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.permute(&back))?])))
    }
    /// `len` indices of dimension `axis`, from `from` on.
    pub fn narrow(&self, axis: usize, from: usize, len: usize) -> Result<Value> {
        let data = self.data().narrow(axis, from, len)?.contiguous()?;
        let after = self.dims().get(axis).map_or(0, |n| n - from - len);
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.pad_zeros(axis, from, after))?])))
    }
    /// Zeros before and after the elements of dimension `axis`.
    pub fn pad_zeros(&self, axis: usize, before: usize, after: usize) -> Result<Value> {
        let data = self.data().pad_with_zeros(axis, before, after)?.contiguous()?;
        let len = self.dims()[axis];
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.narrow(axis, before, len))?])))
    }
    /// Indices of dimension `axis`, which may repeat: `torch.index_select`.
    pub fn select(&self, axis: usize, indices: &[u32]) -> Result<Value> {
        let of = |indices: &[u32]| Tensor::from_slice(indices, indices.len(), self.device());
        let data = self.data().index_select(&of(indices)?, axis)?;
        let (indices, dims) = (of(indices)?, self.dims().to_vec());
        Ok(Value::record(data, &[self], move |s| {
            let back = || {
                let zeros = Tensor::zeros(dims.as_slice(), candle_core::DType::F32, s.gradient.device())?;
                let data = zeros.index_add(&indices, s.gradient.data(), axis)?;
                let (indices, gradient) = (indices.to_vec1::<u32>()?, s.gradient.clone());
                Ok(Value::record(data, &[&gradient.clone()], move |s| Ok(vec![s.by(0, || s.gradient.select(axis, &indices))?])))
            };
            Ok(vec![s.by(0, back)?])
        }))
    }
    /// Values concatenated along dimension `axis`.
    pub fn concat(values: &[&Value], axis: usize) -> Result<Value> {
        let Some(first) = values.first() else { bail!("there is nothing to concatenate") };
        if axis >= first.dims().len() {
            bail!("there is no dimension {axis} in {:?}", first.dims());
        }
        let tensors: Vec<&Tensor> = values.iter().map(|v| v.data()).collect();
        let data = Tensor::cat(&tensors, axis)?.contiguous()?;
        let lens: Vec<usize> = values.iter().map(|v| v.dims()[axis]).collect();
        Ok(Value::record(data, values, move |s| {
            let part = |i: usize| s.by(i, || s.gradient.narrow(axis, lens[..i].iter().sum(), lens[i]));
            (0..lens.len()).map(part).collect()
        }))
    }
}
