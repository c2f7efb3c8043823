//! The one place that decides where an operation is computed.

use candle_core::{Result, Shape, Storage, Tensor, bail};

/// Computes on the CPU, from the numbers of contiguous float32 tensors.
///
/// # Errors
/// Where a tensor lies on another device or is not float32.
pub(crate) fn on_cpu<const N: usize>(
    name: &str,
    inputs: [&Tensor; N],
    shape: impl Into<Shape>,
    compute: impl FnOnce([&[f32]; N]) -> Vec<f32>,
) -> Result<Tensor> {
    let shape = shape.into();
    let values = read(name, inputs, compute)?;
    if values.len() != shape.elem_count() {
        bail!("BUG: {name} made {} numbers for {shape:?}", values.len());
    }
    Tensor::from_vec(values, shape, &candle_core::Device::Cpu)
}

/// As [`on_cpu`], for results that are no tensor.
pub(crate) fn read<const N: usize, T>(name: &str, inputs: [&Tensor; N], compute: impl FnOnce([&[f32]; N]) -> T) -> Result<T> {
    let inputs = inputs.map(Tensor::contiguous);
    let mut whole = Vec::with_capacity(N);
    for input in inputs {
        whole.push(input?);
    }
    let locked: Vec<_> = whole.iter().map(Tensor::storage_and_layout).collect();
    let mut slices = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        let Storage::Cpu(storage) = &**storage else { bail!("{name} runs on the CPU only") };
        let Some((from, to)) = layout.contiguous_offsets() else { bail!("BUG: {name} on a tensor that is not contiguous") };
        slices.push(&storage.as_slice::<f32>()?[from..to]);
    }
    let slices: [&[f32]; N] = slices.try_into().unwrap_or_else(|_| unreachable!("as many as inputs"));
    Ok(compute(slices))
}
