//! Numbers on their way to a device. On a GPU they are copied from pinned memory, beside what it computes; on the CPU they stay
//! where they are. Ignorant of what the numbers are, and of who makes them.

#[cfg(feature = "cuda")]
use crate::cuda::copy_stream::{CopyStream, Transfer};
use candle_core::{Device, Result, Shape, Tensor};
#[cfg(feature = "cuda")]
use std::sync::Arc;

/// A way to one device, for any thread.
pub struct Uploads(Way);

enum Way {
    /// To where tensors are made from numbers without a way: the CPU.
    None(Device),
    #[cfg(feature = "cuda")]
    CopyStream(Arc<CopyStream>),
}

/// Numbers that are under way.
pub struct Upload(State);

enum State {
    Here(Vec<f32>, Device),
    #[cfg(feature = "cuda")]
    Sent(Transfer),
}

impl Uploads {
    /// A way to a device.
    ///
    /// # Errors
    /// Where the driver gives no second stream.
    pub fn to(device: &Device) -> Result<Uploads> {
        match device {
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => Ok(Uploads(Way::CopyStream(Arc::new(CopyStream::new(gpu)?)))),
            _ => Ok(Uploads(Way::None(device.clone()))),
        }
    }
    /// Sends numbers off, and waits for the device only where it is several batches behind.
    ///
    /// # Errors
    /// Where the host has no memory to pin, or the device none to copy to.
    pub fn send(&self, numbers: Vec<f32>) -> Result<Upload> {
        match &self.0 {
            Way::None(device) => Ok(Upload(State::Here(numbers, device.clone()))),
            #[cfg(feature = "cuda")]
            Way::CopyStream(copy_stream) => CopyStream::send(copy_stream, &numbers).map(State::Sent).map(Upload),
        }
    }
}

impl Upload {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            State::Here(numbers, _) => numbers.len(),
            #[cfg(feature = "cuda")]
            State::Sent(transfer) => transfer.len(),
        }
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The numbers as a tensor on the device. What is computed with it there waits until they have arrived; the caller does not.
    ///
    /// # Errors
    /// Where their number does not fit the shape, or the device has no memory left.
    pub fn tensor(self, shape: impl Into<Shape>) -> Result<Tensor> {
        match self.0 {
            State::Here(numbers, device) => Tensor::from_vec(numbers, shape.into(), &device),
            #[cfg(feature = "cuda")]
            State::Sent(transfer) => transfer.tensor(shape.into()),
        }
    }
}
