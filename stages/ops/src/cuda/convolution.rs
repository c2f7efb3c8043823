//! The three passes of a convolution by cuDNN, in `[n, h, w, c]`. Only algorithms that give the same bits each time.

use super::gpu::{Gpu, count, launch};
use super::machine::failed;
use super::{Array, OnCuda, View};
use crate::geometry::Geometry;
use crate::precision::{Precision, precision};
use crate::primitive::convolution::{Convolution, Pass};
use candle_core::cuda_backend::DeviceId;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t as DataAlgorithm, cudnnConvolutionBwdFilterAlgo_t as FilterAlgorithm, cudnnConvolutionFwdAlgo_t as ForwardAlgorithm,
    cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION, cudnnMathType_t, cudnnTensorFormat_t::CUDNN_TENSOR_NHWC,
};
use candle_core::cuda_backend::cudarc::cudnn::{ConvBackwardData, ConvBackwardFilter, ConvForward, Cudnn, CudnnDataType, CudnnError};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr, DeviceRepr};
use candle_core::{Result, bail};
use half::bf16;
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

impl OnCuda<2, 1> for Convolution {
    fn on_cuda(&self, gpu: &Gpu, [a, b]: [View; 2]) -> Result<[Array; 1]> {
        Ok([self.launch(gpu, &a, &b, None)?])
    }
}

impl OnCuda<3, 1> for Convolution {
    fn on_cuda(&self, gpu: &Gpu, [a, b, bias]: [View; 3]) -> Result<[Array; 1]> {
        Ok([self.launch(gpu, &a, &b, Some(&bias))?])
    }
}

impl Convolution {
    fn launch(&self, gpu: &Gpu, a: &View, b: &View, bias: Option<&View>) -> Result<Array> {
        let (g, taps) = (&self.g, self.g.taps());
        let n: usize = self.dims().iter().product();
        if n == 0 || a.is_empty() || b.is_empty() {
            return gpu.zeros(n);
        }
        if !g.is_plain() {
            bail!("an output padding of the stride or more is not computed on a GPU");
        }
        // Vector loads need aligned vectors; a slice of a batch may start between them.
        let copies = [aligned(gpu, a)?, aligned(gpu, b)?];
        let [of_a, of_b] = copies.each_ref().map(|c| c.as_ref().map(CudaSlice::as_view));
        let (a, b) = (of_a.as_ref().unwrap_or(a), of_b.as_ref().unwrap_or(b));
        // torch has kernel positions after channels, cuDNN before them.
        let mut y = match self.pass {
            Pass::KernelGradient => exchange(gpu, &self.multiplied(gpu, a, b)?.as_view(), taps, g.ci)?,
            _ => self.multiplied(gpu, a, &exchange(gpu, b, g.ci, taps)?.as_view())?,
        };
        if bias.is_some() || self.slope != 1.0 {
            launch!(gpu, "finish", n; count(self.dims()[3])?, self.slope, u32::from(bias.is_some()); bias.unwrap_or(a) => &mut y);
        }
        Ok(y)
    }

    fn multiplied(&self, gpu: &Gpu, a: &View, b: &View) -> Result<Array> {
        let n: usize = self.dims().iter().product();
        if precision() != Precision::Bf16 {
            let mut y = gpu.empty::<f32>(n)?;
            self.cudnn(gpu, a, b, &mut y)?;
            return Ok(y);
        }
        let narrow = |x: &View| -> Result<CudaSlice<bf16>> {
            let mut y = gpu.empty(x.len())?;
            launch!(gpu, "to_bf16", x.len(); ; x => &mut y);
            Ok(y)
        };
        let mut y = gpu.empty::<bf16>(n)?;
        self.cudnn(gpu, &narrow(a)?, &narrow(b)?, &mut y)?;
        let mut wide = gpu.empty(n)?;
        launch!(gpu, "from_bf16", n; ; &y => &mut wide);
        Ok(wide)
    }

