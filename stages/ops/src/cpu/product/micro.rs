//! The inner loops: a tile of `R` rows and `V` vectors stays in registers while sums are made.

use super::simd::Simd;

/// `c[r][..n] = Σ a[t][r][i] · b[t·run + i][..]` over taps `t` and channels `i`, added to what `c` holds unless
/// `fresh`.
///
/// # Safety
/// `a` holds `taps · R` addresses of `run` values, `b` a panel of `taps · run` rows of `V` vectors, `c` has `R`
/// addresses of `n` values that nobody else touches.
#[inline(always)]
pub(super) unsafe fn gather<S: Simd<T = f32>, const R: usize, const V: usize>(
    taps: usize,
    run: usize,
    a: *const *const f32,
    mut b: *const f32,
    c: *const *mut f32,
    n: usize,
    fresh: bool,
) {
    // SAFETY: every address is one that the caller promised.
    unsafe {
        let part = |v: usize| n.saturating_sub(v * S::LANES).min(S::LANES);
        let mut sums = [[S::zero(); V]; R];
        if !fresh {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = S::load_part((*c.add(r)).wrapping_add(v * S::LANES), part(v));
                }
            }
        }
        for t in 0..taps {
            let rows: [*const f32; R] = std::array::from_fn(|r| *a.add(t * R + r));
            for i in 0..run {
                let panel: [S::V; V] = std::array::from_fn(|v| S::load(b.add(v * S::LANES)));
                b = b.add(V * S::LANES);
                for (sums, row) in sums.iter_mut().zip(&rows) {
                    let x = S::splat(*row.add(i));
                    for (sum, panel) in sums.iter_mut().zip(&panel) {
                        *sum = S::fma(x, *panel, *sum);
                    }
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            store::<S, V>(*c.add(r), n, sums);
        }
    }
}

/// `c[r][..n] += Σ x[p.0 + r] · y[p.1..][..n]` over pairs of indices `p`; rows of `c` are `width` apart.
///
/// # Safety
/// For each pair `R` values of `x` and `n` of `y` are there; `c` has `R` rows of `n` values that nobody else touches.
#[inline(always)]
pub(super) unsafe fn outer<S: Simd<T = f32>, const R: usize, const V: usize>(
    pairs: &[(u32, u32)],
    x: *const f32,
    y: *const f32,
    c: *mut f32,
    width: usize,
    n: usize,
) {
    // SAFETY: every address is one that the caller promised.
    unsafe {
        let part = |v: usize| n.saturating_sub(v * S::LANES).min(S::LANES);
        let mut sums: [[S::V; V]; R] = std::array::from_fn(|r| std::array::from_fn(|v| S::load_part(c.wrapping_add(r * width + v * S::LANES), part(v))));
        if n >= V * S::LANES {
            sum_up::<S, R, V>(pairs, x, y, &mut sums, |y, _| S::load(y));
        } else {
            sum_up::<S, R, V>(pairs, x, y, &mut sums, |y, v| S::load_part(y, part(v)));
        }
        for (r, sums) in sums.iter().enumerate() {
            store::<S, V>(c.add(r * width), n, sums);
        }
    }
}

/// # Safety
/// As [`outer`]; `load` reads vector `v` of a row of `y`.
#[inline(always)]
unsafe fn sum_up<S: Simd<T = f32>, const R: usize, const V: usize>(
    pairs: &[(u32, u32)],
    x: *const f32,
    y: *const f32,
    sums: &mut [[S::V; V]; R],
    load: impl Fn(*const f32, usize) -> S::V,
) {
    for (from, to) in pairs {
        // SAFETY: every address is one that the caller promised.
        unsafe {
            let (x, y) = (x.add(*from as usize), y.add(*to as usize));
            let line: [S::V; V] = std::array::from_fn(|v| load(y.wrapping_add(v * S::LANES), v));
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = S::splat(*x.add(r));
                for (sum, line) in sums.iter_mut().zip(&line) {
                    *sum = S::fma(x, *line, *sum);
                }
            }
        }
    }
}

