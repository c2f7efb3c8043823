//! Products whose rows are the points of a grid: forward convolution, and the gradient of its input.

use super::functions::rectify;
use super::panels::{Panel, Panels};
use super::product::{DOT_ROWS, MOST_ROWS, kernels};
use super::slices::Shared;
use super::widest::widest;
use rayon::prelude::*;

/// Points `[n, rows, columns]`; each reads runs of channels of the source and writes one run of the target.
pub(crate) struct Grid {
    pub(crate) n: usize,
    pub(crate) points: [usize; 2],
    pub(crate) source: Side,
    /// Source pixels between neighbouring points.
    pub(crate) step: [usize; 2],
    /// Offsets of the runs from a point's own pixel.
    pub(crate) taps: Vec<[isize; 2]>,
    pub(crate) target: Side,
    /// Target pixels between neighbouring points, and the pixel of the first.
    pub(crate) spread: [usize; 2],
    pub(crate) first: [usize; 2],
}

/// The epilogue of a product, applied while the result is in the cache: a bias per channel, then a rectifier.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Of all channels of the target.
    pub(crate) bias: Option<&'a [f32]>,
    /// Of the rectifier below zero; 1 for none.
    pub(crate) slope: f32,
}

impl Finish<'_> {
    fn is_needed(&self) -> bool {
        self.bias.is_some() || self.slope != 1.0
    }
    /// `run` starts at channel `from`.
    pub(crate) fn apply(&self, run: &mut [f32], from: usize) {
        match self.bias {
            Some(bias) => add_and_rectify(run, &bias[from..from + run.len()], self.slope),
            None => rectify_all(run, self.slope),
        }
    }
}

widest! {
    fn add_and_rectify[](run: &mut [f32], bias: &[f32], slope: f32) where [] {
        run.iter_mut().zip(bias).for_each(|(y, b)| *y = rectify(*y + b, slope));
    }
}

widest! {
    fn rectify_all[](run: &mut [f32], slope: f32) where [] {
        run.iter_mut().for_each(|y| *y = rectify(*y, slope));
    }
}

/// One side of a product: maps of `channels`, of which those from `from` to `from + run` take part.
#[derive(Clone, Copy)]
pub(crate) struct Side {
    pub(crate) map: [usize; 2],
    pub(crate) channels: usize,
    pub(crate) from: usize,
    pub(crate) run: usize,
}

/// Products of at most that many columns are computed as dot products.
pub(crate) const THIN: usize = 4;
/// Lines of a panel that are used before the next rows: with 64 columns they fill half an L2 cache.
const LINES: usize = 2560;
/// Weights that are used for each tile of rows: they stay in the L2 cache.
const TOGETHER: usize = 64 << 10;

impl Grid {
    /// A list of rows that are adjacent on both sides.
    pub(crate) fn list(rows: usize, source: Side, target: Side) -> Grid {
        let flat = |side: Side| Side { map: [1, rows], ..side };
        Grid { n: 1, points: [1, rows], source: flat(source), step: [1; 2], taps: vec![[0; 2]], target: flat(target), spread: [1; 2], first: [0; 2] }
    }

    fn rows(&self) -> usize {
        self.n * self.points[0] * self.points[1]
    }

    /// Rows are numbered by samples first where maps are small: rows of one tile are then the same pixel of their maps,
    /// and all read outside the source at the same taps, which can be skipped.
    fn samples_first(&self) -> bool {
        self.n > 1 && self.points[0] * self.points[1] <= 256
    }

    /// Multiplies every row with the panels.
    ///
    /// # Safety
    /// `target` is as long as the side says and outlives the call; nobody else touches the pixels and channels that
    /// this grid writes.
    pub(crate) unsafe fn multiply(&self, source: &[f32], panels: &Panels, target: Shared, finish: Finish) {
        let (rows, taps) = (self.rows(), self.taps.len());
        assert!(source.len() >= self.n * self.source.size() && panels.rows == taps * self.source.run, "BUG: factors do not fit");
        assert!(target.len() >= self.n * self.target.size(), "BUG: target too small");
        if rows == 0 || taps == 0 {
            return;
        }
        let zeros = vec![0f32; self.source.run];
        let group = (panels.list.len() * TOGETHER / panels.values.len().max(1)).clamp(1, panels.list.len());
        let groups: Vec<&[Panel]> = panels.list.chunks(group).collect();
        let chunk = (rows * groups.len() / 32).clamp(48, 384).next_multiple_of(MOST_ROWS).min(rows);
        let chunks = rows.div_ceil(chunk);
        (0..chunks * groups.len()).into_par_iter().for_each(|task| {
            let (own, from) = (groups[task / chunks], task % chunks * chunk);
            let to = (from + chunk).min(rows);
            let tiles = (to - from).div_ceil(own[0].tile.rows());
            let several = (LINES / self.source.run).clamp(1, taps);
            let mut addresses = vec![std::ptr::null(); several * MOST_ROWS];
            for t0 in (0..taps).step_by(several) {
                let some = &self.taps[t0..(t0 + several).min(taps)];
                let mut row = from;
                for tile in 0..tiles {
                    let m = (to - row).div_ceil(tiles - tile);
                    let written = self.addresses(row, m, source, some, &zeros, target, &mut addresses);
                    row += m;
                    let dead = |t: usize| addresses[t * m..(t + 1) * m].iter().all(|a| *a == zeros.as_ptr());
                    let mut fresh = t0 == 0;
                    let mut t = 0;
                    // Runs of taps that some row needs; where there is none at first, the tile is set to zero.
                    while t < some.len() || fresh {
                        let first = (t..some.len()).find(|t| !dead(*t)).unwrap_or(some.len());
                        t = (first..some.len()).find(|t| dead(*t)).unwrap_or(some.len());
                        if first == t && !fresh {
                            break;
                        }
                        for panel in own {
                            // SAFETY: addresses are those of whole runs inside source and target, or of the zeros;
                            // panels have a line for each value of a run; rows of different tasks differ.
                            unsafe {
                                let at = panel.at + (t0 + first) * self.source.run * panel.tile.columns;
                                let a = addresses.as_ptr().wrapping_add(first * m);
                                let b = panels.values.as_ptr().wrapping_add(at);
                                let to = written.map(|p| p.wrapping_add(panel.from));
                                (panel.tile.gather[m - 1])(t - first, self.source.run, a, b, to.as_ptr(), panel.n, fresh);
                            }
                        }
                        fresh = false;
                    }
                    if t0 + several >= taps && finish.is_needed() {
                        for panel in own {
                            // SAFETY: these runs were just written by this task.
                            written.iter().take(m).for_each(|to| unsafe {
                                finish.apply(std::slice::from_raw_parts_mut(to.wrapping_add(panel.from), panel.n), self.target.from + panel.from);
                            });
                        }
                    }
                }
            }
        });
    }

