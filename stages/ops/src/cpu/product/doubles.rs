//! Vectors of float64.

use super::simd::Simd;

/// Whatever the compiler makes of four lanes.
pub(super) struct PortableDoubles;

impl Simd for PortableDoubles {
    type T = f64;
    type V = [f64; 4];
    const LANES: usize = 4;
    #[inline(always)]
    unsafe fn zero() -> [f64; 4] {
        [0.0; 4]
    }
    #[inline(always)]
    unsafe fn splat(x: f64) -> [f64; 4] {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn load(p: *const f64) -> [f64; 4] {
        // SAFETY: the caller's promise; floats need no alignment beyond their own.
        unsafe { p.cast::<[f64; 4]>().read() }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f64, v: [f64; 4]) {
        // SAFETY: as above.
        unsafe { p.cast::<[f64; 4]>().write(v) }
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> [f64; 4] {
        // SAFETY: only the first `n` addresses are read.
        std::array::from_fn(|i| if i < n { unsafe { *p.add(i) } } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store_part(p: *mut f64, n: usize, v: [f64; 4]) {
        for (i, v) in v.into_iter().take(n).enumerate() {
            // SAFETY: only the first `n` addresses are written.
            unsafe { *p.add(i) = v }
        }
    }
    #[inline(always)]
    unsafe fn add(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn fma(a: [f64; 4], b: [f64; 4], c: [f64; 4]) -> [f64; 4] {
        std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2Doubles, Avx512Doubles};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::*;

    /// Eight lanes.
    pub(in super::super) struct Avx512Doubles;

    // SAFETY (all functions): the caller's promises are those of the instructions.
    impl Simd for Avx512Doubles {
        type T = f64;
        type V = __m512d;
        const LANES: usize = 8;
        #[inline(always)]
        unsafe fn zero() -> __m512d {
            unsafe { _mm512_setzero_pd() }
        }
        #[inline(always)]
        unsafe fn splat(x: f64) -> __m512d {
            unsafe { _mm512_set1_pd(x) }
        }
        #[inline(always)]
        unsafe fn load(p: *const f64) -> __m512d {
            unsafe { _mm512_loadu_pd(p) }
        }
        #[inline(always)]
        unsafe fn store(p: *mut f64, v: __m512d) {
            unsafe { _mm512_storeu_pd(p, v) }
        }
        #[inline(always)]
        unsafe fn load_part(p: *const f64, n: usize) -> __m512d {
            unsafe { _mm512_maskz_loadu_pd(((1u16 << n) - 1) as u8, p) }
        }
        #[inline(always)]
        unsafe fn store_part(p: *mut f64, n: usize, v: __m512d) {
            unsafe { _mm512_mask_storeu_pd(p, ((1u16 << n) - 1) as u8, v) }
        }
        #[inline(always)]
        unsafe fn add(a: __m512d, b: __m512d) -> __m512d {
            unsafe { _mm512_add_pd(a, b) }
        }
        #[inline(always)]
        unsafe fn fma(a: __m512d, b: __m512d, c: __m512d) -> __m512d {
            unsafe { _mm512_fmadd_pd(a, b, c) }
        }
    }

    /// Four lanes.
    pub(in super::super) struct Avx2Doubles;

    #[inline(always)]
    unsafe fn mask(n: usize) -> __m256i {
        const ONES: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
        // SAFETY: four values from index 4 − n ≤ 4 on are within eight.
        unsafe { _mm256_loadu_si256(ONES.as_ptr().add(4 - n).cast()) }
    }

    // SAFETY (all functions): the caller's promises are those of the instructions.
    impl Simd for Avx2Doubles {
        type T = f64;
        type V = __m256d;
        const LANES: usize = 4;
        #[inline(always)]
        unsafe fn zero() -> __m256d {
            unsafe { _mm256_setzero_pd() }
        }
        #[inline(always)]
        unsafe fn splat(x: f64) -> __m256d {
            unsafe { _mm256_set1_pd(x) }
        }
        #[inline(always)]
        unsafe fn load(p: *const f64) -> __m256d {
            unsafe { _mm256_loadu_pd(p) }
        }
        #[inline(always)]
        unsafe fn store(p: *mut f64, v: __m256d) {
            unsafe { _mm256_storeu_pd(p, v) }
        }
        #[inline(always)]
        unsafe fn load_part(p: *const f64, n: usize) -> __m256d {
            unsafe { _mm256_maskload_pd(p, mask(n)) }
        }
        #[inline(always)]
        unsafe fn store_part(p: *mut f64, n: usize, v: __m256d) {
            unsafe { _mm256_maskstore_pd(p, mask(n), v) }
        }
        #[inline(always)]
        unsafe fn add(a: __m256d, b: __m256d) -> __m256d {
            unsafe { _mm256_add_pd(a, b) }
        }
        #[inline(always)]
        unsafe fn fma(a: __m256d, b: __m256d, c: __m256d) -> __m256d {
            unsafe { _mm256_fmadd_pd(a, b, c) }
        }
    }
}
