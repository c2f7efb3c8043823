//! The test that swaps two arms for whole patients: without a difference, each patient's two results could as well be each
//! other's. Independent of what the results are and how they are compared.

use crate::contract::seed::Stream;
use rayon::prelude::*;

/// Patients up to whose number every swap is tried: 65,536 ways.
pub const EXACT_PATIENTS: usize = 16;

/// The p value of a permutation test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Permutation {
    /// The two-sided p value; never 0.
    pub p: f64,
    /// Ways of swapping that were tried, the one that was found among them.
    pub tried: usize,
    /// True where these are all that there are.
    pub is_exact: bool,
}

/// How many ways of swapping are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// Draws, where not every way is tried.
    pub draws: usize,
    /// Patients up to whose number every way is tried, 16 at most.
    pub exact: usize,
}

impl Ways {
    /// All of them for up to [`EXACT_PATIENTS`], else so many draws.
    pub fn of(draws: usize) -> Ways {
        Ways { draws, exact: EXACT_PATIENTS }
    }
}

/// Compares `difference` of the arms as they are with that where some patients have them swapped: `difference` is given for
/// each patient whether he is swapped. Two-sided, by absolute values. All ways for few patients; else `draws` of
/// them, the k-th from `stream(k)`, with p = (b + 1) / (draws + 1) (Phipson & Smyth 2010), so that the type I error is no
/// larger than α for any number of draws. A way in which the difference is undefined counts as one at least as extreme. None
/// where it is undefined as it is.
pub fn swapped(
    patients: usize,
    ways: Ways,
    stream: impl Fn(usize) -> Stream + Sync,
    difference: impl Fn(&[bool]) -> Option<f64> + Sync,
) -> Option<Permutation> {
    let found = difference(&vec![false; patients]).filter(|d| d.is_finite())?.abs();
    // Sums in another order differ by rounding; equal ones must count as equal.
    let least = found - found * 1e-9 - f64::MIN_POSITIVE;
    let is_extreme = |swaps: &[bool]| difference(swaps).is_none_or(|d| d.is_nan() || d.abs() >= least);
    let draws = ways.draws;
    if patients <= ways.exact.min(EXACT_PATIENTS) {
        let ways = 1usize << patients;
        let extreme = (0..ways).into_par_iter().filter(|way| is_extreme(&bits(*way as u64, patients).collect::<Vec<_>>())).count();
        return Some(Permutation { p: extreme as f64 / ways as f64, tried: ways, is_exact: true });
    }
    let drawn = |k: usize| {
        let mut stream = stream(k);
        (0..patients.div_ceil(64)).flat_map(|word| bits(stream.bits(), (patients - 64 * word).min(64))).collect::<Vec<_>>()
    };
    let extreme = (0..draws).into_par_iter().filter(|k| is_extreme(&drawn(*k))).count();
    Some(Permutation { p: (extreme + 1) as f64 / (draws + 1) as f64, tried: draws + 1, is_exact: false })
}

/// The lowest bits of a word.
fn bits(word: u64, count: usize) -> impl Iterator<Item = bool> {
    (0..count).map(move |bit| word >> bit & 1 == 1)
}
