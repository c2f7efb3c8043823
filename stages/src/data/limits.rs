//! The largest images that are read: a file of a few kilobytes can declare gigabytes.

/// The largest side that is accepted, in pixels.
pub const LARGEST_SIDE: u32 = 16_384;

/// The maximum number of pixels of an image that is decoded.
pub const MOST_PIXELS: u64 = 64_000_000;
