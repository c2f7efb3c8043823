//! Bagged trees against scikit-learn's over many seeds (`tests/oracle/bagged_trees.py`).

use hilum_stages::contract::seed::Seed;
use hilum_stages::networks::bagged_trees::BaggedTrees;
use std::collections::BTreeMap;

const COUNT: usize = 1797;
const GROWN_ON: usize = 1000;

fn digits() -> (Vec<Vec<f32>>, Vec<u32>) {
    let (pixels, labels) = include_bytes!("../oracle/digits.bin").split_at(COUNT * 64);
    (pixels.chunks_exact(64).map(|d| d.iter().map(|v| f32::from(*v)).collect()).collect(), labels.iter().map(|l| u32::from(*l)).collect())
}

/// Mean and variance of the mean.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n)
}

#[test]
fn accuracies_are_those_of_scikit_learn() {
    let theirs: BTreeMap<usize, Vec<f64>> = serde_json::from_str(include_str!("../oracle/bagged_trees.json")).unwrap();
    let (x, y) = digits();
    for (trees, theirs) in theirs {
        let accuracy = |seed: u64| {
            let grown = BaggedTrees::grow(&x[..GROWN_ON], &y[..GROWN_ON], 10, trees, &Seed(seed).stream("test", "trees")).unwrap();
            let said = grown.probabilities(&x[GROWN_ON..]).unwrap();
            let right = said.iter().zip(&y[GROWN_ON..]).filter(|(p, y)| {
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                (0..10).fold(0, |best, c| if p[c] > p[best] { c } else { best }) == **y as usize
            });
            right.count() as f64 / (COUNT - GROWN_ON) as f64
        };
        let ours: Vec<f64> = (0..20).map(accuracy).collect();
        let ((a, va), (b, vb)) = (mean(&ours), mean(&theirs));
        println!("{trees} trees: {a:.4} here, {b:.4} there, standard error of the difference {:.4}", (va + vb).sqrt());
        assert!((a - b).abs() <= 1.96 * (va + vb).sqrt(), "{trees} trees: {a} and {b}");
    }
}

#[test]
fn the_same_stream_grows_the_same_trees_and_nonsense_is_refused() {
    let (x, y) = digits();
    let stream = Seed(3).stream("test", "trees");
    let grow = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        serde_json::to_vec(&pool.install(|| BaggedTrees::grow(&x[..200], &y[..200], 10, 7, &stream)).unwrap()).unwrap()
    };
    assert_eq!(grow(1), grow(3));
    let read: BaggedTrees = serde_json::from_slice(&grow(1)).unwrap();
    let again = BaggedTrees::grow(&x[..200], &y[..200], 10, 7, &stream).unwrap();
    assert_eq!(read.probabilities(&x[200..400]).unwrap(), again.probabilities(&x[200..400]).unwrap());
    let refused = |x: &[Vec<f32>], y: &[u32]| BaggedTrees::grow(x, y, 10, 7, &stream).unwrap_err().to_string();
    assert!(refused(&[], &[]).contains("0 rows"));
    assert!(refused(&[vec![1.0, f32::NAN]], &[0]).contains("row 0"));
    assert!(refused(&x[..2], &[0, 10]).contains("10 classes"));
    assert!(read.probabilities(&[vec![0.0; 3]]).unwrap_err().to_string().contains("fitted on 64 features, got 3"));
}
