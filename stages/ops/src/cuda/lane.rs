//! A second stream that carries numbers to a GPU while the first computes.
//!
//! Numbers go from pinned memory to a berth of the device; the stream that computes waits for their arrival and copies them
//! from there, which takes microseconds. A berth is used again when both copies are done. The device's own records of who
//! uses what are off (see `machine::open`), so every wait stands here.

use super::Numbers;
use super::gpu::{Gpu, failed};
use candle_core::cuda_backend::CudaStorage;
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, CudaSlice, CudaStream, PinnedHostSlice};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, Result, Shape, Storage, Tensor, bail};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Lane {
    gpu: Gpu,
    stream: Arc<CudaStream>,
    free: Mutex<Vec<Berth>>,
}

struct Berth {
    pinned: PinnedHostSlice<f32>,
    there: CudaSlice<f32>,
    /// The numbers are in `there`: `pinned` may be written again.
    arrived: CudaEvent,
    /// The numbers were copied from `there`: it may be written again.
    taken: CudaEvent,
}

/// Numbers in a berth.
pub(crate) struct Parcel {
    lane: Arc<Lane>,
    berth: Berth,
    len: usize,
}

impl Lane {
    pub(crate) fn new(device: &CudaDevice) -> Result<Lane> {
        let stream = device.cuda_stream().context().new_stream().map_err(failed)?;
        Ok(Lane { gpu: Gpu::of(device), stream, free: Mutex::new(vec![]) })
    }

    pub(crate) fn send(lane: &Arc<Lane>, numbers: &[f32]) -> Result<Parcel> {
        let mut berth = lane.berth(numbers.len())?;
        berth.arrived.synchronize().map_err(failed)?;
        berth.pinned.as_mut_slice().map_err(failed)?[..numbers.len()].copy_from_slice(numbers);
        lane.stream.wait(&berth.taken).map_err(failed)?;
        lane.stream.memcpy_htod(&berth.pinned, &mut berth.there).map_err(failed)?;
        berth.arrived.record(&lane.stream).map_err(failed)?;
        Ok(Parcel { lane: lane.clone(), berth, len: numbers.len() })
    }

    /// A berth for so many numbers: one that is free, or a new one.
    fn berth(&self, len: usize) -> Result<Berth> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = free.iter().position(|b| b.pinned.len() == len.max(1)) {
            return Ok(free.swap_remove(at));
        }
        // Those of another length are of a batch that does not come again.
        let unfit = std::mem::take(&mut *free);
        drop(free);
        drop(unfit);
        let context = self.stream.context();
        let pinned = self.gpu.pinned(len)?;
        let there = self.gpu.empty_on(&self.stream, len)?;
        let event = || context.new_event(None).map_err(failed);
        Ok(Berth { pinned, there, arrived: event()?, taken: event()? })
    }
}

impl Parcel {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn tensor(self, shape: Shape) -> Result<Tensor> {
        if shape.elem_count() != self.len {
            bail!("{} numbers do not fit {shape:?}", self.len);
        }
        let Parcel { lane, berth, len } = self;
        let computing = lane.gpu.device().cuda_stream();
        let mut numbers: Numbers = lane.gpu.empty(len)?;
        computing.wait(&berth.arrived).map_err(failed)?;
        computing.memcpy_dtod(&berth.there, &mut numbers).map_err(failed)?;
        berth.taken.record(&computing).map_err(failed)?;
        lane.free.lock().unwrap_or_else(PoisonError::into_inner).push(berth);
        let storage = CudaStorage::wrap_cuda_slice(numbers, lane.gpu.device().clone());
        Ok(Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false))
    }
}

impl Drop for Berth {
    /// Waits for both copies, since the memory goes.
    fn drop(&mut self) {
        let context = self.pinned.context().clone();
        // An error from before would be said in place of waiting: it is taken out, and put back for whoever comes next.
        let before = context.check_err();
        let waited = self.there.stream().synchronize().and_then(|()| self.taken.synchronize());
        context.record_err(waited);
        context.record_err(before);
    }
}
