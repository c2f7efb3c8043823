//! The CPU backend: kernels on float32 slices. Independent of tensors, gradients and devices.

pub(crate) mod columns;
pub(crate) mod convolution;
pub(crate) mod elementwise;
pub(crate) mod functions;
mod grid;
pub(crate) mod images;
pub(crate) mod norm;
pub(crate) mod optimiser;
mod outer;
pub(crate) mod packed;
pub(crate) mod pairs;
mod panels;
pub(crate) mod pool;
pub(crate) mod product;
pub(crate) mod resample;
pub(crate) mod sample;
pub(crate) mod slices;
pub(crate) mod softmax;
mod unfold;
pub(crate) mod widest;
