//! Correct and fast tensor operations for candle on the CPU, in float32, `[n, h, w, c]`.
//!
//! Stock candle gives wrong or no gradients for several operations that the networks of chest X-ray studies need
//! (max-pooling divides them by k², nearest up-sampling overwrites them) and its convolutions train seven to nine
//! times slower than they could. Networks use only the functions of this crate for such operations, so that layout
//! and back end stay decisions of one place.
//!
//! How work is split follows from shapes alone, never from the number of threads: the same inputs give the same bits
//! at any thread count. Products give them on any instruction set, too; what the C library computes (exp, tanh) may differ
//! between machines, see [`fingerprint`].

mod activation;
mod allocator;
mod batch_norm;
mod columns;
mod conv;
mod dropout;
mod fingerprint;
mod geometry;
mod grid;
mod kernels;
mod layout;
mod linear;
mod loss;
mod optimiser;
mod outer;
mod panels;
mod pool;
mod product;
mod slices;
mod unfold;
mod up_sample;

pub use activation::{leaky_relu, relu};
pub use allocator::tune_allocator;
pub use batch_norm::{BatchStatistics, batch_norm, batch_norm_fixed};
pub use columns::add_channel_bias;
pub use conv::{conv_transpose2d, conv2d};
pub use dropout::masked;
pub use fingerprint::{fingerprint, instruction_set};
pub use geometry::Window;
pub use layout::{channels_first, channels_last, concat_channels};
pub use linear::linear;
pub use loss::{bce_with_logits, cross_entropy};
pub use optimiser::{Adam, Optimiser, Sgd};
pub use pool::{global_average_pool, max_pool2d};
pub use up_sample::up_sample_nearest;

/// The version of the operations: raised when the same inputs would give other bits on the same machine.
pub const VERSION: u32 = 2;
