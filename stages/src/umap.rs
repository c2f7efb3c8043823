//! UMAP (McInnes, Healy & Melville 2018): a two-dimensional embedding of high-dimensional points, and the places of new points
//! in it, following umap-learn 0.5 step by step.
//!
//! Pure functions on slices: no tensors, no files, no drawing. An embedding shows which points are neighbours;
//! distances between its clusters and their sizes mean nothing, so nothing here measures them.
//!
//! Neighbours are exact and the optimisation runs on one thread, so the same data and seed give the same bytes
//! whatever the number of cores.

mod curve;
mod graph;
mod layout;
mod metric;
mod neighbours;
mod place;
mod spectral;
mod start;
mod trustworthiness;

pub use metric::Metric;
pub use neighbours::{nearest, nearest_among};

use graph::Graph;
use start::Start;
pub use trustworthiness::trustworthiness;

/// Beyond this many points umap-learn takes fewer epochs, since the graph has more edges to learn from.
const MANY: usize = 10_000;

/// What a user may choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UmapParameters {
    /// Size of a neighbourhood, the point itself included; 15 in umap-learn. Cut to the number of points.
    pub neighbours: usize,
    /// The minimum distance of neighbours in the embedding, from 0 to 1; 0.1 in umap-learn.
    pub min_dist: f64,
    /// Epochs of the optimisation; none for umap-learn's choice, 500 up to 10,000 points and 200 above.
    pub epochs: Option<usize>,
    /// How far points are from each other.
    pub metric: Metric,
}

impl Default for UmapParameters {
    fn default() -> Self {
        UmapParameters { neighbours: 15, min_dist: 0.1, epochs: None, metric: Metric::Euclidean }
    }
}

/// The embedding of the rows of `data`, which is row-major with `dimensions` columns: x and y of each.
///
/// # Errors
/// Where `data` is not a whole number of rows or not finite, or a parameter is out of range.
pub fn embed(data: &[f32], dimensions: usize, parameters: &UmapParameters, seed: u64) -> Result<Vec<[f64; 2]>, String> {
    embed_from(Start::Spectral, data, dimensions, parameters, split_mix(seed))
}

fn embed_from(start: Start, data: &[f32], dimensions: usize, parameters: &UmapParameters, mut random: impl FnMut() -> u64) -> Result<Vec<[f64; 2]>, String> {
    check(data, dimensions, parameters)?;
    let (data, dimensions) = parameters.metric.points(data, dimensions);
    let count = data.len() / dimensions;
    // Up to three points have no neighbourhoods: the corners of a triangle.
    if count <= 3 {
        return Ok([[0.0, 0.0], [10.0, 0.0], [5.0, 75.0_f64.sqrt()]][..count].to_vec());
    }
    let (indices, distances) = nearest(&data, dimensions, parameters.neighbours - 1);
    let distances = measured(parameters.metric, distances)?;
    let default = if count <= MANY { 500 } else { 200 };
    let epochs = parameters.epochs.unwrap_or(default);
    let mut graph = Graph::of(&indices, &distances);
    // So few epochs would prune the graph until it falls apart.
    graph.prune(if epochs > 10 { epochs } else { default });
    let mut positions = start::positions(start, &data, dimensions, &graph, &mut random);
    layout::optimise(&mut positions, &graph, curve::fit(parameters.min_dist, 1.0), epochs, random);
    Ok(positions)
}

/// A finished map: points, and what [`embed`] made of them.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<'a> {
    /// The points, row-major.
    pub data: &'a [f32],
    /// Their number of columns.
    pub dimensions: usize,
    /// Where they are.
    pub positions: &'a [[f64; 2]],
}

