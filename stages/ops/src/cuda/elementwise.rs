//! Functions of one and of two values, repeating and masks.

use super::gpu::{Gpu, count, launch};
use super::{Array, Bytes, OnCuda, View};
use crate::broadcast::Repeat;
use crate::primitive::dropout::Masked;
use crate::primitive::elementwise::{Broadcast, Broadcasted, Unary};
use candle_core::Result;

impl OnCuda<1, 1> for Unary {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let (name, parameter) = self.parts();
        let mut y = gpu.empty(x.len())?;
        launch!(gpu, &format!("each_{name}"), x.len(); parameter; &x => &mut y);
        Ok([y])
    }
}

impl OnCuda<2, 1> for Broadcasted {
    fn on_cuda(&self, gpu: &Gpu, [a, b]: [View; 2]) -> Result<[Array; 1]> {
        let (name, parameter) = self.function.parts();
        // Repeated once, an array of any width is itself.
        let same = Repeat { a: 1, r: 1, b: 1 };
        let (first, second) = match self.broadcast {
            Broadcast::Neither => (same, same),
            Broadcast::First(fit) => (fit, same),
            Broadcast::Second(fit) => (same, fit),
        };
        let n = a.len().max(b.len());
        let mut y = gpu.empty(n)?;
        launch!(gpu, &format!("pair_{name}"), n; parameter, count(first.r)?, count(first.b)?, count(second.r)?, count(second.b)?; &a, &b => &mut y);
        Ok([y])
    }
}

impl OnCuda<1, 1> for Repeat {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let n = self.a * self.r * self.b;
        let mut y = gpu.empty(n)?;
        launch!(gpu, "repeat", n; count(self.r)?, count(self.b)?; &x => &mut y);
        Ok([y])
    }
}

impl OnCuda<1, 1> for Masked {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        if self.uploaded.get().is_none() {
            let copy: Bytes = gpu.copy(&self.keep)?;
            self.uploaded.get_or_init(|| Box::new(copy));
        }
        let Some(keep) = self.uploaded.get().and_then(|copy| copy.downcast_ref::<Bytes>()) else { unreachable!("no other backend has a copy") };
        let mut y = gpu.empty(x.len())?;
        launch!(gpu, "masked", x.len(); self.scale; keep, &x => &mut y);
        Ok([y])
    }
}
