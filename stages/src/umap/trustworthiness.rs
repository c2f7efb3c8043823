//! Trustworthiness of an embedding: whether points that are neighbours in it are neighbours in the data.
//! Knows points and positions; independent of how the embedding was computed.

use rayon::prelude::*;

/// Points that share one scan of the data: a row is read from memory once for all of them.
const BLOCK: usize = 16;

/// Partial sums of a distance. Fixed, so that the rounding does not depend on the machine.
const LANES: usize = 8;

/// Trustworthiness (Venna & Kaski 2001) of the `k` nearest in the embedding: one where all of them are among
/// the `k` nearest in the data, lower by the ranks of those that are not.
///
/// Equal to `sklearn.manifold.trustworthiness`, which leaves the order of equal distances open; here they
/// are ordered by index. NaN where `data` has another number of rows than `embedding`, where a value of either
/// is not finite, or where `k` is not within one and half the number of points, as the measure has no
/// meaning there.
pub fn trustworthiness(data: &[f32], dimensions: usize, embedding: &[[f64; 2]], k: usize) -> f64 {
    let count = embedding.len();
    if dimensions == 0 || data.len() != count * dimensions || k == 0 || 2 * k >= count {
        return f64::NAN;
    }
    if data.iter().any(|v| !v.is_finite()) || embedding.iter().flatten().any(|v| !v.is_finite()) {
        return f64::NAN;
    }
    let blocks: Vec<usize> = (0..count).step_by(BLOCK).collect();
    // Integers, so that the order of the sum does not matter.
    let penalty: u64 = blocks
        .into_par_iter()
        .map(|first| {
            let points = first..count.min(first + BLOCK);
            let far = distances(data, dimensions, points.clone());
            points.zip(far).map(|(i, far)| penalty(i, far, embedding, k)).sum::<u64>()
        })
        .sum();
    let (n, k) = (count as f64, k as f64);
    1.0 - penalty as f64 * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))
}

/// Squared distances in the data from each of some points to all.
fn distances(data: &[f32], dimensions: usize, points: std::ops::Range<usize>) -> Vec<Vec<f64>> {
    let mut far: Vec<Vec<f64>> = points.clone().map(|_| Vec::with_capacity(data.len() / dimensions)).collect();
    for row in data.chunks_exact(dimensions) {
        for (point, far) in points.clone().zip(&mut far) {
            far.push(squared(&data[point * dimensions..][..dimensions], row));
        }
    }
    far
}

/// In double precision, since a rank depends on the last digit where distances are nearly equal.
fn squared(a: &[f32], b: &[f32]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let term = |a: f32, b: f32| (f64::from(a) - f64::from(b)) * (f64::from(a) - f64::from(b));
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term(*a, *b);
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| term(*a, *b)).sum::<f64>()
}

/// By how many ranks the neighbours of one point exceed `k`, summed. `far` are its squared distances in the data.
fn penalty(point: usize, mut far: Vec<f64>, embedding: &[[f64; 2]], k: usize) -> u64 {
    let place = embedding[point];
    // Last of all, so that it is not counted as one of its own neighbours.
    far[point] = f64::INFINITY;
    let distance = |p: &[f64; 2]| (p[0] - place[0]) * (p[0] - place[0]) + (p[1] - place[1]) * (p[1] - place[1]);
    let mut near: Vec<(f64, usize)> = embedding.iter().enumerate().filter(|(j, _)| *j != point).map(|(j, p)| (distance(p), j)).collect();
    // No two pairs compare equal, so an unstable selection is still deterministic.
    near.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    near[..k]
        .iter()
        .map(|&(_, j)| {
            let (before, after) = far.split_at(j);
            let nearer = before.iter().filter(|d| **d <= far[j]).count();
            let rank = 1 + nearer + after.iter().filter(|d| **d < far[j]).count();
            rank.saturating_sub(k) as u64
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn oracle() -> Value {
        serde_json::from_str(include_str!("../../tests/oracle/umap.json")).unwrap()
    }

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }

    /// The fixture's numbers are decimals of single-precision values.
    fn singles(value: &Value) -> Vec<f32> {
        numbers(value).into_iter().map(|v| v as f32).collect()
    }

    fn positions(value: &Value) -> Vec<[f64; 2]> {
        singles(value).as_chunks().0.iter().map(|p| p.map(f64::from)).collect()
    }

    #[test]
    fn equals_scikit_learn() {
        let oracle = &oracle()["trustworthiness"]["free"];
        let found = trustworthiness(&singles(&oracle["data"]), 5, &positions(&oracle["embedding"]), 7);
        assert!((found - oracle["sklearn"].as_f64().unwrap()).abs() < 1e-12);
    }

    /// Whole-numbered points have ties, and scikit-learn's order of them is an accident of its sort.
    #[test]
    fn equals_scikit_learn_but_for_ties() {
        let oracle = &oracle()["trustworthiness"]["digits"];
        let positions = positions(&oracle["embedding"]);
        let digits = &include_bytes!("../../tests/oracle/digits.bin")[..positions.len() * 64];
        let data: Vec<f32> = digits.iter().map(|v| f32::from(*v)).collect();
        let found = trustworthiness(&data, 64, &positions, 15);
        assert!((found - oracle["by_index"].as_f64().unwrap()).abs() < 1e-12);
        assert!((found - oracle["sklearn"].as_f64().unwrap()).abs() < 1e-4);
    }

    #[test]
    fn a_faithful_map_is_fully_trusted() {
        let data: Vec<f32> = (0..40).map(|i| (i * i) as f32).collect();
        let positions: Vec<[f64; 2]> = data.as_chunks().0.iter().map(|p: &[f32; 2]| p.map(f64::from)).collect();
        assert_eq!(trustworthiness(&data, 2, &positions, 5), 1.0);
    }

    #[test]
    fn no_meaning_is_no_number() {
        let positions = [[0.0; 2]; 6];
        assert!(trustworthiness(&[0.0; 6], 1, &positions, 3).is_nan());
        assert!(trustworthiness(&[0.0; 6], 1, &positions, 0).is_nan());
        assert!(trustworthiness(&[0.0; 5], 1, &positions, 2).is_nan());
        assert!(trustworthiness(&[], 0, &positions, 2).is_nan());
        assert!(trustworthiness(&[], 1, &[], 2).is_nan());
        assert!(trustworthiness(&[0.0; 6], 1, &positions, 2).is_finite());
        assert!(trustworthiness(&[-0.0, 0.0, -0.0, 0.0, 1.0, f32::MAX], 1, &positions, 2).is_finite());
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(trustworthiness(&[0.0, 1.0, 2.0, odd as f32, 4.0, 5.0], 1, &positions, 2).is_nan());
            assert!(trustworthiness(&[0.0; 6], 1, &[[0.0, odd]; 6], 2).is_nan());
        }
    }
}
