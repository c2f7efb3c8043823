//! Max pooling whose gradient goes to the first maximum, as in PyTorch, and average pooling.

use crate::backend::{compute, compute_all};
use crate::cpu::pool::Shape;
use crate::primitive::pool::{MaxPool, MaxPoolGradient, MeanPool};
use crate::tape::Value;
use candle_core::{Result, bail};

/// A square window that moves over a feature map, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolWindow {
    /// Side; at least 1.
    pub k: usize,
    /// Input pixels between neighbouring outputs; at least 1.
    pub stride: usize,
    /// Pixels around the map; at most half the side.
    pub padding: usize,
}

impl PoolWindow {
    fn over(self, x: &Value) -> Result<Shape> {
        let (n, h, w, c) = x.dims4()?;
        let PoolWindow { k, stride, padding } = self;
        if k == 0 || stride == 0 || 2 * padding > k || h + 2 * padding < k || w + 2 * padding < k {
            bail!("a window of {k} with stride {stride} and padding {padding} does not fit {:?}", x.dims());
        }
        let out = |side: usize| (side + 2 * padding - k) / stride + 1;
        Ok(Shape { n, input: [h, w], output: [out(h), out(w)], c, k, stride, padding })
    }
}

/// The maximum of each `k × k` window of `x [n, h, w, c]`, NaN where it holds one: `[n, oh, ow, c]` with
/// `oh = (h + 2·padding − k)/stride + 1`. Padding counts as minus infinity. There is no second derivative.
///
/// # Errors
/// Where the window does not fit, there is no image, or the tensor is not float32.
pub fn max_pool2d(x: &Value, window: PoolWindow) -> Result<Value> {
    x.refuse_empty("max_pool2d", "image")?;
    let shape = window.over(x)?;
    let dims = shape.output_dims();
    let [y, indices] = compute_all(&MaxPool(shape), [x.data()], [dims.to_vec().into(), dims.to_vec().into()])?;
    Ok(Value::record(y, &[x], move |s| {
        let back = || {
            let data = compute(&MaxPoolGradient(shape), [s.gradient.data(), &indices], shape.input_dims().to_vec())?;
            Ok(Value::record_once_differentiable("max-pool2d-gradient", data, &[s.gradient]))
        };
        Ok(vec![s.by(0, back)?])
    }))
}

/// The mean of each `k × k` window of `x [n, h, w, c]`. Padding counts as zeros where `count_padding`, else it is left
/// out of the mean (`count_include_pad` of PyTorch). Differentiable to any order.
///
/// # Errors
/// As [`max_pool2d`].
pub fn avg_pool2d(x: &Value, window: PoolWindow, count_padding: bool) -> Result<Value> {
    x.refuse_empty("avg_pool2d", "image")?;
    means(window.over(x)?, count_padding, x)
}

fn means(shape: Shape, count_padding: bool, x: &Value) -> Result<Value> {
    let y = compute(&MeanPool { shape, count_padding, transposed: false }, [x.data()], shape.output_dims().to_vec())?;
    Ok(Value::record(y, &[x], move |s| Ok(vec![s.by(0, || means_gradient(shape, count_padding, s.gradient))?])))
}

/// The transpose of [`means`]: its gradient.
fn means_gradient(shape: Shape, count_padding: bool, g: &Value) -> Result<Value> {
    let dx = compute(&MeanPool { shape, count_padding, transposed: true }, [g.data()], shape.input_dims().to_vec())?;
    Ok(Value::record(dx, &[g], move |s| Ok(vec![s.by(0, || means(shape, count_padding, s.gradient))?])))
}

/// The mean of each channel: `[n, h, w, c] → [n, c]`.
///
/// # Errors
/// As [`max_pool2d`].
pub fn global_average_pool(x: &Value) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    x.refuse_empty("global_average_pool", "image")?;
    x.mean_to(&[n, 1, 1, c])?.reshape(&[n, c])
}
