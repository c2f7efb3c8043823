//! Matrix products whose left factor is found, not laid out.
//!
//! A convolution in `[n, h, w, c]` reads, for each output pixel and each kernel position, one run of `c` consecutive
//! values. [`gather`](table::Kernels) multiplies such runs, given as pointers, with a packed panel of weights: nothing
//! is unfolded (the idea of the indirect convolution, Dukhan 2019). [`outer`](table::Kernels) sums outer products of
//! runs: the gradient of the weights. Both keep a tile of the result in registers.
//!
//! Every element of a result is one chain of fused multiply-adds in an order that the shape decides, so that bits
//! depend neither on threads nor on the width of the vectors.

mod micro;
mod simd;
mod table;

pub(crate) use table::{DOT_ROWS, MOST_ROWS, Tile, kernels};
