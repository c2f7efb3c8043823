//! Stochastic gradient descent with negative sampling: neighbours attract each other, random points repel. Knows the
//! graph and the initial positions; independent of the data.

use super::graph::Graph;
use crate::math::{exp, ln};

/// Negative samples per positive one, and the limit of a gradient along one axis: umap-learn's.
const NEGATIVE_SAMPLES: f64 = 5.0;
const CLIP: f64 = 4.0;

/// An edge, and the epochs of its next samples.
struct Edge {
    head: usize,
    tail: usize,
    /// Epochs between two positive samples: one for the heaviest edge.
    period: f64,
    next_positive: f64,
    next_negative: f64,
}

/// Moves the points for `epochs` epochs of stochastic gradient descent on the curve `(a, b)`.
///
/// `random` gives 64 uniform bits a call. One thread only: the order of the updates is part of the
/// result, and a race of threads for it is why other implementations are not reproducible.
pub(super) fn optimise(positions: &mut [[f64; 2]], graph: &Graph, (a, b): (f64, f64), epochs: usize, mut random: impl FnMut() -> u64) {
    let heaviest = graph.heaviest();
    let mut edges: Vec<Edge> = Vec::new();
    for (head, row) in graph.rows.iter().enumerate() {
        edges.extend(row.iter().map(|&(tail, weight)| {
            let period = heaviest / weight;
            Edge { head, tail, period, next_positive: period, next_negative: period / NEGATIVE_SAMPLES }
        }));
    }
    let mut rate = 1.0;
    for epoch in 0..epochs {
        let now = epoch as f64;
        for edge in edges.iter_mut().filter(|edge| edge.next_positive <= now) {
            let (here, there) = (positions[edge.head], positions[edge.tail]);
            let attraction = attraction(squared(here, there), a, b);
            for axis in 0..2 {
                let step = rate * clip(attraction * (here[axis] - there[axis]));
                positions[edge.head][axis] += step;
                positions[edge.tail][axis] -= step;
            }
            edge.next_positive += edge.period;

            let interval = edge.period / NEGATIVE_SAMPLES;
            let samples = ((now - edge.next_negative) / interval).max(0.0) as usize;
            for _ in 0..samples {
                let other = below(random(), positions.len());
                let (here, there) = (positions[edge.head], positions[other]);
                let repulsion = repulsion(squared(here, there), a, b);
                for axis in 0..2 {
                    positions[edge.head][axis] += rate * clip(repulsion * (here[axis] - there[axis]));
                }
            }
            edge.next_negative += samples as f64 * interval;
        }
        // After the epoch, so that the first two run at the full rate, as umap-learn's do.
        rate = 1.0 - now / epochs as f64;
    }
}

fn attraction(squared: f64, a: f64, b: f64) -> f64 {
    if squared <= 0.0 {
        return 0.0;
    }
    let power = power(squared, b);
    -2.0 * a * b * power / (squared * (1.0 + a * power))
}

/// Zero at distance zero, where there is no direction: of a point from itself, for one.
fn repulsion(squared: f64, a: f64, b: f64) -> f64 {
    if squared <= 0.0 { 0.0 } else { 2.0 * b / ((0.001 + squared) * (1.0 + a * power(squared, b))) }
}

/// `x` to the power of `b`, for `x` above zero. Not to the last digit, at a third of what that costs: it weighs steps.
fn power(x: f64, b: f64) -> f64 {
    exp(b * ln(x))
}

fn squared(p: [f64; 2], q: [f64; 2]) -> f64 {
    let (x, y) = (p[0] - q[0], p[1] - q[1]);
    x * x + y * y
}

fn clip(step: f64) -> f64 {
    step.clamp(-CLIP, CLIP)
}

/// A whole number below `n`; its bias is below `n / 2^64`.
fn below(bits: u64, n: usize) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_an_edge_attract_each_other() {
        let graph = Graph { rows: vec![vec![(1, 1.0)], vec![(0, 1.0)]] };
        let mut positions = [[0.0, 0.0], [10.0, 0.0]];
        // Bits of zero: the only negative sample is the first point, which repels the second alone.
        optimise(&mut positions, &graph, (1.577, 0.895), 100, || 0);
        assert!(squared(positions[0], positions[1]).sqrt() < 2.0);
    }

    #[test]
    fn edges_of_odd_weights_end() {
        for odd in [f64::MIN_POSITIVE, 1e-300, 1.0] {
            let graph = Graph { rows: vec![vec![(1, odd)], vec![(0, 1.0)]] };
            let mut positions = [[0.0, -0.0], [1e9, -1e9]];
            optimise(&mut positions, &graph, (1.577, 0.895), 20, || 7);
            assert!(positions.iter().flatten().all(|v| v.is_finite()));
        }
        optimise(&mut [], &Graph { rows: vec![] }, (1.577, 0.895), 20, || 7);
    }

    #[test]
    fn coinciding_points_stay_finite() {
        let graph = Graph { rows: vec![vec![(1, 1.0)], vec![(0, 1.0)]] };
        let mut positions = [[3.0, 3.0]; 2];
        optimise(&mut positions, &graph, (1.577, 0.895), 20, || u64::MAX);
        assert_eq!(positions, [[3.0, 3.0]; 2]);
    }
}
