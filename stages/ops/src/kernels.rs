//! The three convolution kernels on float32 slices: forward, gradient of the input, gradient of the kernel.
//!
//! Each is a matrix product per tile between the kernel and the unfolded input; rayon runs tiles, `gemm` each product.

use crate::geometry::{Geometry, Tile};
use crate::slices::{Matrix, Shared, product, with_scratch};
use rayon::prelude::*;

/// `y [n, co, oh, ow]` of `x [n, ci, h, w]` and `w [co, ci, k, k]`.
pub(crate) fn forward(g: &Geometry, x: &[f32], w: &[f32]) -> Vec<f32> {
    let (map, depth) = (g.map_out(), g.depth());
    let mut y = vec![0f32; g.n * g.co * map];
    let out = Shared::new(&mut y);
    let kernel = Matrix { data: w, row: depth, column: 1 };
    g.tiles(0, g.n, depth).into_par_iter().for_each(|t| {
        let columns = g.columns(&t);
        if t.samples == 1 {
            let at = t.first * g.co * map + t.row0 * g.ow;
            // SAFETY: tiles own disjoint columns of their sample's maps.
            let multiply = |input: Matrix| unsafe { out.product((g.co, columns, depth), at, map, false, kernel, input) };
            if g.is_plain() {
                multiply(Matrix { data: &x[t.first * g.ci * map + t.row0 * g.ow..], row: map, column: 1 });
            } else {
                with_scratch(depth * columns, |unfolded| {
                    g.unfold(x, 0, g.ci, t, unfolded);
                    multiply(Matrix { data: unfolded, row: columns, column: 1 });
                });
            }
        } else {
            with_scratch((depth + g.co) * columns, |scratch| {
                let (unfolded, result) = scratch.split_at_mut(depth * columns);
                g.unfold(x, 0, g.ci, t, unfolded);
                product((g.co, columns, depth), result, columns, false, kernel, Matrix { data: unfolded, row: columns, column: 1 });
                for sample in 0..t.samples {
                    // SAFETY: tiles own disjoint samples here.
                    let maps = unsafe { out.part((t.first + sample) * g.co * map, g.co * map) };
                    for (to, from) in maps.chunks_exact_mut(map).zip(result.chunks_exact(columns)) {
                        to.copy_from_slice(&from[sample * map..][..map]);
                    }
                }
            });
        }
    });
    y
}

/// `dx [n, ci, h, w]` of `dy [n, co, oh, ow]` and `w [co, ci, k, k]`: also the forward of a transposed convolution.
pub(crate) fn input_gradient(g: &Geometry, dy: &[f32], w: &[f32]) -> Vec<f32> {
    let (map_in, map, depth, area) = (g.map_in(), g.map_out(), g.depth(), g.k * g.k);
    let mut dx = vec![0f32; g.n * g.ci * map_in];
    let out = Shared::new(&mut dx);
    // A task owns some samples and some channels, so that bands of one sample add up inside one task.
    let group = g.tiles(0, g.n, depth).first().map_or(1, |t| t.samples);
    let groups = g.n.div_ceil(group);
    let parts = if groups >= 8 { 1 } else { g.ci.min(8) };
    let per_part = g.ci.div_ceil(parts);
    (0..groups * parts).into_par_iter().for_each(|task| {
        let (from, c0) = (task / parts * group, task % parts * per_part);
        let (to, c1) = ((from + group).min(g.n), (c0 + per_part).min(g.ci));
        if c0 >= c1 {
            return;
        }
        let rows = (c1 - c0) * area;
        let kernel = Matrix { data: &w[c0 * area..], row: 1, column: depth };
        // SAFETY (both places): tasks own disjoint pairs of sample and channel range.
        let maps = |sample: usize| unsafe { out.part((sample * g.ci + c0) * map_in, (c1 - c0) * map_in) };
        if g.is_plain() {
            for sample in from..to {
                let gradient = Matrix { data: &dy[sample * g.co * map..], row: map, column: 1 };
                product((rows, map, g.co), maps(sample), map, false, kernel, gradient);
            }
            return;
        }
        let whole = Tile { first: from, samples: to - from, row0: 0, row1: g.oh };
        let tiles = if group > 1 { vec![whole] } else { g.tiles(from, to, rows) };
        for t in tiles {
            let columns = g.columns(&t);
            with_scratch((rows + g.co) * columns, |scratch| {
                let (unfolded, gathered) = scratch.split_at_mut(rows * columns);
                let gradient = gather(g, dy, &t, gathered);
                product((rows, columns, g.co), unfolded, columns, false, kernel, gradient);
                for sample in 0..t.samples {
                    g.fold(maps(t.first + sample), c1 - c0, t, sample, unfolded);
                }
            });
        }
    });
    dx
}

