//! Updates of weights in place: steps of optimisers, moving averages, copies.

use super::InPlace;
use crate::cpu::optimiser::Update;
use crate::state::StateArray;
use rayon::prelude::*;
use std::sync::Mutex;

/// Weights that a task updates.
const TASK: usize = 32_768;

/// One step of an optimiser, from a gradient.
pub(crate) struct Step<'a> {
    /// What the rule keeps of earlier gradients: see [`Update`].
    pub(crate) state: &'a Mutex<[StateArray; 2]>,
    pub(crate) update: Update,
}

impl InPlace for Step<'_> {
    fn name(&self) -> &'static str {
        "optimiser-step"
    }
    fn on_cpu(&self, w: &mut [f32], g: &[f32]) {
        let mut state = self.state.lock().expect("BUG: poisoned");
        let [a, b] = state.each_mut().map(StateArray::host);
        let tasks = g.len().div_ceil(TASK);
        let (a, b) = (parts(a, tasks), parts(b, tasks));
        w.par_chunks_mut(TASK).zip(g.par_chunks(TASK)).zip(a).zip(b).for_each(|(((w, g), a), b)| self.update.apply(w, g, a, b));
    }
}

/// Parts of a state for each task; empty ones of a state that a rule does not need.
fn parts(mut state: &mut [f32], tasks: usize) -> Vec<&mut [f32]> {
    (0..tasks)
        .map(|_| {
            let n = TASK.min(state.len());
            let (part, rest) = std::mem::take(&mut state).split_at_mut(n);
            state = rest;
            part
        })
        .collect()
}

/// `target ← target + weight · (source − target)`
pub(crate) struct Lerp(pub(crate) f32);

impl InPlace for Lerp {
    fn name(&self) -> &'static str {
        "lerp"
    }
    fn on_cpu(&self, target: &mut [f32], source: &[f32]) {
        target.par_chunks_mut(TASK).zip(source.par_chunks(TASK)).for_each(|(t, s)| {
            t.iter_mut().zip(s).for_each(|(t, s)| *t += self.0 * (s - *t));
        });
    }
}

/// `target ← source`
pub(crate) struct Overwrite;

impl InPlace for Overwrite {
    fn name(&self) -> &'static str {
        "overwrite"
    }
    fn on_cpu(&self, target: &mut [f32], source: &[f32]) {
        target.copy_from_slice(source);
    }
}
