//! The parity test of new points: our numbers against umap-learn's `transform` where 1,200 of the handwritten digits are fitted and the
//! others are placed. The fixture is written by `umap_transform.py`, which says what its numbers are.

use super::layout::optimise;
use super::parity::{WIDTH, digits, number, whole};
use super::*;
use serde_json::Value;

const FITTED: usize = 1200;
const NEIGHBOURS: usize = 15;

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../tests/oracle/umap_transform.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn pairs(value: &Value) -> Vec<[f64; 2]> {
    numbers(value).as_chunks().0.to_vec()
}

/// The fitted digits, and the new ones, some of which equal fitted ones.
fn parts(oracle: &Value) -> (Vec<f32>, Vec<f32>) {
    let mut fitted = digits().0;
    let mut new = fitted.split_off(FITTED * WIDTH);
    for copy in oracle["copies"].as_array().unwrap() {
        let (at, of) = (whole(&copy[0]) * WIDTH, whole(&copy[1]) * WIDTH);
        new[at..at + WIDTH].copy_from_slice(&fitted[of..of + WIDTH]);
    }
    (fitted, new)
}

fn ties(fitted: &[f32], new: &[f32]) -> Vec<Vec<(usize, f64)>> {
    let (indices, distances) = nearest_among(fitted, new, WIDTH, NEIGHBOURS);
    graph::ties(&indices, &distances)
}

/// The generator of the fixture, as bits of which [`layout`] makes that number below `n`.
fn drawn(state: usize, n: usize) -> impl FnMut() -> u64 {
    let mut state = state as u64;
    move || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        let wanted = u128::from(state >> 8) % n as u128;
        ((wanted << 64).div_ceil(n as u128)) as u64
    }
}

fn furthest(found: &[[f64; 2]], expected: &[[f64; 2]]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().flatten().zip(expected.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn ties_are_umap_learns() {
    let oracle = oracle();
    let (fitted, new) = parts(&oracle);
    let found = ties(&fitted, &new);
    let picked = found.iter().step_by(whole(&oracle["ties"]["every"])).flatten().map(|(_, weight)| *weight);
    let expected = numbers(&oracle["ties"]["weights"]);
    assert_eq!(picked.clone().count(), expected.len());
    let worst = picked.zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-5, "{worst}");
    let sums = found.iter().map(|ties| ties.iter().map(|(_, weight)| weight).sum::<f64>());
    let worst = sums.zip(numbers(&oracle["ties"]["sums"])).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 5e-5, "{worst}");
    let heaviest = found.iter().flatten().fold(0.0_f64, |most, (_, weight)| most.max(*weight));
    let kept = found.iter().flatten().filter(|(_, weight)| *weight >= heaviest / 100.0).count();
    assert_eq!((heaviest, kept), (1.0, whole(&oracle["ties"]["kept"])));
}

#[test]
fn new_points_begin_where_umap_learns_do() {
    let oracle = oracle();
    let (fitted, new) = parts(&oracle);
    let map = pairs(&oracle["starts"]["map"]);
    let found: Vec<[f64; 2]> = ties(&fitted, &new).iter().map(|ties| place::start(ties, &map)).collect();
    for copy in oracle["copies"].as_array().unwrap() {
        assert_eq!(found[whole(&copy[0])], map[whole(&copy[1])], "a new point that is there already");
    }
    let picked: Vec<[f64; 2]> = found.into_iter().step_by(whole(&oracle["ties"]["every"])).collect();
    let worst = furthest(&picked, &pairs(&oracle["starts"]["places"]));
    assert!(worst < 1e-5, "{worst}");
}

/// umap-learn's own code, with the same draws: every step of every new point.
#[test]
fn new_points_are_moved_as_umap_learns_are() {
    let oracle = oracle();
    let (fitted, new) = parts(&oracle);
    let (map, every, epochs) = (pairs(&oracle["starts"]["map"]), whole(&oracle["ties"]["every"]), whole(&oracle["descent"]["epochs"]));
    // Weights of single precision, as there: a rounding would put an edge into another epoch.
    let mut weights = numbers(&oracle["ties"]["weights"]).into_iter();
    let single = |ties: Vec<(usize, f64)>| ties.into_iter().zip(&mut weights).map(|((j, _), weight)| (j, f64::from(weight as f32))).collect();
    let picked: Vec<Vec<(usize, f64)>> = ties(&fitted, &new).into_iter().step_by(every).map(single).collect();
    let found = place::place(&picked, &map, curve::fit(0.1, 1.0), epochs, |n| drawn(n, FITTED));
    let worst = furthest(&found, &pairs(&oracle["descent"]["placed"]));
    assert!(worst < 1e-4, "{worst}");
}

