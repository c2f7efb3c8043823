//! Windows over maps `[n, h, w, c]`: the largest value, the mean, and their ways back.

use super::elementwise::add_scaled;
use super::widest::widest;
use rayon::prelude::*;
use std::ops::Range;

/// Maps before and after, and the square window between them.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) c: usize,
    pub(crate) k: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Shape {
    pub(crate) fn input_dims(&self) -> [usize; 4] {
        [self.n, self.input[0], self.input[1], self.c]
    }
    pub(crate) fn output_dims(&self) -> [usize; 4] {
        [self.n, self.output[0], self.output[1], self.c]
    }
    /// Places of the map that output place `at` of an axis sees.
    fn seen(&self, axis: usize, at: usize) -> Range<usize> {
        let from = at * self.stride;
        from.max(self.padding) - self.padding..(from + self.k).min(self.input[axis] + self.padding) - self.padding
    }
    /// Output places of an axis that see place `at` of the map.
    fn seers(&self, axis: usize, at: usize) -> Range<usize> {
        let at = at + self.padding;
        (at + 1).saturating_sub(self.k).div_ceil(self.stride)..(at / self.stride + 1).min(self.output[axis])
    }
    /// What a mean is divided by.
    fn divisor(&self, rows: usize, columns: usize, count_padding: bool) -> f32 {
        let seen = self.seen(0, rows).len() * self.seen(1, columns).len();
        let reach = |axis: usize, at: usize| (at * self.stride + self.k).min(self.input[axis] + 2 * self.padding) - at * self.stride;
        (if count_padding { reach(0, rows) * reach(1, columns) } else { seen }) as f32
    }
}

/// Maxima, and at which place of its window each was found first, counted row by row.
pub(crate) fn max(s: &Shape, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let ([h, w], [oh, ow], c) = (s.input, s.output, s.c);
    let mut y = vec![0f32; s.n * oh * ow * c];
    let mut winners = vec![0f32; y.len()];
    // A task is a row of output pixels.
    y.par_chunks_mut((ow * c).max(1)).zip(winners.par_chunks_mut((ow * c).max(1))).enumerate().for_each(|(line, (y, winners))| {
        let x = &x[line / oh * h * w * c..][..h * w * c];
        let row = line % oh;
        for (column, (y, winners)) in y.chunks_exact_mut(c).zip(winners.chunks_exact_mut(c)).enumerate() {
            largest(y, winners, x, s, [row, column]);
        }
    });
    (y, winners)
}

widest! {
    /// The largest values of one window, channel by channel.
    fn largest[](y: &mut [f32], winners: &mut [f32], x: &[f32], s: &Shape, at: [usize; 2]) where [] {
        let (c, w) = (y.len(), s.input[1]);
        let (rows, columns) = (s.seen(0, at[0]), s.seen(1, at[1]));
        let place = |i: usize, j: usize| ((i + s.padding - at[0] * s.stride) * s.k + j + s.padding - at[1] * s.stride) as f32;
        let first = (rows.start * w + columns.start) * c;
        y.copy_from_slice(&x[first..first + c]);
        winners.fill(place(rows.start, columns.start));
        for i in rows {
            for j in columns.clone() {
                let (from, place) = ((i * w + j) * c, place(i, j));
                for ((y, winner), x) in y.iter_mut().zip(winners.iter_mut()).zip(&x[from..from + c]) {
                    // NaN wins, so that it is not hidden.
                    let wins = *x > *y || x.is_nan();
                    *winner = if wins { place } else { *winner };
                    *y = if wins { *x } else { *y };
                }
            }
        }
    }
}

/// The way back of [`max`].
pub(crate) fn scatter(s: &Shape, g: &[f32], winners: &[f32]) -> Vec<f32> {
    let (input, output, line) = (s.input[0] * s.input[1] * s.c, s.output[0] * s.output[1] * s.c, s.output[1] * s.c);
    let mut dx = vec![0f32; s.n * input];
    // How far from the window's first place each of its places lies.
    let offsets: Vec<usize> = (0..s.k * s.k).map(|place| (place / s.k * s.input[1] + place % s.k) * s.c).collect();
    dx.par_chunks_mut(input.max(1)).zip(winners.par_chunks(output.max(1))).zip(g.par_chunks(output.max(1))).for_each(|((dx, winners), g)| {
        for (row, (winners, g)) in winners.chunks_exact(line.max(1)).zip(g.chunks_exact(line.max(1))).enumerate() {
            for (column, (winners, g)) in winners.chunks_exact(s.c).zip(g.chunks_exact(s.c)).enumerate() {
                // The first place may lie in the padding, before the map; winners never do.
                let first = (row * s.stride * s.input[1] + column * s.stride) * s.c;
                let margin = s.padding * (s.input[1] + 1) * s.c;
                for (channel, (winner, g)) in winners.iter().zip(g).enumerate() {
                    dx[first + offsets[*winner as usize] + channel - margin] += *g;
                }
            }
        }
    });
    dx
}

/// Means of windows.
pub(crate) fn mean(s: &Shape, count_padding: bool, x: &[f32]) -> Vec<f32> {
    let ([h, w], [oh, ow], c) = (s.input, s.output, s.c);
    let mut y = vec![0f32; s.n * oh * ow * c];
    y.par_chunks_mut((ow * c).max(1)).enumerate().for_each(|(line, y)| {
        let x = &x[line / oh * h * w * c..][..h * w * c];
        let row = line % oh;
        for (column, y) in y.chunks_exact_mut(c).enumerate() {
            for i in s.seen(0, row) {
                for j in s.seen(1, column) {
                    add_scaled(y, &x[(i * w + j) * c..][..c], 1.0);
                }
            }
            let by = s.divisor(row, column, count_padding);
            y.iter_mut().for_each(|y| *y /= by);
        }
    });
    y
}

/// The way back of [`mean`].
pub(crate) fn spread(s: &Shape, count_padding: bool, g: &[f32]) -> Vec<f32> {
    let ([h, w], [oh, ow], c) = (s.input, s.output, s.c);
    let mut dx = vec![0f32; s.n * h * w * c];
    dx.par_chunks_mut((w * c).max(1)).enumerate().for_each(|(line, dx)| {
        let g = &g[line / h * oh * ow * c..][..oh * ow * c];
        for (column, dx) in dx.chunks_exact_mut(c).enumerate() {
            for i in s.seers(0, line % h) {
                for j in s.seers(1, column) {
                    add_scaled(dx, &g[(i * ow + j) * c..][..c], 1.0 / s.divisor(i, j, count_padding));
                }
            }
        }
    });
    dx
}
