//! Matrix products whose left factor is found, not laid out.
//!
//! A convolution in `[n, h, w, c]` reads, for each output pixel and each kernel position, one run of `c` consecutive
//! values. [`gather`](table::Kernels) multiplies such runs, given as pointers, with a packed panel of weights: nothing
//! is unfolded (the idea of the indirect convolution, Dukhan 2019). [`outer`](table::Kernels) sums outer products of
//! runs: the gradient of the weights. Both keep a tile of the result in registers. Products of two laid out matrices, in
//! float32 or float64, are made of the tiles of `block`.
//!
//! Every element of a result is one chain of fused multiply-adds in an order that the shape decides, so that bits
//! depend neither on threads nor on the width of the vectors.

mod block;
mod doubles;
mod micro;
mod simd;
mod table;

pub use block::Element;
pub(crate) use block::Tiles;
pub(crate) use table::{DOT_ROWS, MOST_ROWS, Tile, kernels};
