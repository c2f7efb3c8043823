//! What the driver says about GPUs, and how their memory is kept.

use candle_core::cuda_backend::cudarc::cudnn;
use candle_core::cuda_backend::cudarc::driver::sys::{self, CUdevice_attribute as Asked, CUmemPool_attribute_enum as Attribute, CUmemoryPool};
use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError, result};
use candle_core::{CudaDevice, Device, Error, Result};

/// An error of the driver.
pub(crate) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::wrap(error)
}

pub(crate) fn count() -> usize {
    CudaContext::device_count().map_or(0, |n| usize::try_from(n).unwrap_or(0))
}

pub(crate) fn describe(number: usize) -> Result<String> {
    // The driver answers without a context: the run that asks for a receipt's sake does not take memory of the GPU.
    result::init().map_err(failed)?;
    let device = result::device::get(i32::try_from(number).unwrap_or(i32::MAX)).map_err(failed)?;
    // SAFETY: the device is there.
    let of = |attribute| unsafe { result::device::get_attribute(device, attribute) }.map_err(failed);
    let (major, minor) = (of(Asked::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?, of(Asked::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?);
    let name = result::device::get_name(device).map_err(failed)?;
    // SAFETY: as above.
    let memory = unsafe { result::device::total_mem(device) }.map_err(failed)? >> 20;
    let mut driver = 0;
    // SAFETY: the driver writes one number.
    unsafe { sys::cuDriverGetVersion(&mut driver) }.result().map_err(failed)?;
    Ok(format!("{name}, sm_{major}{minor}, {memory} MiB, driver {driver}, cuDNN {}", cudnn::result::get_version()))
}

/// The pool that tensors are taken from.
fn pool(device: &CudaDevice) -> std::result::Result<CUmemoryPool, DriverError> {
    let stream = device.cuda_stream();
    let mut pool = std::ptr::null_mut();
    // SAFETY: the driver writes one handle.
    unsafe { sys::cuDeviceGetDefaultMemPool(&mut pool, stream.context().cu_device()) }.result()?;
    Ok(pool)
}

pub(crate) fn open(number: usize) -> Result<Device> {
    let device = CudaDevice::new_with_stream(number)?;
    // SAFETY: one stream computes, and everything there happens in order; the other one, in `copy_stream.rs`, waits and is waited for by events of its own.
    unsafe { device.disable_event_tracking() };
    if let Ok(pool) = pool(&device) {
        let (mut all, mut none) = (u64::MAX, 0u64);
        // What a driver without these attributes says is not missed: memory is asked for anew, and the peak is that of before.
        // SAFETY: both are numbers of 64 bits.
        unsafe {
            sys::cuMemPoolSetAttribute(pool, Attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, (&raw mut all).cast());
            sys::cuMemPoolSetAttribute(pool, Attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH, (&raw mut none).cast());
        }
    }
    Ok(Device::Cuda(device))
}

pub(crate) fn peak(device: &CudaDevice) -> Result<u64> {
    let mut bytes = 0u64;
    // SAFETY: the attribute is a number of 64 bits.
    let get = |pool| unsafe { sys::cuMemPoolGetAttribute(pool, Attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH, (&raw mut bytes).cast()) }.result();
    pool(device).and_then(get).map_err(failed)?;
    Ok(bytes)
}
