//! The gradient of a kernel: sums of outer products of input and output pixels.

use super::panels::cover;
use super::product::Tile;
use super::slices::Shared;
use crate::geometry::Geometry;
use rayon::prelude::*;
use std::ops::Range;

/// Pixels whose values stay in the L1 cache while all tiles of a result pass over them.
const BLOCK: usize = 96;

/// A result of `rows × columns` that sums of outer products are added to.
struct Sums {
    rows: usize,
    columns: usize,
    panels: Vec<(usize, &'static Tile)>,
    /// Tiles of rows.
    tiles: usize,
}

impl Sums {
    fn new(rows: usize, columns: usize) -> Sums {
        let panels = cover(columns);
        let most = panels.first().map_or(1, |p| p.1.rows());
        Sums { rows, columns, panels, tiles: rows.div_ceil(most) }
    }

    fn size(&self) -> usize {
        self.rows * self.columns
    }

    /// The rows of some tiles.
    fn rows_of(&self, tiles: &Range<usize>) -> Range<usize> {
        self.rows * tiles.start / self.tiles..self.rows * tiles.end / self.tiles
    }

    /// Adds the products of some pairs to the rows of `tiles`, which begin at `c`.
    ///
    /// # Safety
    /// `x` and `y` hold `rows` and `columns` values at each index of a pair; `c` is the start of the rows of these
    /// tiles, which nobody else touches.
    unsafe fn add(&self, pairs: &[(u32, u32)], x: &[f32], y: &[f32], c: *mut f32, tiles: Range<usize>) {
        let first = self.rows_of(&tiles).start;
        for (column, tile) in &self.panels {
            for t in tiles.clone() {
                let Range { start: from, end: to } = self.rows_of(&(t..t + 1));
                // SAFETY: the caller's promise; rows and columns end within the result.
                unsafe {
                    let c = c.add((from - first) * self.columns + column);
                    let (x, y) = (x.as_ptr().add(from), y.as_ptr().add(*column));
                    (tile.outer[to - from - 1])(pairs, x, y, c, self.columns, self.columns - column);
                }
            }
        }
    }
}

/// `dw [co, ci/groups, kh, kw]` of `x [n, h, w, ci]` and `dy [n, oh, ow, co]`.
pub(crate) fn kernel_gradient(g: &Geometry, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let mut dw = vec![0f32; g.sizes()[2]];
    for (group, dw) in dw.chunks_exact_mut(g.co * g.ci * g.taps()).enumerate() {
        if g.is_unfolded() {
            unfolded(g, x, dy, dw);
        } else {
            grouped(g, group, x, dy, dw);
        }
    }
    dw
}

/// How many parts pixels are cut into, each with a sum of its own: none where the sums would outweigh the data.
fn parts(data: usize, result: usize) -> usize {
    (data / result.max(1) / 2).min(16)
}

fn unfolded(g: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let (depth, pixels) = (g.taps() * g.ci, g.pixels());
    let sums = Sums::new(depth, g.co);
    let parts = parts(pixels * (depth + g.co), sums.size()).max(1);
    let total = in_parts(pixels, parts, sums.size(), |from, to, c| {
        let mut lines = vec![0f32; BLOCK * depth];
        for from in (from..to).step_by(BLOCK) {
            let to = (from + BLOCK).min(to);
            g.unfold(x, from, to, &mut lines);
            let pairs: Vec<(u32, u32)> = (from..to).map(|p| (((p - from) * depth) as u32, (p * g.co) as u32)).collect();
            // SAFETY: lines and gradients of these pixels are there; `c` is this part's own.
            unsafe { sums.add(&pairs, &lines, dy, c.as_mut_ptr(), 0..sums.tiles) };
        }
    });
    in_torchs_order(g, &total, false, 0..depth / g.taps(), Shared::new(dw));
}

fn grouped(g: &Geometry, group: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let (taps, pixels) = (g.taps(), g.pixels());
    // Few outputs are the rows: a vector runs along the longer side.
    let swapped = g.co < 16 && g.ci >= g.co;
    let sums = if swapped { Sums::new(g.co, g.ci) } else { Sums::new(g.ci, g.co) };
    let add = |pairs: &[(u32, u32)], c: *mut f32, tiles: Range<usize>| {
        let (rows, columns) = if swapped { (dy, x) } else { (x, dy) };
        // SAFETY: pairs are indices of whole pixels of both; callers own `c`, or the rows of their tiles.
        unsafe { sums.add(pairs, rows, columns, c, tiles) }
    };
    let parts = parts(x.len() + dy.len(), taps * sums.size());
    if parts >= 4 {
        let total = in_parts(pixels, parts, taps * sums.size(), |from, to, c| {
            let mut pairs = Vec::with_capacity(BLOCK);
            for from in (from..to).step_by(BLOCK) {
                for (tap, c) in c.chunks_exact_mut(sums.size()).enumerate() {
                    places(g, group, tap, from..(from + BLOCK).min(to), swapped, &mut pairs);
                    add(&pairs, c.as_mut_ptr(), 0..sums.tiles);
                }
            }
        });
        return in_torchs_order(g, &total, swapped, 0..sums.rows, Shared::new(dw));
    }
    // Some rows at a time with all kernel positions, so that their sums stay in the L2 cache until they are done.
    let tile = taps * sums.columns * sums.rows.div_ceil(sums.tiles);
    let each = (LOCAL / tile).clamp(1, sums.tiles.div_ceil(4));
    let shared = Shared::new(dw);
    (0..sums.tiles.div_ceil(each)).into_par_iter().for_each(|task| {
        let tiles = task * each..(task * each + each).min(sums.tiles);
        let rows = sums.rows_of(&tiles);
        let mut own = vec![0f32; taps * rows.len() * sums.columns];
        let mut pairs = Vec::with_capacity(BLOCK);
        for (tap, c) in own.chunks_exact_mut(rows.len() * sums.columns).enumerate() {
            for from in (0..pixels).step_by(BLOCK) {
                places(g, group, tap, from..(from + BLOCK).min(pixels), swapped, &mut pairs);
                add(&pairs, c.as_mut_ptr(), tiles.clone());
            }
        }
        in_torchs_order(g, &own, swapped, rows, shared);
    });
}

/// Sums that a task keeps: half an L2 cache.
const LOCAL: usize = 96 << 10;

/// From `[taps][rows][columns]`, where rows are inputs and columns outputs, or the other way round where swapped, to
/// `[co][ci][taps]`; only some rows are there. A few outputs at a time, so that what is read are whole lines and what
/// is written is sequential in a few streams.
fn in_torchs_order(g: &Geometry, sums: &[f32], swapped: bool, rows: Range<usize>, dw: Shared) {
    let (taps, ci, co) = (g.taps(), g.ci, g.co);
    let place = |o: usize, c: usize| (o * ci + c) * taps;
    let columns = if swapped { ci } else { co };
    let size = rows.len() * columns;
    for from in (0..columns).step_by(16) {
        let some = from..(from + 16).min(columns);
        for (r, row) in rows.clone().enumerate() {
            for tap in 0..taps {
                for (column, sum) in some.clone().zip(&sums[tap * size + r * columns + from..]) {
                    let at = if swapped { place(row, column) } else { place(column, row) };
                    // SAFETY: each caller has rows of its own.
                    unsafe { *dw.address(at + tap) = *sum };
                }
            }
        }
    }
}

/// Sums over fixed parts of the pixels, added up in their order: the same bits on any number of threads.
fn in_parts(pixels: usize, parts: usize, size: usize, work: impl Fn(usize, usize, &mut [f32]) + Sync) -> Vec<f32> {
    let per = pixels.div_ceil(parts);
    let all: Vec<Vec<f32>> = (0..parts)
        .into_par_iter()
        .map(|part| {
            let mut own = vec![0f32; size];
            work((part * per).min(pixels), ((part + 1) * per).min(pixels), &mut own);
            own
        })
        .collect();
    let mut all = all.into_iter();
    let mut total = all.next().unwrap_or_default();
    for other in all {
        total.iter_mut().zip(&other).for_each(|(a, b)| *a += b);
    }
    total
}

/// Indices in input and gradient of the output pixels that read inside the input at a kernel position.
fn places(g: &Geometry, group: usize, tap: usize, pixels: Range<usize>, swapped: bool, out: &mut Vec<(u32, u32)>) {
    let ([h, w], [oh, ow], window, (ci, co)) = (g.input, g.output, &g.window, g.channels());
    let (dy, dx) = (tap / g.kernel[1] * window.dilation[0], tap % g.kernel[1] * window.dilation[1]);
    out.clear();
    let (mut column, mut row, mut sample) = (pixels.start % ow, pixels.start / ow % oh, pixels.start / (ow * oh));
    for pixel in pixels {
        let i = (row * window.stride[0] + dy).wrapping_sub(window.padding[0]);
        let j = (column * window.stride[1] + dx).wrapping_sub(window.padding[1]);
        if i < h && j < w {
            let from = (((sample * h + i) * w + j) * ci + group * g.ci) as u32;
            let to = (pixel * co + group * g.co) as u32;
            out.push(if swapped { (to, from) } else { (from, to) });
        }
        column += 1;
        if column == ow {
            (column, row) = (0, row + 1);
            if row == oh {
                (row, sample) = (0, sample + 1);
            }
        }
    }
}
