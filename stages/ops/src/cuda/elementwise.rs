//! Functions of one and of two numbers, repeating and masks.

use super::gpu::{Gpu, count, launch};
use super::{Numbers, OnCuda, Part};
use crate::broadcast::Repeat;
use crate::dropout::Masked;
use crate::function::{Fit, Function, Pairwise};
use candle_core::Result;

impl OnCuda<1, 1> for Function {
    fn on_cuda(&self, gpu: &Gpu, [x]: [Part; 1]) -> Result<[Numbers; 1]> {
        let (name, number) = self.parts();
        let mut y = gpu.empty(x.len())?;
        launch!(gpu, &format!("each_{name}"), x.len(); number; &x => &mut y);
        Ok([y])
    }
}

impl OnCuda<2, 1> for Pairwise {
    fn on_cuda(&self, gpu: &Gpu, [a, b]: [Part; 2]) -> Result<[Numbers; 1]> {
        let (name, number) = self.pair.parts();
        // Repeated once, an array of any width is itself.
        let same = Repeat { a: 1, r: 1, b: 1 };
        let (first, second) = match self.fit {
            Fit::Same => (same, same),
            Fit::First(fit) => (fit, same),
            Fit::Second(fit) => (same, fit),
        };
        let n = a.len().max(b.len());
        let mut y = gpu.empty(n)?;
        launch!(gpu, &format!("pair_{name}"), n; number, count(first.r)?, count(first.b)?, count(second.r)?, count(second.b)?; &a, &b => &mut y);
        Ok([y])
    }
}

impl OnCuda<1, 1> for Repeat {
    fn on_cuda(&self, gpu: &Gpu, [x]: [Part; 1]) -> Result<[Numbers; 1]> {
        let n = self.a * self.r * self.b;
        let mut y = gpu.empty(n)?;
        launch!(gpu, "repeat", n; count(self.r)?, count(self.b)?; &x => &mut y);
        Ok([y])
    }
}

impl OnCuda<1, 1> for Masked {
    fn on_cuda(&self, gpu: &Gpu, [x]: [Part; 1]) -> Result<[Numbers; 1]> {
        let keep = match self.there.get() {
            Some(there) => there,
            None => {
                let there = gpu.copy(&self.keep)?;
                self.there.get_or_init(|| there)
            }
        };
        let mut y = gpu.empty(x.len())?;
        launch!(gpu, "masked", x.len(); self.scale; keep, &x => &mut y);
        Ok([y])
    }
}
