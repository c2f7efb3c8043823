//! Bagged trees against scikit-learn's over many seeds (`tests/oracle/bagged_trees.py`).

use hilum_stages::contract::seed::Seed;
use hilum_stages::networks::bagged_trees::BaggedTrees;
use std::collections::BTreeMap;

const COUNT: usize = 1797;

/// Features and classes of 1,797 digits.
fn digits() -> (Vec<Vec<f32>>, Vec<u32>) {
    let (pixels, labels) = include_bytes!("../oracle/digits.bin").split_at(COUNT * 64);
    (pixels.chunks_exact(64).map(|d| d.iter().map(|v| f32::from(*v)).collect()).collect(), labels.iter().map(|l| u32::from(*l)).collect())
}

/// Features and classes of 569 cases of breast cancer.
fn breast_cancer() -> (Vec<Vec<f32>>, Vec<u32>) {
    let (values, labels) = include_bytes!("../oracle/breast_cancer.bin").split_at(569 * 30 * 4);
    let values: Vec<f32> = values.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    (values.chunks_exact(30).map(<[f32]>::to_vec).collect(), labels.iter().map(|l| u32::from(*l)).collect())
}

/// What scikit-learn was found to do on a set.
#[derive(serde::Deserialize)]
struct Theirs {
    grown_on: usize,
    /// Of each number of trees, those of 20 seeds.
    accuracies: BTreeMap<usize, Vec<f64>>,
}

/// Mean and variance of the mean.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n)
}

#[test]
fn accuracies_are_those_of_scikit_learn() {
    let theirs: BTreeMap<String, Theirs> = serde_json::from_str(include_str!("../oracle/bagged_trees.json")).unwrap();
    for (set, Theirs { grown_on, accuracies }) in theirs {
        let (x, y) = if set == "digits" { digits() } else { breast_cancer() };
        let classes = 1 + *y.iter().max().unwrap() as usize;
        for (trees, theirs) in accuracies {
            let accuracy = |seed: u64| {
                let grown = BaggedTrees::grow(&x[..grown_on], &y[..grown_on], classes, trees, &Seed(seed).stream("test", "trees")).unwrap();
                let said = grown.probabilities(&x[grown_on..]).unwrap();
                let right = said.iter().zip(&y[grown_on..]).filter(|(p, y)| {
                    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                    (0..classes).fold(0, |best, c| if p[c] > p[best] { c } else { best }) == **y as usize
                });
                right.count() as f64 / (x.len() - grown_on) as f64
            };
            let ours: Vec<f64> = (0..20).map(accuracy).collect();
            let ((a, va), (b, vb)) = (mean(&ours), mean(&theirs));
            println!("{set}, {trees} trees: {a:.4} here, {b:.4} there, standard error of the difference {:.4}", (va + vb).sqrt());
            assert!((a - b).abs() <= 1.96 * (va + vb).sqrt(), "{set}, {trees} trees: {a} and {b}");
        }
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
