//! Stochastic gradient descent with negative sampling: neighbours attract, random points repel. Knows the graph and the initial
//! positions; independent of the data.

use super::graph::Graph;
use crate::math::{exp, ln};

/// Negative samples per positive one, the limit of a gradient along one axis, and the first rate of new points, which is 1 for the
/// others: umap-learn's.
const NEGATIVE_SAMPLES: f64 = 5.0;
const CLIP: f64 = 4.0;
const SETTLING: f64 = 0.25;

/// When an edge is sampled.
struct Schedule {
    /// Epochs between two positive samples: one for the heaviest edge.
    period: f64,
    next_positive: f64,
    next_negative: f64,
}

impl Schedule {
    fn of(weight: f64, heaviest: f64) -> Self {
        let period = heaviest / weight;
        Schedule { period, next_positive: period, next_negative: period / NEGATIVE_SAMPLES }
    }

    /// The number of negative samples of an epoch in which the edge attracts; none in one in which it does not.
    fn due(&mut self, epoch: f64) -> Option<usize> {
        if self.next_positive > epoch {
            return None;
        }
        self.next_positive += self.period;
        let interval = self.period / NEGATIVE_SAMPLES;
        let samples = ((epoch - self.next_negative) / interval).max(0.0) as usize;
        self.next_negative += samples as f64 * interval;
        Some(samples)
    }
}

/// The rate of an epoch: falls from that of the first, which the second has as well, as umap-learn's does.
fn rate(first: f64, epoch: usize, epochs: usize) -> f64 {
    first * (1.0 - epoch.saturating_sub(1) as f64 / epochs as f64)
}

/// Moves the points for `epochs` epochs of stochastic gradient descent on the curve `(a, b)`.
///
/// `random` gives 64 uniform bits a call. One thread only: the order of the updates is part of the
/// result, and a race of threads for it is why other implementations are not reproducible.
pub(super) fn optimise(positions: &mut [[f64; 2]], graph: &Graph, (a, b): (f64, f64), epochs: usize, mut random: impl FnMut() -> u64) {
    let heaviest = graph.heaviest();
    let mut edges: Vec<(usize, usize, Schedule)> = Vec::new();
    for (head, row) in graph.rows.iter().enumerate() {
        edges.extend(row.iter().map(|&(tail, weight)| (head, tail, Schedule::of(weight, heaviest))));
    }
    for epoch in 0..epochs {
        let rate = rate(1.0, epoch, epochs);
        for (head, tail, schedule) in &mut edges {
            let Some(samples) = schedule.due(epoch as f64) else { continue };
            let (here, there) = (positions[*head], positions[*tail]);
            let attraction = attraction(squared(here, there), a, b);
            for axis in 0..2 {
                let step = rate * clip(attraction * (here[axis] - there[axis]));
                positions[*head][axis] += step;
                positions[*tail][axis] -= step;
            }
            for _ in 0..samples {
                let other = positions[below(random(), positions.len())];
                repel(&mut positions[*head], other, (a, b), rate);
            }
        }
    }
}

/// Moves one new point, which is tied to points that stay where they are. `heaviest` is the heaviest tie of all new points.
pub(super) fn settle(
    point: &mut [f64; 2],
    ties: &[(usize, f64)],
    heaviest: f64,
    fixed: &[[f64; 2]],
    (a, b): (f64, f64),
    epochs: usize,
    mut random: impl FnMut() -> u64,
) {
    let mut edges: Vec<([f64; 2], Schedule)> = ties.iter().map(|&(tail, weight)| (fixed[tail], Schedule::of(weight, heaviest))).collect();
    for epoch in 0..epochs {
        let rate = rate(SETTLING, epoch, epochs);
        for (there, schedule) in &mut edges {
            let Some(samples) = schedule.due(epoch as f64) else { continue };
            let here = *point;
            let attraction = attraction(squared(here, *there), a, b);
            for axis in 0..2 {
                point[axis] += rate * clip(attraction * (here[axis] - there[axis]));
            }
            for _ in 0..samples {
                repel(point, fixed[below(random(), fixed.len())], (a, b), rate);
            }
        }
    }
}

fn repel(point: &mut [f64; 2], other: [f64; 2], (a, b): (f64, f64), rate: f64) {
    let here = *point;
    let repulsion = repulsion(squared(here, other), a, b);
    for axis in 0..2 {
        point[axis] += rate * clip(repulsion * (here[axis] - other[axis]));
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
