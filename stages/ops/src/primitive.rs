//! Primitives: functions of float32 arrays, without tensors and gradients, that every backend computes.
//!
//! Each says how it is computed on the CPU; with the feature `cuda`, `crate::cuda` says how on a GPU. Which of them a
//! call takes is decided in `crate::backend`.

pub(crate) mod convolution;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod grid;
pub(crate) mod norm;
pub(crate) mod optimiser;
pub(crate) mod pool;
pub(crate) mod reduce;
pub(crate) mod resample;
pub(crate) mod softmax;

/// A function of `N` arrays of float32 that gives `M` of them.
pub(crate) trait Primitive<const N: usize, const M: usize> {
    /// For messages.
    fn name(&self) -> &'static str;
    /// Its results, the same bits on any number of threads.
    fn on_cpu(&self, inputs: [&[f32]; N]) -> [Vec<f32>; M];
}

/// An update of an array in place from another of the same length.
pub(crate) trait InPlace {
    /// For messages.
    fn name(&self) -> &'static str;
    /// Updates `target`.
    fn on_cpu(&self, target: &mut [f32], source: &[f32]);
}
