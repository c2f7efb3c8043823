//! Asynchronous uploads of arrays to a device. To a GPU they are copied from pinned memory while it computes; on the
//! CPU they stay where they are. Independent of what the values are, and of who makes them.

#[cfg(feature = "cuda")]
use crate::cuda::copy_stream::{CopyStream, Transfer};
use candle_core::{Device, Result, Shape, Tensor};
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// Uploads to one device, from any thread.
pub struct Uploads(Route);

enum Route {
    /// No copy: tensors on the CPU are made of the array itself.
    Direct(Device),
    #[cfg(feature = "cuda")]
    CopyStream(Arc<CopyStream>),
}

/// An array that is being uploaded.
pub struct Upload(State);

enum State {
    OnHost(Vec<f32>, Device),
    #[cfg(feature = "cuda")]
    Sent(Transfer),
}

impl Uploads {
    /// Uploads to this device.
    ///
    /// # Errors
    /// Where the driver gives no second stream.
    pub fn to(device: &Device) -> Result<Uploads> {
        match device {
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => Ok(Uploads(Route::CopyStream(Arc::new(CopyStream::new(gpu)?)))),
            _ => Ok(Uploads(Route::Direct(device.clone()))),
        }
    }
    /// Starts an upload, and waits for the device only where it is several batches behind.
    ///
    /// # Errors
    /// Where the host has no memory to pin, or the device no memory left.
    pub fn send(&self, values: Vec<f32>) -> Result<Upload> {
        match &self.0 {
            Route::Direct(device) => Ok(Upload(State::OnHost(values, device.clone()))),
            #[cfg(feature = "cuda")]
            Route::CopyStream(copy_stream) => CopyStream::send(copy_stream, &values).map(State::Sent).map(Upload),
        }
    }
}

impl Upload {
    /// Elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            State::OnHost(values, _) => values.len(),
            #[cfg(feature = "cuda")]
            State::Sent(transfer) => transfer.len(),
        }
    }
    /// True where there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The array as a tensor on the device. What is computed with it there waits until it has arrived; the caller does
    /// not.
    ///
    /// # Errors
    /// Where the number of elements does not fit the shape, or the device has no memory left.
    pub fn tensor(self, shape: impl Into<Shape>) -> Result<Tensor> {
        match self.0 {
            State::OnHost(values, device) => Tensor::from_vec(values, shape.into(), &device),
            #[cfg(feature = "cuda")]
            State::Sent(transfer) => transfer.tensor(shape.into()),
        }
    }
}
