//! The CUDA backend: each primitive as launches of kernels (`cuda/kernels.cu`) and of cuDNN. Independent of gradients,
//! and of who decides where a primitive is computed.

mod convolution;
pub(crate) mod copy_stream;
mod elementwise;
mod gpu;
pub(crate) mod machine;
mod norm;
mod optimiser;
mod pool;
mod reduce;
mod resample;
mod softmax;

use crate::primitive::{InPlace, Primitive};
use crate::state::OnDevice;
use candle_core::cuda_backend::{CudaStorage, cudarc::driver};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, Result, Shape, Storage, Tensor, bail};
use std::ops::Range;

pub(crate) use gpu::Gpu;

/// An array on a GPU, one of bytes, a view of one, and a view that is written.
pub(crate) type Array = driver::CudaSlice<f32>;
pub(crate) type Bytes = driver::CudaSlice<u8>;
pub(crate) type View<'a> = driver::CudaView<'a, f32>;
pub(crate) type ViewMut<'a> = driver::CudaViewMut<'a, f32>;

/// A primitive that is computed on a GPU.
pub(crate) trait OnCuda<const N: usize, const M: usize>: Primitive<N, M> {
    fn on_cuda(&self, gpu: &Gpu, inputs: [View; N]) -> Result<[Array; M]>;
}

/// An update in place that is computed on a GPU.
pub(crate) trait InPlaceOnCuda: InPlace {
    fn on_cuda(&self, gpu: &Gpu, target: ViewMut, source: View) -> Result<()>;
}

/// As `crate::backend::compute_all`, for contiguous inputs on this GPU.
pub(crate) fn compute_all<const N: usize, const M: usize>(
    primitive: &impl OnCuda<N, M>,
    device: &CudaDevice,
    inputs: &[Tensor],
    shapes: [Shape; M],
) -> Result<[Tensor; M]> {
    let locked: Vec<_> = inputs.iter().map(Tensor::storage_and_layout).collect();
    let mut parts = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        let Storage::Cuda(storage) = &**storage else { bail!("{}: tensors on different devices", primitive.name()) };
        let Some((from, to)) = layout.contiguous_offsets() else { bail!("BUG: {} on a tensor that is not contiguous", primitive.name()) };
        parts.push(storage.as_cuda_slice::<f32>()?.slice(from..to));
    }
    let parts: [View; N] = parts.try_into().unwrap_or_else(|_| unreachable!("as many as inputs"));
    let mut tensors = Vec::with_capacity(M);
    for (values, shape) in primitive.on_cuda(&Gpu::of(device), parts)?.into_iter().zip(shapes) {
        if values.len() != shape.elem_count().max(1) {
            bail!("BUG: {} made {} values for {shape:?}", primitive.name(), values.len());
        }
        let storage = CudaStorage::wrap_cuda_slice(values, device.clone());
        tensors.push(Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false));
    }
    Ok(tensors.try_into().unwrap_or_else(|_| unreachable!("as many as results")))
}

/// As `crate::backend::update`: `source[from]` updates `target[to]`.
pub(crate) fn update(update: &impl InPlaceOnCuda, target: &mut CudaStorage, to: Range<usize>, source: &CudaStorage, from: Range<usize>) -> Result<()> {
    let gpu = Gpu::of(&source.device);
    let source = source.as_cuda_slice::<f32>()?.slice(from);
    update.on_cuda(&gpu, target.as_cuda_slice_mut::<f32>()?.slice_mut(to), source)
}

impl OnDevice for Array {
    fn count(&self) -> usize {
        self.len()
    }
    fn to_host(&self) -> Result<Vec<f32>> {
        let copy = self.stream().clone_dtoh(self).map_err(machine::failed)?;
        self.stream().synchronize().map_err(machine::failed)?;
        Ok(copy)
    }
}
