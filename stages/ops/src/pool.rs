//! Max-pooling whose gradient goes to the first maximum, as in PyTorch, and means over windows.

use crate::backend::{Job, compute, several};
use crate::cpu::pool;
use crate::tape::Value;
use candle_core::{Result, bail};

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

/// The largest value of each `k × k` window of `x [n, h, w, c]`, NaN where it holds one; padding counts as minus infinity. No second order.
///
/// # Errors
/// Where the window does not fit, there is no image, or the tensor is not float32.
pub fn max_pool2d(x: &Value, k: usize, stride: usize, padding: usize) -> Result<Value> {
    x.refuse_none("max_pool2d", "image")?;
    let shape = Square { k, stride, padding }.output(x)?;
    let dims = shape.output_dims();
    let [y, winners] = several(&Largest(shape), [x.data()], [dims.to_vec().into(), dims.to_vec().into()])?;
    Ok(Value::record(y, &[x], move |s| {
        let back = || {
            let data = compute(&ToWinners(shape), [s.gradient.data(), &winners], shape.input_dims().to_vec())?;
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
    x.refuse_none("avg_pool2d", "image")?;
    means(window.output(x)?, count_padding, x)
}

fn means(shape: pool::Shape, count_padding: bool, x: &Value) -> Result<Value> {
    let y = compute(&Mean { shape, count_padding, back: false }, [x.data()], shape.output_dims().to_vec())?;
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || spread(shape, count_padding, s.gradient))?])))
}

/// The counterpart of [`means`].
fn spread(shape: pool::Shape, count_padding: bool, g: &Value) -> Result<Value> {
    let dx = compute(&Mean { shape, count_padding, back: true }, [g.data()], shape.input_dims().to_vec())?;
    Ok(Value::record(dx, &[g], move |s| Ok(vec![s.by(0, || means(shape, count_padding, s.gradient))?])))
}

/// The largest value of each window, and where in the window it was found first.
pub(crate) struct Largest(pub(crate) pool::Shape);

impl Job<1, 2> for Largest {
    fn name(&self) -> &'static str {
        "max-pool2d"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 2] {
        let (y, winners) = pool::max(&self.0, x);
        [y, winners]
    }
}

/// A gradient to where the largest values were found.
pub(crate) struct ToWinners(pub(crate) pool::Shape);

impl Job<2, 1> for ToWinners {
    fn name(&self) -> &'static str {
        "max-pool2d-gradient"
    }
    fn on_cpu(&self, [g, winners]: [&[f32]; 2]) -> [Vec<f32>; 1] {
        [pool::scatter(&self.0, g, winners)]
    }
}

/// Means of windows, or the way back.
pub(crate) struct Mean {
    pub(crate) shape: pool::Shape,
    pub(crate) count_padding: bool,
    pub(crate) back: bool,
}

impl Job<1, 1> for Mean {
    fn name(&self) -> &'static str {
        "avg-pool2d"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        [if self.back { pool::spread(&self.shape, self.count_padding, x) } else { pool::mean(&self.shape, self.count_padding, x) }]
    }
}

/// The mean of each map: `[n, h, w, c] → [n, c]`.
///
/// # Errors
/// As [`max_pool2d`].
pub fn global_average_pool(x: &Value) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    x.refuse_none("global_average_pool", "image")?;
    x.mean_to(&[n, 1, 1, c])?.reshape(&[n, c])
}