    /// As [`Grid::multiply`] for few columns, by dots; `weights` holds, per column, a run for each tap.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn multiply_thin(&self, source: &[f32], weights: &[f32], target: Shared, finish: Finish) {
        let (rows, taps, run) = (self.rows(), self.taps.len(), self.source.run);
        assert!(source.len() >= self.n * self.source.size() && weights.len() == self.target.run * taps * run, "BUG: factors do not fit");
        assert!(target.len() >= self.n * self.target.size(), "BUG: target too small");
        let zeros = vec![0f32; run];
        (0..rows.div_ceil(256)).into_par_iter().for_each(|chunk| {
            let mut addresses = vec![std::ptr::null(); taps * DOT_ROWS];
            let (mut row, to) = (chunk * 256, (chunk * 256 + 256).min(rows));
            while row < to {
                let m = if to - row >= DOT_ROWS { DOT_ROWS } else { 1 };
                let written = self.addresses(row, m, source, &self.taps, &zeros, target, &mut addresses);
                let dots = &kernels().dots[usize::from(m > 1)][self.target.run - 1];
                // SAFETY: as above.
                unsafe { dots(taps, run, addresses.as_ptr(), weights.as_ptr(), written.as_ptr()) };
                if finish.is_needed() {
                    // SAFETY: as above.
                    written.iter().take(m).for_each(|to| unsafe { finish.apply(std::slice::from_raw_parts_mut(*to, self.target.run), self.target.from) });
                }
                row += m;
            }
        });
    }

    /// Where `m` rows from `row` on read, tap by tap, and where they write.
    #[allow(clippy::too_many_arguments)]
    fn addresses(
        &self,
        row: usize,
        m: usize,
        source: &[f32],
        taps: &[[isize; 2]],
        zeros: &[f32],
        target: Shared,
        addresses: &mut [*const f32],
    ) -> [*mut f32; MOST_ROWS] {
        let ([height, width], s, t) = (self.points, &self.source, &self.target);
        let mut written = [std::ptr::null_mut(); MOST_ROWS];
        let mut places = [[0isize; 3]; MOST_ROWS];
        let by_sample = self.samples_first();
        let (mut x, mut y, mut sample) = match by_sample {
            true => (row / self.n % width, row / (self.n * width), row % self.n),
            false => (row % width, row / width % height, row / (width * height)),
        };
        for (place, to) in places.iter_mut().zip(&mut written).take(m) {
            *place = [(sample * s.size() + s.from) as isize, (y * self.step[0]) as isize, (x * self.step[1]) as isize];
            let pixel = (sample * t.map[0] + y * self.spread[0] + self.first[0]) * t.map[1] + x * self.spread[1] + self.first[1];
            *to = target.address(pixel * t.channels + t.from);
            if by_sample {
                sample += 1;
                if sample < self.n {
                    continue;
                }
                sample = 0;
            }
            x += 1;
            if x == width {
                (x, y) = (0, y + 1);
                if y == height {
                    (y, sample) = (0, sample + 1);
                }
            }
        }
        for (tap, addresses) in taps.iter().zip(addresses.chunks_exact_mut(m)) {
            for (place, address) in places.iter().zip(addresses) {
                let (i, j) = (place[1] + tap[0], place[2] + tap[1]);
                let inside = (i as usize) < s.map[0] && (j as usize) < s.map[1];
                let at = place[0] + (i * s.map[1] as isize + j) * s.channels as isize;
                // Not added to where it would leave the buffer.
                *address = if inside { source.as_ptr().wrapping_offset(at) } else { zeros.as_ptr() };
            }
        }
        written
    }
}

impl Side {
    /// Elements of one sample.
    fn size(&self) -> usize {
        self.map[0] * self.map[1] * self.channels
    }
}
