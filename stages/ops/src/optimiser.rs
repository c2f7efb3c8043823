//! Optimiser steps in place: one pass over weights and state, no temporary tensors.

use crate::slices::slice;
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Var, bail};
use rayon::prelude::*;
use std::sync::Mutex;

const CHUNK: usize = 32_768;

/// An optimiser over a fixed list of weights.
pub trait Optimiser {
    /// Moves the weights along their gradients; a weight without a gradient stays.
    ///
    /// # Errors
    /// Where a gradient does not have its weight's shape.
    fn step(&mut self, gradients: &GradStore) -> Result<()>;
    /// Sets the learning rate of the next steps.
    fn set_learning_rate(&mut self, rate: f64);
}

/// Adam (Kingma & Ba 2015) as `torch.optim.Adam` without weight decay.
pub struct Adam {
    weights: Vec<(Var, Mutex<Moments>)>,
    rate: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
    steps: i32,
}

struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Adam {
    /// An optimiser with zero moments.
    pub fn new(weights: Vec<Var>, rate: f64, beta1: f64, beta2: f64, eps: f64) -> Self {
        let zeros = |v: &Var| vec![0f32; v.elem_count()];
        let weights = weights.into_iter().map(|v| (v.clone(), Mutex::new(Moments { first: zeros(&v), second: zeros(&v) }))).collect();
        Adam { weights, rate, beta1, beta2, eps, steps: 0 }
    }
}

impl Optimiser for Adam {
    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        self.steps += 1;
        let size = (self.rate / (1.0 - self.beta1.powi(self.steps))) as f32;
        let correction = (1.0 / (1.0 - self.beta2.powi(self.steps)).sqrt()) as f32;
        for (weight, moments) in &self.weights {
            if let Some(gradient) = gradients.get(weight) {
                let op = AdamStep {
                    moments,
                    beta2: self.beta2 as f32,
                    new1: (1.0 - self.beta1) as f32,
                    new2: (1.0 - self.beta2) as f32,
                    eps: self.eps as f32,
                    size,
                    correction,
                };
                weight.as_tensor().inplace_op2(&gradient.contiguous()?, &op)?;
            }
        }
        Ok(())
    }
    fn set_learning_rate(&mut self, rate: f64) {
        self.rate = rate;
    }
}

struct AdamStep<'a> {
    moments: &'a Mutex<Moments>,
    beta2: f32,
    /// `1 − beta`, subtracted in float64: in float32 it would be off by 1e-5.
    new1: f32,
    new2: f32,
    eps: f32,
    size: f32,
    correction: f32,
}

impl InplaceOp2 for AdamStep<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }
    fn cpu_fwd(&self, weight: &mut CpuStorage, lw: &Layout, gradient: &CpuStorage, lg: &Layout) -> Result<()> {
        let (weight, gradient) = both(weight, lw, gradient, lg)?;
        let mut moments = self.moments.lock().expect("BUG: poisoned");
        let Moments { first, second } = &mut *moments;
        let AdamStep { beta2, new1, new2, eps, size, correction, .. } = *self;
        let chunks = weight.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(first.par_chunks_mut(CHUNK)).zip(second.par_chunks_mut(CHUNK));
        chunks.for_each(|(((w, g), m), v)| {
            for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                *m += new1 * (g - *m);
                *v = beta2 * *v + new2 * g * g;
                *w -= size * *m / (v.sqrt() * correction + eps);
            }
        });
        Ok(())
    }
}

/// Stochastic gradient descent with momentum and weight decay, as `torch.optim.SGD`.
pub struct Sgd {
    weights: Vec<(Var, Mutex<Option<Vec<f32>>>)>,
    rate: f64,
    momentum: f64,
    nesterov: bool,
    decay: f64,
}

impl Sgd {
    /// An optimiser without velocity. Nesterov: `v ← μv + g; w ← w − lr(g + μv)`.
    pub fn new(weights: Vec<Var>, rate: f64, momentum: f64, nesterov: bool, decay: f64) -> Self {
        Sgd { weights: weights.into_iter().map(|w| (w, Mutex::new(None))).collect(), rate, momentum, nesterov, decay }
    }
}

impl Optimiser for Sgd {
    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        for (weight, velocity) in &self.weights {
            if let Some(gradient) = gradients.get(weight) {
                let op = SgdStep { velocity, rate: self.rate as f32, momentum: self.momentum as f32, nesterov: self.nesterov, decay: self.decay as f32 };
                weight.as_tensor().inplace_op2(&gradient.contiguous()?, &op)?;
            }
        }
        Ok(())
    }
    fn set_learning_rate(&mut self, rate: f64) {
        self.rate = rate;
    }
}

struct SgdStep<'a> {
    velocity: &'a Mutex<Option<Vec<f32>>>,
    rate: f32,
    momentum: f32,
    nesterov: bool,
    decay: f32,
}

impl InplaceOp2 for SgdStep<'_> {
    fn name(&self) -> &'static str {
        "sgd"
    }
    fn cpu_fwd(&self, weight: &mut CpuStorage, lw: &Layout, gradient: &CpuStorage, lg: &Layout) -> Result<()> {
        let (weight, gradient) = both(weight, lw, gradient, lg)?;
        let mut velocity = self.velocity.lock().expect("BUG: poisoned");
        let velocity = velocity.get_or_insert_with(|| vec![0f32; weight.len()]);
        let SgdStep { rate, momentum, nesterov, decay, .. } = *self;
        weight.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(velocity.par_chunks_mut(CHUNK)).for_each(|((w, g), v)| {
            for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
                let g = g + decay * *w;
                *v = momentum * *v + g;
                *w -= rate * if nesterov { g + momentum * *v } else { *v };
            }
        });
        Ok(())
    }
}

fn both<'a>(weight: &'a mut CpuStorage, lw: &Layout, gradient: &'a CpuStorage, lg: &Layout) -> Result<(&'a mut [f32], &'a [f32])> {
    if lw.shape() != lg.shape() {
        bail!("optimiser: gradient {:?} for weight {:?}", lg.shape(), lw.shape());
    }
    let Some((from, to)) = lw.contiguous_offsets() else { bail!("BUG: weights are contiguous") };
    let CpuStorage::F32(weight) = weight else { bail!("optimiser: weights are float32") };
    Ok((&mut weight[from..to], slice(gradient, lg)?))
}
