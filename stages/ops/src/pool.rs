//! Max-pooling whose gradient goes to the first maximum, as in PyTorch, and means over windows.

use crate::backend::{on_cpu, read};
use crate::cpu::pool;
use crate::tape::Value;
use candle_core::{Result, Tensor, bail};
use std::sync::Arc;

/// A square window that moves over a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Square {
    /// Side.
    pub k: usize,
    /// Steps between neighbouring outputs.
    pub stride: usize,
    /// Places around the map.
    pub padding: usize,
}

impl Square {
    fn output(self, x: &Value) -> Result<pool::Shape> {
        let (n, h, w, c) = x.dims4()?;
        let Square { k, stride, padding } = self;
        if stride == 0 || 2 * padding > k || h + 2 * padding < k || w + 2 * padding < k {
            bail!("a window of {k} with stride {stride} and padding {padding} does not fit {:?}", x.dims());
        }
        let out = |side: usize| (side + 2 * padding - k) / stride + 1;
        Ok(pool::Shape { n, input: [h, w], output: [out(h), out(w)], c, k, stride, padding })
    }
}

/// The largest value of each `k × k` window of `x [n, h, w, c]`; padding counts as minus infinity. No second order.
///
/// # Errors
/// Where the window does not fit or the tensor is not float32 on the CPU.
pub fn max_pool2d(x: &Value, k: usize, stride: usize, padding: usize) -> Result<Value> {
    let shape = Square { k, stride, padding }.output(x)?;
    let (y, winners) = read("max-pool2d", [x.data()], |[x]| pool::max(&shape, x))?;
    let y = Tensor::from_vec(y, shape.output_dims().to_vec(), x.data().device())?;
    let winners: Arc<[u32]> = winners.into();
    Ok(Value::record(y, &[x], move |s| {
        let back = || {
            let data = on_cpu("max-pool2d-gradient", [s.gradient.data()], shape.input_dims().to_vec(), |[g]| pool::scatter(&shape, g, &winners))?;
            Ok(Value::record_last("max-pool2d-gradient", data, &[s.gradient]))
        };
        Ok(vec![s.by(0, back)?])
    }))
}

/// The mean of each `k × k` window of `x [n, h, w, c]`. Padding counts as zeros where `count_padding`, else it is left out of
/// the mean (`count_include_pad` of PyTorch). Differentiable to any order.
///
/// # Errors
/// As [`max_pool2d`].
pub fn avg_pool2d(x: &Value, window: Square, count_padding: bool) -> Result<Value> {
    means(window.output(x)?, count_padding, x)
}

fn means(shape: pool::Shape, count_padding: bool, x: &Value) -> Result<Value> {
    let y = on_cpu("avg-pool2d", [x.data()], shape.output_dims().to_vec(), |[x]| pool::mean(&shape, count_padding, x))?;
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || spread(shape, count_padding, s.gradient))?])))
}

/// The counterpart of [`means`].
fn spread(shape: pool::Shape, count_padding: bool, g: &Value) -> Result<Value> {
    let dx = on_cpu("avg-pool2d-gradient", [g.data()], shape.input_dims().to_vec(), |[g]| pool::spread(&shape, count_padding, g))?;
    Ok(Value::record(dx, &[g], move |s| Ok(vec![s.by(0, || means(shape, count_padding, s.gradient))?])))
}

/// The mean of each map: `[n, h, w, c] → [n, c]`.
///
/// # Errors
/// As [`max_pool2d`].
pub fn global_average_pool(x: &Value) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    x.mean_to(&[n, 1, 1, c])?.reshape(&[n, c])
}
