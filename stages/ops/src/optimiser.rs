//! Optimiser steps in place: one pass over weights and state, no temporary tensors. The arithmetic is PyTorch's.

mod rule;

pub use rule::{Adadelta, Adam, RmsProp, Rule, Sgd};

use crate::tape::{Gradients, Value};
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, bail};
use rayon::prelude::*;
use std::sync::Mutex;

const TASK: usize = 32_768;

/// Weights that move together.
pub struct Group {
    /// What is moved.
    pub weights: Vec<Value>,
    /// Factor on the learning rate; zero freezes the group.
    pub rate: f64,
}

/// An optimiser over fixed groups of weights.
pub struct Optimiser {
    rule: Rule,
    rate: f64,
    groups: Vec<(f64, Vec<Slot>)>,
    steps: u64,
}

/// A weight and what is remembered of its gradients.
struct Slot {
    weight: Value,
    state: Mutex<[Vec<f32>; 2]>,
}

impl Optimiser {
    /// An optimiser without memory over one group.
    pub fn new(rule: impl Into<Rule>, rate: f64, weights: Vec<Value>) -> Self {
        Optimiser::grouped(rule, rate, vec![Group { weights, rate: 1.0 }])
    }
    /// An optimiser without memory.
    pub fn grouped(rule: impl Into<Rule>, rate: f64, groups: Vec<Group>) -> Self {
        let rule = rule.into();
        let state = |w: &Value| rule.starts().map(|s| s.map_or_else(Vec::new, |v| vec![v; w.elem_count()]));
        let slots = |g: Group| (g.rate, g.weights.into_iter().map(|w| Slot { state: Mutex::new(state(&w)), weight: w }).collect());
        Optimiser { groups: groups.into_iter().map(slots).collect(), rule, rate, steps: 0 }
    }

    /// Moves the weights along their gradients; a weight without a gradient stays.
    ///
    /// # Errors
    /// Where a gradient does not have its weight's shape.
    pub fn step(&mut self, gradients: &Gradients) -> Result<()> {
        self.steps += 1;
        for (factor, slots) in &self.groups {
            if *factor == 0.0 {
                continue;
            }
            let update = self.rule.update(self.rate * factor, self.steps);
            for slot in slots {
                if let Some(gradient) = gradients.get(&slot.weight) {
                    slot.weight.data().inplace_op2(&gradient.data().contiguous()?, &Step { state: &slot.state, update })?;
                }
            }
        }
        Ok(())
    }
    /// Sets the learning rate of the next steps.
    pub fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }
    /// Sets the momentum of the next steps: beta1 of Adam.
    pub fn set_momentum(&mut self, momentum: f64) {
        self.rule.set_momentum(momentum);
    }
    /// The weights that a step moves: those of frozen groups are left out.
    pub fn weights(&self) -> impl Iterator<Item = &Value> {
        self.groups.iter().filter(|(factor, _)| *factor != 0.0).flat_map(|(_, slots)| slots.iter().map(|s| &s.weight))
    }
    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }
    /// What is remembered, weight by weight: to go on where one stopped.
    pub fn state(&self) -> Vec<[Vec<f32>; 2]> {
        self.groups.iter().flat_map(|(_, slots)| slots.iter().map(|s| s.state.lock().expect("BUG: poisoned").clone())).collect()
    }
    /// Goes on from what another optimiser over the same weights remembered.
    ///
    /// # Errors
    /// Where the lengths differ.
    pub fn restore(&mut self, steps: u64, state: Vec<[Vec<f32>; 2]>) -> Result<()> {
        let slots: Vec<&Slot> = self.groups.iter().flat_map(|(_, slots)| slots).collect();
        let fits = |slot: &Slot, new: &[Vec<f32>; 2]| slot.state.lock().expect("BUG: poisoned").iter().zip(new).all(|(a, b)| a.len() == b.len());
        if slots.len() != state.len() || !slots.iter().zip(&state).all(|(slot, new)| fits(slot, new)) {
            bail!("what an optimiser remembers does not fit its weights");
        }
        slots.iter().zip(state).for_each(|(slot, new)| *slot.state.lock().expect("BUG: poisoned") = new);
        self.steps = steps;
        Ok(())
    }
}

struct Step<'a> {
    state: &'a Mutex<[Vec<f32>; 2]>,
    update: rule::Update,
}

