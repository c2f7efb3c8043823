//! Near duplicates among greyscale images: perceptual hashes nominate pairs, correlated thumbnails confirm them.
//!
//! Independent of stages, tables, stores and files: images come as rows of greys, pairs go as positions. Every number
//! is made of integer arithmetic, of `+ − × ÷ √` of doubles in a fixed order and of `libm`, so that it has the same
//! bits on every machine and at every number of threads.
//!
//! Why two steps. Chest X-rays are all alike in what a 64-bit hash of low frequencies sees: of 1,124 public ones, 44
//! pairs of different patients lie within [`RADIUS`] bits, and none of the 44 is one picture. So a hash only nominates;
//! [`near_duplicate`] then asks whether one picture lies upon the other, in the large ([`CORRELATION`]) and in its fine
//! structure, place by place ([`DETAIL`]).
//!
//! What [`near_duplicate`] does not find: mirrored and turned images, crops of much more than 1 % at each edge (of crops of 1 to 2 % at
//! every edge the radius of 6 misses one in five), and lossy copies of images of 64 pixels and fewer, whose fine
//! structure the loss takes away. [`search`] looks for mirrored and more strongly cropped images as well.

mod align;
mod bands;
pub mod correlate;
pub mod hash;
pub mod index;
mod resize;
pub mod search;
pub mod thumbnail;
#[cfg(test)]
mod trials;

pub use correlate::{Agreement, agreement, agreement_near, aligned_correlation, is_constant};
pub use hash::phash;
pub use index::{Nominated, between, within};
pub use thumbnail::{SIDE, thumbnail};

/// Hashes that differ in at most that many of their 64 bits nominate a pair.
pub const RADIUS: u32 = 6;

/// The least aligned correlation of the thumbnails of near duplicates.
///
/// Real X-rays of different patients reach 0.973 (630,391 pairs of 1,124 public images). Copies of real X-rays that
/// were re-saved, resized, cropped, or made brighter or darker by 10 to 20 % stay above 0.99 (600 of 600).
pub const CORRELATION: f64 = 0.99;

/// The least agreement of the fine structure of near duplicates.
///
/// Copies that were changed in one way stay above 0.93, and those that were cropped, shrunk, brightened and re-saved
/// with loss above 0.90. Of pairs that hashes nominate, real X-rays of different patients reach 0.20, phantoms of 64
/// pixels 0.38 and of 32 pixels 0.58. Phantoms of 256 pixels, whose noise a thumbnail averages away, reach 0.93: bodies
/// drawn with six numbers are then all but one picture, and 3 of 636 such pairs pass.
pub const DETAIL: f64 = 0.9;

/// Whether two thumbnails, whose hashes have nominated them, show one picture.
///
/// `a` and `b` are [`thumbnail()`]s of [`SIDE`]² greys.
pub fn near_duplicate(a: &[u8], b: &[u8]) -> bool {
    let Agreement { correlation, detail } = agreement(a, b);
    correlation >= CORRELATION && detail >= DETAIL
}
