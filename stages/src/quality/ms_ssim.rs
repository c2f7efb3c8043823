//! How alike images are at several scales (MS-SSIM; Wang, Simoncelli & Bovik 2003): its mean over pairs of one class says how little
//! images of it vary (Odena, Olah & Shlens 2017). Images are rows of `side` greys each, from the top.
//!
//! A scale is halved by means of 2 × 2 pixels, and compared in windows of 11 × 11 pixels under a normal distribution with a standard
//! deviation of 1.5, beyond the border in the mirrored image: as torchmetrics does it, where terms below zero count as zero.

use super::Watch;
use crate::contract::seed::Stream;
use crate::math::{exp, pow};
use crate::statistics::bootstrap::Strata;
use crate::statistics::interval::LEAST_PATIENTS;
use crate::words::counted;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Weights of the scales, finest first, as the paper has them.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// Pixels of a window from its middle.
const REACH: usize = 5;

/// Constants that keep terms finite, of the luminance and of the contrast: `(0.01 · 255)²` and `(0.03 · 255)²`.
const STEADY: [f64; 2] = [6.5025, 58.5225];

/// How many scales images have, of whose coarsest at least one window lies inside: five from 176 pixels on, four from 88, down to one
/// from 11. Figures of different numbers of scales cannot be compared.
///
/// # Errors
/// Where images are smaller than a window.
pub fn scales(side: usize) -> Result<usize, String> {
    let window = 2 * REACH + 1;
    let scales = (0..WEIGHTS.len()).take_while(|scale| side >> scale >= window).count();
    if scales == 0 {
        return Err(format!("images of {side} pixels are smaller than a window of {window} pixels"));
    }
    Ok(scales)
}

/// How alike two images are, from 0 to 1 for equal ones. Of fewer than five [`scales`], the weights of those that there are, in parts
/// of their sum.
///
/// # Errors
/// Those of [`scales`], and where an image has another number of pixels.
pub fn ms_ssim(a: &[u8], b: &[u8], side: usize) -> Result<f64, String> {
    let scales = scales(side)?;
    if let Some(odd) = [a, b].iter().find(|image| image.len() != side * side) {
        return Err(format!("an image of {side} × {side} pixels has {} greys", odd.len()));
    }
    let all: f64 = WEIGHTS[..scales].iter().sum();
    let [mut a, mut b] = [a, b].map(|image| image.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>());
    let (mut side, mut product) = (side, 1.0);
    for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
        let (similarity, contrast) = compared(&a, &b, side);
        let term = if scale + 1 == scales { similarity } else { contrast };
        product *= pow(term.max(0.0), weight / all);
        (a, b) = (halved(&a, side), halved(&b, side));
        side /= 2;
    }
    Ok(product)
}

/// Pairs of sets of images that [`limit`] draws.
const DRAWS: usize = 1000;
/// The share of further sets that exceed it.
const EXCEED: f64 = 0.05;

/// What the mean over pairs exceeds in one of twenty further sets of such images: two sets of as many patients are drawn a thousand times
/// from those whose images these are, with replacement, and each set has the pairs of its patients; 95 of 100 differences of the two are
/// smaller than that from the mean to the limit. `owners` is the patient of each image, by a number from 0. None for fewer than three
/// patients, and where most sets have no pair.
///
/// # Panics
/// Where there are not as many values as pairs, or a pair is of images that are not there.
pub fn limit(values: &[f64], pairs: &[(usize, usize)], owners: &[usize], stream: &Stream) -> Option<f64> {
    assert_eq!(values.len(), pairs.len(), "BUG: a value of each pair");
    let patients = owners.iter().max().map_or(0, |most| most + 1);
    if patients < LEAST_PATIENTS {
        return None;
    }
    let mean = |drawn: &[f64]| {
        let (mut sum, mut all) = (0.0, 0.0);
        for ((i, j), value) in pairs.iter().zip(values) {
            let (a, b) = (owners[*i], owners[*j]);
            // Two images of a patient come with him; whoever is drawn twice is not compared with himself.
            let weight = if a == b { drawn[a] } else { drawn[a] * drawn[b] };
            (sum, all) = (sum + weight * value, all + weight);
        }
        (all > 0.0).then(|| sum / all)
    };
    let means = Strata::of(&vec![0; patients]).resample(2 * DRAWS, |k| stream.item(k as u64), mean);
    let mut differences: Vec<f64> = means.chunks_exact(2).filter_map(|two| Some(two[0]? - two[1]?)).collect();
    differences.sort_by(f64::total_cmp);
    let at = ((1.0 - EXCEED) * differences.len() as f64).ceil() as usize;
    (2 * differences.len() > DRAWS).then(|| mean(&vec![1.0; patients]).map(|own| own + differences[at - 1]))?
}