/// Where the rows of `new` are in a finished map, which stays as it is, as by `transform` of umap-learn: x and y of each.
///
/// Each begins among its nearest points of the map and settles for a third of the epochs of `parameters`; where there are none, for 100
/// epochs, or 30 for more than 10,000 new points. It draws from its own seed and sees no other new point. Whom it equals it begins at,
/// and ends near.
///
/// # Errors
/// As [`embed`], and where the map has no points, or there is not a seed for each new one.
pub fn place(map: Fitted, new: &[f32], parameters: &UmapParameters, seeds: &[u64]) -> Result<Vec<[f64; 2]>, String> {
    check(map.data, map.dimensions, parameters)?;
    check(new, map.dimensions, parameters)?;
    let count = new.len() / map.dimensions;
    if map.positions.is_empty() || map.data.len() != map.positions.len() * map.dimensions {
        return Err(format!("a map of {} numbers has {} positions", map.data.len(), map.positions.len()));
    }
    if seeds.len() != count {
        return Err(format!("{count} new points have {} seeds", seeds.len()));
    }
    let [(data, dimensions), (new, _)] = [map.data, new].map(|data| parameters.metric.points(data, map.dimensions));
    let (indices, distances) = nearest_among(&data, &new, dimensions, parameters.neighbours);
    let distances = measured(parameters.metric, distances)?;
    let epochs = parameters.epochs.map_or(if count <= MANY { 100 } else { 30 }, |epochs| epochs / 3);
    let ties = graph::ties(&indices, &distances);
    Ok(place::place(&ties, map.positions, curve::fit(parameters.min_dist, 1.0), epochs, |n| split_mix(seeds[n])))
}