/// `dw [co, ci, k, k]` of `x [n, ci, h, w]` and `dy [n, co, oh, ow]`.
pub(crate) fn kernel_gradient(g: &Geometry, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let (map_in, map, depth, area) = (g.map_in(), g.map_out(), g.depth(), g.k * g.k);
    // The split follows from the shape: chunks of input channels, and groups of samples where channels are few.
    let parts = (depth / 256).clamp(1, 8).min(g.ci);
    let groups = if parts >= 4 { 1 } else { g.n.clamp(1, 4) };
    let (per_group, per_part) = (g.n.div_ceil(groups), g.ci.div_ceil(parts));
    let mut partial = vec![0f32; groups * g.co * depth];
    let out = Shared::new(&mut partial);
    (0..groups * parts).into_par_iter().for_each(|task| {
        let (group, part) = (task / parts, task % parts);
        let (c0, c1) = (part * per_part, ((part + 1) * per_part).min(g.ci));
        let (from, to) = (group * per_group, ((group + 1) * per_group).min(g.n));
        if c0 >= c1 || from >= to {
            return;
        }
        let columns_of_kernel = (c1 - c0) * area;
        let at = group * g.co * depth + c0 * area;
        // SAFETY: tasks own disjoint column ranges of disjoint partial sums.
        let multiply = |inner: usize, accumulate: bool, a: Matrix, b: Matrix| unsafe {
            out.product((g.co, columns_of_kernel, inner), at, depth, accumulate, a, b);
        };
        let mut accumulate = false;
        if g.is_plain() {
            for sample in from..to {
                let gradient = Matrix { data: &dy[sample * g.co * map..], row: map, column: 1 };
                let input = Matrix { data: &x[(sample * g.ci + c0) * map_in..], row: 1, column: map_in };
                multiply(map, accumulate, gradient, input);
                accumulate = true;
            }
            return;
        }
        for t in g.tiles(from, to, columns_of_kernel) {
            let columns = g.columns(&t);
            with_scratch((columns_of_kernel + g.co) * columns, |scratch| {
                let (unfolded, gathered) = scratch.split_at_mut(columns_of_kernel * columns);
                g.unfold(x, c0, c1, t, unfolded);
                let gradient = gather(g, dy, &t, gathered);
                multiply(columns, accumulate, gradient, Matrix { data: unfolded, row: 1, column: columns });
            });
            accumulate = true;
        }
    });
    if groups == 1 {
        return partial;
    }
    let (first, others) = partial.split_at(g.co * depth);
    let mut dw = first.to_vec();
    dw.par_chunks_mut(16_384).enumerate().for_each(|(chunk, dw)| {
        for other in others.chunks_exact(g.co * depth) {
            dw.iter_mut().zip(&other[chunk * 16_384..]).for_each(|(a, b)| *a += *b);
        }
    });
    dw
}

/// The gradient of a tile as a `[co, columns]` matrix: in place for one sample, gathered for several.
fn gather<'a>(g: &Geometry, dy: &'a [f32], t: &Tile, gathered: &'a mut [f32]) -> Matrix<'a> {
    let (map, columns) = (g.map_out(), g.columns(t));
    if t.samples == 1 {
        return Matrix { data: &dy[t.first * g.co * map + t.row0 * g.ow..], row: map, column: 1 };
    }
    for (c, row) in gathered.chunks_exact_mut(columns).take(g.co).enumerate() {
        for (sample, to) in row.chunks_exact_mut(map).enumerate() {
            to.copy_from_slice(&dy[((t.first + sample) * g.co + c) * map..][..map]);
        }
    }
    Matrix { data: gathered, row: columns, column: 1 }
}