/// # Safety
/// `n` values at `to`, at most `V` vectors of them.
#[inline(always)]
unsafe fn store<S: Simd<T = f32>, const V: usize>(to: *mut f32, n: usize, values: &[S::V; V]) {
    for (v, value) in values.iter().enumerate() {
        let left = n.saturating_sub(v * S::LANES);
        // SAFETY: only the first `n` values are written.
        unsafe {
            if left >= S::LANES {
                S::store(to.add(v * S::LANES), *value);
            } else if left > 0 {
                S::store_part(to.add(v * S::LANES), left, *value);
            }
        }
    }
}

/// Chains that a dot product is cut into, whatever the width of the vectors.
pub(super) const CHAINS: usize = 16;

/// `c[r][o] = Σ a[t][r][i] · b[o·taps·run + t·run + i]`, for products of very few columns: a vector runs along the
/// values of a run. Each result is [`CHAINS`] chains, `V` vectors of them, added up in a fixed order.
///
/// # Safety
/// `a` holds `taps · R` addresses of `run` values, `b` `O · taps · run` values, `c` `R` addresses of `O` values.
#[inline(always)]
pub(super) unsafe fn dots<S: Simd<T = f32>, const R: usize, const O: usize, const V: usize>(
    taps: usize,
    run: usize,
    a: *const *const f32,
    b: *const f32,
    c: *const *mut f32,
) {
    debug_assert_eq!(V * S::LANES, CHAINS);
    let whole = run - run % CHAINS;
    // SAFETY: every address is one that the caller promised.
    unsafe {
        let mut sums = [[[S::zero(); V]; O]; R];
        for t in 0..taps {
            let rows: [*const f32; R] = std::array::from_fn(|r| *a.add(t * R + r));
            let lines: [*const f32; O] = std::array::from_fn(|o| b.add((o * taps + t) * run));
            for i in (0..whole).step_by(CHAINS) {
                accumulate::<S, R, O, V>(&rows, &lines, i, &mut sums, |p, _| S::load(p));
            }
            if whole < run {
                let part = |v: usize| (run - whole).saturating_sub(v * S::LANES).min(S::LANES);
                accumulate::<S, R, O, V>(&rows, &lines, whole, &mut sums, |p, v| S::load_part(p, part(v)));
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (o, sums) in sums.iter().enumerate() {
                let mut chains = [0f32; CHAINS];
                sums.iter().enumerate().for_each(|(v, sum)| S::store(chains.as_mut_ptr().add(v * S::LANES), *sum));
                let folded: [f32; 8] = std::array::from_fn(|i| chains[i] + chains[i + 8]);
                let folded: [f32; 4] = std::array::from_fn(|i| folded[i] + folded[i + 4]);
                *(*c.add(r)).add(o) = (folded[0] + folded[2]) + (folded[1] + folded[3]);
            }
        }
    }
}

/// # Safety
/// As [`dots`]; `load` reads vector `v` at an address.
#[inline(always)]
unsafe fn accumulate<S: Simd<T = f32>, const R: usize, const O: usize, const V: usize>(
    rows: &[*const f32; R],
    lines: &[*const f32; O],
    i: usize,
    sums: &mut [[[S::V; V]; O]; R],
    load: impl Fn(*const f32, usize) -> S::V,
) {
    let lines: [[S::V; V]; O] = std::array::from_fn(|o| std::array::from_fn(|v| load(lines[o].wrapping_add(i + v * S::LANES), v)));
    for r in 0..R {
        let x: [S::V; V] = std::array::from_fn(|v| load(rows[r].wrapping_add(i + v * S::LANES), v));
        for o in 0..O {
            for v in 0..V {
                // SAFETY: the caller's promise.
                sums[r][o][v] = unsafe { S::fma(x[v], lines[o][v], sums[r][o][v]) };
            }
        }
    }
}