/// [`ms_ssim`] of pairs of `images`, in the order of the pairs.
///
/// # Errors
/// Those of [`ms_ssim`], and where there is no pair.
///
/// # Panics
/// Where a pair is of images that are not there.
pub fn of_pairs(images: &[&[u8]], side: usize, pairs: &[(usize, usize)], watch: Watch) -> Result<Vec<f64>, String> {
    if pairs.is_empty() {
        return Err(format!("{}: a comparison needs two", counted(images.len(), "image", "images")));
    }
    let done = AtomicUsize::new(0);
    let of = |(i, j): &(usize, usize)| {
        let value = ms_ssim(images[*i], images[*j], side);
        watch((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / pairs.len() as f64);
        value
    };
    pairs.par_iter().map(of).collect()
}

/// At most `count` different pairs of images, in which all images are about equally often: images are put into an order that follows
/// from `stream` and what each is called, such as its digest, and first all are pairs that follow each other, the first one after the
/// last, then those with one in between, and so on.
pub fn pairs<N: AsRef<[u8]>>(names: &[N], count: usize, stream: &Stream) -> Vec<(usize, usize)> {
    let n = names.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| (stream.priority(names[*i].as_ref()), names[*i].as_ref()));
    // At half a turn, each pair would come twice.
    let all = (1..=n / 2).flat_map(|step| (0..if 2 * step == n { step } else { n }).map(move |i| (i, (i + step) % n)));
    all.take(count).map(|(i, j)| (order[i], order[j])).collect()
}

/// The mean similarity of two images over all windows, and the mean of its contrast and structure over those inside the image.
fn compared(a: &[f64], b: &[f64], side: usize) -> (f64, f64) {
    let product = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let [mean_a, mean_b] = [blurred(a, side), blurred(b, side)];
    let [aa, bb, ab] = [(a, a), (b, b), (a, b)].map(|(x, y)| blurred(&product(x, y), side));
    let (mut similarity, mut contrast) = (0.0, 0.0);
    for i in 0..side * side {
        let (ma, mb) = (mean_a[i], mean_b[i]);
        let variances = (aa[i] - ma * ma).max(0.0) + (bb[i] - mb * mb).max(0.0);
        let structure = (2.0 * (ab[i] - ma * mb) + STEADY[1]) / (variances + STEADY[1]);
        similarity += structure * (2.0 * ma * mb + STEADY[0]) / (ma * ma + mb * mb + STEADY[0]);
        let inside = |at: usize| (REACH..side - REACH).contains(&at);
        if inside(i / side) && inside(i % side) {
            contrast += structure;
        }
    }
    let inner = side - 2 * REACH;
    (similarity / (side * side) as f64, contrast / (inner * inner) as f64)
}

/// Weighted means of windows around all pixels.
fn blurred(image: &[f64], side: usize) -> Vec<f64> {
    let weights: [f64; 2 * REACH + 1] = std::array::from_fn(|i| {
        let away = (i as f64 - REACH as f64) / 1.5;
        exp(-away * away / 2.0)
    });
    let all: f64 = weights.iter().sum();
    let weights = weights.map(|w| w / all);
    // The place in the image of what stands `REACH` before the border and on.
    let mirrored = |at: usize| match at {
        before if before < REACH => REACH - before,
        behind if behind - REACH >= side => 2 * (side - 1) - (behind - REACH),
        within => within - REACH,
    };
    let mut along = vec![0.0; side * side];
    let mut wide = vec![0.0; side + 2 * REACH];
    for (row, out) in image.chunks_exact(side).zip(along.chunks_exact_mut(side)) {
        wide.iter_mut().enumerate().for_each(|(at, v)| *v = row[mirrored(at)]);
        for (shift, weight) in weights.iter().enumerate() {
            out.iter_mut().zip(&wide[shift..]).for_each(|(out, v)| *out += weight * v);
        }
    }
    let mut out = vec![0.0; side * side];
    for (y, out) in out.chunks_exact_mut(side).enumerate() {
        for (shift, weight) in weights.iter().enumerate() {
            let row = &along[mirrored(y + shift) * side..][..side];
            out.iter_mut().zip(row).for_each(|(out, v)| *out += weight * v);
        }
    }
    out
}