impl InplaceOp2 for Step<'_> {
    fn name(&self) -> &'static str {
        "optimiser-step"
    }
    fn cpu_fwd(&self, weight: &mut CpuStorage, lw: &Layout, gradient: &CpuStorage, lg: &Layout) -> Result<()> {
        let (w, g) = both(weight, lw, gradient, lg)?;
        let mut state = self.state.lock().expect("BUG: poisoned");
        let [a, b] = &mut *state;
        let tasks = g.len().div_ceil(TASK);
        let (a, b) = (parts(a, tasks), parts(b, tasks));
        w.par_chunks_mut(TASK).zip(g.par_chunks(TASK)).zip(a).zip(b).for_each(|(((w, g), a), b)| self.update.apply(w, g, a, b));
        Ok(())
    }
}

/// Parts of a memory for each task; empty ones of a memory that a rule does not need.
fn parts(mut memory: &mut [f32], tasks: usize) -> Vec<&mut [f32]> {
    (0..tasks)
        .map(|_| {
            let n = TASK.min(memory.len());
            let (part, rest) = std::mem::take(&mut memory).split_at_mut(n);
            memory = rest;
            part
        })
        .collect()
}

/// `target ← target + share · (source − target)`, in place: an exponential moving average.
///
/// # Errors
/// Where shapes differ.
pub fn approach(target: &Value, source: &Value, share: f64) -> Result<()> {
    struct Approach(f32);
    impl InplaceOp2 for Approach {
        fn name(&self) -> &'static str {
            "approach"
        }
        fn cpu_fwd(&self, target: &mut CpuStorage, lt: &Layout, source: &CpuStorage, ls: &Layout) -> Result<()> {
            let (target, source) = both(target, lt, source, ls)?;
            target.par_chunks_mut(TASK).zip(source.par_chunks(TASK)).for_each(|(t, s)| {
                t.iter_mut().zip(s).for_each(|(t, s)| *t += self.0 * (s - *t));
            });
            Ok(())
        }
    }
    target.data().inplace_op2(source.data(), &Approach(share as f32))
}

/// Puts other numbers in place of a value's own.
///
/// # Errors
/// Where shapes differ.
pub fn overwrite(target: &Value, source: &Tensor) -> Result<()> {
    struct Overwrite;
    impl InplaceOp2 for Overwrite {
        fn name(&self) -> &'static str {
            "overwrite"
        }
        fn cpu_fwd(&self, target: &mut CpuStorage, lt: &Layout, source: &CpuStorage, ls: &Layout) -> Result<()> {
            let (target, source) = both(target, lt, source, ls)?;
            target.copy_from_slice(source);
            Ok(())
        }
    }
    target.data().inplace_op2(&source.contiguous()?, &Overwrite)
}

/// The norm of all gradients together, and the gradients scaled down to `most` where it is larger.
///
/// # Errors
/// Where a gradient is not float32 on the CPU.
pub fn clip(gradients: Gradients, most: f64) -> Result<(Gradients, f64)> {
    let squares = gradients.all().into_iter().map(|g| squared_norm(g.data())).collect::<Result<Vec<f64>>>()?;
    let norm = squares.iter().sum::<f64>().sqrt();
    let factor = most / (norm + 1e-6);
    if factor >= 1.0 { Ok((gradients, norm)) } else { Ok((gradients.map(|g| g.scale(factor))?, norm)) }
}

fn squared_norm(x: &Tensor) -> Result<f64> {
    crate::backend::read("norm", [x], |[x]| {
        let [total] = crate::cpu::columns::sums([x], [], 1, 1, |[x], []| [x * x]);
        total[0]
    })
}

fn both<'a>(weight: &'a mut CpuStorage, lw: &Layout, gradient: &'a CpuStorage, lg: &Layout) -> Result<(&'a mut [f32], &'a [f32])> {
    if lw.shape() != lg.shape() {
        bail!("optimiser: gradient {:?} for weight {:?}", lg.shape(), lw.shape());
    }
    let (Some((from, to)), Some((gradient_from, gradient_to))) = (lw.contiguous_offsets(), lg.contiguous_offsets()) else {
        bail!("BUG: weights and gradients are contiguous")
    };
    let CpuStorage::F32(weight) = weight else { bail!("optimiser: weights are float32") };
    Ok((&mut weight[from..to], &gradient.as_slice::<f32>()?[gradient_from..gradient_to]))
}
