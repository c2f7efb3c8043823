//! A tile of a product of two packed factors, in float32 or float64.

use super::doubles::PortableDoubles;
#[cfg(target_arch = "x86_64")]
use super::doubles::{Avx2Doubles, Avx512Doubles};
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Portable, Simd};
use super::table::on_any;
#[cfg(target_arch = "x86_64")]
use super::table::{on_avx2, on_avx512};

/// `c[r][..n] = c[r][..n] + Σ a[i][r] · b[i][..]` over `i < run`: the sum is one chain of fused multiply-adds, made before it is
/// added. `c` has rows that are `width` apart.
///
/// # Safety
/// `a` holds `run` lines of `R` values, `b` `run` lines of `V` vectors; `c` has `R` rows of `n` values that nobody else
/// touches.
#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const V: usize>(run: usize, a: *const S::T, b: *const S::T, c: *mut S::T, width: usize, n: usize) {
    // SAFETY: every address is one that the caller promised.
    unsafe {
        let mut sums = [[S::zero(); V]; R];
        for i in 0..run {
            let line: [S::V; V] = std::array::from_fn(|v| S::load(b.add((i * V + v) * S::LANES)));
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = S::splat(*a.add(i * R + r));
                for (sum, line) in sums.iter_mut().zip(&line) {
                    *sum = S::fma(x, *line, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let to = c.wrapping_add(r * width + v * S::LANES);
                let left = n.saturating_sub(v * S::LANES).min(S::LANES);
                if left == S::LANES {
                    S::store(to, S::add(S::load(to), *sum));
                } else {
                    S::store_part(to, left, S::add(S::load_part(to, left), *sum));
                }
            }
        }
    }
}

/// See [`tile`].
type Tile<T> = unsafe fn(usize, *const T, *const T, *mut T, usize, usize);

/// The tiles of an instruction set.
pub(crate) struct Tiles<T: 'static> {
    /// Columns of a panel of the right factor.
    pub(crate) columns: usize,
    /// By rows, from one up.
    pub(crate) by_rows: &'static [Tile<T>],
}

/// A number that products are made of.
pub trait Element: Copy + Default + Send + Sync + 'static {
    /// The tiles that run on this machine.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn tiles() -> &'static Tiles<Self>;
}

macro_rules! tiles {
    ($on:ident, $simd:ty, $vectors:literal) => {
        tiles!($on, $simd, $vectors, [1 2 3 4 5 6])
    };
    ($on:ident, $simd:ty, $vectors:literal, [$($rows:literal)*]) => {
        Tiles {
            columns: $vectors * <$simd as Simd>::LANES,
            by_rows: &[$({
                $on! {
                    unsafe fn run(run: usize, a: *const <$simd as Simd>::T, b: *const <$simd as Simd>::T, c: *mut <$simd as Simd>::T, width: usize, n: usize) {
                        // SAFETY: the caller's promise, and a machine that has the instructions.
                        unsafe { tile::<$simd, $rows, $vectors>(run, a, b, c, width, n) }
                    }
                }
                run
            }),*],
        }
    };
}

/// Those of each instruction set, in its order of preference, for one type.
macro_rules! element {
    ($type:ty, $portable:ty, $avx2:ty, $avx512:ty, $names:ident) => {
        impl Element for $type {
            #[allow(private_interfaces)]
            fn tiles() -> &'static Tiles<$type> {
                #[cfg(target_arch = "x86_64")]
                match crate::fingerprint::detected() {
                    crate::fingerprint::Set::Avx512 => return &$names::AVX512,
                    crate::fingerprint::Set::Avx2 => return &$names::AVX2,
                    crate::fingerprint::Set::Other => {}
                }
                &$names::PORTABLE
            }
        }

        mod $names {
            use super::*;
            // Register tiles: 6 × 4 of 32 registers, 6 × 2 of 16.
            #[cfg(target_arch = "x86_64")]
            pub(super) static AVX512: Tiles<$type> = tiles!(on_avx512, $avx512, 4);
            #[cfg(target_arch = "x86_64")]
            pub(super) static AVX2: Tiles<$type> = tiles!(on_avx2, $avx2, 2);
            pub(super) static PORTABLE: Tiles<$type> = tiles!(on_any, $portable, 2);
        }
    };
}
element!(f32, Portable, Avx2, Avx512, singles_of);
element!(f64, PortableDoubles, Avx2Doubles, Avx512Doubles, doubles_of);

#[cfg(test)]
mod tests {
    use super::*;

    fn of_all_sets<T: Element + std::ops::Add<Output = T>>(sets: &[&Tiles<T>], number: impl Fn(usize) -> T) -> Vec<Vec<T>> {
        let (run, rows, columns) = (70, 5, 23);
        let (a, b): (Vec<T>, Vec<T>) = ((0..run * rows).map(&number).collect(), (0..run * columns).map(|i| number(i + 7)).collect());
        let of = |tiles: &&Tiles<T>| {
            let mut c: Vec<T> = (0..rows * columns).map(&number).collect();
            for from in (0..columns).step_by(tiles.columns) {
                let mut panel = vec![T::default(); run * tiles.columns];
                for (line, b) in panel.chunks_mut(tiles.columns).zip(b.chunks(columns)) {
                    line.iter_mut().zip(&b[from..]).for_each(|(p, b)| *p = *b);
                }
                let n = tiles.columns.min(columns - from);
                // SAFETY: lengths are those of the buffers above.
                unsafe { (tiles.by_rows[rows - 1])(run, a.as_ptr(), panel.as_ptr(), c[from..].as_mut_ptr(), columns, n) };
            }
            c
        };
        sets.iter().map(of).collect()
    }

    /// All that this machine can run gives the same bits.
    #[test]
    fn bits_do_not_depend_on_the_instruction_set() {
        let number = |i: usize| ((i * 7919 % 1013) as f64 - 506.0) / 301.0;
        let singles = |sets: &[&Tiles<f32>]| of_all_sets(sets, |i| number(i) as f32).iter().map(|c| c.iter().map(|v| v.to_bits()).collect()).collect();
        let doubles = |sets: &[&Tiles<f64>]| of_all_sets(sets, number).iter().map(|c| c.iter().map(|v| v.to_bits()).collect()).collect();
        let (mut of_singles, mut of_doubles) = (vec![&singles_of::PORTABLE], vec![&doubles_of::PORTABLE]);
        #[cfg(target_arch = "x86_64")]
        {
            let set = crate::fingerprint::instruction_set();
            if set == "avx512" {
                of_singles.push(&singles_of::AVX512);
                of_doubles.push(&doubles_of::AVX512);
            }
            if set == "avx512" || set == "avx2" {
                of_singles.push(&singles_of::AVX2);
                of_doubles.push(&doubles_of::AVX2);
            }
        }
        let (singles, doubles): (Vec<Vec<u32>>, Vec<Vec<u64>>) = (singles(&of_singles), doubles(&of_doubles));
        assert!(singles.iter().all(|c| c == &singles[0]) && doubles.iter().all(|c| c == &doubles[0]));
        assert!(singles[0].iter().all(|b| *b != 0), "something was computed");
    }
}
