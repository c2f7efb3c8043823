//! The softmax over the last dimension. Differentiable to any order.

use crate::backend::compute;
use crate::primitive::softmax::Softmax;
use crate::tape::Value;
use candle_core::{Result, bail};

/// `e^x` over its sum over the last dimension, `[.., k] → [.., k]`, without overflow. A row with NaN or infinity is NaN, as in PyTorch.
///
/// # Errors
/// Where there is no dimension or no number, or the tensor is not float32.
pub fn softmax(x: &Value) -> Result<Value> {
    x.refuse_empty("softmax", "number")?;
    let Some(width) = x.dims().last().copied() else { bail!("softmax of a single number") };
    let mut sums = x.dims().to_vec();
    sums[x.dims().len() - 1] = 1;
    let y = compute(&Softmax { width }, [x.data()], x.dims())?;
    let kept = y.clone();
    Ok(Value::record(y, &[x], move |s| {
        let y = s.output(&kept);
        let back = || {
            let weighted = s.gradient.mul(&y)?;
            weighted.sub(&y.mul(&weighted.sum_to(&sums)?)?)
        };
        Ok(vec![s.by(0, back)?])
    }))
}
