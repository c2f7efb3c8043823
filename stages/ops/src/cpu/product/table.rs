//! The tiles of each instruction set, and which of them this machine runs.

use super::micro;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Portable, Simd};
use std::sync::LazyLock;

type Gather = unsafe fn(usize, usize, *const *const f32, *const f32, *const *mut f32, usize, bool);
type Outer = unsafe fn(&[(u32, u32)], *const f32, *const f32, *mut f32, usize, usize);
type Dots = unsafe fn(usize, usize, *const *const f32, *const f32, *const *mut f32);

/// No tile has more rows.
pub(crate) const MOST_ROWS: usize = 12;

/// Rows whose dot products are made together.
pub(crate) const DOT_ROWS: usize = 4;

/// Tiles of one width, by rows from one up.
pub(crate) struct Tile {
    /// Columns of a panel.
    pub(crate) columns: usize,
    /// See `micro::gather`.
    pub(crate) gather: &'static [Gather],
    /// See `micro::outer`.
    pub(crate) outer: &'static [Outer],
}

impl Tile {
    /// The most rows of a tile.
    pub(crate) fn rows(&self) -> usize {
        self.gather.len()
    }
}

/// The tiles of an instruction set.
pub(crate) struct Kernels {
    /// For many columns.
    pub(crate) wide: Tile,
    /// For few; takes at least as many rows.
    pub(crate) narrow: Tile,
    /// See `micro::dots`: by rows, one or [`DOT_ROWS`], and by columns from one up.
    pub(crate) dots: [[Dots; 4]; 2],
}

/// The tiles that run on this machine.
pub(crate) fn kernels() -> &'static Kernels {
    static CHOSEN: LazyLock<&'static Kernels> = LazyLock::new(|| {
        #[cfg(target_arch = "x86_64")]
        match crate::fingerprint::instruction_set() {
            "avx512" => return &AVX512,
            "avx2" => return &AVX2,
            _ => {}
        }
        &PORTABLE
    });
    *CHOSEN
}

/// Compiles a function for an instruction set.
#[cfg(target_arch = "x86_64")]
macro_rules! on_avx512 {
    ($f:item) => {
        #[target_feature(enable = "avx512f")]
        $f
    };
}
#[cfg(target_arch = "x86_64")]
macro_rules! on_avx2 {
    ($f:item) => {
        #[target_feature(enable = "avx2,fma")]
        $f
    };
}
macro_rules! on_any {
    ($f:item) => {
        $f
    };
}
pub(super) use on_any;
#[cfg(target_arch = "x86_64")]
pub(super) use {on_avx2, on_avx512};

/// One function per number of rows.
macro_rules! tile {
    ($on:ident, $simd:ty, $vectors:literal, [$($rows:literal)*]) => {
        Tile {
            columns: $vectors * <$simd as Simd>::LANES,
            gather: &[$({
                $on! {
                    unsafe fn run(taps: usize, run: usize, a: *const *const f32, b: *const f32, c: *const *mut f32, n: usize, fresh: bool) {
                        // SAFETY: the caller's promise, and a machine that has the instructions.
                        unsafe { micro::gather::<$simd, $rows, $vectors>(taps, run, a, b, c, n, fresh) }
                    }
                }
                run
            }),*],
            outer: &[$({
                $on! {
                    unsafe fn run(pairs: &[(u32, u32)], x: *const f32, y: *const f32, c: *mut f32, width: usize, n: usize) {
                        // SAFETY: as above.
                        unsafe { micro::outer::<$simd, $rows, $vectors>(pairs, x, y, c, width, n) }
                    }
                }
                run
            }),*],
        }
    };
}

macro_rules! dots {
    ($on:ident, $simd:ty, $vectors:literal) => {
        dots!($on, $simd, $vectors, [1 4] [1 2 3 4])
    };
    ($on:ident, $simd:ty, $vectors:literal, [$($rows:literal)*] $columns:tt) => {
        [$(dots!($on, $simd, $vectors, $rows $columns)),*]
    };
    ($on:ident, $simd:ty, $vectors:literal, $rows:literal [$($columns:literal)*]) => {
        [$({
            $on! {
                unsafe fn run(taps: usize, run: usize, a: *const *const f32, b: *const f32, c: *const *mut f32) {
                    // SAFETY: the caller's promise, and a machine that has the instructions.
                    unsafe { micro::dots::<$simd, $rows, $columns, $vectors>(taps, run, a, b, c) }
                }
            }
            run
        }),*]
    };
}

