//! Correct and fast tensor operations over candle tensors on the CPU, in float32, `[n, h, w, c]`, with gradients of any
//! order.
//!
//! Stock candle gives wrong or no gradients for several operations that the networks of chest X-ray studies need
//! (max-pooling divides them by k², nearest up-sampling overwrites them), detaches second orders, and trains seven to
//! nine times slower than it could. Networks use only the functions of this crate, so that layout and backend stay
//! decisions of one place. A [`Value`] is a tensor with its history on the gradient tape, from which
//! [`Value::backward`] computes gradients.
//!
//! Modules build on each other in one direction: kernels of the CPU (`cpu`) ← `primitive`, what is computed and how the
//! CPU does it ← `cuda`, how a GPU does it ← `backend`, which dispatches by device ← the tape and the operations on it.
//!
//! How work is split follows from shapes alone, never from the number of threads: the same inputs give the same bits
//! at any thread count, on any instruction set and with any C library: exponentials, logarithms and powers are those of
//! [`math`] and `cpu::functions`. What is not finite goes on as in PyTorch.

mod activation;
mod affine_grid;
mod allocator;
mod arithmetic;
mod backend;
mod broadcast;
mod conv;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod dropout;
mod elementwise;
mod epilogue;
mod fault;
mod fingerprint;
mod geometry;
mod gpu;
mod layout;
mod linear;
mod loss;
pub mod math;
mod norm;
mod optimiser;
mod pad;
mod pool;
mod precision;
mod primitive;
mod reduce;
mod resample;
mod shape;
mod softmax;
mod state;
mod tape;
mod up_sample;
mod upfirdn;
mod upload;

pub use activation::{gelu, leaky_relu, rectified, relu, sigmoid, softplus, tanh};
pub use affine_grid::{affine_grid_sample, translate};
pub use allocator::tune_allocator;
pub use conv::{conv_transpose2d, conv_transpose2d_then, conv2d, conv2d_then};
pub use cpu::images::{HALF, MEAN_UNIT, sample_anywhere, sample_line, stack_rows, weighted_rows};
pub use cpu::packed::{Columns, DEPTH, Rows, STEP, product_tiles};
pub use cpu::pairs::{add_weighted, pair_distances, pair_products};
pub use cpu::product::Element;
pub use cpu::resample::FirWindow;
pub use cpu::sample::Shift;
pub use dropout::masked;
pub use epilogue::{Epilogue, Rectifier};
pub use fault::MEMORY_IS_FULL;
pub use fingerprint::{fingerprint, instruction_set, stay_portable};
pub use geometry::Window;
pub use gpu::{count_gpus, describe_gpu, open_gpu, peak_memory};
pub use layout::{channels_first, channels_last, concat_channels};
pub use linear::linear;
pub use loss::{CrossEntropy, absolute_error, bce_with_logits, class_balanced_weights, cross_entropy, hinge, mean_probability, squared_error};
pub use norm::{Affine, ChannelStatistics, batch_norm, batch_norm_fixed, instance_norm, layer_norm, scale_shift};
pub use optimiser::{Adadelta, Adam, Group, Optimiser, RmsProp, Rule, Sgd, clip, lerp, norm_of, overwrite};
pub use pad::{Margins, reflect_pad, zero_pad};
pub use pool::{PoolWindow, avg_pool2d, global_average_pool, max_pool2d};
pub use precision::{Precision, with_precision};
pub use primitive::norm::Divisor;
pub use softmax::softmax;
pub use tape::{Gradients, Value, without_history};
pub use up_sample::{up_sample_bilinear, up_sample_nearest};
pub use upfirdn::upfirdn;
pub use upload::{Upload, Uploads};

/// The version of the operations: raised when the same inputs would give other bits on the same machine.
pub const VERSION: u32 = 4;
