//! One GPU: memory, launches, and the errors of its driver.

use super::machine::{self, failed};
use crate::fault::MEMORY_IS_FULL;
use candle_core::cuda_backend::cudarc::driver::{self, CudaFunction, CudaSlice, CudaStream, DeviceRepr, DriverError, LaunchConfig, PinnedHostSlice};
use candle_core::{CudaDevice, Error, Result};
use std::sync::Arc;

/// The kernels, compiled by the build script.
const KERNELS: &str = include_str!(concat!(env!("OUT_DIR"), "/kernels.ptx"));
const THREADS: u32 = 256;

pub(crate) struct Gpu {
    device: CudaDevice,
}

impl Gpu {
    pub(crate) fn of(device: &CudaDevice) -> Gpu {
        Gpu { device: device.clone() }
    }
    pub(crate) fn device(&self) -> &CudaDevice {
        &self.device
    }

    /// Memory for `n` elements, at least one, that the next launch writes.
    ///
    /// # Errors
    /// Where the GPU's memory is full: how much was asked for, and what to do.
    pub(crate) fn empty<T: DeviceRepr>(&self, n: usize) -> Result<CudaSlice<T>> {
        self.empty_on(&self.device.cuda_stream(), n)
    }
    /// As [`Gpu::empty`], taken and given back by another stream.
    pub(crate) fn empty_on<T: DeviceRepr>(&self, stream: &Arc<CudaStream>, n: usize) -> Result<CudaSlice<T>> {
        // SAFETY: callers write all of it before it is read.
        unsafe { stream.alloc::<T>(n.max(1)) }.map_err(|e| self.refused(e, n.max(1) * size_of::<T>()))
    }
    /// As [`Gpu::empty`], zeroed.
    pub(crate) fn zeros(&self, n: usize) -> Result<CudaSlice<f32>> {
        self.device.cuda_stream().alloc_zeros(n.max(1)).map_err(|e| self.refused(e, n.max(1) * size_of::<f32>()))
    }
    /// A copy on the GPU of an array on the host.
    pub(crate) fn copy<T: DeviceRepr + 'static>(&self, values: &[T]) -> Result<CudaSlice<T>> {
        let mut there = self.empty(values.len())?;
        if !values.is_empty() {
            self.device.cuda_stream().memcpy_htod(values, &mut there).map_err(failed)?;
        }
        Ok(there)
    }

    /// Pinned memory of the host for `n` elements, at least one, from which the GPU copies by itself.
    ///
    /// # Errors
    /// Where the host has none to pin.
    pub(crate) fn pinned(&self, n: usize) -> Result<PinnedHostSlice<f32>> {
        let context = self.device.cuda_stream().context().clone();
        // SAFETY: callers write all that is read.
        let memory = unsafe { context.alloc_pinned(n.max(1)) };
        memory
            .map_err(|e| Error::Msg(format!("{} MiB of the host's memory cannot be pinned for images on their way to the GPU: {e}", (n * 4).div_ceil(1 << 20))))
    }

    fn refused(&self, error: DriverError, bytes: usize) -> Error {
        if error.0 != driver::sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY {
            return failed(error);
        }
        let mib = |bytes: usize| bytes.div_ceil(1 << 20);
        let peak = machine::peak(&self.device).map_or_else(|_| "unknown".to_owned(), |p| format!("{} MiB", p.div_ceil(1 << 20)));
        let free = driver::result::mem_get_info().map_or_else(|_| "unknown".to_owned(), |(free, total)| format!("{} of {} MiB", mib(free), mib(total)));
        Error::Msg(format!("{MEMORY_IS_FULL}: tried to allocate {} MiB; peak {peak}, free {free}", mib(bytes)))
    }

    pub(crate) fn kernel(&self, name: &str) -> Result<CudaFunction> {
        Ok(self.device.get_or_load_custom_func(name, "hilum", KERNELS)?.into_cuda_function())
    }
}

/// How a kernel of `n` threads is launched.
pub(crate) fn threads(n: u32) -> LaunchConfig {
    LaunchConfig { grid_dim: (n.div_ceil(THREADS).max(1), 1, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 }
}

/// `n` as kernels count.
///
/// # Errors
/// Where an array has 2³¹ elements or more.
pub(crate) fn count(n: usize) -> Result<u32> {
    match u32::try_from(n) {
        Ok(n) if n < 1 << 31 => Ok(n),
        _ => Err(Error::Msg(format!("an array of {n} numbers is larger than the {} that a GPU's kernels count", 1u32 << 31))),
    }
}

/// `launch!(gpu, "name", n; scalars and inputs; => outputs)`: one thread for each of `n`.
macro_rules! launch {
    ($gpu:expr, $name:expr, $n:expr; $($value:expr),*; $($input:expr),* => $($output:expr),+) => {{
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
        let (kernel, n) = ($gpu.kernel($name)?, $crate::cuda::gpu::count($n)?);
        let stream = $gpu.device().cuda_stream();
        let mut launch = stream.launch_builder(&kernel);
        launch.arg(&n);
        $(let value = $value; launch.arg(&value);)*
        $(launch.arg($input);)*
        $(launch.arg($output);)+
        // SAFETY: the kernel's parameters are these, in this order, and it writes within them: see `kernels.cu`.
        unsafe { launch.launch($crate::cuda::gpu::threads(n)) }.map_err($crate::cuda::machine::failed)?;
    }};
}
pub(crate) use launch;
