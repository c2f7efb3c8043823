//! The weighted graph of neighbours, and the ties of new points to it. Knows neighbours and distances; independent of the data
//! and of the embedding.

use crate::math;

/// Steps of the bisection for a width, its tolerance, and its minimum as a fraction of the mean
/// distance: all umap-learn's.
const STEPS: usize = 64;
const TOLERANCE: f64 = 1e-5;
const MIN_WIDTH: f64 = 1e-3;

/// A symmetric graph without loops: per point, its edges in order of the other end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Graph {
    /// The other end and the weight, in `(0, 1]`, of every edge of every point.
    pub(super) rows: Vec<Vec<(usize, f64)>>,
}

impl Graph {
    /// The fuzzy union of the neighbourhoods of all points, as umap-learn's `fuzzy_simplicial_set`. Neighbours exclude
    /// the point itself, nearest first.
    pub(super) fn of(indices: &[Vec<usize>], distances: &[Vec<f32>]) -> Self {
        let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); indices.len()];
        for (i, ((near, far), scale)) in indices.iter().zip(distances).zip(scales(distances)).enumerate() {
            for (&j, &distance) in near.iter().zip(far) {
                let weight = scale.membership(f64::from(distance));
                // An underflow to zero is not an edge.
                if weight > 0.0 {
                    rows[i].push((j, weight));
                    rows[j].push((i, weight));
                }
            }
        }
        for row in &mut rows {
            row.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            // Two entries for one end are the two directions; their union is that of probabilities.
            row.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    kept.1 += later.1 - kept.1 * later.1;
                }
                same
            });
        }
        // The two ends of an edge hold the same two weights in the same order, so the same sum.
        Graph { rows }
    }

    /// Drops the edges that would not be sampled once in `epochs` epochs.
    pub(super) fn prune(&mut self, epochs: usize) {
        let least = self.heaviest() / epochs as f64;
        for row in &mut self.rows {
            row.retain(|(_, weight)| *weight >= least);
        }
    }

    /// The largest weight; zero where there is no edge.
    pub(super) fn heaviest(&self) -> f64 {
        self.rows.iter().flatten().fold(0.0, |most, (_, weight)| most.max(*weight))
    }

    /// True where every point reaches every other.
    pub(super) fn connected(&self) -> bool {
        let mut seen = vec![false; self.rows.len()];
        let mut waiting = vec![0];
        let mut reached = 0;
        while let Some(i) = waiting.pop() {
            if i < seen.len() && !std::mem::replace(&mut seen[i], true) {
                reached += 1;
                waiting.extend(self.rows[i].iter().map(|(j, _)| *j));
            }
        }
        reached == self.rows.len()
    }
}

/// The scale of distances around a point: membership is 1 up to `nearest` (rho) and decays with `width` (sigma) beyond.
struct Scale {
    nearest: f64,
    width: f64,
}

impl Scale {
    fn membership(&self, distance: f64) -> f64 {
        let beyond = distance - self.nearest;
        // First, since a width may be zero where all points are equal.
        if beyond <= 0.0 { 1.0 } else { math::exp(-beyond / self.width) }
    }
}

fn scales(distances: &[Vec<f32>]) -> Vec<Scale> {
    let total: f64 = distances.iter().flatten().map(|d| f64::from(*d)).sum();
    // Means count the point itself, at distance zero, as umap-learn's do.
    let members: usize = distances.iter().map(|row| row.len() + 1).sum();
    let overall = total / members.max(1) as f64;
    distances.iter().map(|row| scale(row, overall)).collect()
}

fn scale(row: &[f32], overall: f64) -> Scale {
    // Not simply the first: a duplicate at distance zero says nothing about the scale.
    let nearest = row.iter().find(|d| **d > 0.0).map_or(0.0, |d| f64::from(*d));
    let own = row.iter().map(|d| f64::from(*d)).sum::<f64>() / (row.len() + 1) as f64;
    let mean = if nearest > 0.0 { own } else { overall };
    Scale { nearest, width: width(row, nearest, MIN_WIDTH * mean) }
}

/// The width at which the memberships of all neighbours but one, which are `row`, add up to the binary logarithm of their number.
fn width(row: &[f32], nearest: f64, least: f64) -> f64 {
    let target = math::log2((row.len() + 1) as f64);
    let (mut low, mut high, mut width) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..STEPS {
        let scale = Scale { nearest, width };
        let sum: f64 = row.iter().map(|d| scale.membership(f64::from(*d))).sum();
        if (sum - target).abs() < TOLERANCE {
            break;
        }
        if sum > target {
            high = width;
        } else {
            low = width;
        }
        width = if high.is_infinite() { width * 2.0 } else { (low + high) / 2.0 };
    }
    width.max(least)
}

