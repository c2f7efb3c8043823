//! Grey bytes resampled along a line, in integers: the same bits on every machine. Independent of where lines come
//! from.

use super::widest::widest;

/// Binary digits of the weights of neighbours: a weight is off by 1/512 at most, a grey by a level at most, between
/// black and white neighbours.
const DIGITS: u32 = 8;
/// Pixels at once: what vector instructions can do is in loops of its own.
const BLOCK: usize = 32;

/// A bilinear mean of four neighbours, given as two stacks, a pixel in the lower half and the one below it in the
/// upper. Both rows at once: a grey times the whole weight of 256 does not leave its 16 bits.
#[inline(always)]
fn mean(left: u32, right: u32, fx: u32, fy: u32) -> i32 {
    let rows = (left << DIGITS).wrapping_add(right.wrapping_sub(left).wrapping_mul(fx));
    let (top, bottom) = ((rows & 0xFFFF) as i32, (rows >> 16) as i32);
    (top << DIGITS) + (bottom - top) * fy as i32
}

/// What a mean is divided by to be a grey value of 0 to 255.
pub const MEAN_UNIT: f32 = (1u32 << (2 * DIGITS)) as f32;

/// Column or row, and the weight of the next one, of a position with 32 binary digits after the point.
#[inline(always)]
fn parts(v: i64) -> (i64, u32) {
    (v >> 32, ((v >> (32 - DIGITS)) & ((1 << DIGITS) - 1)) as u32)
}

/// What is added to a position so that its parts are rounded.
pub const HALF: i64 = 1i64 << (31 - DIGITS);

/// The grey value at a position, `low + unit · mean`; outside, the edge of the image is repeated.
pub fn sample_anywhere(image: &[u8], side: usize, place: [i64; 2], low: f32, unit: f32) -> f32 {
    let last = side as i64 - 1;
    let [(x, fx), (y, fy)] = place.map(parts);
    let grey = |x: i64, y: i64| u32::from(image[(y.clamp(0, last) * side as i64 + x.clamp(0, last)) as usize]);
    let stack = |x: i64| grey(x, y) | grey(x, y + 1) << 16;
    low + unit * mean(stack(x), stack(x + 1), fx, fy) as f32
}

/// Each pixel, with the one below it in the upper half; below the last row is the last row.
pub fn stack_rows(image: &[u8], side: usize) -> Vec<u32> {
    let below = image[side..].iter().chain(&image[image.len() - side..]);
    image.iter().zip(below).map(|(v, w)| u32::from(*v) | u32::from(*w) << 16).collect()
}

widest! {
    fn line[](stacks: &[u32], side: usize, place: [i64; 2], step: [i64; 2], low: f32, unit: f32, out: &mut [f32]) where [] {
        let (mut left, mut right, mut at) = ([0u32; BLOCK], [0u32; BLOCK], [0usize; BLOCK]);
        let (mut fx, mut fy) = ([0u32; BLOCK], [0u32; BLOCK]);
        let [mut x, mut y] = place;
        for out in out.chunks_mut(BLOCK) {
            for i in 0..BLOCK {
                let ((column, right), (row, below)) = (parts(x + step[0] * i as i64), parts(y + step[1] * i as i64));
                at[i] = (row * side as i64 + column) as usize;
                (fx[i], fy[i]) = (right, below);
            }
            for i in 0..out.len() {
                let pair = &stacks[at[i]..][..2];
                (left[i], right[i]) = (pair[0], pair[1]);
            }
            let mut means = [0f32; BLOCK];
            for i in 0..BLOCK {
                means[i] = low + unit * mean(left[i], right[i], fx[i], fy[i]) as f32;
            }
            out.copy_from_slice(&means[..out.len()]);
            x += step[0] * BLOCK as i64;
            y += step[1] * BLOCK as i64;
        }
    }
}

/// The grey values along a line of positions, all of whose neighbours are inside the image that [`stack_rows`] was
/// given.
///
/// # Panics
/// Where one does not.
pub fn sample_line(stacks: &[u32], side: usize, place: [i64; 2], step: [i64; 2], (low, unit): (f32, f32), out: &mut [f32]) {
    line(stacks, side, place, step, low, unit, out);
}

/// Adds rows of greys to `sums`, each times its weight: one row of `sums.len()` greys after the other, as many as there
/// are weights.
pub fn weighted_rows(sums: &mut [i32], weights: &[i32], rows: &[u8]) {
    add_rows(sums, weights, rows);
}

widest! {
    fn add_rows[](sums: &mut [i32], weights: &[i32], rows: &[u8]) where [] {
        for (weight, row) in weights.iter().zip(rows.chunks_exact(sums.len())) {
            sums.iter_mut().zip(row).for_each(|(sum, grey)| *sum += weight * i32::from(*grey));
        }
    }
}
