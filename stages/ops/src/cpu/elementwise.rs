//! Element-wise functions of several arrays, on all threads and with all vector instructions.

use super::slices::filled;
use super::widest::widest;
use rayon::prelude::*;

/// Values that a task computes.
const TASK: usize = 16_384;

/// `f` of the elements at each index of arrays of one length.
pub(crate) fn map<const N: usize>(inputs: [&[f32]; N], f: impl Fn([f32; N]) -> f32 + Sync) -> Vec<f32> {
    let n = inputs[0].len();
    assert!(inputs.iter().all(|i| i.len() == n), "BUG: arrays of different lengths");
    // SAFETY: the tasks write every element, each its own.
    unsafe {
        filled(n, |out| {
            (0..n.div_ceil(TASK)).into_par_iter().for_each(|task| {
                let range = task * TASK..(task * TASK + TASK).min(n);
                let out = std::slice::from_raw_parts_mut(out.address(range.start), range.len());
                each(out, inputs.map(|i| &i[range.clone()]), &f);
            });
        })
    }
}

/// `f` of the elements at each index of `[groups, pixels, c]` and of constants `[groups, c]` of its group and channel.
pub(crate) fn map_channels<const N: usize, const K: usize>(
    inputs: [&[f32]; N],
    constants: [&[f32]; K],
    groups: usize,
    c: usize,
    f: impl Fn([f32; N], [f32; K]) -> f32 + Sync,
) -> Vec<f32> {
    let n = inputs[0].len();
    assert!(inputs.iter().all(|i| i.len() == n) && constants.iter().all(|k| k.len() == groups * c), "BUG: arrays that do not fit");
    if n == 0 {
        return vec![];
    }
    if c == 1 && groups > 1 {
        return map_rows(inputs, constants, groups, f);
    }
    // Few channels are repeated, so that inner loops are long.
    let repeats = (64usize).div_ceil(c);
    let line = repeats * c;
    let constants = constants.map(|k| k.chunks_exact(c).flat_map(|k| k.repeat(repeats)).collect::<Vec<f32>>());
    let group = n / groups;
    let task = (TASK / line).max(1) * line;
    let tasks = group.div_ceil(task);
    // SAFETY: the tasks write every element, each its own.
    unsafe {
        filled(n, |out| {
            (0..groups * tasks).into_par_iter().for_each(|index| {
                let (g, from) = (index / tasks, index % tasks * task);
                let range = g * group + from..g * group + (from + task).min(group);
                let out = std::slice::from_raw_parts_mut(out.address(range.start), range.len());
                let constants = constants.each_ref().map(|k| &k[g * line..(g + 1) * line]);
                lines(out, inputs.map(|i| &i[range.clone()]), constants, line, &f);
            });
        })
    }
}

/// As [`map_channels`] for one channel: `f` of the values of each row of `[rows, n]` and of constants `[rows]`.
fn map_rows<const N: usize, const K: usize>(
    inputs: [&[f32]; N],
    constants: [&[f32]; K],
    rows: usize,
    f: impl Fn([f32; N], [f32; K]) -> f32 + Sync,
) -> Vec<f32> {
    let n = inputs[0].len();
    let row = n / rows;
    let task = (TASK / row).max(1);
    // SAFETY: the tasks write every element, each its own.
    unsafe {
        filled(n, |out| {
            (0..rows.div_ceil(task)).into_par_iter().for_each(|index| {
                let some = index * task..(index * task + task).min(rows);
                let out = std::slice::from_raw_parts_mut(out.address(some.start * row), some.len() * row);
                let parts = inputs.map(|i| &i[some.start * row..some.end * row]);
                rows_of(out, parts, constants.map(|k| &k[some.clone()]), row, &f);
            });
        })
    }
}

widest! {
    fn each[const N: usize, F](out: &mut [f32], parts: [&[f32]; N], f: &F) where [F: Fn([f32; N]) -> f32] {
        let parts = parts.map(|p| &p[..out.len()]);
        for (at, out) in out.iter_mut().enumerate() {
            // SAFETY: all parts are as long as the result.
            *out = f(parts.map(|p| unsafe { *p.get_unchecked(at) }));
        }
    }
}

widest! {
    fn lines[const N: usize, const K: usize, F](out: &mut [f32], parts: [&[f32]; N], constants: [&[f32]; K], line: usize, f: &F) where [F: Fn([f32; N], [f32; K]) -> f32] {
        for (l, out) in out.chunks_mut(line).enumerate() {
            let parts = parts.map(|p| &p[l * line..l * line + out.len()]);
            let constants = constants.map(|k| &k[..out.len()]);
            for (at, out) in out.iter_mut().enumerate() {
                // SAFETY: parts and constants are as long as the line.
                *out = f(parts.map(|p| unsafe { *p.get_unchecked(at) }), constants.map(|k| unsafe { *k.get_unchecked(at) }));
            }
        }
    }
}

widest! {
    fn rows_of[const N: usize, const K: usize, F](out: &mut [f32], parts: [&[f32]; N], constants: [&[f32]; K], row: usize, f: &F) where [F: Fn([f32; N], [f32; K]) -> f32] {
        for (r, out) in out.chunks_exact_mut(row).enumerate() {
            let constants = constants.map(|k| k[r]);
            let parts = parts.map(|p| &p[r * row..(r + 1) * row]);
            for (at, out) in out.iter_mut().enumerate() {
                // SAFETY: parts are as long as the row.
                *out = f(parts.map(|p| unsafe { *p.get_unchecked(at) }), constants);
            }
        }
    }
}

widest! {
    fn add_to[](y: &mut [f32], x: &[f32], by: f32) where [] {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += x * by);
    }
}

/// `y ← y + by · x`.
pub(crate) fn add_scaled(y: &mut [f32], x: &[f32], by: f32) {
    add_to(y, x, by);
}