/// Euclidean distances as those of a metric, which must be finite.
fn measured(metric: Metric, mut distances: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, String> {
    distances.iter_mut().flatten().for_each(|d| *d = metric.distance(*d));
    if distances.iter().flatten().any(|d| !d.is_finite()) {
        return Err("the points are too far apart: a distance between them overflows".into());
    }
    Ok(distances)
}

fn check(data: &[f32], dimensions: usize, parameters: &UmapParameters) -> Result<(), String> {
    if dimensions == 0 {
        return Err("points need at least one dimension".into());
    }
    if !data.len().is_multiple_of(dimensions) {
        return Err(format!("{} numbers are not a whole number of points of {dimensions} dimensions", data.len()));
    }
    if let Some(at) = data.iter().position(|v| !v.is_finite()) {
        return Err(format!("point {} holds {}", at / dimensions, data[at]));
    }
    if parameters.neighbours < 2 {
        return Err(format!("neighbours is {}, but a neighbourhood has at least 2 points", parameters.neighbours));
    }
    if !(0.0..=1.0).contains(&parameters.min_dist) {
        return Err(format!("min_dist is {}, not within 0 and 1", parameters.min_dist));
    }
    Ok(())
}

/// SplitMix64: random bits (Steele, Lea & Flood 2014).
fn split_mix(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod parity;
#[cfg(test)]
mod parity_of_places;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_sets_have_maps() {
        for count in 0..20 {
            let data: Vec<f32> = (0..count * 3).map(|i| ((i * 31) % 17) as f32).collect();
            let positions = embed(&data, 3, &UmapParameters::default(), 1).unwrap();
            assert_eq!(positions.len(), count);
            assert!(positions.iter().flatten().all(|v| v.is_finite()));
        }
    }

    /// Constant data, duplicates, one dimension, extreme scales and the least neighbourhood.
    #[test]
    fn degenerate_sets_have_finite_maps() {
        let sets: [(usize, Vec<f32>); 8] = [
            (1, vec![1.0; 40]),
            (4, vec![0.0; 160]),
            (1, (0..40).map(|i| (i / 20) as f32).collect()),
            (2, (0..80).map(|i| (i / 10 * 10) as f32).collect()),
            (1, (0..40).map(|i| i as f32).collect()),
            (2, (0..80).map(|i| i as f32 * 1e-30).collect()),
            (2, (0..80).map(|i| i as f32 * 1e15).collect()),
            (1, (0..40).map(|i| if i == 0 { 1e18 } else { 0.0 }).collect()),
        ];
        for (dimensions, data) in &sets {
            for neighbours in [2, 3, 15, 1000] {
                for epochs in [0, 1, 10, 51] {
                    let parameters =
                        UmapParameters { neighbours, min_dist: 0.0, epochs: Some(epochs), metric: [Metric::Euclidean, Metric::Cosine][epochs % 2] };
                    let positions = embed(data, *dimensions, &parameters, 3).unwrap();
                    assert_eq!(positions.len(), data.len() / dimensions);
                    assert!(positions.iter().flatten().all(|v| v.is_finite()), "{data:?} {parameters:?}");
                }
            }
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let refusal = |data: &[f32], dimensions, change: fn(&mut UmapParameters)| {
            let mut parameters = UmapParameters::default();
            change(&mut parameters);
            embed(data, dimensions, &parameters, 0).unwrap_err()
        };
        assert!(refusal(&[1.0], 0, |_| ()).contains("at least one dimension"));
        assert!(refusal(&[1.0; 5], 2, |_| ()).contains("5 numbers"));
        assert!(refusal(&[0.0, 0.0, f32::NAN], 1, |_| ()).contains("point 2 holds NaN"));
        assert!(refusal(&[f32::MAX, -f32::MAX, 0.0, 1.0], 1, |_| ()).contains("overflows"));
        assert!(refusal(&[1.0], 1, |p| p.neighbours = 1).contains("neighbours is 1"));
        assert!(refusal(&[1.0], 1, |p| p.min_dist = 1.5).contains("min_dist is 1.5"));
        assert!(refusal(&[1.0], 1, |p| p.min_dist = f64::NAN).contains("min_dist is NaN"));
    }

    #[test]
    fn new_points_of_any_data_have_places() {
        let parameters = UmapParameters { epochs: Some(30), ..UmapParameters::default() };
        for count in [1, 2, 3, 4, 20] {
            let data: Vec<f32> = (0..count * 2).map(|i| ((i * 31) % 17) as f32).collect();
            let positions = embed(&data, 2, &parameters, 1).unwrap();
            for new in [vec![], data.clone(), vec![1e15, -1e15, 1e-30, 0.0], vec![3.0; 40]] {
                let seeds: Vec<u64> = (0..new.len() as u64 / 2).collect();
                let map = Fitted { data: &data, dimensions: 2, positions: &positions };
                let found = place(map, &new, &parameters, &seeds).unwrap();
                assert!(found.len() == seeds.len() && found.iter().flatten().all(|v| v.is_finite()), "{count} {new:?}: {found:?}");
            }
        }
        let refusal = |positions: &[[f64; 2]], new: &[f32], seeds: &[u64]| {
            place(Fitted { data: &[1.0, 2.0], dimensions: 1, positions }, new, &parameters, seeds).unwrap_err()
        };
        let two = [[0.0; 2]; 2];
        assert!(refusal(&two, &[f32::NAN], &[1]).contains("point 0 holds NaN"));
        assert!(refusal(&two, &[f32::MAX], &[1]).contains("overflows"));
        assert!(refusal(&two, &[1.0], &[]).contains("1 new points have 0 seeds"));
        assert!(refusal(&[], &[1.0], &[1]).contains("0 positions"));
    }

    /// Far groups: no point is nearer to another group's centre than to its own.
    #[test]
    fn groups_stay_groups() {
        let data: Vec<f32> = (0..90).flat_map(|i| [(i % 3 * 100) as f32 + (i * 7 % 11) as f32, (i * 5 % 13) as f32]).collect();
        let positions = embed(&data, 2, &UmapParameters::default(), 9).unwrap();
        let centre = |group: usize| {
            let own = positions.iter().skip(group).step_by(3);
            own.fold([0.0; 2], |sum, p| [sum[0] + p[0] / 30.0, sum[1] + p[1] / 30.0])
        };
        for (i, p) in positions.iter().enumerate() {
            let distance = |group: usize| (p[0] - centre(group)[0]).hypot(p[1] - centre(group)[1]);
            assert!((0..3).all(|group| group == i % 3 || distance(group) > distance(i % 3)));
        }
    }
}
