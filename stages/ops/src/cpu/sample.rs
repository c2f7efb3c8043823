//! Reading feature maps at positions between pixels.

use rayon::prelude::*;

/// In place of a pixel's index: nothing is read.
const OUTSIDE: u32 = u32::MAX;

/// A translation by whole pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// Pixels down; negative is up.
    pub down: isize,
    /// Pixels to the right; negative is to the left.
    pub right: isize,
}

/// For each output pixel the four pixels whose weighted sum it is; outside there are zeros.
pub(crate) struct Taps {
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    /// Index within the sample, or [`OUTSIDE`], and weight. A pixel whose weight is zero is read, as in PyTorch, so
    /// that what is not finite there is not hidden.
    list: Vec<[(u32, f32); 4]>,
}

impl Taps {
    /// Affine maps, one per sample, with edges at ±1.
    pub(crate) fn affine(theta: &[[[f64; 3]; 2]], input: [usize; 2], output: [usize; 2]) -> Taps {
        let centre = |at: usize, n: usize| (2 * at + 1) as f64 / n as f64 - 1.0;
        let pixel = |at: f64, n: usize| ((at + 1.0) * n as f64 - 1.0) / 2.0;
        let mut list = Vec::with_capacity(theta.len() * output[0] * output[1]);
        for [x_row, y_row] in theta {
            for row in 0..output[0] {
                for column in 0..output[1] {
                    let (x, y) = (centre(column, output[1]), centre(row, output[0]));
                    let (px, py) = (pixel(x_row[0] * x + x_row[1] * y + x_row[2], input[1]), pixel(y_row[0] * x + y_row[1] * y + y_row[2], input[0]));
                    let (fx, fy) = (px - px.floor(), py - py.floor());
                    let tap = |dy: usize, dx: usize| {
                        let (i, j) = (py.floor() + dy as f64, px.floor() + dx as f64);
                        let inside = i >= 0.0 && j >= 0.0 && i < input[0] as f64 && j < input[1] as f64;
                        let weight = (if dy == 1 { fy } else { 1.0 - fy }) * (if dx == 1 { fx } else { 1.0 - fx });
                        if inside { ((i as usize * input[1] + j as usize) as u32, weight as f32) } else { (OUTSIDE, 0.0) }
                    };
                    list.push([tap(0, 0), tap(0, 1), tap(1, 0), tap(1, 1)]);
                }
            }
        }
        Taps { input, output, list }
    }

    /// Translations, one per sample.
    pub(crate) fn shifted(shifts: &[Shift], size: [usize; 2]) -> Taps {
        let mut list = Vec::with_capacity(shifts.len() * size[0] * size[1]);
        for Shift { down, right } in shifts {
            for row in 0..size[0] {
                for column in 0..size[1] {
                    let (i, j) = (row.wrapping_add_signed(-down), column.wrapping_add_signed(-right));
                    let mut taps = [(OUTSIDE, 0.0); 4];
                    if i < size[0] && j < size[1] {
                        taps[0] = ((i * size[1] + j) as u32, 1.0);
                    }
                    list.push(taps);
                }
            }
        }
        Taps { input: size, output: size, list }
    }

    /// For each output pixel of all samples the input pixels whose sum it is: where its terms start, and all terms.
    #[cfg(feature = "cuda")]
    pub(crate) fn readers(&self) -> (Vec<usize>, Vec<(usize, f32)>) {
        let (from, to) = (self.input[0] * self.input[1], (self.output[0] * self.output[1]).max(1));
        let (mut starts, mut terms) = (Vec::with_capacity(self.list.len() + 1), Vec::with_capacity(self.list.len()));
        for (pixel, taps) in self.list.iter().enumerate() {
            starts.push(terms.len());
            terms.extend(inside(taps).map(|(at, weight)| (pixel / to * from + *at as usize, *weight)));
        }
        starts.push(terms.len());
        (starts, terms)
    }
    /// For each input pixel of all samples the output pixels that it went to, likewise.
    #[cfg(feature = "cuda")]
    pub(crate) fn writers(&self) -> (Vec<usize>, Vec<(usize, f32)>) {
        let (starts, terms) = self.readers();
        let samples = self.list.len() / (self.output[0] * self.output[1]).max(1);
        let mut ends = vec![0; samples * self.input[0] * self.input[1] + 1];
        terms.iter().for_each(|(at, _)| ends[at + 1] += 1);
        (1..ends.len()).for_each(|i| ends[i] += ends[i - 1]);
        let (first, mut next, mut sorted) = (ends.clone(), ends, vec![(0, 0.0); terms.len()]);
        for pixel in 0..self.list.len() {
            for (at, weight) in &terms[starts[pixel]..starts[pixel + 1]] {
                sorted[next[*at]] = (pixel, *weight);
                next[*at] += 1;
            }
        }
        (first, sorted)
    }
}

/// The pixels inside the image.
fn inside(taps: &[(u32, f32); 4]) -> impl Iterator<Item = &(u32, f32)> {
    taps.iter().filter(|t| t.0 != OUTSIDE)
}

/// Output pixels from input pixels.
pub(crate) fn gather(taps: &Taps, x: &[f32], c: usize) -> Vec<f32> {
    let (from, to) = (taps.input[0] * taps.input[1], taps.output[0] * taps.output[1]);
    let mut y = vec![0f32; taps.list.len() * c];
    y.par_chunks_mut((to * c).max(1)).zip(taps.list.par_chunks(to.max(1))).zip(x.par_chunks((from * c).max(1))).for_each(|((y, taps), x)| {
        for (y, taps) in y.chunks_exact_mut(c).zip(taps) {
            for (at, weight) in inside(taps) {
                y.iter_mut().zip(&x[*at as usize * c..][..c]).for_each(|(y, x)| *y += x * weight);
            }
        }
    });
    y
}

/// The transpose of [`gather`]: its gradient.
pub(crate) fn scatter(taps: &Taps, g: &[f32], c: usize) -> Vec<f32> {
    let (from, to) = (taps.input[0] * taps.input[1], taps.output[0] * taps.output[1]);
    let samples = taps.list.len() / to.max(1);
    let mut dx = vec![0f32; samples * from * c];
    dx.par_chunks_mut((from * c).max(1)).zip(taps.list.par_chunks(to.max(1))).zip(g.par_chunks((to * c).max(1))).for_each(|((dx, taps), g)| {
        for (g, taps) in g.chunks_exact(c).zip(taps) {
            for (at, weight) in inside(taps) {
                dx[*at as usize * c..][..c].iter_mut().zip(g).for_each(|(dx, g)| *dx += g * weight);
            }
        }
    });
    dx
}
