//! Operations on GPUs: each [`Job`] as launches of kernels (`cuda/kernels.cu`) and of cuDNN. Ignorant of gradients.

mod convolution;
pub(crate) mod copy_stream;
mod elementwise;
mod gpu;
pub(crate) mod machine;
mod norm;
mod optimiser;
mod places;
mod pool;
mod reduce;

use crate::backend::{Change, Job};
use candle_core::cuda_backend::{CudaStorage, cudarc::driver};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, Result, Shape, Storage, Tensor, bail};
use std::ops::Range;

pub(crate) use gpu::Gpu;

/// An array on a GPU, one of bytes, a part of one, and a part that is written.
pub(crate) type Numbers = driver::CudaSlice<f32>;
pub(crate) type Bytes = driver::CudaSlice<u8>;
pub(crate) type Part<'a> = driver::CudaView<'a, f32>;
pub(crate) type PartMut<'a> = driver::CudaViewMut<'a, f32>;

/// How a job is done on a GPU.
pub(crate) trait OnCuda<const N: usize, const M: usize> {
    fn on_cuda(&self, gpu: &Gpu, inputs: [Part; N]) -> Result<[Numbers; M]>;
}

/// How a change is done on a GPU.
pub(crate) trait ChangesOnCuda {
    fn on_cuda(&self, gpu: &Gpu, target: PartMut, source: Part) -> Result<()>;
}

pub(crate) fn several<const N: usize, const M: usize>(job: &impl Job<N, M>, device: &CudaDevice, inputs: &[Tensor], shapes: [Shape; M]) -> Result<[Tensor; M]> {
    let locked: Vec<_> = inputs.iter().map(Tensor::storage_and_layout).collect();
    let mut parts = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        let Storage::Cuda(storage) = &**storage else { bail!("{}: tensors on several devices", job.name()) };
        let Some((from, to)) = layout.contiguous_offsets() else { bail!("BUG: {} on a tensor that is not contiguous", job.name()) };
        parts.push(storage.as_cuda_slice::<f32>()?.slice(from..to));
    }
    let parts: [Part; N] = parts.try_into().unwrap_or_else(|_| unreachable!("as many as inputs"));
    let mut tensors = Vec::with_capacity(M);
    for (numbers, shape) in job.on_cuda(&Gpu::of(device), parts)?.into_iter().zip(shapes) {
        if numbers.len() != shape.elem_count().max(1) {
            bail!("BUG: {} made {} numbers for {shape:?}", job.name(), numbers.len());
        }
        let storage = CudaStorage::wrap_cuda_slice(numbers, device.clone());
        tensors.push(Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false));
    }
    Ok(tensors.try_into().unwrap_or_else(|_| unreachable!("as many as results")))
}

pub(crate) fn change(change: &impl Change, target: &mut CudaStorage, to: Range<usize>, source: &CudaStorage, from: Range<usize>) -> Result<()> {
    let gpu = Gpu::of(&source.device);
    let source = source.as_cuda_slice::<f32>()?.slice(from);
    change.on_cuda(&gpu, target.as_cuda_slice_mut::<f32>()?.slice_mut(to), source)
}

/// A copy of an array.
pub(crate) fn read(values: &Numbers) -> Result<Vec<f32>> {
    let copy = values.stream().clone_dtoh(values).map_err(gpu::failed)?;
    values.stream().synchronize().map_err(gpu::failed)?;
    Ok(copy)
}
