//! The GPUs of a machine: which there are, and how one is opened. Without the feature `cuda` there is none.

use candle_core::{Device, Result};

/// How many GPUs there are; 0 where the driver does not answer.
pub fn count_gpus() -> usize {
    #[cfg(feature = "cuda")]
    return crate::cuda::machine::count();
    #[cfg(not(feature = "cuda"))]
    0
}

/// Opens the GPU with this index, from 0 up. Memory that its tensors free stays with the process, since allocating it
/// again is slow.
///
/// # Errors
/// Where there is no GPU with this index.
pub fn open_gpu(index: usize) -> Result<Device> {
    #[cfg(feature = "cuda")]
    return crate::cuda::machine::open(index);
    #[cfg(not(feature = "cuda"))]
    Device::new_cuda(index)
}

/// Name, architecture and memory (MiB) of a GPU, and the versions of its driver and of cuDNN: bits are compared only
/// where all of it is equal.
///
/// # Errors
/// Where there is no GPU with this index.
pub fn describe_gpu(index: usize) -> Result<String> {
    #[cfg(feature = "cuda")]
    return crate::cuda::machine::describe(index);
    #[cfg(not(feature = "cuda"))]
    candle_core::bail!("GPU {index}: this program was built without CUDA")
}

/// The peak of the memory that tensors took on a GPU since it was opened, in bytes; None on the CPU.
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
