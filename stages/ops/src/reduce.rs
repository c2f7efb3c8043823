//! Sums over places, and their counterpart: repeating. Differentiable to any order.
//!
//! Sums are made in float32 over short runs and in float64 over the runs, in an order that the shape decides.

use crate::backend::{Job, compute};
use crate::broadcast::{Repeat, between, repeat};
use crate::cpu::columns::sums;
use crate::cpu::elementwise::map_channels;
use crate::tape::Value;
use candle_core::{Result, bail};

/// Results are errors where shapes do not fit or a tensor is not float32.
impl Value {
    /// The sum of all numbers, without extents.
    pub fn sum(&self) -> Result<Value> {
        self.sum_to(&[])
    }
    /// The mean of all numbers, without extents; there must be one.
    pub fn mean(&self) -> Result<Value> {
        self.refuse_none("mean", "number")?;
        self.sum()?.scale(1.0 / self.elem_count() as f64)
    }
    /// Sums over the extents that `dims` has not, or has as one: the counterpart of [`Value::repeat_to`].
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
    /// Means over the extents that `dims` has not, or has as one; there must be a number.
    pub fn mean_to(&self, dims: &[usize]) -> Result<Value> {
        self.refuse_none("mean", "number")?;
        self.sum_to(dims)?.scale(dims.iter().product::<usize>() as f64 / self.elem_count() as f64)
    }
    /// Repeats numbers to fill larger extents.
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

/// `[a, r, b] → [a, b]`
pub(crate) struct Sum(pub(crate) Repeat);

impl Job<1, 1> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let [total] = sums([x], [], self.0.a, self.0.b, |[x], []| [x]);
        [total.into_iter().map(|t| t as f32).collect()]
    }
}

/// The sum of squares: `[n] → [1]`
pub(crate) struct SquareSum;

impl Job<1, 1> for SquareSum {
    fn name(&self) -> &'static str {
        "square-sum"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let [total] = sums([x], [], 1, 1, |[x], []| [x * x]);
        [total.into_iter().map(|t| t as f32).collect()]
    }
}

/// `[a, b] → [a, r, b]`
impl Job<1, 1> for Repeat {
    fn name(&self) -> &'static str {
        "repeat"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        // The values of the first array are not used: its length says how much is written.
        let shape = vec![0f32; self.a * self.r * self.b];
        [map_channels([&shape], [x], self.a, self.b, |_, [x]| x)]
    }
}
