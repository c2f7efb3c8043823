//! The shape of a convolution, and how its work is cut into tiles.

use candle_core::{Result, bail};

/// A convolution `[n, ci, h, w] → [n, co, oh, ow]` with a square kernel. A transposed convolution is the same
/// geometry read backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) n: usize,
    pub(crate) ci: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
    pub(crate) co: usize,
    pub(crate) k: usize,
    pub(crate) oh: usize,
    pub(crate) ow: usize,
    pub(crate) stride: usize,
    pub(crate) pad: usize,
}

/// Whole samples together where maps are small, else a band of output rows of one sample.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    pub(crate) first: usize,
    pub(crate) samples: usize,
    pub(crate) row0: usize,
    pub(crate) row1: usize,
}

impl Geometry {
    pub(crate) fn conv(x: (usize, usize, usize, usize), w: (usize, usize, usize, usize), stride: usize, pad: usize) -> Result<Self> {
        let ((n, ci, h, width), (co, wi, k, k2)) = (x, w);
        if wi != ci || k != k2 || stride == 0 || h + 2 * pad < k || width + 2 * pad < k {
            bail!("conv2d: input {x:?} does not fit kernel {w:?} with stride {stride} and padding {pad}");
        }
        let (oh, ow) = ((h + 2 * pad - k) / stride + 1, (width + 2 * pad - k) / stride + 1);
        Ok(Geometry { n, ci, h, w: width, co, k, oh, ow, stride, pad })
    }

    pub(crate) fn transposed(x: (usize, usize, usize, usize), w: (usize, usize, usize, usize), stride: usize, pad: usize, extra: usize) -> Result<Self> {
        let ((n, co, oh, ow), (wo, ci, k, k2)) = (x, w);
        if wo != co
            || k != k2
            || stride == 0
            || oh == 0
            || ow == 0
            || extra >= stride
            || (oh - 1) * stride + k + extra <= 2 * pad
            || (ow - 1) * stride + k + extra <= 2 * pad
        {
            bail!("conv_transpose2d: input {x:?} does not fit kernel {w:?} with stride {stride}, padding {pad}, output padding {extra}");
        }
        let side = |o: usize| (o - 1) * stride + k + extra - 2 * pad;
        Ok(Geometry { n, ci, h: side(oh), w: side(ow), co, k, oh, ow, stride, pad })
    }

    pub(crate) fn map_in(&self) -> usize {
        self.h * self.w
    }
    pub(crate) fn map_out(&self) -> usize {
        self.oh * self.ow
    }
    /// Rows of the unfolded input: one per input channel and kernel position.
    pub(crate) fn depth(&self) -> usize {
        self.ci * self.k * self.k
    }
    /// True where the unfolded input is the input itself.
    pub(crate) fn is_plain(&self) -> bool {
        self.k == 1 && self.stride == 1 && self.pad == 0
    }
    /// Columns of a tile's unfolded input.
    pub(crate) fn columns(&self, t: &Tile) -> usize {
        t.samples * (t.row1 - t.row0) * self.ow
    }

    /// Output columns that kernel column `kx` reads from inside the input.
    pub(crate) fn inside(&self, kx: usize) -> (usize, usize) {
        let low = if self.pad > kx { (self.pad - kx).div_ceil(self.stride) } else { 0 }.min(self.ow);
        let high = if self.w + self.pad > kx { (self.w + self.pad - kx).div_ceil(self.stride).min(self.ow) } else { 0 };
        (low, high.max(low))
    }

    /// Tiles of samples `from..to` whose unfolded input, `depth` rows high, takes about 512 KiB: it stays in the L2 cache.
    pub(crate) fn tiles(&self, from: usize, to: usize, depth: usize) -> Vec<Tile> {
        let columns = (512 * 256 / depth.max(1)).max(64);
        let map = self.map_out();
        let mut out = vec![];
        if map * 2 <= columns.max(256) {
            let group = (columns.clamp(256, 1024) / map).max(1);
            for first in (from..to).step_by(group) {
                out.push(Tile { first, samples: group.min(to - first), row0: 0, row1: self.oh });
            }
        } else {
            let rows = (columns / self.ow).clamp(1, self.oh);
            for first in from..to {
                for row0 in (0..self.oh).step_by(rows) {
                    out.push(Tile { first, samples: 1, row0, row1: (row0 + rows).min(self.oh) });
                }
            }
        }
        out
    }

    /// Unfolds channels `c0..c1` of a tile: `column [(c1-c0)·k·k, columns]`.
    pub(crate) fn unfold(&self, x: &[f32], c0: usize, c1: usize, t: Tile, column: &mut [f32]) {
        let (lead, per_sample) = (self.columns(&t), (t.row1 - t.row0) * self.ow);
        let mut rows = column.chunks_exact_mut(lead);
        for c in c0..c1 {
            for ky in 0..self.k {
                for kx in 0..self.k {
                    let (low, high) = self.inside(kx);
                    let row = rows.next().expect("BUG: column buffer too small");
                    for (sample, out) in row.chunks_exact_mut(per_sample).enumerate() {
                        let map = &x[((t.first + sample) * self.ci + c) * self.map_in()..][..self.map_in()];
                        for (out, r) in out.chunks_exact_mut(self.ow).zip(t.row0..t.row1) {
                            let y = r * self.stride + ky;
                            if y < self.pad || y >= self.h + self.pad || high == low {
                                out.fill(0.0);
                                continue;
                            }
                            let line = &map[(y - self.pad) * self.w..][..self.w];
                            out[..low].fill(0.0);
                            out[high..].fill(0.0);
                            let from = low * self.stride + kx - self.pad;
                            let out = &mut out[low..high];
                            match self.stride {
                                1 => out.copy_from_slice(&line[from..from + out.len()]),
                                s => out.iter_mut().zip(line[from..].iter().step_by(s)).for_each(|(o, v)| *o = *v),
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds an unfolded tile back: the transpose of [`Geometry::unfold`]. `maps` are channels `c0..c1` of sample
    /// `sample` of the tile; `column` is the whole tile.
    pub(crate) fn fold(&self, maps: &mut [f32], channels: usize, t: Tile, sample: usize, column: &[f32]) {
        let (lead, per_sample) = (self.columns(&t), (t.row1 - t.row0) * self.ow);
        let mut rows = column.chunks_exact(lead);
        for map in maps.chunks_exact_mut(self.map_in()).take(channels) {
            for ky in 0..self.k {
                for kx in 0..self.k {
                    let (low, high) = self.inside(kx);
                    let row = &rows.next().expect("BUG: column buffer too small")[sample * per_sample..][..per_sample];
                    if high == low {
                        continue;
                    }
                    for (values, r) in row.chunks_exact(self.ow).zip(t.row0..t.row1) {
                        let y = r * self.stride + ky;
                        if y < self.pad || y >= self.h + self.pad {
                            continue;
                        }
                        let line = &mut map[(y - self.pad) * self.w..][..self.w];
                        let from = low * self.stride + kx - self.pad;
                        let values = &values[low..high];
                        match self.stride {
                            1 => line[from..].iter_mut().zip(values).for_each(|(o, v)| *o += *v),
                            s => line[from..].iter_mut().step_by(s).zip(values).for_each(|(o, v)| *o += *v),
                        }
                    }
                }
            }
        }
    }
}