/// As above, where both ends of an edge move.
#[test]
fn fitted_points_are_moved_as_umap_learns_are() {
    let oracle = &oracle()["descent"];
    let mut circle = pairs(&oracle["circle"]);
    let count = circle.len();
    let weight = |i: usize, j: usize| match (i + count - j).rem_euclid(count).min((j + count - i).rem_euclid(count)) {
        1 => 1.0,
        2 => 0.37,
        _ => 0.0,
    };
    let row = |i| (0..count).map(|j| (j, weight(i, j))).filter(|(_, weight)| *weight > 0.0).collect();
    let graph = Graph { rows: (0..count).map(row).collect() };
    // Their curve, to the last digit: any difference grows a hundredfold within a few epochs.
    let curve = (number(&oracle["curve"][0]), number(&oracle["curve"][1]));
    optimise(&mut circle, &graph, curve, whole(&oracle["ring-epochs"]), drawn(0, count));
    let worst = furthest(&circle, &pairs(&oracle["together"]));
    assert!(worst < 1e-7, "{worst}");
}

/// The share whose label is the commonest among their five nearest fitted points in the map, the share of the 15 nearest fitted points
/// kept, trustworthiness of these, and the mean distance to the five nearest fitted points of the same label.
fn quality(fitted: &[f32], new: &[f32], map: &[[f64; 2]], places: &[[f64; 2]]) -> [(&'static str, f64); 4] {
    let (labels, new_labels) = digits().1.split_at(FITTED);
    let order = nearest_among(fitted, new, WIDTH, FITTED).0;
    let (mut right, mut kept, mut excess, mut own) = (0, 0, 0, 0.0);
    for ((place, order), label) in places.iter().zip(&order).zip(new_labels) {
        let mut near: Vec<(f64, usize)> = map.iter().map(|p| (p[0] - place[0]).hypot(p[1] - place[1])).zip(0..).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let votes = |of: u8| near[..5].iter().filter(|(_, j)| labels[*j] == of).count();
        // A tie goes to the lower label.
        right += usize::from((0..10).rev().max_by_key(|of| votes(*of)) == Some(*label));
        for (_, j) in &near[..NEIGHBOURS] {
            let rank = 1 + order.iter().position(|other| other == j).unwrap();
            kept += usize::from(rank <= NEIGHBOURS);
            excess += rank.saturating_sub(NEIGHBOURS);
        }
        own += near.iter().filter(|(_, j)| labels[*j] == *label).take(5).map(|(far, _)| far / 5.0).sum::<f64>();
    }
    let (count, n, k) = (places.len() as f64, FITTED as f64, NEIGHBOURS as f64);
    let trust = 1.0 - excess as f64 / (count * k * (2.0 * n - 3.0 * k + 1.0) / 2.0);
    [("accuracy", right as f64 / count), ("kept", kept as f64 / (count * k)), ("trustworthiness", trust), ("distance", own / count)]
}

/// Within four standard deviations of umap-learn's mean over seeds, both of the map and of the new points.
#[test]
fn new_points_are_placed_as_well_as_umap_learns() {
    let oracle = oracle();
    let (fitted, new) = parts(&oracle);
    let parameters = UmapParameters::default();
    let map = embed(&fitted, WIDTH, &parameters, 42).unwrap();
    let seeds: Vec<u64> = (0..new.len() as u64 / WIDTH as u64).collect();
    let positions = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| place(Fitted { data: &fitted, dimensions: WIDTH, positions: &map }, &new, &parameters, &seeds)).unwrap()
    };
    let places = positions(1);
    assert_eq!(places, positions(3));
    for (name, found) in quality(&fitted, &new, &map, &places) {
        let expected = &oracle["quality"][name];
        let (mean, deviation) = (number(&expected["mean"]), number(&expected["deviation"]));
        assert!((found - mean).abs() < 4.0 * deviation, "{name}: {found}, but {mean} ± {deviation}");
    }
    // Who is there already ends near.
    for copy in oracle["copies"].as_array().unwrap() {
        let (here, there) = (places[whole(&copy[0])], map[whole(&copy[1])]);
        assert!((here[0] - there[0]).hypot(here[1] - there[1]) < 1.0, "{here:?} {there:?}");
    }
}
