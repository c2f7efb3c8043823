//! Moving numbers without changing them. Differentiable to any order.

use crate::tape::Value;
use candle_core::{Result, Tensor, bail};

/// Results are errors where shapes do not fit.
impl Value {
    /// Refuses, in the name of an operation, what holds no number: a mean of none would be NaN.
    pub(crate) fn refuse_none(&self, operation: &str, what: &str) -> Result<()> {
        if self.elem_count() == 0 { bail!("{operation} of no {what}: {:?}", self.dims()) } else { Ok(()) }
    }
    /// The same numbers in the same order with other extents.
    pub fn reshape(&self, dims: &[usize]) -> Result<Value> {
        let data = self.data().contiguous()?.reshape(dims)?;
        let before = self.dims().to_vec();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.reshape(&before))?])))
    }
    /// Extents in another order: extent `i` of the result is extent `order[i]` of this.
    pub fn permute(&self, order: &[usize]) -> Result<Value> {
        let data = self.data().permute(order)?.contiguous()?;
        let back: Vec<usize> = (0..order.len()).map(|i| order.iter().position(|o| *o == i).unwrap_or(i)).collect();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.permute(&back))?])))
    }
    /// `len` places of one extent, from `from` on.
    pub fn narrow(&self, axis: usize, from: usize, len: usize) -> Result<Value> {
        let data = self.data().narrow(axis, from, len)?.contiguous()?;
        let after = self.dims().get(axis).map_or(0, |n| n - from - len);
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.pad_zeros(axis, from, after))?])))
    }
    /// Zeros before and after the places of one extent.
    pub fn pad_zeros(&self, axis: usize, before: usize, after: usize) -> Result<Value> {
        let data = self.data().pad_with_zeros(axis, before, after)?.contiguous()?;
        let len = self.dims()[axis];
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.narrow(axis, before, len))?])))
    }
    /// Places of one extent by their numbers, which may repeat.
    pub fn select(&self, axis: usize, places: &[u32]) -> Result<Value> {
        let of = |places: &[u32]| Tensor::from_slice(places, places.len(), self.data().device());
        let data = self.data().index_select(&of(places)?, axis)?;
        let (places, dims) = (of(places)?, self.dims().to_vec());
        Ok(Value::record(data, &[self], move |s| {
            let back = || {
                let zeros = Tensor::zeros(dims.as_slice(), candle_core::DType::F32, s.gradient.data().device())?;
                let data = zeros.index_add(&places, s.gradient.data(), axis)?;
                let (places, gradient) = (places.to_vec1::<u32>()?, s.gradient.clone());
                Ok(Value::record(data, &[&gradient.clone()], move |s| Ok(vec![s.by(0, || s.gradient.select(axis, &places))?])))
            };
            Ok(vec![s.by(0, back)?])
        }))
    }
    /// Values beside each other along one extent.
    pub fn concat(values: &[&Value], axis: usize) -> Result<Value> {
        let Some(first) = values.first() else { bail!("nothing to put beside each other") };
        if axis >= first.dims().len() {
            bail!("there is no extent {axis} in {:?}", first.dims());
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
