//! Correct and fast tensor operations for candle on the CPU, in float32, `[n, c, h, w]`.
//!
//! Stock candle gives wrong or no gradients for several operations that the networks of chest X-ray studies need
//! (max-pooling divides them by k², nearest up-sampling overwrites them) and its convolutions train seven to nine
//! times slower than they could. Networks use only the functions of this crate for such operations, so that layout
//! and back end stay decisions of one place.
//!
//! How work is split follows from shapes alone, never from the number of threads: the same inputs give the same bits
//! at any thread count. Bits do depend on the instruction set and the cache sizes, see [`fingerprint`].

mod activation;
mod batch_norm;
mod conv;
mod fingerprint;
mod geometry;
mod kernels;
mod loss;
mod optimiser;
mod pool;
mod slices;
mod up_sample;

pub use activation::{leaky_relu, relu};
pub use batch_norm::{BatchStatistics, batch_norm, batch_norm_fixed};
pub use conv::{add_channel_bias, conv_transpose2d, conv2d};
pub use fingerprint::{fingerprint, instruction_set};
pub use loss::{bce_with_logits, cross_entropy};
pub use optimiser::{Adam, Optimiser, Sgd};
pub use pool::{global_average_pool, max_pool2d};
pub use up_sample::up_sample_nearest;

/// The version of the operations: raised when the same inputs would give other bits on the same machine.
pub const VERSION: u32 = 1;