/// Means of 2 × 2 pixels; what is left of an odd side is left out.
fn halved(image: &[f64], side: usize) -> Vec<f64> {
    let half = side / 2;
    let at = |y: usize, x: usize| image[y * side + x];
    let mean = |y: usize, x: usize| (at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) + at(2 * y + 1, 2 * x + 1)) / 4.0;
    (0..half * half).map(|i| mean(i / half, i % half)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;
    use serde_json::Value;

    /// The images of `tests/oracle/ms_ssim.py`: waves and noise of whole numbers.
    fn made(side: usize, kind: usize) -> Vec<u8> {
        let grey = |y: usize, x: usize| match kind {
            0 => (x * 3 + y * 2) % 256,
            1 => (x * 3 + y * 2 + (x * 31 + y * 17 + x * y % 23) % 40) % 256,
            2 => (x * 7919 + y * 104_729 + x * x * y % 977) % 256,
            3 => 255 - (x * 3 + y * 2) % 256,
            _ => 90,
        };
        (0..side * side).map(|i| grey(i / side, i % side) as u8).collect()
    }

    #[test]
    fn similarities_are_those_of_torchmetrics() {
        let oracle: Value = serde_json::from_str(include_str!("../../tests/oracle/ms_ssim.json")).unwrap();
        let cases = oracle.as_array().unwrap();
        for case in cases {
            let of = |key: &str| case[key].as_u64().unwrap() as usize;
            let (side, wanted) = (of("side"), case["value"].as_f64().unwrap());
            assert_eq!(scales(side), Ok(of("scales")));
            let found = ms_ssim(&made(side, of("a")), &made(side, of("b")), side).unwrap();
            assert!((found - wanted).abs() <= 1e-5, "{side} pixels, {} and {}: {found} and {wanted}", of("a"), of("b"));
        }
        let values: Vec<f64> = cases.iter().map(|c| c["value"].as_f64().unwrap()).collect();
        assert!(values.contains(&0.0) && values.iter().any(|v| *v > 0.2 && *v < 0.8));
    }

    #[test]
    fn equal_images_are_alike_and_small_ones_are_refused() {
        assert_eq!([11, 21, 22, 43, 44, 87, 88, 175, 176, 1024].map(|side| scales(side).unwrap()), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(scales(10).unwrap_err(), "images of 10 pixels are smaller than a window of 11 pixels");
        assert!(ms_ssim(&[0; 100], &[0; 121], 11).unwrap_err().contains("has 100 greys"));
        for side in [11, 45, 180] {
            for kind in 0..5 {
                let image = made(side, kind);
                assert!((ms_ssim(&image, &image, side).unwrap() - 1.0).abs() < 1e-12);
            }
            let (a, b) = (made(side, 1), made(side, 2));
            assert!((ms_ssim(&a, &b, side).unwrap() - ms_ssim(&b, &a, side).unwrap()).abs() < 1e-14);
        }
    }

    /// All pairs of 40 images of 40 patients: two means differ with √2 times the standard error of one, normally.
    #[test]
    fn one_further_set_in_twenty_exceeds_the_limit() {
        let stream = Seed(3).stream("test", "sets");
        let pairs: Vec<(usize, usize)> = (0..40).flat_map(|i| (i + 1..40).map(move |j| (i, j))).collect();
        let own: Vec<f64> = (0..40).map(|i| (i * 7919 % 101) as f64 / 101.0).collect();
        let values: Vec<f64> = pairs.iter().map(|(i, j)| 0.5 * own[*i] + 0.5 * own[*j]).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let alone: Vec<usize> = (0..40).collect();
        let found = limit(&values, &pairs, &alone, &stream).unwrap();
        let of_own = own.iter().sum::<f64>() / 40.0;
        let error = (own.iter().map(|v| (v - of_own) * (v - of_own)).sum::<f64>() / 39.0 / 40.0).sqrt();
        assert!(((found - mean) / error - 1.645 * 2f64.sqrt()).abs() < 0.3, "{found}, {mean} ± {error}");
        assert_eq!(limit(&values, &pairs, &alone, &stream), Some(found), "whatever the threads");
        // Four images of each patient: there are as many of these as tell anything.
        let shared: Vec<usize> = (0..40).map(|i| i / 4).collect();
        assert!(limit(&values, &pairs, &shared, &stream).unwrap() > mean);
        assert_eq!(limit(&values, &pairs, &(0..40).map(|i| i % 2).collect::<Vec<_>>(), &stream), None, "two patients");
        assert_eq!(limit(&[], &[], &[], &stream), None);
    }

    #[test]
    fn pairs_are_different_balanced_and_follow_from_names() {
        let stream = Seed(3).stream("test", "pairs");
        for n in [0usize, 1, 2, 3, 8, 9] {
            let names: Vec<String> = (0..n).map(|i| format!("image {i}")).collect();
            let all = pairs(&names, 1000, &stream);
            let mut sorted: Vec<(usize, usize)> = all.iter().map(|(i, j)| (*i.min(j), *i.max(j))).collect();
            sorted.sort_unstable();
            sorted.dedup();
            assert!(sorted.len() == n * n.saturating_sub(1) / 2 && all.len() == sorted.len() && sorted.iter().all(|(i, j)| i < j));
            let some = pairs(&names, n, &stream);
            assert!(some == all[..n.min(all.len())] && (n < 3 || (0..n).all(|i| some.iter().filter(|(a, b)| *a == i || *b == i).count() == 2)));
            let turned: Vec<&String> = names.iter().rev().collect();
            let named = |pairs: Vec<(usize, usize)>, of: &dyn Fn(usize) -> String| pairs.iter().map(|(i, j)| (of(*i), of(*j))).collect::<Vec<_>>();
            assert_eq!(named(pairs(&turned, n, &stream), &|i| turned[i].clone()), named(some, &|i| names[i].clone()));
        }
        let names: Vec<[u8; 1]> = (0..30).map(|i| [i]).collect();
        assert_ne!(pairs(&names, 9, &stream), pairs(&names, 9, &Seed(4).stream("test", "pairs")));
    }
}
