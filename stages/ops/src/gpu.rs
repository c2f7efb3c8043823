//! The GPUs of a machine: which there are, and how one is opened. Without the feature `cuda` there is none.

use candle_core::{Device, Result};

/// What an error begins with where a GPU has no memory left.
pub const MEMORY_IS_FULL: &str = "the GPU's memory is full";

/// How many GPUs there are; none where the driver does not answer.
pub fn count_gpus() -> usize {
    #[cfg(feature = "cuda")]
    return crate::cuda::machine::count();
    #[cfg(not(feature = "cuda"))]
    0
}

/// Opens the GPU of a number. Memory that its tensors give back stays with the process, since asking the driver again is slow.
///
/// # Errors
/// Where there is none of this number.
pub fn open_gpu(number: usize) -> Result<Device> {
    #[cfg(feature = "cuda")]
    return crate::cuda::machine::open(number);
    #[cfg(not(feature = "cuda"))]
    Device::new_cuda(number)
}

/// Name, architecture and memory of a GPU, and what multiplies on it: its bits are compared only with those of its like.
///
/// # Errors
/// Where there is none of this number.
pub fn describe_gpu(number: usize) -> Result<String> {
    #[cfg(feature = "cuda")]
    return crate::cuda::machine::describe(number);
    #[cfg(not(feature = "cuda"))]
    candle_core::bail!("GPU {number}: this program was built without CUDA")
}

/// The most bytes that tensors held on a GPU at once since it was opened; none on the CPU.
///
/// # Errors
/// Where the driver does not answer.
pub fn peak_memory(device: &Device) -> Result<Option<u64>> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => crate::cuda::machine::peak(device).map(Some),
        _ => Ok(None),
    }
}
