//! Dispatch: runs primitives on the backend of the device on which their inputs are. Neither backend knows this module.
//! The CPU knows nothing of CUDA, which takes descriptions of what is computed (shapes, windows, cuts) from `primitive`
//! and `cpu`.

use candle_core::{CpuStorage, Device, InplaceOp2, Layout, Result, Shape, Storage, Tensor, bail};

#[cfg(feature = "cuda")]
use crate::cuda::{InPlaceOnCuda, OnCuda};
#[cfg(not(feature = "cuda"))]
use without_cuda::{InPlaceOnCuda, OnCuda};

/// Without CUDA, nothing more is asked of a primitive than that it runs on the CPU.
#[cfg(not(feature = "cuda"))]
mod without_cuda {
    use crate::primitive::{InPlace, Primitive};

    pub(crate) trait OnCuda<const N: usize, const M: usize>: Primitive<N, M> {}
    impl<T: Primitive<N, M>, const N: usize, const M: usize> OnCuda<N, M> for T {}
    pub(crate) trait InPlaceOnCuda: InPlace {}
    impl<T: InPlace> InPlaceOnCuda for T {}
}

/// A primitive that every backend of this program implements.
pub(crate) trait Backend<const N: usize, const M: usize>: OnCuda<N, M> {}
impl<T: OnCuda<N, M>, const N: usize, const M: usize> Backend<N, M> for T {}

/// Computes `M` tensors of these shapes on the device of the inputs.
///
/// # Errors
/// Where a tensor is not float32, the inputs are on different devices, or a GPU refuses (memory, launch).
pub(crate) fn compute_all<const N: usize, const M: usize>(primitive: &impl Backend<N, M>, inputs: [&Tensor; N], shapes: [Shape; M]) -> Result<[Tensor; M]> {
    let mut contiguous = Vec::with_capacity(N);
    for input in inputs {
        contiguous.push(input.contiguous()?);
    }
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = inputs[0].device() {
        return crate::cuda::compute_all(primitive, device, &contiguous, shapes);
    }
    let locked: Vec<_> = contiguous.iter().map(Tensor::storage_and_layout).collect();
    let mut slices = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        let Storage::Cpu(storage) = &**storage else { bail!("{}: tensors on different devices", primitive.name()) };
        let Some((from, to)) = layout.contiguous_offsets() else { bail!("BUG: {} on a tensor that is not contiguous", primitive.name()) };
        slices.push(&storage.as_slice::<f32>()?[from..to]);
    }
    let slices: [&[f32]; N] = slices.try_into().unwrap_or_else(|_| unreachable!("as many as inputs"));
    let mut tensors = Vec::with_capacity(M);
    for (values, shape) in primitive.on_cpu(slices).into_iter().zip(shapes) {
        if values.len() != shape.elem_count() {
            bail!("BUG: {} made {} values for {shape:?}", primitive.name(), values.len());
        }
        tensors.push(Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    Ok(tensors.try_into().unwrap_or_else(|_| unreachable!("as many as results")))
}

/// As [`compute_all`], for one result.
pub(crate) fn compute<const N: usize>(primitive: &impl Backend<N, 1>, inputs: [&Tensor; N], shape: impl Into<Shape>) -> Result<Tensor> {
    let [result] = compute_all(primitive, inputs, [shape.into()])?;
    Ok(result)
}

/// Updates a tensor in place, on its device.
///
/// # Errors
/// Where shapes or devices differ, or a tensor is not float32.
pub(crate) fn update(target: &Tensor, source: &Tensor, update: &impl InPlaceOnCuda) -> Result<()> {
    target.inplace_op2(&source.contiguous()?, &Update(update))
}

/// An update as candle takes it.
struct Update<'a, T>(&'a T);

impl<T: InPlaceOnCuda> Update<'_, T> {
    /// From where to where target and source are in their storages.
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

impl<T: InPlaceOnCuda> InplaceOp2 for Update<'_, T> {
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
        crate::cuda::update(self.0, target, t0..t1, source, s0..s1)
    }
}
