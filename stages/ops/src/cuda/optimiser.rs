//! Optimiser steps and other changes in place. What is remembered moves to the GPU at the first step.

use super::gpu::{Gpu, failed, launch};
use super::{ChangesOnCuda, Numbers, Part, PartMut};
use crate::memory::Memory;
use crate::optimiser::rule::Update;
use crate::optimiser::{Approach, Overwrite, Step};
use candle_core::Result;

/// A memory on the GPU.
fn there<'a>(gpu: &Gpu, memory: &'a mut Memory) -> Result<&'a mut Numbers> {
    if let Memory::Host(values) = memory {
        *memory = Memory::Device(gpu.copy(values)?);
    }
    match memory {
        Memory::Device(numbers) => Ok(numbers),
        Memory::Host(_) => unreachable!("it was moved"),
    }
}

impl ChangesOnCuda for Step<'_> {
    fn on_cuda(&self, gpu: &Gpu, mut w: PartMut, g: Part) -> Result<()> {
        let mut state = self.state.lock().expect("BUG: poisoned");
        let [a, b] = &mut *state;
        let n = g.len();
        match self.update {
            Update::Adam { beta2, new1, new2, eps, size, correction, shrink, decay } => {
                launch!(gpu, "adam", n; beta2, new1, new2, eps, size, correction, shrink, decay; &g => &mut w, there(gpu, a)?, there(gpu, b)?);
            }
            Update::Sgd { rate, momentum: 0.0, decay, .. } => launch!(gpu, "sgd", n; rate, decay; &g => &mut w),
            Update::Sgd { rate, momentum, nesterov, decay } => {
                launch!(gpu, "momentum", n; rate, decay, momentum, u32::from(nesterov); &g => &mut w, there(gpu, a)?);
            }
            Update::Adadelta { rate, rho, new, eps } => launch!(gpu, "adadelta", n; rate, rho, new, eps; &g => &mut w, there(gpu, a)?, there(gpu, b)?),
            Update::RmsProp { rate, alpha, new, eps } => launch!(gpu, "rms_prop", n; rate, alpha, new, eps; &g => &mut w, there(gpu, a)?),
        }
        Ok(())
    }
}

impl ChangesOnCuda for Approach {
    fn on_cuda(&self, gpu: &Gpu, mut target: PartMut, source: Part) -> Result<()> {
        launch!(gpu, "approach", source.len(); self.0; &source => &mut target);
        Ok(())
    }
}

impl ChangesOnCuda for Overwrite {
    fn on_cuda(&self, gpu: &Gpu, mut target: PartMut, source: Part) -> Result<()> {
        gpu.device().cuda_stream().memcpy_dtod(&source, &mut target).map_err(failed)
    }
}
