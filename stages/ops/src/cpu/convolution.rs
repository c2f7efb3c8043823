//! The three convolution kernels on float32 slices in `[n, h, w, c]`: forward, gradient of the input, gradient of the
//! kernel.

use super::grid::{Grid, Side, THIN};
use super::panels::Panels;
use super::slices::{Shared, filled};
use crate::geometry::Geometry;
use rayon::prelude::*;

pub(crate) use super::grid::Finish;
pub(crate) use super::outer::kernel_gradient;

/// Rows that are unfolded at once.
const UNFOLDED: usize = 384;

impl Geometry {
    fn input_side(&self, group: usize) -> Side {
        Side { map: self.input, channels: self.channels().0, from: group * self.ci, run: self.ci }
    }
    fn output_side(&self, group: usize) -> Side {
        Side { map: self.output, channels: self.channels().1, from: group * self.co, run: self.co }
    }
    /// Where the kernel of output `o` and input `i` of a group starts.
    fn place(&self, group: usize, o: usize, i: usize) -> usize {
        ((group * self.co + o) * self.ci + i) * self.taps()
    }
}

/// `y [n, oh, ow, co]` of `x [n, h, w, ci]` and `w [co, ci/groups, kh, kw]`.
pub(crate) fn forward(g: &Geometry, x: &[f32], w: &[f32], finish: Finish) -> Vec<f32> {
    // SAFETY: every output pixel and channel belongs to one row and one group.
    unsafe { filled(g.sizes()[1], |out| forward_into(g, x, w, out, finish)) }
}

fn forward_into(g: &Geometry, x: &[f32], w: &[f32], out: Shared, finish: Finish) {
    let all: Vec<usize> = (0..g.taps()).collect();
    for group in 0..g.window.groups {
        let (source, target) = (g.input_side(group), g.output_side(group));
        let grid = if g.is_pointwise() {
            Grid::list(g.pixels(), source, target)
        } else {
            let place = |tap: usize, i: usize| (tap * g.window.dilation[i]) as isize - g.window.padding[i] as isize;
            let taps = all.iter().map(|t| [place(t / g.kernel[1], 0), place(t % g.kernel[1], 1)]).collect();
            Grid { n: g.n, points: g.output, source, step: g.window.stride, taps, target, spread: [1; 2], first: [0; 2] }
        };
        if g.co <= THIN {
            // SAFETY (all): groups write channels of their own, rows pixels of their own.
            unsafe { grid.multiply_thin(x, &thin(w, &all, g.ci, g.co, |o, i| g.place(group, o, i)), out, finish) };
            continue;
        }
        let panels = Panels::pack(w, &all, g.ci, g.co, g.taps(), |o, i| g.place(group, o, i));
        if g.is_unfolded() {
            unfolded_forward(g, x, &Panels { rows: g.taps() * g.ci, ..panels }, out, finish);
        } else {
            unsafe { grid.multiply(x, &panels, out, finish) };
        }
    }
}

fn unfolded_forward(g: &Geometry, x: &[f32], panels: &Panels, out: Shared, finish: Finish) {
    let depth = g.taps() * g.ci;
    (0..g.pixels().div_ceil(UNFOLDED)).into_par_iter().for_each(|chunk| {
        let (from, to) = (chunk * UNFOLDED, (chunk * UNFOLDED + UNFOLDED).min(g.pixels()));
        let mut lines = vec![0f32; (to - from) * depth];
        g.unfold(x, from, to, &mut lines);
        let side = |run| Side { map: [1, 1], channels: run, from: 0, run };
        let grid = Grid::list(to - from, side(depth), side(g.co));
        // SAFETY: chunks write pixels of their own.
        unsafe {
            grid.multiply(&lines, panels, out.range(from * g.co, (to - from) * g.co), finish);
        }
    });
}

/// `dx [n, h, w, ci]` of `dy [n, oh, ow, co]` and `w [co, ci/groups, kh, kw]`: also the forward of a transposed
/// convolution.
///
/// Input pixels of one residue by the stride read the same kernel positions: each residue is a dense product of its
/// own.
pub(crate) fn input_gradient(g: &Geometry, dy: &[f32], w: &[f32], finish: Finish) -> Vec<f32> {
    // SAFETY: every input pixel and channel belongs to one residue and one group; those that no output reads are zeroed.
    unsafe { filled(g.sizes()[0], |out| input_gradient_into(g, dy, w, out, finish)) }
}

fn input_gradient_into(g: &Geometry, dy: &[f32], w: &[f32], out: Shared, finish: Finish) {
    let stride = g.window.stride;
    if out.len() == 0 {
        return;
    }
    if (0..2).any(|i| (0..stride[i].min(g.input[i])).any(|f| residue(g, [f; 2], i).is_empty())) {
        // SAFETY: nobody else writes yet.
        let all = unsafe {
            std::ptr::write_bytes(out.address(0), 0, out.len());
            std::slice::from_raw_parts_mut(out.address(0), out.len())
        };
        all.par_chunks_mut(g.channels().0).for_each(|pixel| finish.apply(pixel, 0));
    }
    for group in 0..g.window.groups {
        for first in (0..stride[0].min(g.input[0])).flat_map(|y| (0..stride[1].min(g.input[1])).map(move |x| [y, x])) {
            let (rows, columns) = (residue(g, first, 0), residue(g, first, 1));
            let both = || rows.iter().flat_map(|r| columns.iter().map(move |c| (r, c)));
            let taps: Vec<[isize; 2]> = both().map(|(r, c)| [r.1, c.1]).collect();
            let which: Vec<usize> = both().map(|(r, c)| r.0 * g.kernel[1] + c.0).collect();
            if which.is_empty() {
                continue;
            }
            let (source, target) = (g.output_side(group), g.input_side(group));
            let grid = if g.is_pointwise() {
                Grid::list(g.pixels(), source, target)
            } else {
                let points = [0, 1].map(|i| (g.input[i] - first[i]).div_ceil(stride[i]));
                Grid { n: g.n, points, source, step: [1; 2], taps, target, spread: stride, first }
            };
            // SAFETY: residues write pixels, and groups channels, of their own.
            unsafe {
                if g.ci <= THIN {
                    grid.multiply_thin(dy, &thin(w, &which, g.co, g.ci, |i, o| g.place(group, o, i)), out, finish);
                } else {
                    grid.multiply(dy, &Panels::pack(w, &which, g.co, g.ci, g.taps(), |i, o| g.place(group, o, i)), out, finish);
                }
            }
        }
    }
}

/// Kernel rows (`axis` 0) or columns (1) that reach input pixels of a residue, with the offset of the output pixel.
fn residue(g: &Geometry, first: [usize; 2], axis: usize) -> Vec<(usize, isize)> {
    let stride = g.window.stride[axis] as isize;
    let gap = |k: usize| (first[axis] + g.window.padding[axis]) as isize - (k * g.window.dilation[axis]) as isize;
    (0..g.kernel[axis]).filter(|k| gap(*k).rem_euclid(stride) == 0).map(|k| (k, gap(k).div_euclid(stride))).collect()
}

/// Weights for products of few columns: per column a run of `inner` values for each tap.
fn thin(w: &[f32], taps: &[usize], inner: usize, columns: usize, place: impl Fn(usize, usize) -> usize) -> Vec<f32> {
    let line = |o: usize| taps.iter().flat_map(move |t| (0..inner).map(move |i| (o, i, *t)));
    (0..columns).flat_map(line).map(|(o, i, tap)| w[place(o, i) + tap]).collect()
}
