//! How far two orders of the same things agree. Independent of what they are.

/// Spearman's rank correlation (1904): that of the ranks, tied values having the mean of theirs. From −1 to 1; none for fewer than two
/// values, or where all values of one list are equal.
///
/// # Panics
/// Where the lists differ in length, or a value is NaN.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "BUG: both lists are of the same things");
    let [a, b] = [a, b].map(ranks);
    // Twice the rank, less the mean of all: whole numbers, whose sums are exact.
    let middle = a.len() as f64 + 1.0;
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>();
    let spread = sum(&a, &a) * sum(&b, &b);
    (spread > 0.0).then(|| (sum(&a, &b) / spread.sqrt()).clamp(-1.0, 1.0))
}

/// Kendall's τ-b (1945): pairs in the same order less pairs in the opposite one, over the geometric mean of the pairs that are not tied in
/// either list. From −1 to 1; none as for [`spearman`].
///
/// # Panics
/// As [`spearman`].
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "BUG: both lists are of the same things");
    let sign = |list: &[f64], i: usize, j: usize| list[i].partial_cmp(&list[j]).expect("BUG: no value is NaN") as i64;
    let (mut agreeing, mut untied) = (0i64, [0i64; 2]);
    for i in 0..a.len() {
        for j in 0..i {
            let (x, y) = (sign(a, i, j), sign(b, i, j));
            agreeing += x * y;
            untied[0] += x.abs();
            untied[1] += y.abs();
        }
    }
    let pairs = untied.map(|n| n as f64);
    (untied[0] > 0 && untied[1] > 0).then(|| agreeing as f64 / (pairs[0] * pairs[1]).sqrt())
}

/// Twice the rank of each value, from 1; of tied values, the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].partial_cmp(&values[*j]).expect("BUG: no value is NaN"));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for tied in order.chunk_by(|i, j| values[*i] == values[*j]) {
        tied.iter().for_each(|i| ranks[*i] = (2 * below + tied.len() + 1) as f64);
        below += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `scipy.stats.spearmanr` and `kendalltau` of scipy 1.17.1.
    #[test]
    fn correlations_are_those_of_scipy() {
        let near = |found: Option<f64>, wanted: f64| assert!((found.unwrap() - wanted).abs() < 1e-12, "{found:?} and {wanted}");
        for (a, b, rho, tau) in CASES {
            near(spearman(a, b), *rho);
            near(kendall(a, b), *tau);
            near(spearman(b, a), *rho);
        }
    }

    #[test]
    fn equal_values_alone_have_no_order() {
        for (a, b) in [(&[1.0, 1.0, 1.0][..], &[1.0, 2.0, 3.0][..]), (&[5.0], &[6.0]), (&[], &[]), (&[0.0, -0.0], &[1.0, 2.0])] {
            assert_eq!((spearman(a, b), kendall(a, b)), (None, None), "{a:?} and {b:?}");
        }
        assert_eq!((spearman(&[1.0, 2.0], &[2.0, 1.0]), kendall(&[1.0, 2.0], &[2.0, 1.0])), (Some(-1.0), Some(-1.0)));
    }

    #[allow(clippy::type_complexity)]
    const CASES: &[(&[f64], &[f64], f64, f64)] = &[
        (&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 40.0, 30.0], 0.7999999999999999, 0.6666666666666669),
        (&[1.5, -2.0, 3.25, 0.0, 7.0], &[2.0, 2.0, 3.0, 1.0, 9.0], 0.8207826816681233, 0.7378647873726218),
        (&[1.0, 1.0, 2.0, 2.0, 3.0], &[5.0, 4.0, 4.0, 4.0, 1.0], -0.8249579113843054, -0.8017837257372731),
        (&[0.1, 0.2, 0.2, 0.05, 0.9, 0.3], &[3.0, 1.0, 2.0, 2.0, 2.0, 0.0], -0.46203082772527304, -0.3857583749052298),
    ];
}
