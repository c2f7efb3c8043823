//! Functions of one and of two values, applied to tensors element by element.

use crate::backend::compute;
use crate::broadcast::{common, repeat};
use crate::primitive::elementwise::{Binary, Broadcast, Broadcasted, Unary};
use candle_core::{Result, Tensor};

/// `f(x)`, any shape.
///
/// # Errors
/// Where the tensor is not float32.
pub(crate) fn unary(f: Unary, x: &Tensor) -> Result<Tensor> {
    compute(&f, [x], x.shape())
}

/// `f(a, b)`; dimensions of one element are repeated, as numpy broadcasts them.
///
/// # Errors
/// Where the shapes do not broadcast, or a tensor is not float32.
pub(crate) fn binary(function: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = common(a, b)?;
    let with = |broadcast| Broadcasted { function, broadcast };
    if a.dims() == b.dims() {
        return compute(&with(Broadcast::Neither), [a, b], shape);
    }
    if a.dims() == shape.dims()
        && let Some(fit) = repeat(a.dims(), b.dims())
    {
        return compute(&with(Broadcast::Second(fit)), [a, b], shape);
    }
    if b.dims() == shape.dims()
        && let Some(fit) = repeat(b.dims(), a.dims())
    {
        return compute(&with(Broadcast::First(fit)), [a, b], shape);
    }
    let (a, b) = (a.broadcast_as(&shape)?.contiguous()?, b.broadcast_as(&shape)?.contiguous()?);
    compute(&with(Broadcast::Neither), [&a, &b], shape)
}
