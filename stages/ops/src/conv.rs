//! Convolution and transposed convolution, differentiable to any order: the three primitives are each other's gradients.
//!
//! candle detaches gradients in a backward pass unless `CANDLE_GRAD_DO_NOT_DETACH=1` was set before the first one of the
//! thread; without it a second order is silently partial. Whoever needs one sets the variable for its whole process.

use crate::geometry::Geometry;
use crate::kernels;
use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Convolution of `x [n, ci, h, w]` with `w [co, ci, k, k]`: `[n, co, oh, ow]` with `oh = (h + 2·padding − k)/stride + 1`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn conv2d(x: &Tensor, w: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let g = Geometry::conv(x.dims4()?, w.dims4()?, stride, padding)?;
    x.contiguous()?.apply_op2(&w.contiguous()?, Primitive { which: Which::Forward, g })
}

/// Transposed convolution of `x [n, ci, h, w]` with `w [ci, co, k, k]`:
/// `[n, co, oh, ow]` with `oh = (h − 1)·stride + k + output_padding − 2·padding`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn conv_transpose2d(x: &Tensor, w: &Tensor, stride: usize, padding: usize, output_padding: usize) -> Result<Tensor> {
    let g = Geometry::transposed(x.dims4()?, w.dims4()?, stride, padding, output_padding)?;
    x.contiguous()?.apply_op2(&w.contiguous()?, Primitive { which: Which::InputGradient, g })
}

/// Adds `bias [c]` to every channel of `x [n, c, h, w]`.
pub fn add_channel_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.broadcast_add(&bias.reshape((1, bias.elem_count(), 1, 1))?)
}

#[derive(Clone, Copy, Debug)]
enum Which {
    /// `(x, w) → y`
    Forward,
    /// `(dy, w) → dx`
    InputGradient,
    /// `(x, dy) → dw`
    KernelGradient,
}

#[derive(Clone, Copy)]
struct Primitive {
    which: Which,
    g: Geometry,
}

impl CustomOp2 for Primitive {
    fn name(&self) -> &'static str {
        match self.which {
            Which::Forward => "conv2d",
            Which::InputGradient => "conv2d-input-gradient",
            Which::KernelGradient => "conv2d-kernel-gradient",
        }
    }

    fn cpu_fwd(&self, a: &CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (a, b, g) = (slice(a, la)?, slice(b, lb)?, &self.g);
        let expect = |name: &str, found: usize, wanted: usize| if found == wanted { Ok(()) } else { bail!("{name}: {found} elements where {wanted} are due") };
        let (input, output, kernel) = (g.n * g.ci * g.map_in(), g.n * g.co * g.map_out(), g.co * g.depth());
        let (first, second) = match self.which {
            Which::Forward => (input, kernel),
            Which::InputGradient => (output, kernel),
            Which::KernelGradient => (input, output),
        };
        expect(self.name(), a.len(), first)?;
        expect(self.name(), b.len(), second)?;
        let (values, shape) = match self.which {
            Which::Forward => (kernels::forward(g, a, b), (g.n, g.co, g.oh, g.ow)),
            Which::InputGradient => (kernels::input_gradient(g, a, b), (g.n, g.ci, g.h, g.w)),
            Which::KernelGradient => (kernels::kernel_gradient(g, a, b), (g.co, g.ci, g.k, g.k)),
        };
        Ok((CpuStorage::F32(values), shape.into()))
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let sibling = |which| Primitive { which, g: self.g };
        // Siblings are applied as tracked operations: an untracked one would make second order silently partial.
        let when = |wanted: bool, x: &Tensor, y: &Tensor, which| if wanted { x.apply_op2(y, sibling(which)).map(Some) } else { Ok(None) };
        let (to_a, to_b) = (a.track_op(), b.track_op());
        Ok(match self.which {
            Which::Forward => (when(to_a, &gradient, b, Which::InputGradient)?, when(to_b, a, &gradient, Which::KernelGradient)?),
            Which::InputGradient => (when(to_a, &gradient, b, Which::Forward)?, when(to_b, &gradient, a, Which::KernelGradient)?),
            Which::KernelGradient => (when(to_a, b, &gradient, Which::InputGradient)?, when(to_b, a, &gradient, Which::Forward)?),
        })
    }
}
