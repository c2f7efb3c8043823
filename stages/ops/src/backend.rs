//! The one place that decides where an operation is computed.
//!
//! What is computed is a [`Job`]: a function of arrays, which knows nothing of tensors and gradients and says how it is done
//! on the CPU and, with the feature `cuda`, on a GPU (`crate::cuda`).

use candle_core::{CpuStorage, Device, InplaceOp2, Layout, Result, Shape, Storage, Tensor, bail};

#[cfg(feature = "cuda")]
pub(crate) use crate::cuda::{ChangesOnCuda, OnCuda};
#[cfg(not(feature = "cuda"))]
pub(crate) use without_cuda::{ChangesOnCuda, OnCuda};

#[cfg(not(feature = "cuda"))]
mod without_cuda {
    pub(crate) trait OnCuda<const N: usize, const M: usize> {}
    impl<T, const N: usize, const M: usize> OnCuda<N, M> for T {}
    pub(crate) trait ChangesOnCuda {}
    impl<T> ChangesOnCuda for T {}
}

/// A function of `N` arrays of float32 that gives `M` of them.
pub(crate) trait Job<const N: usize, const M: usize>: OnCuda<N, M> {
    /// For messages.
    fn name(&self) -> &'static str;
    /// Its results. The same bits on any number of threads.
    fn on_cpu(&self, inputs: [&[f32]; N]) -> [Vec<f32>; M];
}

/// Computes tensors where the inputs lie.
///
/// # Errors
/// Where tensors are not float32, or lie on several devices.
pub(crate) fn several<const N: usize, const M: usize>(job: &impl Job<N, M>, inputs: [&Tensor; N], shapes: [Shape; M]) -> Result<[Tensor; M]> {
    let mut whole = Vec::with_capacity(N);
    for input in inputs {
        whole.push(input.contiguous()?);
    }
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = inputs[0].device() {
        return crate::cuda::several(job, device, &whole, shapes);
    }
    let locked: Vec<_> = whole.iter().map(Tensor::storage_and_layout).collect();
    let mut slices = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        let Storage::Cpu(storage) = &**storage else { bail!("{}: tensors on several devices", job.name()) };
        let Some((from, to)) = layout.contiguous_offsets() else { bail!("BUG: {} on a tensor that is not contiguous", job.name()) };
        slices.push(&storage.as_slice::<f32>()?[from..to]);
    }
    let slices: [&[f32]; N] = slices.try_into().unwrap_or_else(|_| unreachable!("as many as inputs"));
    let mut tensors = Vec::with_capacity(M);
    for (values, shape) in job.on_cpu(slices).into_iter().zip(shapes) {
        if values.len() != shape.elem_count() {
            bail!("BUG: {} made {} numbers for {shape:?}", job.name(), values.len());
        }
        tensors.push(Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    Ok(tensors.try_into().unwrap_or_else(|_| unreachable!("as many as results")))
}

/// As [`several`], for one result.
pub(crate) fn compute<const N: usize>(job: &impl Job<N, 1>, inputs: [&Tensor; N], shape: impl Into<Shape>) -> Result<Tensor> {
    let [result] = several(job, inputs, [shape.into()])?;
    Ok(result)
}

/// Something that is done to an array in place, with another of the same length.
pub(crate) trait Change: ChangesOnCuda {
    /// For messages.
    fn name(&self) -> &'static str;
    /// Does it.
    fn on_cpu(&self, target: &mut [f32], source: &[f32]);
}

/// Changes a tensor where it lies.
///
/// # Errors
/// Where shapes or devices differ, or a tensor is not float32.
pub(crate) fn change(target: &Tensor, source: &Tensor, change: &impl Change) -> Result<()> {
    target.inplace_op2(&source.contiguous()?, &InPlace(change))
}

struct InPlace<'a, T>(&'a T);

impl<T: Change> InPlace<'_, T> {
    /// Where in their storages the numbers lie.
    fn spans(&self, target: &Layout, source: &Layout) -> Result<[(usize, usize); 2]> {
        if target.shape() != source.shape() {
            bail!("{}: {:?} for {:?}", self.0.name(), source.shape(), target.shape());
        }
        match (target.contiguous_offsets(), source.contiguous_offsets()) {
            (Some(target), Some(source)) => Ok([target, source]),
            _ => bail!("BUG: {} on a tensor that is not contiguous", self.0.name()),
        }
    }
}

impl<T: Change> InplaceOp2 for InPlace<'_, T> {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn cpu_fwd(&self, target: &mut CpuStorage, lt: &Layout, source: &CpuStorage, ls: &Layout) -> Result<()> {
        let [(t0, t1), (s0, s1)] = self.spans(lt, ls)?;
        let CpuStorage::F32(target) = target else { bail!("{}: weights are float32", self.0.name()) };
        self.0.on_cpu(&mut target[t0..t1], &source.as_slice::<f32>()?[s0..s1]);
        Ok(())
    }
    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, target: &mut candle_core::CudaStorage, lt: &Layout, source: &candle_core::CudaStorage, ls: &Layout) -> Result<()> {
        let [(t0, t1), (s0, s1)] = self.spans(lt, ls)?;
        crate::cuda::change(self.0, target, t0..t1, source, s0..s1)
    }
}
