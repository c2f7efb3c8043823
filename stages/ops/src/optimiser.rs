//! Optimiser steps in place: one pass over weights and state, no temporary tensors. The arithmetic is PyTorch's.

pub(crate) mod rule;

pub use rule::{Adadelta, Adam, RmsProp, Rule, Sgd};

use crate::backend::{Change, change, compute};
use crate::memory::Memory;
use crate::reduce::SquareSum;
use crate::tape::{Gradients, Value};
use candle_core::{Result, Tensor, bail};
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
    state: Mutex<[Memory; 2]>,
}

impl Optimiser {
    /// An optimiser without memory over one group.
    pub fn new(rule: impl Into<Rule>, rate: f64, weights: Vec<Value>) -> Self {
        Optimiser::grouped(rule, rate, vec![Group { weights, rate: 1.0 }])
    }
    /// An optimiser without memory.
    pub fn grouped(rule: impl Into<Rule>, rate: f64, groups: Vec<Group>) -> Self {
        let rule = rule.into();
        let state = |w: &Value| rule.starts().map(|s| Memory::Host(s.map_or_else(Vec::new, |v| vec![v; w.elem_count()])));
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
                    change(slot.weight.data(), gradient.data(), &Step { state: &slot.state, update })?;
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
        // A rule that remembered nothing so far may begin to.
        for slot in self.groups.iter().flat_map(|(_, slots)| slots) {
            for (memory, start) in slot.state.lock().expect("BUG: poisoned").iter_mut().zip(self.rule.starts()) {
                if let (0, Some(start)) = (memory.len(), start) {
                    *memory = Memory::Host(vec![start; slot.weight.elem_count()]);
                }
            }
        }
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
    ///
    /// # Errors
    /// Where a GPU does not give its memory.
    pub fn state(&self) -> Result<Vec<[Vec<f32>; 2]>> {
        let of = |slot: &Slot| {
            let [a, b] = &*slot.state.lock().expect("BUG: poisoned");
            Ok([a.to_vec()?, b.to_vec()?])
        };
        self.groups.iter().flat_map(|(_, slots)| slots).map(of).collect()
    }
    /// Goes on from what another optimiser over the same weights remembered. A memory that a moved momentum had begun is taken, too.
    ///
    /// # Errors
    /// Where the lengths differ.
    pub fn restore(&mut self, steps: u64, state: Vec<[Vec<f32>; 2]>) -> Result<()> {
        let slots: Vec<&Slot> = self.groups.iter().flat_map(|(_, slots)| slots).collect();
        let fits = |slot: &Slot, new: &[Vec<f32>; 2]| {
            slot.state.lock().expect("BUG: poisoned").iter().zip(new).all(|(a, b)| a.len() == b.len() || a.len() == 0 && b.len() == slot.weight.elem_count())
        };
        if slots.len() != state.len() || !slots.iter().zip(&state).all(|(slot, new)| fits(slot, new)) {
            bail!("what an optimiser remembers does not fit its weights");
        }
        slots.iter().zip(state).for_each(|(slot, new)| *slot.state.lock().expect("BUG: poisoned") = new.map(Memory::Host));
        self.steps = steps;
        Ok(())
    }
}

pub(crate) struct Step<'a> {
    pub(crate) state: &'a Mutex<[Memory; 2]>,
    pub(crate) update: rule::Update,
}

impl Change for Step<'_> {
    fn name(&self) -> &'static str {
        "optimiser-step"
    }
    fn on_cpu(&self, w: &mut [f32], g: &[f32]) {
        let mut state = self.state.lock().expect("BUG: poisoned");
        let [a, b] = state.each_mut().map(Memory::host);
        let tasks = g.len().div_ceil(TASK);
        let (a, b) = (parts(a, tasks), parts(b, tasks));
        w.par_chunks_mut(TASK).zip(g.par_chunks(TASK)).zip(a).zip(b).for_each(|(((w, g), a), b)| self.update.apply(w, g, a, b));
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

/// `target ← target + share · (source − target)`
pub(crate) struct Approach(pub(crate) f32);

impl Change for Approach {
    fn name(&self) -> &'static str {
        "approach"
    }
    fn on_cpu(&self, target: &mut [f32], source: &[f32]) {
        target.par_chunks_mut(TASK).zip(source.par_chunks(TASK)).for_each(|(t, s)| {
            t.iter_mut().zip(s).for_each(|(t, s)| *t += self.0 * (s - *t));
        });
    }
}

/// `target ← source`
pub(crate) struct Overwrite;

impl Change for Overwrite {
    fn name(&self) -> &'static str {
        "overwrite"
    }
    fn on_cpu(&self, target: &mut [f32], source: &[f32]) {
        target.copy_from_slice(source);
    }
}

/// `target ← target + share · (source − target)`, in place: an exponential moving average.
///
/// # Errors
/// Where shapes differ.
pub fn approach(target: &Value, source: &Value, share: f64) -> Result<()> {
    change(target.data(), source.data(), &Approach(share as f32))
}

/// Puts other numbers in place of a value's own.
///
/// # Errors
/// Where shapes differ.
pub fn overwrite(target: &Value, source: &Tensor) -> Result<()> {
    change(target.data(), source, &Overwrite)
}

/// The norm of all gradients together.
///
/// # Errors
/// Where a gradient is not float32.
pub fn norm_of(gradients: &Gradients) -> Result<f64> {
    let square = |g: &Value| compute(&SquareSum, [g.data()], 1);
    let squares = gradients.all().into_iter().map(square).collect::<Result<Vec<Tensor>>>()?;
    if squares.is_empty() {
        return Ok(0.0);
    }
    // Read together: a GPU is waited for once.
    let squares = Tensor::cat(&squares, 0)?.to_vec1::<f32>()?;
    Ok(squares.into_iter().map(f64::from).sum::<f64>().sqrt())
}

/// The norm of all gradients together, and the gradients scaled down to `most` where it is larger.
///
/// # Errors
/// Where a gradient is not float32.
pub fn clip(gradients: Gradients, most: f64) -> Result<(Gradients, f64)> {
    let norm = norm_of(&gradients)?;
    let factor = most / (norm + 1e-6);
    if factor >= 1.0 { Ok((gradients, norm)) } else { Ok((gradients.map(|g| g.scale(factor))?, norm)) }
}
