//! Rows and columns as weighted sums of other rows and columns.

use super::elementwise::add_scaled;
use super::widest::widest;
use rayon::prelude::*;

/// For each output place of an axis the input places that it is made of, and their weights.
pub(crate) struct Weights {
    pub(crate) inputs: usize,
    /// Where the terms of each place begin, and where the last ones end.
    starts: Vec<usize>,
    terms: Vec<(usize, f32)>,
}

impl Weights {
    pub(crate) fn new(inputs: usize, places: impl IntoIterator<Item = Vec<(usize, f32)>>) -> Weights {
        let (mut starts, mut terms) = (vec![0], vec![]);
        for place in places {
            terms.extend(place);
            starts.push(terms.len());
        }
        Weights { inputs, starts, terms }
    }
    /// Output places.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }
    /// Where the terms of each place begin, where the last ones end, and all terms.
    #[cfg(feature = "cuda")]
    pub(crate) fn parts(&self) -> (&[usize], &[(usize, f32)]) {
        (&self.starts, &self.terms)
    }
    fn of(&self, place: usize) -> &[(usize, f32)] {
        &self.terms[self.starts[place]..self.starts[place + 1]]
    }

    /// Every place `scale` times.
    pub(crate) fn nearest(n: usize, scale: usize) -> Weights {
        Weights::new(n, (0..n * scale).map(|o| vec![(o / scale, 1.0)]))
    }
    /// Linear interpolation between the two nearest places. As in PyTorch a neighbour of no weight is read, and tells where it
    /// is not finite; the last place is its own neighbour, and so is each where nothing is resized.
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
    /// The places mirrored at the edges, which are not repeated.
    pub(crate) fn reflected(n: usize, padding: usize) -> Weights {
        let mirror = |o: usize| {
            let at = (o as isize - padding as isize).unsigned_abs();
            if at < n { at } else { 2 * (n - 1) - at }
        };
        Weights::new(n, (0..n + 2 * padding).map(|o| vec![(mirror(o), 1.0)]))
    }
    /// Zeros between places, zeros around, a filter, and every `down`-th place: see `crate::upfirdn`.
    pub(crate) fn filtered(n: usize, filter: &[f32], up: usize, down: usize, padding: [isize; 2]) -> Option<Weights> {
        let whole = (n * up) as isize + padding[0] + padding[1];
        let size = usize::try_from(whole - filter.len() as isize).ok()? / down + 1;
        let place = |o: usize| {
            let terms = filter.iter().rev().enumerate().filter_map(|(t, f)| {
                let at = usize::try_from((o * down + t) as isize - padding[0]).ok()?;
                (at % up == 0 && at / up < n).then_some((at / up, *f))
            });
            terms.collect()
        };
        Some(Weights::new(n, (0..size).map(place)))
    }
    /// Inputs and outputs exchanged.
    pub(crate) fn transposed(&self) -> Weights {
        let mut places = vec![vec![]; self.inputs];
        for o in 0..self.len() {
            for (i, f) in self.of(o) {
                places[*i].push((o, *f));
            }
        }
        Weights::new(self.len(), places)
    }
}

/// `[n, h, w, c] → [n, oh, ow, c]`: each output row is first summed from rows, then its columns from columns.
pub(crate) fn rows_and_columns(rows: &Weights, columns: &Weights, x: &[f32], n: usize, c: usize) -> Vec<f32> {
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
