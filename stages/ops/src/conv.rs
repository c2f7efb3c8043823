//! Convolution and transposed convolution, differentiable to any order: the three primitives are each other's gradients.
//!
//! candle detaches gradients in a backward pass unless `CANDLE_GRAD_DO_NOT_DETACH=1` was set before the first one of the
//! thread; without it a second order is silently partial. Whoever needs one sets the variable for its whole process.

use crate::geometry::{Geometry, Window};
use crate::kernels;
use crate::slices::slice;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Convolution of `x [n, h, w, ci]` with `w [co, ci/groups, kh, kw]`: `[n, oh, ow, co]` with
/// `oh = (h + 2·padding − dilation·(kh − 1) − 1)/stride + 1`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn conv2d(x: &Tensor, w: &Tensor, window: Window) -> Result<Tensor> {
    let g = Geometry::conv(x.dims4()?, w.dims4()?, window)?;
    x.contiguous()?.apply_op2(&w.contiguous()?, Primitive { which: Which::Forward, g })
}

/// Transposed convolution of `x [n, h, w, ci]` with `w [ci, co/groups, kh, kw]`: `[n, oh, ow, co]` with
/// `oh = (h − 1)·stride + dilation·(kh − 1) + 1 + output_padding − 2·padding`.
///
/// # Errors
/// Where shapes do not fit or a tensor is not float32 on the CPU.
pub fn conv_transpose2d(x: &Tensor, w: &Tensor, window: Window, output_padding: [usize; 2]) -> Result<Tensor> {
    let g = Geometry::transposed(x.dims4()?, w.dims4()?, window, output_padding)?;
    x.contiguous()?.apply_op2(&w.contiguous()?, Primitive { which: Which::InputGradient, g })
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
        let [input, output, kernel] = g.sizes();
        let (first, second) = match self.which {
            Which::Forward => (input, kernel),
            Which::InputGradient => (output, kernel),
            Which::KernelGradient => (input, output),
        };
        expect(self.name(), a.len(), first)?;
        expect(self.name(), b.len(), second)?;
        let (ci, co) = g.channels();
        let (values, shape) = match self.which {
            Which::Forward => (kernels::forward(g, a, b), (g.n, g.output[0], g.output[1], co)),
            Which::InputGradient => (kernels::input_gradient(g, a, b), (g.n, g.input[0], g.input[1], ci)),
            Which::KernelGradient => (kernels::kernel_gradient(g, a, b), (co, g.ci, g.kernel[0], g.kernel[1])),
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
