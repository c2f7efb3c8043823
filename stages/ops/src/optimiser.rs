//! Optimiser steps in place: one pass over weights and state, no temporary tensors. The arithmetic is PyTorch's.

mod rule;

pub use rule::{Adadelta, Adam, RmsProp, Rule, Sgd};

use crate::backend::{compute, update};
use crate::primitive::optimiser::{Lerp, Overwrite, Step};
use crate::primitive::reduce::SquareSum;
use crate::state::StateArray;
use crate::tape::{Gradients, Value};
use candle_core::{Result, Tensor, bail};
use std::sync::Mutex;

/// Weights with a learning rate of their own: PyTorch's parameter group.
pub struct Group {
    /// The weights.
    pub weights: Vec<Value>,
    /// Factor on the optimiser's learning rate; zero freezes the group.
    pub rate: f64,
}

/// An optimiser over fixed groups of weights.
pub struct Optimiser {
    rule: Rule,
    rate: f64,
    groups: Vec<(f64, Vec<Slot>)>,
    steps: u64,
}

/// A weight and the state that is kept of its gradients.
struct Slot {
    weight: Value,
    state: Mutex<[StateArray; 2]>,
}

impl Optimiser {
    /// An optimiser over one group, without state yet, with learning rate `rate`.
    pub fn new(rule: impl Into<Rule>, rate: f64, weights: Vec<Value>) -> Self {
        Optimiser::grouped(rule, rate, vec![Group { weights, rate: 1.0 }])
    }
    /// An optimiser over groups, without state yet, with learning rate `rate`.
    pub fn grouped(rule: impl Into<Rule>, rate: f64, groups: Vec<Group>) -> Self {
        let rule = rule.into();
        let state = |w: &Value| rule.initial_state().map(|s| StateArray::Host(s.map_or_else(Vec::new, |v| vec![v; w.elem_count()])));
        let slots = |g: Group| (g.rate, g.weights.into_iter().map(|w| Slot { state: Mutex::new(state(&w)), weight: w }).collect());
        Optimiser { groups: groups.into_iter().map(slots).collect(), rule, rate, steps: 0 }
    }

    /// Updates the weights in place; a weight without a gradient stays as it is.
    ///
    /// # Errors
    /// Where a gradient does not have its weight's shape.
    pub fn step(&mut self, gradients: &Gradients) -> Result<()> {
        self.steps += 1;
        for (factor, slots) in &self.groups {
            if *factor == 0.0 {
                continue;
            }
            let step = self.rule.update(self.rate * factor, self.steps);
            for slot in slots {
                if let Some(gradient) = gradients.get(&slot.weight) {
                    update(slot.weight.data(), gradient.data(), &Step { state: &slot.state, update: step })?;
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
        // A rule that had no state so far may need some.
        for slot in self.groups.iter().flat_map(|(_, slots)| slots) {
            for (state, start) in slot.state.lock().expect("BUG: poisoned").iter_mut().zip(self.rule.initial_state()) {
                if let (0, Some(start)) = (state.len(), start) {
                    *state = StateArray::Host(vec![start; slot.weight.elem_count()]);
                }
            }
        }
    }
    /// The weights that a step updates: those of frozen groups are left out.
    pub fn weights(&self) -> impl Iterator<Item = &Value> {
        self.groups.iter().filter(|(factor, _)| *factor != 0.0).flat_map(|(_, slots)| slots.iter().map(|s| &s.weight))
    }
    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }
    /// The state, weight by weight, as a checkpoint stores it: two arrays each, whose meaning is the rule's.
    ///
    /// # Errors
    /// Where it cannot be copied from a GPU.
    pub fn state(&self) -> Result<Vec<[Vec<f32>; 2]>> {
        let of = |slot: &Slot| {
            let [a, b] = &*slot.state.lock().expect("BUG: poisoned");
            Ok([a.to_vec()?, b.to_vec()?])
        };
        self.groups.iter().flat_map(|(_, slots)| slots).map(of).collect()
    }
    /// Goes on from a checkpoint of an optimiser over the same weights, also where that had state that this one has not
    /// yet: of a momentum that was set in between.
    ///
    /// # Errors
    /// Where the lengths differ.
    pub fn restore(&mut self, steps: u64, state: Vec<[Vec<f32>; 2]>) -> Result<()> {
        let slots: Vec<&Slot> = self.groups.iter().flat_map(|(_, slots)| slots).collect();
        let fits = |slot: &Slot, new: &[Vec<f32>; 2]| {
            slot.state.lock().expect("BUG: poisoned").iter().zip(new).all(|(a, b)| a.len() == b.len() || a.len() == 0 && b.len() == slot.weight.elem_count())
        };
        if slots.len() != state.len() || !slots.iter().zip(&state).all(|(slot, new)| fits(slot, new)) {
            bail!("the state of the optimiser does not fit its weights");
        }
        slots.iter().zip(state).for_each(|(slot, new)| *slot.state.lock().expect("BUG: poisoned") = new.map(StateArray::Host));
        self.steps = steps;
        Ok(())
    }
}

/// `target ← target + weight · (source − target)`, in place, as `torch.Tensor.lerp_`: a step of an exponential moving
/// average.
///
/// # Errors
/// Where shapes differ.
pub fn lerp(target: &Value, source: &Value, weight: f64) -> Result<()> {
    update(target.data(), source.data(), &Lerp(weight as f32))
}

/// `target ← source`, in place, as `torch.Tensor.copy_`.
///
/// # Errors
/// Where shapes differ.
pub fn overwrite(target: &Value, source: &Value) -> Result<()> {
    update(target.data(), source.data(), &Overwrite)
}

/// The L2 norm of all gradients together.
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

/// The gradients, scaled down to an L2 norm of `most` where theirs is larger, and their norm before:
/// `torch.nn.utils.clip_grad_norm_`.
///
/// # Errors
/// Where a gradient is not float32.
pub fn clip(gradients: Gradients, most: f64) -> Result<(Gradients, f64)> {
    let norm = norm_of(&gradients)?;
    let factor = most / (norm + 1e-6);
    if factor >= 1.0 { Ok((gradients, norm)) } else { Ok((gradients.map(|g| g.scale(factor))?, norm)) }
}
