//! What errors of this crate start with where a caller has to tell them apart.

/// Where a GPU has no memory left.
pub const MEMORY_IS_FULL: &str = "the GPU's memory is full";
