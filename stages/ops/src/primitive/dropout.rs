//! Multiplication with a mask.

use super::Primitive;
use rayon::prelude::*;

/// Elements that a task multiplies.
const TASK: usize = 32_768;

/// A mask, and what the elements that are kept are multiplied with.
pub(crate) struct Masked {
    /// 1 where an element is kept, 0 where it is dropped.
    pub(crate) keep: Vec<u8>,
    pub(crate) scale: f32,
    /// A backend's own copy of the mask, once it has made one: the backward pass needs it again.
    #[cfg(feature = "cuda")]
    pub(crate) uploaded: std::sync::OnceLock<Box<dyn std::any::Any + Send + Sync>>,
}

impl Primitive<1, 1> for Masked {
    fn name(&self) -> &'static str {
        "masked"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(TASK).zip(x.par_chunks(TASK)).zip(self.keep.par_chunks(TASK)).for_each(|((y, x), keep)| {
            y.iter_mut().zip(x).zip(keep).for_each(|((y, x), keep)| *y = x * if *keep != 0 { self.scale } else { 0.0 });
        });
        [y]
    }
}
