//! The softmax of rows, on all threads and with all vector instructions.

use super::functions::exp;
use super::widest::widest;
use rayon::prelude::*;

/// Values that a task computes.
const TASK: usize = 16_384;
/// Numbers whose sums run beside each other: as many as the widest vectors hold.
const LANES: usize = 16;

/// `e^x` over its sum over the row, of rows of `width` numbers.
pub(crate) fn softmax(x: &[f32], width: usize) -> Vec<f32> {
    let mut y = x.to_vec();
    let task = (TASK / width).max(1) * width;
    y.par_chunks_mut(task).for_each(|rows| rows.chunks_exact_mut(width).for_each(of_row));
    y
}

widest! {
    fn of_row[](row: &mut [f32]) where [] {
        let mut largest = [f32::NEG_INFINITY; LANES];
        for part in row.chunks(LANES) {
            largest.iter_mut().zip(part).for_each(|(l, v)| *l = if *v > *l { *v } else { *l });
        }
        // NaN is passed over here, and is in the sum.
        let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|v| *v = exp(*v - largest));
        let mut totals = [0f64; LANES];
        for part in row.chunks(LANES) {
            totals.iter_mut().zip(part).for_each(|(t, v)| *t += f64::from(*v));
        }
        let share = (1.0 / totals.iter().sum::<f64>()) as f32;
        row.iter_mut().for_each(|v| *v *= share);
    }
}