// Register tiles: 6 × 4 or 12 × 2 of 32 registers, 6 × 2 of 16.
#[cfg(target_arch = "x86_64")]
static AVX512: Kernels = Kernels {
    wide: tile!(on_avx512, Avx512, 4, [1 2 3 4 5 6]),
    narrow: tile!(on_avx512, Avx512, 2, [1 2 3 4 5 6 7 8 9 10 11 12]),
    dots: dots!(on_avx512, Avx512, 1),
};
#[cfg(target_arch = "x86_64")]
static AVX2: Kernels = Kernels { wide: tile!(on_avx2, Avx2, 2, [1 2 3 4 5 6]), narrow: tile!(on_avx2, Avx2, 2, [1 2 3 4 5 6]), dots: dots!(on_avx2, Avx2, 2) };
static PORTABLE: Kernels =
    Kernels { wide: tile!(on_any, Portable, 2, [1 2 3 4 5 6]), narrow: tile!(on_any, Portable, 2, [1 2 3 4 5 6]), dots: dots!(on_any, Portable, 2) };

#[cfg(test)]
mod tests {
    use super::*;

    /// All that this machine can run gives the same bits.
    #[test]
    fn bits_do_not_depend_on_the_instruction_set() {
        let mut sets: Vec<(&str, &Kernels)> = vec![("portable", &PORTABLE)];
        #[cfg(target_arch = "x86_64")]
        match crate::fingerprint::instruction_set() {
            "avx512" => sets.extend([("avx512", &AVX512), ("avx2", &AVX2)]),
            "avx2" => sets.push(("avx2", &AVX2)),
            _ => {}
        }
        let (taps, run, rows, columns) = (3, 70, 5, 23);
        let values = |n: usize| (0..n).map(|i| ((i * 7919 % 1013) as f32 - 506.0) / 301.0).collect::<Vec<f32>>();
        let (a, b) = (values(taps * rows * run), values(taps * run * columns));
        let all: Vec<Vec<u32>> = sets
            .iter()
            .map(|(_, k)| {
                let addresses: Vec<*const f32> = a.chunks(run).map(<[f32]>::as_ptr).collect();
                let mut c = vec![0f32; rows * columns];
                let width = k.narrow.columns;
                for from in (0..columns).step_by(width) {
                    let mut panel = vec![0f32; taps * run * width];
                    for (line, b) in panel.chunks_mut(width).zip(b.chunks(columns)) {
                        line.iter_mut().zip(&b[from..]).for_each(|(p, b)| *p = *b);
                    }
                    let to: Vec<*mut f32> = (0..rows).map(|r| c[r * columns + from..].as_mut_ptr()).collect();
                    // SAFETY: addresses and lengths are those of the buffers above.
                    unsafe { (k.narrow.gather[rows - 1])(taps, run, addresses.as_ptr(), panel.as_ptr(), to.as_ptr(), columns - from, true) };
                }
                let pairs: Vec<(u32, u32)> = (0..40).map(|p| (p * 5, p * 23)).collect();
                for from in (0..columns).step_by(width) {
                    // SAFETY: as above.
                    unsafe { (k.narrow.outer[rows - 1])(&pairs, a.as_ptr(), b[from..].as_ptr(), c[from..].as_mut_ptr(), columns, columns - from) };
                }
                for (kernels, rows) in k.dots.iter().zip([1, DOT_ROWS]) {
                    let mut found = vec![0f32; rows * 3];
                    let to: Vec<*mut f32> = found.chunks_mut(3).map(<[f32]>::as_mut_ptr).collect();
                    // SAFETY: as above; there are more than `DOT_ROWS` rows of each tap, and 23 columns of weights.
                    unsafe { (kernels[2])(taps, run, addresses.as_ptr(), b.as_ptr(), to.as_ptr()) };
                    c.extend(found);
                }
                c.into_iter().map(f32::to_bits).collect()
            })
            .collect();
        for (bits, (name, _)) in all.iter().zip(&sets) {
            assert!(bits.iter().any(|b| *b != 0) && bits == &all[0], "{name}");
        }
    }
}
