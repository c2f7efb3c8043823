//! Weights packed into panels: for each kernel position and channel one line of neighbouring outputs.

use super::product::{Tile, kernels};
use rayon::prelude::*;

/// A panel of columns `from..from + n`, whose lines are `tile.columns` wide and start at `at`.
pub(crate) struct Panel {
    pub(crate) from: usize,
    pub(crate) n: usize,
    pub(crate) at: usize,
    pub(crate) tile: &'static Tile,
}

/// A packed right factor of `rows` lines.
pub(crate) struct Panels {
    pub(crate) values: Vec<f32>,
    pub(crate) list: Vec<Panel>,
    pub(crate) rows: usize,
}

/// Tiles that cover `columns`: wide ones, and a narrow one where few are left, with their first columns.
pub(crate) fn cover(columns: usize) -> Vec<(usize, &'static Tile)> {
    let (wide, narrow) = (&kernels().wide, &kernels().narrow);
    let mut out = vec![];
    let mut at = 0;
    while at < columns {
        let tile = if columns - at > narrow.columns { wide } else { narrow };
        out.push((at, tile));
        at += tile.columns;
    }
    out
}

impl Panels {
    /// Line `j · inner + i` holds, for output `o`, `w[place(o, i) + taps[j]]`; a run of `run` values starts at `place`.
    pub(crate) fn pack(w: &[f32], taps: &[usize], inner: usize, columns: usize, run: usize, place: impl Fn(usize, usize) -> usize + Sync) -> Panels {
        let rows = taps.len() * inner;
        let mut list = vec![];
        let mut size = 0;
        for (from, tile) in cover(columns) {
            list.push(Panel { from, n: tile.columns.min(columns - from), at: size, tile });
            size += rows * tile.columns;
        }
        let mut values = vec![0f32; size];
        let mut rest = values.as_mut_slice();
        let parts: Vec<(&Panel, &mut [f32])> = list
            .iter()
            .map(|p| {
                let (part, after) = std::mem::take(&mut rest).split_at_mut(rows * p.tile.columns);
                rest = after;
                (p, part)
            })
            .collect();
        parts.into_par_iter().for_each(|(panel, part)| {
            // A few channels and sixteen outputs at a time: what is read stays in the L1 cache, what is written is one line.
            for i0 in (0..inner).step_by(8) {
                for o0 in (0..panel.n).step_by(16) {
                    let m = (panel.n - o0).min(16);
                    for i in i0..(i0 + 8).min(inner) {
                        let from: [&[f32]; 16] = std::array::from_fn(|k| &w[place(panel.from + o0 + k.min(m - 1), i)..][..run]);
                        for (j, tap) in taps.iter().enumerate() {
                            let line: [f32; 16] = std::array::from_fn(|k| from[k][*tap]);
                            part[(j * inner + i) * panel.tile.columns + o0..][..m].copy_from_slice(&line[..m]);
                        }
                    }
                }
            }
        });
        Panels { values, list, rows }
    }
}
