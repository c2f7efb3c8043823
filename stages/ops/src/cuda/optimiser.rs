//! Optimiser steps and other updates in place. State moves to the GPU at the first step.

use super::gpu::{Gpu, launch};
use super::machine::failed;
use super::{Array, InPlaceOnCuda, View, ViewMut};
use crate::cpu::optimiser::Update;
use crate::primitive::optimiser::{Lerp, Overwrite, Step};
use crate::state::StateArray;
use candle_core::Result;
use std::any::Any;

/// An array of state on the GPU, to which the first step moves it.
fn there<'a>(gpu: &Gpu, state: &'a mut StateArray) -> Result<&'a mut Array> {
    if let StateArray::Host(values) = state {
        let copy: Array = gpu.copy(values)?;
        *state = StateArray::Device(Box::new(copy));
    }
    let StateArray::Device(array) = state else { unreachable!("it was moved") };
    let array: &mut dyn Any = &mut **array;
    Ok(array.downcast_mut().unwrap_or_else(|| unreachable!("no other backend has state of a weight on this GPU")))
}

impl InPlaceOnCuda for Step<'_> {
    fn on_cuda(&self, gpu: &Gpu, mut w: ViewMut, g: View) -> Result<()> {
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

impl InPlaceOnCuda for Lerp {
    fn on_cuda(&self, gpu: &Gpu, mut target: ViewMut, source: View) -> Result<()> {
        launch!(gpu, "approach", source.len(); self.0; &source => &mut target);
        Ok(())
    }
}

impl InPlaceOnCuda for Overwrite {
    fn on_cuda(&self, gpu: &Gpu, mut target: ViewMut, source: View) -> Result<()> {
        gpu.device().cuda_stream().memcpy_dtod(&source, &mut target).map_err(failed)
    }
}