    /// One product with kernels `[co, kh, kw, ci/groups]`. Sums are float32.
    fn cudnn<T: Element>(&self, gpu: &Gpu, a: &impl DevicePtr<T>, b: &impl DevicePtr<T>, y: &mut CudaSlice<T>) -> Result<()> {
        let (g, cudnn) = (&self.g, handle(gpu)?);
        let window = &g.window;
        let pair = |v: [usize; 2]| v.map(|v| v as i32);
        let four = |v: [usize; 4]| v.map(|v| v as i32);
        let mut conv = cudnn.create_conv2d::<f32>(pair(window.padding), pair(window.stride), pair(window.dilation), CUDNN_CROSS_CORRELATION).map_err(failed)?;
        conv.set_math_type(match precision() {
            Precision::Float32 => cudnnMathType_t::CUDNN_FMA_MATH,
            Precision::Tf32 => cudnnMathType_t::CUDNN_DEFAULT_MATH,
            Precision::Bf16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
        })
        .map_err(failed)?;
        conv.set_group_count(window.groups as i32).map_err(failed)?;
        let (ci, co) = g.channels();
        let tensor = |dims: [usize; 4]| cudnn.create_4d_tensor::<T>(CUDNN_TENSOR_NHWC, four(dims)).map_err(failed);
        let x_shape = tensor([g.n, ci, g.input[0], g.input[1]])?;
        let y_shape = tensor([g.n, co, g.output[0], g.output[1]])?;
        let w_shape = cudnn.create_4d_filter::<T>(CUDNN_TENSOR_NHWC, four([co, g.ci, g.kernel[0], g.kernel[1]])).map_err(failed)?;
        // SAFETY of all three: the arrays have the shapes that were described.
        match self.pass {
            Pass::Forward => {
                use ForwardAlgorithm as A;
                let pass = ConvForward { conv: &conv, x: &x_shape, w: &w_shape, y: &y_shape };
                let others = [A::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, A::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM];
                self.first_that_runs(
                    gpu,
                    || pass.pick_algorithm(),
                    others,
                    |algorithm| {
                        let mut space = gpu.empty::<u8>(pass.get_workspace_size(algorithm).map_err(failed)?)?;
                        unsafe { pass.launch(algorithm, Some(&mut space), T::ALPHA_BETA, a, b, y) }.map_err(failed)
                    },
                )
            }
            Pass::InputGradient => {
                use DataAlgorithm as A;
                let pass = ConvBackwardData { conv: &conv, dx: &x_shape, w: &w_shape, dy: &y_shape };
                let repeatable = || match pass.pick_algorithm()? {
                    A::CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 => Ok(A::CUDNN_CONVOLUTION_BWD_DATA_ALGO_1),
                    repeatable => Ok(repeatable),
                };
                self.first_that_runs(gpu, repeatable, [A::CUDNN_CONVOLUTION_BWD_DATA_ALGO_1], |algorithm| {
                    let mut space = gpu.empty::<u8>(pass.get_workspace_size(algorithm).map_err(failed)?)?;
                    unsafe { pass.launch(algorithm, Some(&mut space), T::ALPHA_BETA, y, b, a) }.map_err(failed)
                })
            }
            Pass::KernelGradient => {
                use FilterAlgorithm as A;
                let pass = ConvBackwardFilter { conv: &conv, x: &x_shape, dw: &w_shape, dy: &y_shape };
                let repeatable = || match pass.pick_algorithm()? {
                    A::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 | A::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3 => Ok(A::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1),
                    repeatable => Ok(repeatable),
                };
                self.first_that_runs(gpu, repeatable, [A::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1], |algorithm| {
                    let mut space = gpu.empty::<u8>(pass.get_workspace_size(algorithm).map_err(failed)?)?;
                    unsafe { pass.launch(algorithm, Some(&mut space), T::ALPHA_BETA, a, y, b) }.map_err(failed)
                })
            }
        }
    }

    /// Runs with the algorithm that cuDNN picks for the shape or, where that is refused (its memory does not fit, the
    /// shape is not supported after all), with the next one. What ran is remembered for the shape.
    fn first_that_runs<A: Copy + 'static, const N: usize>(
        &self,
        gpu: &Gpu,
        pick: impl FnOnce() -> std::result::Result<A, CudnnError>,
        others: [A; N],
        mut run: impl FnMut(A) -> Result<()>,
    ) -> Result<()> {
        thread_local!(static CHOSEN: RefCell<HashMap<(DeviceId, Geometry, Pass, Precision), Box<dyn Any>>> = RefCell::default());
        let key = (gpu.device().id(), self.g, self.pass, precision());
        if let Some(known) = CHOSEN.with_borrow(|all| all.get(&key).and_then(|c| c.downcast_ref::<A>().copied())) {
            return run(known);
        }
        let mut refusal = None;
        for algorithm in pick().into_iter().chain(others) {
            match run(algorithm) {
                Ok(()) => {
                    CHOSEN.with_borrow_mut(|all| all.insert(key, Box::new(algorithm)));
                    return Ok(());
                }
                Err(e) => refusal = refusal.or(Some(e)),
            }
        }
        Err(refusal.unwrap_or_else(|| unreachable!("there are others")))
    }
}

/// A copy of an array that does not start at a multiple of 16 bytes; None of one that does.
fn aligned(gpu: &Gpu, part: &View) -> Result<Option<Array>> {
    let stream = gpu.device().cuda_stream();
    if part.device_ptr(&stream).0 % 16 == 0 {
        return Ok(None);
    }
    let mut copy = gpu.empty(part.len())?;
    stream.memcpy_dtod(part, &mut copy).map_err(failed)?;
    Ok(Some(copy))
}

/// Kernels `[outputs, a, b]` as `[outputs, b, a]`.
fn exchange(gpu: &Gpu, w: &View, a: usize, b: usize) -> Result<Array> {
    let mut y = gpu.empty(w.len())?;
    launch!(gpu, "exchange", w.len(); count(a)?, count(b)?; w => &mut y);
    Ok(y)
}

/// Element types that cuDNN multiplies.
trait Element: CudnnDataType + DeviceRepr + Sized {
    /// The factors of the product, and of what the result held before.
    const ALPHA_BETA: (Self, Self);
}

impl Element for f32 {
    const ALPHA_BETA: (f32, f32) = (1.0, 0.0);
}

impl Element for bf16 {
    const ALPHA_BETA: (bf16, bf16) = (bf16::ONE, bf16::ZERO);
}

/// cuDNN on a GPU; a handle belongs to one thread.
fn handle(gpu: &Gpu) -> Result<Arc<Cudnn>> {
    thread_local!(static HANDLES: RefCell<HashMap<DeviceId, Arc<Cudnn>>> = RefCell::default());
    let id = gpu.device().id();
    if let Some(known) = HANDLES.with_borrow(|all| all.get(&id).cloned()) {
        return Ok(known);
    }
    let handle = Cudnn::new(gpu.device().cuda_stream()).map_err(failed)?;
    HANDLES.with_borrow_mut(|all| all.insert(id, handle.clone()));
    Ok(handle)
}
