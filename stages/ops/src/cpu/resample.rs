//! Rows and columns as weighted sums of other rows and columns.

use super::elementwise::add_scaled;
use super::widest::widest;
use rayon::prelude::*;

/// The weights of both axes.
pub(crate) struct Axes {
    pub(crate) rows: Weights,
    pub(crate) columns: Weights,
}

/// What surrounds the filter of an up-sampling and down-sampling by filtering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirWindow {
    /// Factor of up-sampling, at least 1: zeros are inserted.
    pub up: usize,
    /// Factor of down-sampling, at least 1: one pixel in `down` is kept.
    pub down: usize,
    /// Zeros before the first row and column, in pixels of the up-sampled map; negative crops.
    pub before: isize,
    /// Zeros after the last row and column; negative crops.
    pub after: isize,
}

/// For each output index of an axis the input indices whose sum it is, and their weights.
pub(crate) struct Weights {
    pub(crate) inputs: usize,
    /// Where the terms of each output index start, and where the last ones end.
    starts: Vec<usize>,
    /// Input indices and weights.
    terms: Vec<(usize, f32)>,
}

impl Weights {
    pub(crate) fn new(inputs: usize, outputs: impl IntoIterator<Item = Vec<(usize, f32)>>) -> Weights {
        let (mut starts, mut terms) = (vec![0], vec![]);
        for output in outputs {
            terms.extend(output);
            starts.push(terms.len());
        }
        Weights { inputs, starts, terms }
    }
    /// Output indices.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }
    /// Where the terms of each output index start, where the last ones end, and all terms.
    #[cfg(feature = "cuda")]
    pub(crate) fn parts(&self) -> (&[usize], &[(usize, f32)]) {
        (&self.starts, &self.terms)
    }
    fn of(&self, output: usize) -> &[(usize, f32)] {
        &self.terms[self.starts[output]..self.starts[output + 1]]
    }

    /// Every index `scale` times.
    pub(crate) fn nearest(n: usize, scale: usize) -> Weights {
        Weights::new(n, (0..n * scale).map(|o| vec![(o / scale, 1.0)]))
    }
    /// Linear interpolation between the two nearest indices. As in PyTorch a neighbour of weight zero is read, so that
    /// what is not finite there is not hidden; the last index is its own neighbour, and so is each where nothing is
    /// resized.
    pub(crate) fn linear(n: usize, size: usize, align_corners: bool) -> Weights {
        let at = |o: usize| match align_corners {
            true => o as f64 * (n.max(1) - 1) as f64 / (size.max(2) - 1) as f64,
            false => ((o as f64 + 0.5) * n as f64 / size as f64 - 0.5).max(0.0),
        };
        Weights::new(
            n,
            (0..size).map(|o| {
                let low = (at(o).floor() as usize).min(n - 1);
                let share = (at(o) - low as f64) as f32;
                match n != size && low + 1 < n {
                    true => vec![(low, 1.0 - share), (low + 1, share)],
                    false if share == 0.0 => vec![(low, 1.0), (low, 0.0)],
                    false => vec![(low, 1.0)],
                }
            }),
        )
    }
    /// The indices mirrored at the edges, which are not repeated.
    pub(crate) fn reflected(n: usize, padding: usize) -> Weights {
        let mirror = |o: usize| {
            let at = (o as isize - padding as isize).unsigned_abs();
            if at < n { at } else { 2 * (n - 1) - at }
        };
        Weights::new(n, (0..n + 2 * padding).map(|o| vec![(mirror(o), 1.0)]))
    }
    /// Up-sampling, filter and down-sampling: see `crate::upfirdn`. None where the filter is too long.
    pub(crate) fn filtered(n: usize, filter: &[f32], window: FirWindow) -> Option<Weights> {
        let FirWindow { up, down, before, after } = window;
        let whole = (n * up) as isize + before + after;
        let size = usize::try_from(whole - filter.len() as isize).ok()? / down + 1;
        let output = |o: usize| {
            let terms = filter.iter().rev().enumerate().filter_map(|(t, f)| {
                let at = usize::try_from((o * down + t) as isize - before).ok()?;
                (at % up == 0 && at / up < n).then_some((at / up, *f))
            });
            terms.collect()
        };
        Some(Weights::new(n, (0..size).map(output)))
    }
    /// Inputs and outputs exchanged.
    pub(crate) fn transposed(&self) -> Weights {
        let mut outputs = vec![vec![]; self.inputs];
        for o in 0..self.len() {
            for (i, f) in self.of(o) {
                outputs[*i].push((o, *f));
            }
        }
        Weights::new(self.len(), outputs)
    }
}

/// `[n, h, w, c] → [n, oh, ow, c]`: each output row is first summed from rows, then its columns from columns.
pub(crate) fn rows_and_columns(Axes { rows, columns }: &Axes, x: &[f32], n: usize, c: usize) -> Vec<f32> {
    let (h, w, oh, ow) = (rows.inputs, columns.inputs, rows.len(), columns.len());
    let mut y = vec![0f32; n * oh * ow * c];
    if y.is_empty() {
        return y;
    }
    y.par_chunks_mut(ow * c).enumerate().for_each_init(
        || vec![0f32; w * c],
        |sum, (line, y)| {
            let (sample, row) = (line / oh, line % oh);
            let row_of = |i: usize| &x[(sample * h + i) * w * c..][..w * c];
            // One row that counts once needs no sum.
            let line = match rows.of(row) {
                [(i, 1.0)] => row_of(*i),
                terms => {
                    sum.fill(0.0);
                    terms.iter().for_each(|(i, f)| add_scaled(sum, row_of(*i), *f));
                    sum
                }
            };
            across(y, line, columns, c);
        },
    );
    y
}

widest! {
    /// Columns of one row as sums of columns.
    fn across[](y: &mut [f32], line: &[f32], columns: &Weights, c: usize) where [] {
        for (column, y) in y.chunks_exact_mut(c).enumerate() {
            match columns.of(column) {
                [(j, 1.0)] => y.copy_from_slice(&line[j * c..][..c]),
                terms => {
                    for (j, f) in terms {
                        y.iter_mut().zip(&line[j * c..][..c]).for_each(|(y, x)| *y += x * f);
                    }
                }
            }
        }
    }
}
