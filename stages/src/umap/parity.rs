//! The parity test: our numbers against those of umap-learn and scikit-learn on the handwritten digits.
//! The fixture is written by `umap_digits.py`.

use super::trustworthiness;
use super::*;
use serde_json::Value;

const COUNT: usize = 1797;
pub(super) const WIDTH: usize = 64;

pub(super) fn digits() -> (Vec<f32>, &'static [u8]) {
    let (data, labels) = include_bytes!("../../tests/oracle/digits.bin").split_at(COUNT * WIDTH);
    (data.iter().map(|v| f32::from(*v)).collect(), labels)
}

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../tests/oracle/umap.json")).unwrap()
}

pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub(super) fn whole(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn curves_are_umap_learns() {
    for case in oracle()["curve"].as_array().unwrap() {
        let (a, b) = curve::fit(number(&case["min_dist"]), number(&case["spread"]));
        let (true_a, true_b) = (number(&case["ab"][0]), number(&case["ab"][1]));
        assert!((a - true_a).abs() < 1e-5 && (b - true_b).abs() < 1e-5, "{a} {b}, but {true_a} {true_b}");
    }
}

#[test]
fn neighbours_are_exact() {
    let (indices, distances) = nearest(&digits().0, WIDTH, 14);
    let checksum: usize = indices.iter().flat_map(|row| row.iter().zip(1..)).map(|(j, rank)| j * rank).sum();
    let total: f64 = distances.iter().flatten().map(|d| f64::from(*d)).sum();
    let oracle = &oracle()["neighbours"];
    assert_eq!(checksum, whole(&oracle["checksum"]));
    assert!((total - number(&oracle["distance_sum"])).abs() < 1e-3);
}

#[test]
fn graph_is_umap_learns() {
    let (indices, distances) = nearest(&digits().0, WIDTH, 14);
    let graph = Graph::of(&indices, &distances);
    let oracle = &oracle()["graph"];
    assert_eq!(graph.rows.iter().map(Vec::len).sum::<usize>(), whole(&oracle["edges"]));
    let sum: f64 = graph.rows.iter().flatten().map(|(_, weight)| weight).sum();
    assert!((sum - number(&oracle["sum"])).abs() < 0.05, "{sum}");
    for (row, expected) in graph.rows.iter().zip(oracle["rows"].as_array().unwrap()) {
        let sum: f64 = row.iter().map(|(_, weight)| weight).sum();
        assert!((sum - number(expected)).abs() < 1e-3);
    }
    for edge in oracle["sample"].as_array().unwrap() {
        let (i, j) = (whole(&edge[0]), whole(&edge[1]));
        let weight = graph.rows[i].iter().find(|(end, _)| *end == j).unwrap().1;
        assert!((weight - number(&edge[2])).abs() < 1e-4);
    }
}

/// The largest difference of any weight, to half of a 65,535th.
#[test]
fn every_edge_is_umap_learns() {
    let (indices, distances) = nearest(&digits().0, WIDTH, 14);
    let graph = Graph::of(&indices, &distances);
    let found: Vec<f64> = graph.rows.iter().enumerate().flat_map(|(i, row)| row.iter().filter(move |(j, _)| *j > i).map(|(_, weight)| *weight)).collect();
    let expected = include_bytes!("../../tests/oracle/umap_graph.bin").as_chunks().0;
    let expected: Vec<f64> = expected.iter().map(|bytes| f64::from(u16::from_le_bytes(*bytes)) / 65535.0).collect();
    assert_eq!((found.len(), expected.len()), (34_236 / 2, 34_236 / 2));
    let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn cosine_distances_are_umap_learns() {
    let oracle = &oracle();
    let expected = &oracle["cosine"];
    let count = whole(&expected["count"]);
    let digits = &digits().0[..count * WIDTH];
    let (points, width) = Metric::Cosine.points(digits, WIDTH);
    let (indices, distances) = nearest(&points, width, 14);
    let graph = Graph::of(&indices, &measured(Metric::Cosine, distances).unwrap());
    assert_eq!(graph.rows.iter().map(Vec::len).sum::<usize>(), whole(&expected["edges"]));
    for (row, expected) in graph.rows.iter().zip(expected["rows"].as_array().unwrap()) {
        let sum: f64 = row.iter().map(|(_, weight)| weight).sum();
        assert!((sum - number(expected)).abs() < 1e-3, "{sum} {expected}");
    }
    let embedding: Vec<f64> = oracle["trustworthiness"]["digits"]["embedding"].as_array().unwrap().iter().map(|v| f64::from(number(v) as f32)).collect();
    let trust = trustworthiness(&points, width, &embedding.as_chunks().0[..count], 15);
    assert!((trust - number(&expected["trustworthiness"])).abs() < 1e-6, "{trust}");
    // It is this metric by which a map is made.
    let parameters = UmapParameters { epochs: Some(30), metric: Metric::Cosine, ..UmapParameters::default() };
    let map = |data: &[f32], parameters: &UmapParameters| embed(data, WIDTH, parameters, 5).unwrap();
    let brighter: Vec<f32> = digits.chunks(WIDTH).zip(1..).flat_map(|(row, n)| row.iter().map(move |v| v * if n % 3 == 0 { 4.0 } else { 1.0 })).collect();
    let euclidean = UmapParameters { metric: Metric::Euclidean, ..parameters };
    assert!(map(digits, &parameters) == map(&brighter, &parameters) && map(digits, &euclidean) != map(&brighter, &euclidean));
}

/// Share of the 15 nearest in the data that are among the 15 nearest in the embedding, and of points whose
/// label is the commonest among their five nearest in the embedding.
fn preserved(data: &[f32], labels: &[u8], positions: &[[f64; 2]]) -> (f64, f64) {
    let flat: Vec<f32> = positions.iter().flatten().map(|v| *v as f32).collect();
    let (before, after) = (nearest(data, WIDTH, 15).0, nearest(&flat, 2, 15).0);
    let kept: usize = before.iter().zip(&after).map(|(b, a)| b.iter().filter(|j| a.contains(j)).count()).sum();
    let right = after.iter().zip(labels).filter(|(row, label)| {
        let votes = |of: u8| row[..5].iter().filter(|j| labels[**j] == of).count();
        // A tie goes to the lower label.
        (0..10).rev().max_by_key(|of| votes(*of)) == Some(**label)
    });
    (kept as f64 / (15 * COUNT) as f64, right.count() as f64 / COUNT as f64)
}

/// Thresholds a little under what umap-learn reaches on these digits: trustworthiness 0.986 to 0.988,
/// 0.533 to 0.536 of the neighbours. The random start must pass too, or the descent leans on its start.
#[test]
fn maps_are_as_good_as_umap_learns() {
    let (data, labels) = digits();
    for start in [Start::Spectral, Start::Random] {
        let positions = embed_from(start, &data, WIDTH, &UmapParameters::default(), split_mix(42)).unwrap();
        let trust = trustworthiness(&data, WIDTH, &positions, 15);
        let (kept, right) = preserved(&data, labels, &positions);
        assert!(trust >= 0.980, "{start:?}: trustworthiness {trust}");
        assert!(kept >= 0.52, "{start:?}: {kept} of the neighbours kept");
        assert!(right >= 0.965, "{start:?}: {right} of the labels");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let (data, _) = digits();
    let parameters = UmapParameters { epochs: Some(60), ..UmapParameters::default() };
    let map = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let positions = pool.install(|| embed(&data, WIDTH, &parameters, seed)).unwrap();
        positions.into_iter().flatten().map(f64::to_bits).collect::<Vec<u64>>()
    };
    let one = map(1, 7);
    assert!(one == map(1, 7) && one == map(2, 7) && one == map(3, 7));
    assert!(one != map(1, 8));
}
