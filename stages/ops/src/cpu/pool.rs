//! Windows over feature maps `[n, h, w, c]`: maximum, mean, and their gradients.

use super::elementwise::add_scaled;
use super::widest::widest;
use rayon::prelude::*;
use std::ops::Range;

/// Input and output maps, rows and columns each, and the square window between them.
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
    /// The inputs of an axis that its output `at` reads.
    fn inputs_of(&self, axis: usize, at: usize) -> Range<usize> {
        let from = at * self.stride;
        from.max(self.padding) - self.padding..(from + self.k).min(self.input[axis] + self.padding) - self.padding
    }
    /// The outputs of an axis that read its input `at`.
    fn outputs_of(&self, axis: usize, at: usize) -> Range<usize> {
        let at = at + self.padding;
        (at + 1).saturating_sub(self.k).div_ceil(self.stride)..(at / self.stride + 1).min(self.output[axis])
    }
    /// What a mean is divided by.
    fn divisor(&self, rows: usize, columns: usize, count_padding: bool) -> f32 {
        let inside = self.inputs_of(0, rows).len() * self.inputs_of(1, columns).len();
        let reach = |axis: usize, at: usize| (at * self.stride + self.k).min(self.input[axis] + 2 * self.padding) - at * self.stride;
        (if count_padding { reach(0, rows) * reach(1, columns) } else { inside }) as f32
    }
}

/// Maxima, and the position of each in its window, counted row by row; of several the first.
pub(crate) fn max(s: &Shape, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let ([h, w], [oh, ow], c) = (s.input, s.output, s.c);
    let mut y = vec![0f32; s.n * oh * ow * c];
    let mut indices = vec![0f32; y.len()];
    // A task is a row of output pixels.
    y.par_chunks_mut((ow * c).max(1)).zip(indices.par_chunks_mut((ow * c).max(1))).enumerate().for_each(|(line, (y, indices))| {
        let x = &x[line / oh * h * w * c..][..h * w * c];
        let row = line % oh;
        for (column, (y, indices)) in y.chunks_exact_mut(c).zip(indices.chunks_exact_mut(c)).enumerate() {
            maxima(y, indices, x, s, [row, column]);
        }
    });
    (y, indices)
}

widest! {
    /// The maxima of one window, channel by channel.
    fn maxima[](y: &mut [f32], indices: &mut [f32], x: &[f32], s: &Shape, at: [usize; 2]) where [] {
        let (c, w) = (y.len(), s.input[1]);
        let (rows, columns) = (s.inputs_of(0, at[0]), s.inputs_of(1, at[1]));
        let position = |i: usize, j: usize| ((i + s.padding - at[0] * s.stride) * s.k + j + s.padding - at[1] * s.stride) as f32;
        let first = (rows.start * w + columns.start) * c;
        y.copy_from_slice(&x[first..first + c]);
        indices.fill(position(rows.start, columns.start));
        for i in rows {
            for j in columns.clone() {
                let (from, position) = ((i * w + j) * c, position(i, j));
                for ((y, index), x) in y.iter_mut().zip(indices.iter_mut()).zip(&x[from..from + c]) {
                    // NaN wins, so that it is not hidden.
                    let wins = *x > *y || x.is_nan();
                    *index = if wins { position } else { *index };
                    *y = if wins { *x } else { *y };
                }
            }
        }
    }
}

/// The gradient of [`max`] by its input.
pub(crate) fn max_gradient(s: &Shape, g: &[f32], indices: &[f32]) -> Vec<f32> {
    let (input, output, line) = (s.input[0] * s.input[1] * s.c, s.output[0] * s.output[1] * s.c, s.output[1] * s.c);
    let mut dx = vec![0f32; s.n * input];
    // The offset of each position of a window from its first.
    let offsets: Vec<usize> = (0..s.k * s.k).map(|at| (at / s.k * s.input[1] + at % s.k) * s.c).collect();
    dx.par_chunks_mut(input.max(1)).zip(indices.par_chunks(output.max(1))).zip(g.par_chunks(output.max(1))).for_each(|((dx, indices), g)| {
        for (row, (indices, g)) in indices.chunks_exact(line.max(1)).zip(g.chunks_exact(line.max(1))).enumerate() {
            for (column, (indices, g)) in indices.chunks_exact(s.c).zip(g.chunks_exact(s.c)).enumerate() {
                // The first position may be in the padding, before the map; that of a maximum never is.
                let first = (row * s.stride * s.input[1] + column * s.stride) * s.c;
                let margin = s.padding * (s.input[1] + 1) * s.c;
                for (channel, (index, g)) in indices.iter().zip(g).enumerate() {
                    dx[first + offsets[*index as usize] + channel - margin] += *g;
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
            for i in s.inputs_of(0, row) {
                for j in s.inputs_of(1, column) {
                    add_scaled(y, &x[(i * w + j) * c..][..c], 1.0);
                }
            }
            let by = s.divisor(row, column, count_padding);
            y.iter_mut().for_each(|y| *y /= by);
        }
    });
    y
}

/// The gradient of [`mean`] by its input.
pub(crate) fn mean_gradient(s: &Shape, count_padding: bool, g: &[f32]) -> Vec<f32> {
    let ([h, w], [oh, ow], c) = (s.input, s.output, s.c);
    let mut dx = vec![0f32; s.n * h * w * c];
    dx.par_chunks_mut((w * c).max(1)).enumerate().for_each(|(line, dx)| {
        let g = &g[line / h * oh * ow * c..][..oh * ow * c];
        for (column, dx) in dx.chunks_exact_mut(c).enumerate() {
            for i in s.outputs_of(0, line % h) {
                for j in s.outputs_of(1, column) {
                    add_scaled(dx, &g[(i * ow + j) * c..][..c], 1.0 / s.divisor(i, j, count_padding));
                }
            }
        }
    });
    dx
}
