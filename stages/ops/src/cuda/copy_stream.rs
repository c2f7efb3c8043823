//! A second stream that copies arrays to a GPU while the first computes.
//!
//! Values go from pinned memory to a slot of the device; the stream that computes waits for their arrival and copies
//! them from there, which takes microseconds. A slot is used again when both copies are done. The device's own event
//! tracking is off (see `machine::open`), so every wait is written here.

use super::Array;
use super::gpu::Gpu;
use super::machine::failed;
use candle_core::cuda_backend::CudaStorage;
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, CudaSlice, CudaStream, PinnedHostSlice};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, Result, Shape, Storage, Tensor, bail};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct CopyStream {
    gpu: Gpu,
    stream: Arc<CudaStream>,
    free: Mutex<Vec<StagingSlot>>,
}

struct StagingSlot {
    pinned: PinnedHostSlice<f32>,
    there: CudaSlice<f32>,
    /// The values are in `there`: `pinned` may be written again.
    arrived: CudaEvent,
    /// The values were copied from `there`: it may be written again.
    taken: CudaEvent,
}

/// Values in a slot.
pub(crate) struct Transfer {
    copy_stream: Arc<CopyStream>,
    slot: StagingSlot,
    len: usize,
}

impl CopyStream {
    pub(crate) fn new(device: &CudaDevice) -> Result<CopyStream> {
        let stream = device.cuda_stream().context().new_stream().map_err(failed)?;
        Ok(CopyStream { gpu: Gpu::of(device), stream, free: Mutex::new(vec![]) })
    }

    pub(crate) fn send(copy_stream: &Arc<CopyStream>, numbers: &[f32]) -> Result<Transfer> {
        let mut slot = copy_stream.slot(numbers.len())?;
        slot.arrived.synchronize().map_err(failed)?;
        slot.pinned.as_mut_slice().map_err(failed)?[..numbers.len()].copy_from_slice(numbers);
        copy_stream.stream.wait(&slot.taken).map_err(failed)?;
        copy_stream.stream.memcpy_htod(&slot.pinned, &mut slot.there).map_err(failed)?;
        slot.arrived.record(&copy_stream.stream).map_err(failed)?;
        Ok(Transfer { copy_stream: copy_stream.clone(), slot, len: numbers.len() })
    }

    /// A slot for that many values: one that is free, or a new one.
    fn slot(&self, len: usize) -> Result<StagingSlot> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = free.iter().position(|b| b.pinned.len() == len.max(1)) {
            return Ok(free.swap_remove(at));
        }
        // Those of another length are of a batch size that is no longer used.
        let unfit = std::mem::take(&mut *free);
        drop(free);
        drop(unfit);
        let context = self.stream.context();
        let pinned = self.gpu.pinned(len)?;
        let there = self.gpu.empty_on(&self.stream, len)?;
        let event = || context.new_event(None).map_err(failed);
        Ok(StagingSlot { pinned, there, arrived: event()?, taken: event()? })
    }
}

impl Transfer {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn tensor(self, shape: Shape) -> Result<Tensor> {
        if shape.elem_count() != self.len {
            bail!("{} numbers do not fit {shape:?}", self.len);
        }
        let Transfer { copy_stream, slot, len } = self;
        let computing = copy_stream.gpu.device().cuda_stream();
        let mut numbers: Array = copy_stream.gpu.empty(len)?;
        computing.wait(&slot.arrived).map_err(failed)?;
        computing.memcpy_dtod(&slot.there, &mut numbers).map_err(failed)?;
        slot.taken.record(&computing).map_err(failed)?;
        copy_stream.free.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
        let storage = CudaStorage::wrap_cuda_slice(numbers, copy_stream.gpu.device().clone());
        Ok(Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false))
    }
}

impl Drop for StagingSlot {
    /// Waits for both copies, since the memory goes.
    fn drop(&mut self) {
        let context = self.pinned.context().clone();
        // An earlier error would be returned instead of waiting: it is taken out, and put back for the next call.
        let before = context.check_err();
        let waited = self.there.stream().synchronize().and_then(|()| self.taken.synchronize());
        context.record_err(waited);
        context.record_err(before);
    }
}