/// The edges of new points to their neighbours among the points of a graph, nearest first, as in umap-learn's `transform`.
///
/// Membership decays from distance zero on, not from that of the nearest neighbour: it is 1 only for a point that is there already. The
/// nearest neighbour has no part in the width, as the point itself has none in [`Graph::of`].
pub(super) fn ties(indices: &[Vec<usize>], distances: &[Vec<f32>]) -> Vec<Vec<(usize, f64)>> {
    let count: usize = distances.iter().map(Vec::len).sum();
    let mean = distances.iter().flatten().map(|d| f64::from(*d)).sum::<f64>() / count.max(1) as f64;
    let of_point = |(near, far): (&Vec<usize>, &Vec<f32>)| {
        let scale = Scale { nearest: 0.0, width: width(far.get(1..).unwrap_or_default(), 0.0, MIN_WIDTH * mean) };
        near.iter().zip(far).map(|(j, distance)| (*j, scale.membership(f64::from(*distance)))).collect()
    };
    indices.iter().zip(distances).map(of_point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::neighbours::nearest;
    use super::*;

    #[test]
    fn is_symmetric_and_without_loops() {
        let data: Vec<f32> = (0..60).map(|i| ((i * 37) % 61) as f32).collect();
        let (indices, distances) = nearest(&data, 2, 5);
        let graph = Graph::of(&indices, &distances);
        for (i, row) in graph.rows.iter().enumerate() {
            assert!(row.iter().all(|(j, w)| *j != i && *w > 0.0 && *w <= 1.0));
            assert!(row.iter().all(|(j, w)| graph.rows[*j].contains(&(i, *w))));
            assert!(row.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn equal_points_are_fully_near() {
        let (indices, distances) = nearest(&[1.0; 6], 1, 3);
        let graph = Graph::of(&indices, &distances);
        assert!(graph.rows.iter().flatten().all(|(_, w)| *w == 1.0));
    }

    #[test]
    fn widths_are_found_for_any_distances() {
        for odd in [f32::NAN, f32::INFINITY, 0.0, -0.0, f32::MIN_POSITIVE, f32::MAX] {
            let distances = [vec![odd, odd], vec![0.0, odd], vec![1.0, odd]];
            let graph = Graph::of(&[vec![1, 2], vec![0, 2], vec![0, 1]], &distances);
            assert!(graph.rows.iter().flatten().all(|(_, w)| *w > 0.0 && *w <= 1.0), "{odd}: {graph:?}");
        }
        assert_eq!(Graph::of(&[], &[]).heaviest(), 0.0);
        assert!(scale(&[], 1.0).width.is_finite());
    }

    /// Whatever the distances are, weights are shares, and the nearest of several is the heaviest.
    #[test]
    fn ties_fade_with_distance() {
        for far in [vec![], vec![0.0], vec![0.0, 0.0], vec![2.0], vec![1.0, 1.0, 5.0], vec![0.0, 1e-30, 1e30], vec![f32::MAX; 3]] {
            let found = ties(&[(0..far.len()).collect()], std::slice::from_ref(&far));
            assert!(found[0].iter().all(|(_, w)| (0.0..=1.0).contains(w)), "{far:?}: {found:?}");
            assert!(found[0].is_sorted_by(|a, b| a.1 >= b.1), "{far:?}: {found:?}");
            assert!(far.first() != Some(&0.0) || found[0][0].1 == 1.0, "{far:?}: {found:?}");
        }
        // Four neighbours: those after the first add up to two.
        let found = ties(&[vec![3, 1, 0, 2]], &[vec![1.0, 2.0, 3.0, 4.0]]);
        assert!((found[0][1..].iter().map(|(_, w)| w).sum::<f64>() - 2.0).abs() < 1e-4 && found[0][0].1 < 1.0);
    }

    #[test]
    fn pruning_and_islands() {
        let mut graph = Graph { rows: vec![vec![(1, 1.0)], vec![(0, 1.0), (2, 0.01)], vec![(1, 0.01)]] };
        assert!(graph.connected());
        graph.prune(50);
        assert_eq!(graph.rows, [vec![(1, 1.0)], vec![(0, 1.0)], vec![]]);
        assert!(!graph.connected());
    }
}
