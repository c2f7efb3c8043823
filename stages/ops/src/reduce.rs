//! Sums and means over dimensions, and their transpose: repeating. Differentiable to any order.
//!
//! Sums are made in float32 over short runs and in float64 over the runs, in an order that the shape decides.

use crate::backend::compute;
use crate::broadcast::{between, repeat};
use crate::primitive::reduce::Sum;
use crate::tape::Value;
use candle_core::{Result, bail};

/// Errors: where shapes do not fit or a tensor is not float32.
impl Value {
    /// The sum of all elements, of shape `[]`.
    pub fn sum(&self) -> Result<Value> {
        self.sum_to(&[])
    }
    /// The mean of all elements, of shape `[]`; an error where there is none.
    pub fn mean(&self) -> Result<Value> {
        self.refuse_empty("mean", "element")?;
        self.sum()?.scale(1.0 / self.elem_count() as f64)
    }
    /// Sums over the dimensions that `dims` lacks, or has as one: `torch.Tensor.sum_to_size`, the transpose of
    /// [`Value::repeat_to`].
    pub fn sum_to(&self, dims: &[usize]) -> Result<Value> {
        if self.dims() == dims {
            return Ok(self.clone());
        }
        let Some(fit) = repeat(self.dims(), dims) else {
            let Some(next) = between(self.dims(), dims) else { bail!("{:?} cannot be summed to {dims:?}", self.dims()) };
            return self.sum_to(&next)?.sum_to(dims);
        };
        let data = compute(&Sum(fit), [self.data()], dims)?;
        let before = self.dims().to_vec();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.repeat_to(&before))?])))
    }
    /// Means over the dimensions that `dims` lacks, or has as one; an error where there is no element.
    pub fn mean_to(&self, dims: &[usize]) -> Result<Value> {
        self.refuse_empty("mean", "element")?;
        self.sum_to(dims)?.scale(dims.iter().product::<usize>() as f64 / self.elem_count() as f64)
    }
    /// Repeats elements to a larger shape: `torch.Tensor.expand`.
    pub fn repeat_to(&self, dims: &[usize]) -> Result<Value> {
        if self.dims() == dims {
            return Ok(self.clone());
        }
        let Some(fit) = repeat(dims, self.dims()) else {
            let Some(next) = between(dims, self.dims()) else { bail!("{:?} cannot be repeated to {dims:?}", self.dims()) };
            return self.repeat_to(&next)?.repeat_to(dims);
        };
        let data = compute(&fit, [self.data()], dims)?;
        let before = self.dims().to_vec();
        Ok(Value::record(data, &[self], move |s| Ok(vec![s.by(0, || s.gradient.sum_to(&before))?])))
    }
}
