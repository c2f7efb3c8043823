//! Sums over all pixels of each channel of `[groups, pixels, c]`.

use super::widest::widest;
use rayon::prelude::*;

/// Lines of channels that are summed in float32 before they are added to a sum in float64.
const RUN: usize = 64;
/// Values that a task sums.
const TASK: usize = 65_536;

/// For each group and channel the sums of `K` functions of the values of a pixel, over the group's pixels: `[groups,
/// c]`. `f` is given the values and the group's constants of the channel. The same bits on any number of threads.
pub(crate) fn sums<const N: usize, const C: usize, const K: usize>(
    inputs: [&[f32]; N],
    constants: [&[f32]; C],
    groups: usize,
    c: usize,
    f: impl Fn([f32; N], [f32; C]) -> [f32; K] + Sync,
) -> [Vec<f64>; K] {
    let n = inputs[0].len();
    assert!(inputs.iter().all(|i| i.len() == n) && constants.iter().all(|k| k.len() == groups * c), "BUG: arrays that do not fit");
    if groups * c == 0 {
        return std::array::from_fn(|_| vec![]);
    }
    if c == 1 && n < groups * SHORT {
        return short_rows(inputs, constants, groups, f);
    }
    // Few channels are repeated, so that inner loops are long.
    let repeats = (64usize).div_ceil(c);
    let line = repeats * c;
    let constants = constants.map(|k| k.chunks_exact(c).flat_map(|k| k.repeat(repeats)).collect::<Vec<f32>>());
    let group = n / groups;
    let task = (TASK / line / RUN).max(1) * RUN * line;
    let tasks = group.div_ceil(task);
    let parts: Vec<[Vec<f64>; K]> = (0..groups * tasks)
        .into_par_iter()
        .map(|index| {
            let (g, from) = (index / tasks, index % tasks * task);
            let range = g * group + from..g * group + (from + task).min(group);
            let constants = constants.each_ref().map(|k| &k[g * line..(g + 1) * line]);
            task_sums(inputs.map(|i| &i[range.clone()]), constants, c, line, &f)
        })
        .collect();
    let mut total: [Vec<f64>; K] = std::array::from_fn(|_| vec![0f64; groups * c]);
    for (index, part) in parts.iter().enumerate() {
        let g = index / tasks;
        for (total, part) in total.iter_mut().zip(part) {
            total[g * c..(g + 1) * c].iter_mut().zip(part).for_each(|(t, p)| *t += p);
        }
    }
    total
}

/// Rows of fewer values are summed many to a task.
const SHORT: usize = 4096;

/// As [`sums`] for many short rows of one channel.
fn short_rows<const N: usize, const C: usize, const K: usize>(
    inputs: [&[f32]; N],
    constants: [&[f32]; C],
    rows: usize,
    f: impl Fn([f32; N], [f32; C]) -> [f32; K] + Sync,
) -> [Vec<f64>; K] {
    let row = inputs[0].len() / rows;
    let of = |r: usize| row_sum(inputs.map(|i| &i[r * row..(r + 1) * row]), constants.map(|k| k[r]), &f);
    let all: Vec<[f64; K]> = (0..rows).into_par_iter().with_min_len((TASK / row.max(1)).max(1)).map(of).collect();
    std::array::from_fn(|k| all.iter().map(|t| t[k]).collect())
}

widest! {
    fn row_sum[const N: usize, const C: usize, const K: usize, F](inputs: [&[f32]; N], constants: [f32; C], f: &F) -> [f64; K] where [F: Fn([f32; N], [f32; C]) -> [f32; K]] {
        let mut total = [0f64; K];
        let n = inputs[0].len();
        for from in (0..n).step_by(16 * RUN) {
            let mut lanes = [[0f32; 16]; K];
            for from in (from..(from + 16 * RUN).min(n)).step_by(16) {
                let parts = inputs.map(|i| &i[from..(from + 16).min(n)]);
                for at in 0..parts[0].len() {
                    let values = f(parts.map(|p| p[at]), constants);
                    (0..K).for_each(|k| lanes[k][at] += values[k]);
                }
            }
            (0..K).for_each(|k| total[k] += lanes[k].iter().map(|l| f64::from(*l)).sum::<f64>());
        }
        total
    }
}

widest! {
    fn task_sums[const N: usize, const C: usize, const K: usize, F](
        inputs: [&[f32]; N], constants: [&[f32]; C], c: usize, line: usize, f: &F,
    ) -> [Vec<f64>; K] where [F: Fn([f32; N], [f32; C]) -> [f32; K]] {
        let mut total: [Vec<f64>; K] = std::array::from_fn(|_| vec![0f64; line]);
        let mut run: [Vec<f32>; K] = std::array::from_fn(|_| vec![0f32; line]);
        let n = inputs[0].len();
        for from in (0..n).step_by(RUN * line) {
            run.iter_mut().for_each(|r| r.fill(0.0));
            for from in (from..(from + RUN * line).min(n)).step_by(line) {
                let width = line.min(n - from);
                let lines = inputs.map(|i| &i[from..from + width]);
                let constants = constants.map(|k| &k[..width]);
                let mut run = run.each_mut().map(|r| &mut r[..width]);
                for at in 0..width {
                    // SAFETY: all lines have `width` elements.
                    let values = unsafe { f(lines.map(|l| *l.get_unchecked(at)), constants.map(|k| *k.get_unchecked(at))) };
                    for (run, value) in run.iter_mut().zip(values) {
                        // SAFETY: as above.
                        unsafe { *run.get_unchecked_mut(at) += value };
                    }
                }
            }
            for (total, run) in total.iter_mut().zip(&run) {
                total.iter_mut().zip(run).for_each(|(t, r)| *t += f64::from(*r));
            }
        }
        total.map(|t| (0..c).map(|channel| t.iter().skip(channel).step_by(c).sum()).collect())
    }
}
